//! Streams, read: every chunk is an answer of its own, calls come whole, and thoughts and words take turns.
//!
//! The end is told when the bytes end. Some models say `finishReason` in every chunk and some tell their usage or their
//! sources after it, so no chunk can be known to be the last.

use paceway_domain::Dialect;
use serde_json::value::RawValue;

use super::finish::{self, Ended};
use super::wire::{self, WireAnswer, WireCall, WireCandidate, WirePart, WireUsage, Words};
use super::{encoding, errors, logprobs, sources};
use crate::formats::stencil::Stencil;
use crate::formats::{Sink, StreamReader};
use crate::known;
use crate::neutral::{Delta, ErrorKind, ErrorReport, Finish, Opening, Piece, Seal, Text};
use crate::sse::Event;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
}

/// Reads a stream of one candidate.
#[derive(Default)]
pub(super) struct Reader {
    /// Nothing more is said: the end or an error was.
    is_over: bool,
    open: Option<Open>,
    /// The answer's id, once it has begun.
    id: Option<String>,
    usage: WireUsage,
    ended: Option<(Ended, String)>,
    message: Option<String>,
    calls: usize,
    has_content: bool,
    /// All words so far, in whose bytes sources are told.
    text: String,
    /// What a chunk looks like that says mere words.
    stencil: Stencil<()>,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(data) = event.data() else { return Ok(()) };
        if self.is_over || data.trim_ascii().is_empty() || data.as_ref() == b"[DONE]" {
            return Ok(());
        }
        if let Some((words, ())) = self.stencil.fit(&data) {
            self.words(words, sink);
            return Ok(());
        }
        let mut chunk: WireAnswer<'_> = known::parse(&data)
            .map_err(|error| format!("a chunk is not what the dialect allows: {error}"))?;
        if let Some(words) = chunk.only_words() {
            self.stencil.learn(&data, words, &[], ());
        }
        if let Some(error) = chunk.error {
            self.is_over = true;
            sink(Piece::Error(errors::read_error(error, None)));
            return Ok(());
        }
        if let Some(usage) = chunk.usage_metadata {
            self.usage = usage.over(self.usage);
        }
        let candidate = chunk.candidate();
        self.begin(chunk.response_id, chunk.model_version, sink);
        if let Some(feedback) = chunk.prompt_feedback.filter(|feedback| feedback.block_reason.is_some()) {
            self.ended = Some((Ended::Refused, String::new()));
            self.message = feedback.block_reason_message.map(|Words(message)| message.into_owned());
        }
        if let Some(candidate) = candidate {
            self.candidate(candidate, sink);
        }
        Ok(())
    }

    fn finish(&mut self, sink: &mut Sink<'_>) {
        let Some((ended, reason)) = self.ended.take().filter(|_| !self.is_over) else { return };
        self.is_over = true;
        self.close(sink);
        if !self.has_content && ended == Ended::Failed {
            let message = finish::failure(&reason, self.message.as_deref());
            return sink(Piece::Error(ErrorReport::new(ErrorKind::Server, message)));
        }
        if !self.has_content
            && ended == Ended::Refused
            && let Some(message) = self.message.take().filter(|message| !message.is_empty())
        {
            sink(Piece::Open(Opening::Refusal));
            sink(Piece::Delta(Delta::Text(message.into())));
            sink(Piece::Close);
        }
        let finish: Finish<'_> = finish::finish(ended, self.calls > 0);
        sink(Piece::End { finish, usage: self.usage.read() });
    }
}

impl Reader {
    fn begin(&mut self, id: Option<Words<'_>>, model: Option<Words<'_>>, sink: &mut Sink<'_>) {
        if self.id.is_some() {
            return;
        }
        let id = id.unwrap_or_default().0;
        self.id = Some(id.clone().into_owned());
        sink(Piece::Begin { id, model: model.unwrap_or_default().0, usage: self.usage.read() });
    }

    fn candidate(&mut self, candidate: WireCandidate<'_>, sink: &mut Sink<'_>) {
        // What seals words stands behind them and behind their sources.
        let mut late = None;
        for part in candidate.content.unwrap_or_default().parts.unwrap_or_default() {
            self.seal(late.take(), sink);
            late = self.part(part, sink);
        }
        if let Some(logprobs) = candidate.logprobs_result.and_then(logprobs::read) {
            self.open(Open::Text, sink);
            sink(Piece::Delta(Delta::Logprobs(logprobs)));
        }
        self.sources(candidate.grounding_metadata, candidate.citation_metadata, sink);
        self.seal(late, sink);
        if let Some(Words(reason)) = candidate.finish_reason {
            self.ended = Some((finish::ended(&reason), reason.into_owned()));
        }
        if let Some(Words(message)) = candidate.finish_message {
            self.message = Some(message.into_owned());
        }
    }

    /// Says a part and gives back the seal that is none of a thought's or a call's.
    fn part<'a>(&mut self, part: WirePart<'a>, sink: &mut Sink<'_>) -> Option<Seal<'a>> {
        let is_thought = part.thought == Some(true);
        let mut seal = part.thought_signature.and_then(|Words(signature)| encoding::seal(signature));
        if let Some(Words(text)) = part.text {
            if is_thought {
                self.thought(text, seal.take(), sink);
            } else {
                self.words(text, sink);
            }
        } else if let Some(call) = part.function_call {
            self.call(call, &mut seal, sink);
        } else if let Some(blob) = part.inline_data {
            let media_type = encoding::media_type(blob.mime_type.0);
            if media_type.starts_with("image/") && !is_thought {
                self.has_content = true;
                self.close(sink);
                sink(Piece::Open(Opening::Image { media_type, data: encoding::standard(blob.data.0) }));
                sink(Piece::Close);
            }
        } else if is_thought && let Some(seal) = seal.take_if(|seal| seal.by != Dialect::Gemini) {
            self.close(sink);
            sink(Piece::Open(Opening::Redacted(seal)));
            sink(Piece::Close);
        }
        seal
    }

    /// The seal of words, in a thought without words.
    fn seal(&mut self, seal: Option<Seal<'_>>, sink: &mut Sink<'_>) {
        if seal.is_some() {
            self.close(sink);
            self.thought("".into(), seal, sink);
        }
    }

    fn words(&mut self, text: Text<'_>, sink: &mut Sink<'_>) {
        if text.is_empty() {
            return;
        }
        self.has_content = true;
        self.text.push_str(&text);
        self.open(Open::Text, sink);
        sink(Piece::Delta(Delta::Text(text)));
    }

    /// More of a thought; with its signature it is whole.
    fn thought(&mut self, text: Text<'_>, seal: Option<Seal<'_>>, sink: &mut Sink<'_>) {
        if text.is_empty() && seal.is_none() {
            return;
        }
        self.open(Open::Thinking, sink);
        if !text.is_empty() {
            sink(Piece::Delta(Delta::Text(text)));
        }
        if let Some(seal) = seal {
            sink(Piece::Delta(Delta::Seal(seal)));
            self.close(sink);
        }
    }

    fn call<'a>(&mut self, call: WireCall<'a>, seal: &mut Option<Seal<'a>>, sink: &mut Sink<'_>) {
        let Some(name) = call.name.map(|Words(name)| name).filter(|name| !name.is_empty()) else { return };
        let id = call.id.map(|Words(id)| id).filter(|id| !id.is_empty());
        let id =
            id.unwrap_or_else(|| wire::call_id(self.id.as_deref().unwrap_or_default(), self.calls).into());
        self.calls += 1;
        self.has_content = true;
        self.close(sink);
        let seal = seal.take();
        sink(Piece::Open(Opening::ToolCall { id, name, namespace: None, is_custom: false, seal }));
        let arguments = call.args.map_or("", RawValue::get);
        if !arguments.is_empty() && arguments != "{}" {
            sink(Piece::Delta(Delta::Text(Text::of(arguments))));
        }
        sink(Piece::Close);
    }

    fn sources(&mut self, grounding: Option<&RawValue>, citations: Option<&RawValue>, sink: &mut Sink<'_>) {
        // The parts of chunks do not tell parts of the answer: places are in the words as they came.
        let mut all: Vec<_> =
            grounding.map(|raw| sources::read_grounding(raw, &self.text, |_| 0)).unwrap_or_default();
        all.extend(citations.map(|raw| sources::read_citations(raw, &self.text)).unwrap_or_default());
        if all.is_empty() {
            return;
        }
        self.open(Open::Text, sink);
        for citation in all {
            sink(Piece::Delta(Delta::Citation(citation)));
        }
    }

    fn open(&mut self, part: Open, sink: &mut Sink<'_>) {
        if self.open == Some(part) {
            return;
        }
        self.close(sink);
        self.open = Some(part);
        sink(Piece::Open(match part {
            Open::Text => Opening::Text,
            Open::Thinking => Opening::Thinking,
        }));
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        if self.open.take().is_some() {
            sink(Piece::Close);
        }
    }
}
