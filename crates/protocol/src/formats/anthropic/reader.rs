//! Streams of providers, read into pieces: `message_start`, content blocks, `message_delta`, `message_stop`, with `ping`
//! and `error` anywhere.
//!
//! Servers that imitate the format start messages twice, leave out starts and ends of blocks or put thoughts into texts;
//! what comes out is well-formed all the same. Blocks of the provider's own tools are passed over.

use paceway_domain::Usage;
use serde::Deserialize;

use super::answer_blocks::{self, Block};
use super::errors::WireErrorBody;
use super::events::{self, AnyDelta, BlockDelta, BlockStart, BlockStop, MessageDelta, Start, WireDelta};
use super::wire::{self, Str};
use crate::formats::stencil::Stencil;
use crate::formats::{Sink, StreamReader};
use crate::known;
use crate::neutral::{Delta, ErrorKind, Finish, Opening, Piece, Text};
use crate::sse::Event;

/// Reads a stream.
#[derive(Default)]
pub(super) struct Reader {
    has_begun: bool,
    has_ended: bool,
    open: Option<Open>,
    usage: Usage,
    finish: Option<Finish<'static>>,
    /// What an event looks like that adds to this block.
    stencil: Stencil<(u64, Added)>,
}

/// What an event adds to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Added {
    Text,
    Thinking,
    Arguments,
}

/// The block that is open.
struct Open {
    index: u64,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    /// Arguments that came with the call's start, until others come.
    ToolCall {
        given: Option<String>,
    },
    Redacted,
    /// One that has no neutral form.
    PassedOver,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(data) = event.data() else { return Ok(()) };
        if self.has_ended {
            return Ok(());
        }
        match &*events::kind_of(&event, &data) {
            b"content_block_delta" => self.delta(&data, sink),
            b"content_block_start" => {
                let BlockStart { index, content_block } = parse(&data)?;
                let block = answer_blocks::read(content_block);
                let block = block.map_err(|error| format!("a block does not begin as it should: {error}"))?;
                self.start(index, block, sink);
                Ok(())
            }
            b"content_block_stop" => {
                let BlockStop { index } = parse(&data)?;
                if self.open.as_ref().is_some_and(|open| open.index == index) {
                    self.close(sink);
                }
                Ok(())
            }
            b"message_start" => self.message_start(parse(&data)?, sink),
            b"message_delta" => {
                let MessageDelta { delta, usage } = parse(&data)?;
                self.usage = usage.unwrap_or_default().over(self.usage);
                self.stop(delta.stop_reason, delta.stop_sequence);
                Ok(())
            }
            b"message_stop" => {
                self.end(sink);
                Ok(())
            }
            b"error" => {
                let error: WireErrorBody = parse(&data)?;
                self.has_ended = true;
                sink(Piece::Error(error.report(ErrorKind::Server)));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Reader {
    fn begin(&mut self, id: Text<'_>, model: Text<'_>, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            sink(Piece::Begin { id, model, usage: self.usage });
        }
    }

    fn message_start(&mut self, start: Start<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let message = start.message;
        self.usage = message.usage.unwrap_or_default().over(self.usage);
        if self.has_begun {
            return Ok(());
        }
        self.begin(message.id.0, message.model.0, sink);
        self.stop(message.stop_reason, message.stop_sequence);
        for raw in message.content {
            let block = answer_blocks::read(raw);
            let block = block.map_err(|error| format!("a block is not as it should be: {error}"))?;
            self.start(u64::MAX, block, sink);
            self.close(sink);
        }
        Ok(())
    }

    fn stop(&mut self, reason: Option<Str<'_>>, sequence: Option<Str<'_>>) {
        let Some(Str(reason)) = reason else { return };
        let sequence = sequence.map(|Str(sequence)| sequence.detached());
        self.finish = Some(wire::finish(Some(&reason), sequence));
    }

    fn end(&mut self, sink: &mut Sink<'_>) {
        self.begin(Text::default(), Text::default(), sink);
        self.close(sink);
        self.has_ended = true;
        let finish = self.finish.take().unwrap_or(Finish::Done);
        sink(Piece::End { finish, usage: self.usage });
    }

    fn start(&mut self, index: u64, block: Option<Block<'_>>, sink: &mut Sink<'_>) {
        self.close(sink);
        self.begin(Text::default(), Text::default(), sink);
        let kind = match block {
            None => Kind::PassedOver,
            Some(Block::Text { text, citations }) => {
                sink(Piece::Open(Opening::Text));
                say(text, sink);
                add(citations.into_iter().map(Delta::Citation), sink);
                Kind::Text
            }
            Some(Block::Thinking { text, seal }) => {
                sink(Piece::Open(Opening::Thinking));
                say(text, sink);
                add(seal.map(Delta::Seal), sink);
                Kind::Thinking
            }
            Some(Block::Redacted(seal)) => {
                sink(Piece::Open(Opening::Redacted(seal)));
                Kind::Redacted
            }
            Some(Block::ToolCall { id, name, input }) => {
                sink(Piece::Open(Opening::ToolCall {
                    id,
                    name,
                    namespace: None,
                    is_custom: false,
                    seal: None,
                }));
                let is_given = input.bytes().any(|byte| !matches!(byte, b'{' | b'}' | b' ' | b'\n'));
                Kind::ToolCall { given: is_given.then(|| input.to_owned()) }
            }
        };
        self.open = Some(Open { index, kind });
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        let Some(open) = self.open.take() else { return };
        if let Kind::ToolCall { given: Some(given) } = open.kind {
            say(given.into(), sink);
            sink(Piece::Close);
        } else if open.kind != Kind::PassedOver {
            sink(Piece::Close);
        }
    }

    fn delta(&mut self, data: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
        if let Some((words, (index, added))) = self.stencil.fit(data) {
            return self.add(index, added, words, sink);
        }
        let BlockDelta { index, delta } = match parse(data) {
            Ok(delta) => delta,
            Err(error) => return if is_of_known_type(data) { Err(error) } else { Ok(()) },
        };
        let (added, words) = match &*delta.kind.0 {
            "text_delta" => (Added::Text, delta.text),
            "thinking_delta" => (Added::Thinking, delta.thinking),
            "input_json_delta" => (Added::Arguments, delta.partial_json),
            _ => {
                self.other_delta(index, delta, sink);
                return Ok(());
            }
        };
        let Some(Str(words)) = words else { return Ok(()) };
        if let Some(words) = words.lent() {
            self.stencil.learn(data, words, &[], (index, added));
        }
        self.add(index, added, words, sink)
    }

    fn is_passed_over(&self, index: u64) -> bool {
        self.is_open(index, &Kind::PassedOver)
    }

    fn add(&mut self, index: u64, added: Added, words: Text<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        if words.is_empty() || self.is_passed_over(index) {
            return Ok(());
        }
        match added {
            Added::Text => self.words(index, &Kind::Text, words, sink),
            Added::Thinking => self.words(index, &Kind::Thinking, words, sink),
            Added::Arguments => return self.arguments(index, words, sink),
        }
        Ok(())
    }

    fn other_delta(&self, index: u64, delta: WireDelta<'_>, sink: &mut Sink<'_>) {
        match &*delta.kind.0 {
            "signature_delta" if self.is_open(index, &Kind::Thinking) => {
                let seal = delta.signature.and_then(|Str(signature)| answer_blocks::seal(signature));
                add(seal.map(Delta::Seal), sink);
            }
            "citations_delta" if self.is_open(index, &Kind::Text) => {
                let citation = delta.citation.and_then(wire::citation);
                add(citation.map(Delta::Citation), sink);
            }
            _ => {}
        }
    }

    fn is_open(&self, index: u64, kind: &Kind) -> bool {
        self.open.as_ref().is_some_and(|open| open.index == index && open.kind == *kind)
    }

    /// Words of a text or a thought, whose block is opened if the server has not.
    fn words(&mut self, index: u64, kind: &Kind, words: Text<'_>, sink: &mut Sink<'_>) {
        if !self.is_open(index, kind) {
            self.close(sink);
            self.begin(Text::default(), Text::default(), sink);
            let opening = if *kind == Kind::Text { Opening::Text } else { Opening::Thinking };
            sink(Piece::Open(opening));
            self.open = Some(Open { index, kind: kind.clone() });
        }
        say(words, sink);
    }

    fn arguments(&mut self, index: u64, json: Text<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        match self.open.as_mut() {
            Some(Open { index: open, kind: Kind::ToolCall { given } }) if *open == index => {
                *given = None;
                say(json, sink);
                Ok(())
            }
            _ => Err(format!("arguments came for block {index}, which is no open call of a tool")),
        }
    }
}

fn add<'a>(deltas: impl IntoIterator<Item = Delta<'a>>, sink: &mut Sink<'_>) {
    for delta in deltas {
        sink(Piece::Delta(delta));
    }
}

fn say(text: Text<'_>, sink: &mut Sink<'_>) {
    if !text.is_empty() {
        sink(Piece::Delta(Delta::Text(text)));
    }
}

/// Whether a delta that could not be read is one that should have been readable.
fn is_of_known_type(data: &[u8]) -> bool {
    let Ok(AnyDelta { delta }) = parse(data) else { return true };
    matches!(
        &*wire::type_of(delta.get()),
        "text_delta" | "thinking_delta" | "signature_delta" | "input_json_delta" | "citations_delta"
    )
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, String> {
    known::parse(data).map_err(|error| format!("an event is not what the format allows: {error}"))
}
