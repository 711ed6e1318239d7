//! Streams read: chunks of `choices[].delta` become parts, one after the other.
//!
//! The end is told at `[DONE]` or when the bytes end, since the usage comes after the finish reason.

mod calls;
mod sequence;

use paceway_domain::{Dialect, Usage};

use self::sequence::{Sequence, Words};
use super::content::{self, Content};
use super::thoughts::{self, Detail};
use super::watch::is_done;
use super::wire::{self, Answer, Choice, Message};
use super::words::{Ended, ended};
use super::{errors, usage};
use crate::formats::stencil::Stencil;
use crate::formats::{Sink, StreamReader};
use crate::known;
use crate::neutral::{Delta, ErrorReport, Finish, Opening, Piece, Seal, Text};
use crate::sse::Event;

/// Reads a stream of one choice.
#[derive(Default)]
pub(super) struct Reader {
    /// What is particular to this answer, for the ids of calls that have none.
    print: String,
    has_begun: bool,
    has_ended: bool,
    has_refused: bool,
    finish: Option<Finish<'static>>,
    usage: Usage,
    parts: Sequence,
    /// Seals that came beside the thoughts and are of calls, by their ids.
    call_seals: Vec<(String, Seal<'static>)>,
    /// What a chunk looks like that says mere words.
    stencil: Stencil<Words>,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(data) = event.data().filter(|data| !self.has_ended && !data.trim_ascii().is_empty()) else {
            return Ok(());
        };
        if is_done(&data) {
            self.end(sink);
            return Ok(());
        }
        if let Some((words, meaning)) = self.stencil.fit(&data) {
            self.parts.words(meaning, words, sink);
            return Ok(());
        }
        let chunk: Answer<'_> = known::parse(&data)
            .map_err(|error| format!("a chunk is not what the dialect allows: {error}"))?;
        if chunk.is_error() {
            self.fail(errors::read_chunk(&data).unwrap_or_else(|| errors::broken_off(false)), sink);
            return Ok(());
        }
        let stated = chunk.usage.and_then(usage::read);
        if let Some(usage) = stated.or_else(|| chunk.x_groq.and_then(usage::read_groq)) {
            self.usage = usage;
        }
        // Azure's first chunk has no choices and empty names.
        if !self.has_begun && chunk.choices.as_ref().is_some_and(|choices| !choices.is_empty()) {
            self.print = chunk.print();
            self.begin(wire::text(chunk.id), wire::text(chunk.model), sink);
        }
        if let Some(words) = chunk.only_words() {
            self.stencil.learn(&data, words, &[chunk.obfuscation()], Words::Text);
        }
        if let Some(choice) = chunk.into_first_choice() {
            self.choice(choice, sink);
        }
        Ok(())
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        if self.finish.is_some() {
            self.end(sink);
        }
    }
}

impl Reader {
    fn begin(&mut self, id: Option<Text<'_>>, model: Option<Text<'_>>, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let (id, model) = (id.unwrap_or_default(), model.unwrap_or_default());
        sink(Piece::Begin { id, model, usage: self.usage });
    }

    fn choice(&mut self, mut choice: Choice<'_>, sink: &mut Sink<'_>) {
        let message = choice.take_message();
        self.thoughts(&message, sink);
        self.content(&message, sink);
        if let Some(tokens) = wire::tokens(choice.logprobs) {
            self.parts.beside_words(Delta::Logprobs(tokens), sink);
        }
        for citation in content::citations(message.annotations) {
            self.parts.beside_words(Delta::Citation(citation), sink);
        }
        for (media_type, data) in content::images(message.images) {
            self.parts.whole(Opening::Image { media_type, data }, sink);
        }
        self.calls(&message, sink);
        if let Some(error) = choice.error.and_then(|error| errors::read_chunk(error.get().as_bytes())) {
            return self.fail(error, sink);
        }
        let Some(reason) = wire::text(choice.finish_reason) else { return };
        match (ended(&reason), wire::text(choice.stop_reason)) {
            (Ended::Badly { is_overloaded }, _) => self.fail(errors::broken_off(is_overloaded), sink),
            (Ended::Well(Finish::Done), Some(stop)) if !stop.is_empty() && stop != reason => {
                self.finish = Some(Finish::StopSequence(Some(stop.into_owned().into())));
            }
            (Ended::Well(finish), _) => self.finish = Some(finish),
        }
    }

    fn thoughts(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) {
        for detail in thoughts::details(message) {
            match detail {
                Detail::Words { text, seal, index, is_summary } => {
                    let words = Words::Thinking(index, is_summary);
                    self.parts.words(words, text, sink);
                    if let Some(seal) = seal {
                        self.parts.seal(words, seal, sink);
                    }
                }
                Detail::Sealed { seal, id } => self.sealed(seal, id, sink),
            }
        }
    }

    fn sealed(&mut self, seal: Seal<'_>, id: Option<Text<'_>>, sink: &mut Sink<'_>) {
        match (self.parts.open_summary(), id) {
            (Some(words), _) if seal.by == Dialect::Responses => self.parts.seal(words, seal, sink),
            (_, Some(id)) if seal.by == Dialect::Gemini => {
                let seal = Seal { by: seal.by, data: seal.data.into_owned().into() };
                self.call_seals.push((id.into_owned(), seal));
            }
            _ => self.parts.whole(Opening::Redacted(seal), sink),
        }
    }

    fn content(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) {
        content::each(message.content, |content| match content {
            Content::Text(text) => self.parts.words(Words::Text, text, sink),
            Content::Thinking(text) => self.parts.words(Words::Thinking(None, false), text, sink),
            Content::Refusal(text) => {
                self.has_refused |= !text.is_empty();
                self.parts.words(Words::Refusal, text, sink);
            }
        });
        if let Some(text) = wire::text(message.refusal) {
            self.has_refused |= !text.is_empty();
            self.parts.words(Words::Refusal, text, sink);
        }
    }

    fn calls(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) {
        let deprecated = message.function_call.and_then(wire::function_call);
        let calls: Vec<wire::Call<'_>> = wire::list(message.tool_calls);
        for call in calls.iter().chain(&deprecated) {
            let beside = &mut self.call_seals;
            let seal_of = |id: &str| match call.signature() {
                Some(data) => Some(Seal { by: Dialect::OpenAi, data: data.into_owned().into() }),
                None => {
                    let place = beside.iter().position(|(known, _)| known == id)?;
                    Some(beside.remove(place).1)
                }
            };
            self.parts.call(call, &self.print, seal_of, sink);
        }
    }

    fn fail(&mut self, error: ErrorReport, sink: &mut Sink<'_>) {
        self.has_ended = true;
        sink(Piece::Error(error));
    }

    fn end(&mut self, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.begin(None, None, sink);
        self.parts.finish(sink);
        for (_, seal) in std::mem::take(&mut self.call_seals) {
            self.parts.whole(Opening::Redacted(seal), sink);
        }
        let said = self.finish.take().unwrap_or(Finish::Done);
        let finish = match said {
            Finish::Done if self.has_refused => Finish::Refused,
            Finish::Done if self.parts.has_calls() => Finish::ToolCalls,
            said => said,
        };
        sink(Piece::End { finish, usage: self.usage });
    }
}
