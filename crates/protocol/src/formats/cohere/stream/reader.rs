//! Reads a stream into pieces.

use std::borrow::Cow;

use paceway_domain::Usage;
use serde::Deserialize;

use crate::formats::cohere::citation::WireCitation;
use crate::formats::cohere::errors;
use crate::formats::cohere::logprobs::{self, WireItem};
use crate::formats::cohere::usage::WireUsage;
use crate::formats::cohere::wire::{self, WireCall, Words};
use crate::formats::{Sink, StreamReader};
use crate::neutral::{Delta, Opening, Piece, Text};
use crate::sse::Event;

#[derive(Deserialize)]
struct MessageStart<'a> {
    #[serde(borrow)]
    id: Option<Words<'a>>,
}

/// An event whose delta is one of the message: the field that the event is about.
#[derive(Deserialize)]
struct Change<'a, M> {
    index: Option<u64>,
    delta: Option<MessageDelta<M>>,
    #[serde(borrow)]
    logprobs: Option<WireItem<'a>>,
}

#[derive(Deserialize)]
struct MessageDelta<M> {
    message: Option<M>,
}

impl<M> Change<'_, M> {
    fn message(self) -> Option<M> {
        self.delta.and_then(|delta| delta.message)
    }
}

#[derive(Deserialize)]
struct ContentMessage<'a> {
    #[serde(borrow)]
    content: Option<Content<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    thinking: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct PlanMessage<'a> {
    #[serde(borrow)]
    tool_plan: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct CallMessage<'a> {
    #[serde(borrow)]
    tool_calls: Option<WireCall<'a>>,
}

#[derive(Deserialize)]
struct CitationMessage<'a> {
    #[serde(borrow)]
    citations: Option<WireCitation<'a>>,
}

#[derive(Deserialize)]
struct MessageEnd<'a> {
    #[serde(borrow)]
    delta: Option<EndDelta<'a>>,
}

#[derive(Default, Deserialize)]
struct EndDelta<'a> {
    #[serde(borrow)]
    finish_reason: Option<Words<'a>>,
    #[serde(borrow)]
    error: Option<Words<'a>>,
    usage: Option<WireUsage>,
}

/// Reads a stream.
#[derive(Default)]
pub(crate) struct Reader {
    has_begun: bool,
    is_over: bool,
    open: Option<Open>,
    has_calls: bool,
}

/// The part that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A text stays open after its end: its citations come behind it.
    Text(u64),
    Thinking(u64),
    Plan,
    Call(u64),
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(data) = event.data() else { return Ok(()) };
        if self.is_over || &*data == b"[DONE]" {
            return Ok(());
        }
        match &*kind_of(&event, &data) {
            b"message-start" => {
                let MessageStart { id } = parse(&data)?;
                self.begin(id, sink);
            }
            b"content-start" | b"content-delta" => self.content(parse(&data)?, sink),
            b"content-end" => {
                if matches!(self.open, Some(Open::Thinking(_))) {
                    self.close(sink);
                }
            }
            b"tool-plan-delta" => self.plan(parse(&data)?, sink),
            b"tool-call-start" => self.call(parse(&data)?, sink),
            b"tool-call-delta" => return self.arguments(parse(&data)?, sink),
            b"tool-call-end" => {
                if matches!(self.open, Some(Open::Call(_))) {
                    self.close(sink);
                }
            }
            b"citation-start" => self.citation(parse(&data)?, sink),
            b"message-end" => self.end(parse(&data)?, sink),
            b"" => {
                if let Some(error) = errors::read_event(&data) {
                    self.is_over = true;
                    sink(Piece::Error(error));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Reader {
    fn begin(&mut self, id: Option<Words<'_>>, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            let id = id.map_or(Text::default(), |Words(id)| id);
            sink(Piece::Begin { id, model: Text::default(), usage: Usage::default() });
        }
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        if self.open.take().is_some() {
            sink(Piece::Close);
        }
    }

    /// Opens a part unless it is the one that is open.
    fn ensure(&mut self, part: Open, opening: Opening<'_>, sink: &mut Sink<'_>) {
        if self.open == Some(part) {
            return;
        }
        self.begin(None, sink);
        self.close(sink);
        self.open = Some(part);
        sink(Piece::Open(opening));
    }

    fn content(&mut self, event: Change<'_, ContentMessage<'_>>, sink: &mut Sink<'_>) {
        let Change { index, delta, logprobs } = event;
        let index = index.unwrap_or(0);
        let content = delta.and_then(|delta| delta.message).and_then(|message| message.content);
        let Some(content) = content else { return };
        if let Some(Words(text)) = content.thinking.filter(|Words(text)| !text.is_empty()) {
            self.ensure(Open::Thinking(index), Opening::Thinking, sink);
            sink(Piece::Delta(Delta::Text(text)));
        }
        if let Some(Words(text)) = content.text.filter(|Words(text)| !text.is_empty()) {
            self.ensure(Open::Text(index), Opening::Text, sink);
            sink(Piece::Delta(Delta::Text(text)));
        }
        let tokens = logprobs.and_then(|item| logprobs::read(&[item]));
        if let Some(tokens) = tokens.filter(|_| self.open == Some(Open::Text(index))) {
            sink(Piece::Delta(Delta::Logprobs(tokens)));
        }
    }

    fn plan(&mut self, event: Change<'_, PlanMessage<'_>>, sink: &mut Sink<'_>) {
        let plan = event.message().and_then(|message| message.tool_plan);
        if let Some(Words(text)) = plan.filter(|Words(text)| !text.is_empty()) {
            self.ensure(Open::Plan, Opening::Thinking, sink);
            sink(Piece::Delta(Delta::Text(text)));
        }
    }

    fn call(&mut self, event: Change<'_, CallMessage<'_>>, sink: &mut Sink<'_>) {
        let index = event.index.unwrap_or(0);
        let Some(call) = event.message().and_then(|message| message.tool_calls) else { return };
        let (id, name, arguments) = call.parts();
        self.begin(None, sink);
        self.close(sink);
        self.open = Some(Open::Call(index));
        self.has_calls = true;
        sink(Piece::Open(Opening::ToolCall { id, name, namespace: None, is_custom: false, seal: None }));
        if !arguments.is_empty() {
            sink(Piece::Delta(Delta::Text(arguments)));
        }
    }

    /// A piece of a call's arguments. Calls come one after the other; a piece of one that is closed would be lost.
    fn arguments(&self, event: Change<'_, CallMessage<'_>>, sink: &mut Sink<'_>) -> Result<(), String> {
        let index = event.index.unwrap_or(0);
        let function = event.message().and_then(|message| message.tool_calls).and_then(|call| call.function);
        let Some(Words(arguments)) = function.and_then(|function| function.arguments) else { return Ok(()) };
        if self.open != Some(Open::Call(index)) {
            return Err(format!("arguments came for call {index}, which is not open"));
        }
        if !arguments.is_empty() {
            sink(Piece::Delta(Delta::Text(arguments)));
        }
        Ok(())
    }

    /// Citations of a text come behind it; of what is no longer open nothing can be said.
    fn citation(&self, event: Change<'_, CitationMessage<'_>>, sink: &mut Sink<'_>) {
        let Some(Open::Text(_)) = self.open else { return };
        let citation = event.message().and_then(|message| message.citations);
        for one in citation.filter(WireCitation::is_of_text).into_iter().flat_map(WireCitation::read) {
            sink(Piece::Delta(Delta::Citation(one)));
        }
    }

    fn end(&mut self, event: MessageEnd<'_>, sink: &mut Sink<'_>) {
        let delta = event.delta.unwrap_or_default();
        let reason = delta.finish_reason.as_ref().map_or("", |Words(reason)| reason);
        let error = delta.error.as_ref().map(|Words(error)| &**error);
        self.is_over = true;
        match wire::finish(reason, self.has_calls, error) {
            Err(error) => sink(Piece::Error(error)),
            Ok(finish) => {
                self.begin(None, sink);
                self.close(sink);
                sink(Piece::End { finish, usage: delta.usage.unwrap_or_default().read() });
            }
        }
    }
}

/// The kind of an event: its name, or where there is none, the `type` in its data.
pub(super) fn kind_of<'e>(event: &Event<'e>, data: &'e [u8]) -> Cow<'e, [u8]> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: Words<'a>,
    }
    match event.name() {
        b"" => match serde_json::from_slice(data) {
            Ok(Typed { kind: Words(kind) }) => kind.into_bytes(),
            Err(_) => Cow::Borrowed(b""),
        },
        name => Cow::Borrowed(name),
    }
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(data).map_err(|error| format!("an event is not what Cohere documents: {error}"))
}
