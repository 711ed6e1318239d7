//! An eye on a stream that passes through: usage, ending and errors, and the taking out of usage that only we asked for.
//!
//! What the answer says is not read.

use std::ops::Range;

use memchr::memmem::Finder;
use paceway_domain::{Apart, Dialect};

use super::errors;
use super::usage;
use super::wire::{self, Answer, Choice};
use crate::finish::Finish;
use crate::formats::{Edit, Ending, Seen, StreamWatch, text_bytes_after};
use crate::sse::Event;

/// The place of a call's arguments among what is generated.
const ARGUMENTS: usize = 1;

/// What is looked for in every chunk, made ready once.
struct Words {
    /// What stands in every chunk but the last once usage has been asked for.
    no_usage: [Finder<'static>; 2],
    /// The fields of a chunk that hold generated text; the first that a chunk has is counted.
    generated: [Finder<'static>; 4],
    not_finished: Finder<'static>,
    /// What begins a call of a tool.
    calls: Finder<'static>,
    /// What is more than text.
    more: [Finder<'static>; 3],
}

impl Words {
    fn new() -> Self {
        let ready = |words: &'static str| Finder::new(words);
        Self {
            no_usage: [",\"usage\":null", ", \"usage\": null"].map(ready),
            generated: ["\"content\":\"", "\"arguments\":\"", "\"reasoning_content\":\"", "\"reasoning\":\""]
                .map(ready),
            calls: ready("_call"),
            not_finished: ready("\"finish_reason\":null"),
            more: ["\"usage\":{", "\"error\"", "\"finish_reason\":\""].map(ready),
        }
    }

    /// Where `,"usage":null` stands. A quote inside a JSON string is escaped, so these bytes cannot be part of a text.
    fn null_usage(&self, raw: &[u8]) -> Option<Range<usize>> {
        self.no_usage.iter().find_map(|words| {
            let start = words.find_iter(raw).last()?;
            Some(start..start + words.needle().len())
        })
    }
}

/// Whether this is the event that ends a stream.
pub(super) fn is_done(data: &[u8]) -> bool {
    data.trim_ascii() == b"[DONE]"
}

/// Reads usage and ending on the way, and takes out usage that the client did not ask for.
pub(super) struct Watch {
    seen: Seen,
    hide_usage: bool,
    has_finished: bool,
    words: Words,
}

impl Watch {
    pub(super) fn new(hide_usage: bool) -> Self {
        Self { seen: Seen::default(), hide_usage, has_finished: false, words: Words::new() }
    }

    /// A chunk that may say more than text: usage, an error or the reason why it ended.
    fn read_closely(&mut self, event: Event<'_>, data: &[u8]) -> Edit {
        let Ok(chunk) = serde_json::from_slice::<Answer<'_>>(data) else { return Edit::Pass };
        let choices = chunk.choices.as_deref().unwrap_or_default();
        let is_broken = |reason: &str| matches!(reason, "\"error\"" | "\"insufficient_system_resource\"");
        let is_wrong = |choice: &Choice<'_>| {
            choice.is_first()
                && choice.error.is_some_and(|error| errors::read_chunk(error.get().as_bytes()).is_some())
        };
        if chunk.is_error()
            || choices.iter().any(is_wrong)
            || choices.iter().filter_map(|choice| choice.finish_reason).any(|raw| is_broken(raw.get()))
        {
            self.seen.ending = Ending::Failed;
        }
        // As its reader has it: other choices than the first, and what is no text, are no reason to end.
        let read = choices.iter().find(|choice| choice.is_first());
        let reason = read.and_then(|choice| choice.finish_reason);
        self.has_finished |= wire::text(reason).is_some();
        self.seen.finish.is_cut |= reason.is_some_and(|reason| reason.get() == "\"length\"");
        let terms = chunk.terms();
        let stated = chunk.usage.and_then(usage::read_all);
        let groqs = || chunk.x_groq.and_then(usage::read_groq).map(|usage| (usage, Apart::default()));
        match stated.or_else(groqs) {
            Some((usage, apart)) => {
                (self.seen.usage, self.seen.apart) = (usage, apart);
                self.seen.terms = terms;
                self.seen.usage_is_final = true;
                let is_usage_alone = choices.is_empty() && !chunk.is_error();
                if self.hide_usage && is_usage_alone { Edit::Hide } else { Edit::Pass }
            }
            None => self.without_null_usage(event),
        }
    }

    fn without_null_usage(&self, event: Event<'_>) -> Edit {
        let Some(place) = self.hide_usage.then(|| self.words.null_usage(event.raw())).flatten() else {
            return Edit::Pass;
        };
        Edit::Replace([&event.raw()[..place.start], &event.raw()[place.end..]].concat())
    }
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        if is_done(&data) {
            if self.seen.ending == Ending::Open {
                self.seen.ending = Ending::Complete;
            }
            return Edit::Pass;
        }
        let words = &self.words;
        let generated = words
            .generated
            .iter()
            .map(|key| text_bytes_after(&data, key))
            .enumerate()
            .find(|(_, bytes)| *bytes > 0);
        self.seen.output_bytes += generated.map_or(0, |(_, bytes)| bytes);
        // The answer's own words, which most chunks are, call nothing; nor are they its end.
        let may_call = generated.is_none_or(|(place, _)| place == ARGUMENTS);
        if may_call && words.calls.find(&data).is_some() {
            self.seen.finish.tools_called += Finish::of(Dialect::OpenAi, &data).tools_called;
        }
        let is_mere_text = words.not_finished.find(&data).is_some()
            && words.more.iter().all(|words| words.find(&data).is_none());
        if is_mere_text { self.without_null_usage(event) } else { self.read_closely(event, &data) }
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    fn edits(&self) -> bool {
        self.hide_usage
    }

    /// A stream whose last choice has finished is whole even where a provider forgets its `[DONE]`.
    fn is_complete_at_end(&self) -> bool {
        self.seen.ending == Ending::Complete || (self.has_finished && self.seen.ending == Ending::Open)
    }
}
