//! Tools that are sent with every request and hardly ever called: their descriptions are input that is paid for each time.
//!
//! Which of several tools is the one that nobody calls is not known: only groups that call next to none are found.

use std::collections::HashMap;

use crate::pricing::PriceBook;

use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::Observed;
use super::{Look, price};

/// Requests with tools before it counts: a tool may be for what is rare.
const LEAST_OFFERED: u64 = 50;
/// The largest share of these that call one, in percent.
const MOST_CALLED: u64 = 1;

#[derive(Default)]
struct Offered {
    requests: u64,
    called: u64,
    tools: u64,
    tokens: u64,
    saved: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct UnusedTools(HashMap<GroupId, Offered>);

impl Look for UnusedTools {
    fn see(&mut self, row: &Observed, group: GroupId, prices: &PriceBook) {
        if row.tools_offered == 0 || !row.is_answered() {
            return;
        }
        let offered = self.0.entry(group).or_default();
        offered.requests += 1;
        offered.tools += u64::from(row.tools_offered);
        if row.tools_called > 0 {
            offered.called += 1;
            return;
        }
        let tokens = row.tools_tokens.unwrap_or(0);
        offered.tokens += tokens;
        offered.saved +=
            price::saved_with(prices, row, &price::without_input(&row.usage, tokens)).unwrap_or(0);
        offered.examples.note(&row.request);
    }

    fn find(&self, found: &mut Found<'_>) {
        for (group, offered) in &self.0 {
            let is_unused =
                offered.requests >= LEAST_OFFERED && offered.called * 100 <= offered.requests * MOST_CALLED;
            if !is_unused {
                continue;
            }
            let each = offered.requests.max(1);
            found.add(Draft {
                kind: Kind::UnusedTools,
                group: *group,
                requests: offered.requests - offered.called,
                of: offered.requests,
                examples: &offered.examples,
                evidence: format!(
                    "{} tools of about {} tokens with each request; {} of {} answers called one",
                    offered.tools / each,
                    offered.tokens / each,
                    offered.called,
                    offered.requests
                ),
                saved: offered.saved,
                is_at_most: false,
                reckoned: "the tokens of the tools at the prices they had: cached ones at that of reading",
                advice: "Leave the tools out of these requests, or send them only where they may be needed."
                    .to_owned(),
            });
        }
    }
}
