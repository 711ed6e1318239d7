//! An eye on a stream that passes through: usage and ending. It changes nothing.

use memchr::memmem::Finder;
use paceway_domain::Dialect;

use crate::finish::Finish;
use crate::formats::converse::errors;
use crate::formats::converse::usage::WireSold;
use crate::formats::{Edit, Ending, Seen, StreamWatch, text_bytes_after};
use crate::sse::Event;

/// Reads usage and ending on the way.
pub(crate) struct Watch {
    seen: Seen,
    has_stopped: bool,
    has_usage: bool,
    /// What pieces of generated text begin with; made ready once.
    texts: [Finder<'static>; 2],
}

impl Default for Watch {
    fn default() -> Self {
        let texts = ["\"text\":\"", "\"input\":\""].map(Finder::new);
        Self { seen: Seen::default(), has_stopped: false, has_usage: false, texts }
    }
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        match event.name() {
            b"contentBlockDelta" => {
                for key in &self.texts {
                    self.seen.output_bytes += text_bytes_after(&data, key);
                }
            }
            b"contentBlockStart" => self.seen.finish.add(Finish::of(Dialect::Converse, &data)),
            b"messageStop" => {
                self.seen.finish.add(Finish::of(Dialect::Converse, &data));
                self.has_stopped = true;
            }
            b"metadata" => {
                if let Ok(sold) = serde_json::from_slice::<WireSold>(&data) {
                    let sold = sold.read();
                    (self.seen.usage, self.seen.terms) = (sold.usage, sold.terms);
                    self.seen.usage_is_final = true;
                }
                self.has_usage = true;
            }
            name => {
                let name = std::str::from_utf8(name).unwrap_or_default();
                if errors::read_event(name, &data).is_some() {
                    self.seen.ending = Ending::Failed;
                }
            }
        }
        if self.has_stopped && self.has_usage && self.seen.ending == Ending::Open {
            self.seen.ending = Ending::Complete;
        }
        Edit::Pass
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    /// All of the answer is there once the model has stopped; of what comes behind only the usage is missed.
    fn is_complete_at_end(&self) -> bool {
        self.seen.ending == Ending::Complete || (self.has_stopped && self.seen.ending == Ending::Open)
    }

    fn edits(&self) -> bool {
        false
    }
}
