//! An eye on a stream that passes through: usage and ending. It changes nothing.

use memchr::memmem::Finder;
use paceway_domain::Dialect;
use serde::Deserialize;

use super::reader::kind_of;
use crate::finish::Finish;
use crate::formats::cohere::errors;
use crate::formats::cohere::usage::WireUsage;
use crate::formats::cohere::wire::{self, Words};
use crate::formats::{Edit, Ending, Seen, StreamWatch, text_bytes_after};
use crate::sse::Event;

/// Reads usage and ending on the way.
pub(crate) struct Watch {
    seen: Seen,
    /// What pieces of generated text begin with; made ready once.
    texts: [Finder<'static>; 4],
}

impl Default for Watch {
    fn default() -> Self {
        let keys = ["\"text\":\"", "\"thinking\":\"", "\"tool_plan\":\"", "\"arguments\":\""];
        Self { seen: Seen::default(), texts: keys.map(Finder::new) }
    }
}

#[derive(Deserialize)]
struct End<'a> {
    #[serde(borrow)]
    delta: EndDelta<'a>,
}

#[derive(Deserialize)]
struct EndDelta<'a> {
    #[serde(borrow)]
    finish_reason: Option<Words<'a>>,
    usage: Option<WireUsage>,
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        // As its reader has it, which tells no JSON from an event.
        let Some(data) = event.data().filter(|data| **data != *b"[DONE]") else { return Edit::Pass };
        match &*kind_of(&event, &data) {
            b"content-delta" | b"tool-plan-delta" | b"tool-call-delta" => {
                let bytes = self.texts.iter().map(|key| text_bytes_after(&data, key));
                self.seen.output_bytes += bytes.sum::<usize>();
            }
            b"tool-call-start" => self.seen.finish.tools_called += 1,
            b"message-end" => {
                self.seen.finish.is_cut |= Finish::of(Dialect::Cohere, &data).is_cut;
                self.end(&data);
            }
            b"" if errors::read_event(&data).is_some() => self.seen.ending = Ending::Failed,
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
    fn end(&mut self, data: &[u8]) {
        let mut has_failed = false;
        if let Ok(End { delta }) = serde_json::from_slice(data) {
            let reason = delta.finish_reason.as_ref().map_or("", |Words(reason)| reason);
            has_failed = wire::finish(reason, false, None).is_err();
            if let Some(usage) = delta.usage {
                self.seen.usage = usage.read();
                self.seen.usage_is_final = true;
            }
        }
        if self.seen.ending == Ending::Open {
            self.seen.ending = if has_failed { Ending::Failed } else { Ending::Complete };
        }
    }
}
