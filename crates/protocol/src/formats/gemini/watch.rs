//! An eye on a stream that passes through: usage and ending.

use memchr::memmem::Finder;
use paceway_domain::{Dialect, Usage};
use serde::Deserialize;

use super::wire::{WireAnswer, WireUsage};
use crate::finish::Finish;
use crate::formats::{Edit, Ending, Seen, StreamWatch, text_bytes_after};
use crate::sse::Event;

/// Keys that have to be read closely, where they stand. (A quote inside a text is escaped, so a text cannot hold them.)
const CLOSELY: [&str; 4] = ["\"finishReason\"", "\"blockReason\"", "\"error\"", "\"webSearchQueries\""];
const USAGE: &str = "\"usageMetadata\"";

/// Changes nothing: a stream of this dialect has its usage in every chunk.
pub(super) struct Watch {
    seen: Seen,
    usage: WireUsage,
    /// The most that a chunk told of: later ones repeat what earlier ones said.
    searches: u32,
    words: Words,
}

/// What is looked for in every chunk, made ready once.
struct Words {
    texts: [Finder<'static>; 2],
    call: Finder<'static>,
    closely: [Finder<'static>; 4],
    usage: Finder<'static>,
}

impl Default for Watch {
    fn default() -> Self {
        let words = Words {
            texts: ["\"text\": \"", "\"text\":\""].map(Finder::new),
            call: Finder::new("\"functionCall\""),
            closely: CLOSELY.map(Finder::new),
            usage: Finder::new(USAGE),
        };
        Self { seen: Seen::default(), usage: WireUsage::default(), searches: 0, words }
    }
}

impl Watch {
    fn read_closely(&mut self, data: &[u8]) {
        let Ok(mut chunk) = serde_json::from_slice::<WireAnswer<'_>>(data) else { return };
        if chunk.error.is_some() {
            self.seen.ending = Ending::Failed;
            return;
        }
        self.searches = self.searches.max(chunk.searches());
        self.seen.usage.web_searches = self.searches;
        let is_blocked =
            chunk.prompt_feedback.as_ref().is_some_and(|feedback| feedback.block_reason.is_some());
        let has_finished = chunk.candidate().is_some_and(|candidate| candidate.finish_reason.is_some());
        if (is_blocked || has_finished) && self.seen.ending == Ending::Open {
            self.seen.ending = Ending::Complete;
        }
    }

    /// The usage without the rest of the chunk, which may be long.
    fn read_usage(&mut self, data: &[u8], key: Option<usize>) {
        let Some(key) = key else { return };
        let rest = data[key + USAGE.len()..].trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b":") else { return };
        let mut deserializer = serde_json::Deserializer::from_slice(rest);
        if let Ok(usage) = WireUsage::deserialize(&mut deserializer) {
            self.usage = usage.over(self.usage);
            self.seen.usage = Usage { web_searches: self.searches, ..self.usage.read() };
            self.seen.apart = self.usage.apart();
            self.seen.terms = self.usage.terms();
        }
    }
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        let usage = self.words.usage.find_iter(&data).last();
        for key in &self.words.texts {
            self.seen.output_bytes += text_bytes_after(&data, key);
        }
        if let Some(call) = self.words.call.find(&data) {
            let end = usage.unwrap_or(data.len());
            self.seen.output_bytes += end.saturating_sub(call);
        }
        self.read_usage(&data, usage);
        let is_close = self.words.closely.iter().any(|key| key.find(&data).is_some());
        if is_close {
            self.read_closely(&data);
        }
        if is_close || self.words.call.find(&data).is_some() {
            self.seen.finish.add(Finish::of(Dialect::Gemini, &data));
        }
        self.seen.usage_is_final = self.seen.ending == Ending::Complete && self.usage.has_output();
        Edit::Pass
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    fn edits(&self) -> bool {
        false
    }
}
