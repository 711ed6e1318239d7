//! What is seen of an answer as it comes: what was used and sold, and how it ended. What nobody says is estimated.

use paceway_domain::{Sold, Tokens};
use paceway_protocol::{Finish, Seen};

use super::Bill;

/// How many bytes of generated text make a token, for answers whose count never came.
const BYTES_PER_TOKEN: u64 = 4;

impl Bill {
    /// What the provider says was sold.
    pub(crate) fn used(&mut self, sold: Sold) {
        if self.is_paid {
            return;
        }
        self.row.usage = sold.usage;
        self.row.tier = sold.terms.tier;
        self.row.usage_is_estimated = false;
        self.sold = Some(sold);
    }

    /// What has been seen of a stream, with estimates in the place of what has not been said.
    pub(crate) fn seen(&mut self, seen: &Seen) {
        if self.is_paid {
            return;
        }
        self.ended(seen.finish);
        self.row.usage = seen.usage;
        self.row.tier = seen.terms.tier;
        self.row.usage_is_estimated = !seen.usage_is_final;
        self.sold = Some(Sold { apart: seen.apart, terms: seen.terms, ..Sold::default() });
        if !seen.usage_is_final {
            let generated = Tokens((seen.output_bytes as u64).div_ceil(BYTES_PER_TOKEN));
            self.row.usage.output = self.row.usage.output.max(generated);
            if self.row.usage.input_total() == Tokens::ZERO {
                self.row.usage.input = self.expected_input;
            }
        }
    }

    /// How its answer ended, as far as it has come.
    pub(crate) fn ended(&mut self, finish: Finish) {
        self.row.traits.is_cut = finish.is_cut;
        self.row.traits.tools_called = finish.tools_called;
    }

    /// Nothing is known of what an answer used: its input is estimated.
    pub(crate) fn used_unknown(&mut self, output_bytes: usize) {
        self.seen(&Seen { output_bytes, ..Seen::default() });
        self.sold = None;
    }
}
