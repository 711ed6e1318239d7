//! An eye on streams that pass through: usage and ending are read, nothing is changed.

use memchr::memmem::Finder;
use paceway_domain::Dialect;
use serde::Deserialize;

use super::events::{self, MessageDelta, Start};
use crate::finish::Finish;
use crate::formats::{Edit, Ending, Seen, StreamWatch, text_bytes_after};
use crate::sse::Event;

/// What begins a piece of generated text in an event, as Anthropic writes it and with a space.
const TEXTS: [&str; 6] = [
    "\"text\":\"",
    "\"text\": \"",
    "\"partial_json\":\"",
    "\"partial_json\": \"",
    "\"thinking\":\"",
    "\"thinking\": \"",
];

/// Reads usage and ending on the way.
pub(super) struct Watch {
    seen: Seen,
    /// Made ready once.
    texts: [Finder<'static>; 6],
}

impl Default for Watch {
    fn default() -> Self {
        Self { seen: Seen::default(), texts: TEXTS.map(Finder::new) }
    }
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        match &*events::kind_of(&event, &data) {
            b"content_block_delta" => self.seen.output_bytes += self.text_bytes(&data),
            b"message_start" => {
                if let Some(start) = lenient::<Start<'_>>(&data) {
                    let usage = start.message.usage.unwrap_or_default();
                    self.seen.usage = usage.over(self.seen.usage);
                    self.seen.terms = usage.terms_over(self.seen.terms);
                }
            }
            b"content_block_start" => self.seen.finish.add(Finish::of(Dialect::Anthropic, &data)),
            b"message_delta" => {
                self.seen.finish.add(Finish::of(Dialect::Anthropic, &data));
                if let Some(delta) = lenient::<MessageDelta<'_>>(&data) {
                    let usage = delta.usage.unwrap_or_default();
                    self.seen.usage = usage.over(self.seen.usage);
                    self.seen.terms = usage.terms_over(self.seen.terms);
                    self.seen.usage_is_final |= usage.tells_output();
                }
            }
            b"message_stop" => self.seen.ending = Ending::Complete,
            b"error" => self.seen.ending = Ending::Failed,
            _ => {}
        }
        Edit::Pass
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    fn edits(&self) -> bool {
        false
    }
}

impl Watch {
    fn text_bytes(&self, data: &[u8]) -> usize {
        self.texts.iter().map(|key| text_bytes_after(data, key)).find(|bytes| *bytes > 0).unwrap_or(0)
    }
}

/// A shape that is not understood passes all the same.
fn lenient<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Option<T> {
    serde_json::from_slice(data).ok()
}
