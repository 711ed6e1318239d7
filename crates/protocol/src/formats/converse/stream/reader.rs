//! Reads a stream into pieces. Blocks of the provider's own tools are passed over.

use paceway_domain::{Dialect, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::formats::converse::citation::WireCitation;
use crate::formats::converse::errors;
use crate::formats::converse::media::{self, Use};
use crate::formats::converse::usage::WireUsage;
use crate::formats::converse::wire::{self, Words};
use crate::formats::stencil::Stencil;
use crate::formats::{Sink, StreamReader};
use crate::known;
use crate::neutral::{Delta, Opening, Piece, Text};
use crate::seals;
use crate::sse::Event;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart<'a> {
    #[serde(borrow)]
    start: Option<Start<'a>>,
    #[serde(default)]
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    tool_result: Option<&'a RawValue>,
    #[serde(borrow)]
    image: Option<Image<'a>>,
}

#[derive(Deserialize)]
struct ToolUse<'a> {
    #[serde(rename = "toolUseId", borrow)]
    id: Words<'a>,
    #[serde(borrow)]
    name: Words<'a>,
    #[serde(rename = "type", borrow)]
    kind: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    format: Words<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta<'a> {
    #[serde(borrow)]
    delta: WireDelta<'a>,
    #[serde(default)]
    content_block_index: u64,
    /// It hides how long an event is.
    #[serde(rename = "p", borrow)]
    padding: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDelta<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    tool_use: Option<Input<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Reasoning<'a>>,
    #[serde(borrow)]
    citation: Option<WireCitation<'a>>,
    #[serde(borrow)]
    image: Option<ImageDelta<'a>>,
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    input: Option<Words<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    signature: Option<Words<'a>>,
    #[serde(borrow)]
    redacted_content: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct ImageDelta<'a> {
    #[serde(borrow)]
    source: Option<ImageSource<'a>>,
}

#[derive(Deserialize)]
struct ImageSource<'a> {
    #[serde(borrow)]
    bytes: Option<Words<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    #[serde(default)]
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop<'a> {
    #[serde(borrow)]
    stop_reason: Option<Words<'a>>,
    #[serde(borrow)]
    additional_model_response_fields: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    usage: WireUsage,
}

/// Reads a stream.
#[derive(Default)]
pub(crate) struct Reader {
    has_begun: bool,
    is_over: bool,
    open: Option<Open>,
    has_calls: bool,
    stop: Option<Stop>,
    usage: Option<Usage>,
    /// What an event looks like that adds words to the text at this place.
    stencil: Stencil<u64>,
}

/// The block that is open.
struct Open {
    index: u64,
    kind: Kind,
}

enum Kind {
    Text,
    Thinking,
    Call,
    /// A picture, whose base64 is collected.
    Image {
        media_type: &'static str,
        data: String,
    },
    /// Something of the provider's own.
    Other,
}

struct Stop {
    reason: String,
    sequence: Option<String>,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String> {
        let Some(data) = event.data() else { return Ok(()) };
        if self.is_over {
            return Ok(());
        }
        match event.name() {
            b"contentBlockStart" | b"contentBlockDelta" | b"contentBlockStop" if self.stop.is_some() => {}
            b"messageStart" => self.begin(sink),
            b"contentBlockStart" => self.start(parse(&data)?, sink),
            b"contentBlockDelta" => return self.delta(&data, sink),
            b"contentBlockStop" => {
                let BlockStop { content_block_index } = parse(&data)?;
                if self.open.as_ref().is_some_and(|open| open.index == content_block_index) {
                    self.close(sink);
                }
            }
            b"messageStop" => self.stop(&parse(&data)?, sink),
            b"metadata" => {
                let Metadata { usage } = parse(&data)?;
                self.usage = Some(usage.read());
                self.end_if_stopped(sink);
            }
            name => {
                let name = std::str::from_utf8(name).unwrap_or_default();
                if let Some(error) = errors::read_event(name, &data) {
                    self.is_over = true;
                    sink(Piece::Error(error));
                }
            }
        }
        Ok(())
    }

    /// The usage may be missing, the end may not.
    fn finish(&mut self, sink: &mut Sink<'_>) {
        if !self.is_over && self.stop.is_some() {
            self.usage.get_or_insert_default();
            self.end_if_stopped(sink);
        }
    }
}

impl Reader {
    fn begin(&mut self, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            let nameless = Text::default();
            sink(Piece::Begin { id: nameless.clone(), model: nameless, usage: Usage::default() });
        }
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        match self.open.take().map(|open| open.kind) {
            None | Some(Kind::Other) => {}
            Some(Kind::Image { media_type, data }) => {
                sink(Piece::Open(Opening::Image { media_type: media_type.into(), data: Text::of(&data) }));
                sink(Piece::Close);
            }
            Some(Kind::Text | Kind::Thinking | Kind::Call) => sink(Piece::Close),
        }
    }

    fn start(&mut self, event: BlockStart<'_>, sink: &mut Sink<'_>) {
        let index = event.content_block_index;
        // A start without anything in it announces a text, which begins with its first words.
        let Some(start) = event.start else { return };
        if let Some(call) = start.tool_use {
            self.begin(sink);
            self.close(sink);
            if call.kind.is_some() {
                self.open = Some(Open { index, kind: Kind::Other });
                return;
            }
            self.has_calls = true;
            self.open = Some(Open { index, kind: Kind::Call });
            let (Words(id), Words(name)) = (call.id, call.name);
            let opening = Opening::ToolCall { id, name, namespace: None, is_custom: false, seal: None };
            sink(Piece::Open(opening));
        } else if let Some(image) = start.image {
            self.begin(sink);
            self.close(sink);
            let kind = match media::media_type(Use::Image, &image.format.0) {
                Some(media_type) => Kind::Image { media_type, data: String::new() },
                None => Kind::Other,
            };
            self.open = Some(Open { index, kind });
        } else if start.tool_result.is_some() {
            self.close(sink);
            self.open = Some(Open { index, kind: Kind::Other });
        }
    }

    fn delta(&mut self, data: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
        if let Some((text, index)) = self.stencil.fit(data) {
            self.words(index, text, sink);
            return Ok(());
        }
        let BlockDelta { delta, content_block_index: index, padding } = parse(data)?;
        if let Some(Words(text)) = delta.text {
            if let Some(text) = text.lent() {
                self.stencil.learn(data, text, &[padding.map(RawValue::get)], index);
            }
            self.words(index, text, sink);
        } else if let Some(Input { input }) = delta.tool_use {
            return self.arguments(index, input, sink);
        } else if let Some(reasoning) = delta.reasoning_content {
            self.thought(index, reasoning, sink);
        } else if let Some(citation) = delta.citation {
            self.ensure_text(index, sink);
            sink(Piece::Delta(Delta::Citation(citation.read())));
        } else if let Some(Words(bytes)) = delta.image.and_then(|image| image.source?.bytes)
            && let Some(Open { index: at, kind: Kind::Image { data, .. } }) = &mut self.open
            && *at == index
        {
            data.push_str(&bytes);
        }
        Ok(())
    }

    fn words(&mut self, index: u64, text: Text<'_>, sink: &mut Sink<'_>) {
        if !text.is_empty() {
            self.ensure_text(index, sink);
            sink(Piece::Delta(Delta::Text(text)));
        }
    }

    /// A piece of a call's arguments. Calls come one after the other; a piece of one that is closed would be lost.
    fn arguments(&self, index: u64, input: Option<Words<'_>>, sink: &mut Sink<'_>) -> Result<(), String> {
        match &self.open {
            Some(Open { index: at, kind: Kind::Call }) if *at == index => {
                if let Some(Words(input)) = input.filter(|Words(input)| !input.is_empty()) {
                    sink(Piece::Delta(Delta::Text(input)));
                }
                Ok(())
            }
            Some(Open { kind: Kind::Other, .. }) => Ok(()),
            _ => Err(format!("arguments came for block {index}, which is not an open call")),
        }
    }

    fn thought(&mut self, index: u64, reasoning: Reasoning<'_>, sink: &mut Sink<'_>) {
        if let Some(Words(data)) = reasoning.redacted_content {
            self.begin(sink);
            self.close(sink);
            sink(Piece::Open(Opening::Redacted(seals::unwrap_base64(data, Dialect::Converse))));
            sink(Piece::Close);
            return;
        }
        let text = reasoning.text.filter(|Words(text)| !text.is_empty());
        let signature = reasoning.signature.filter(|Words(signature)| !signature.is_empty());
        if text.is_none() && signature.is_none() {
            return;
        }
        if !matches!(&self.open, Some(Open { index: at, kind: Kind::Thinking }) if *at == index) {
            self.open_part(index, Kind::Thinking, Opening::Thinking, sink);
        }
        if let Some(Words(text)) = text {
            sink(Piece::Delta(Delta::Text(text)));
        }
        if let Some(Words(signature)) = signature {
            sink(Piece::Delta(Delta::Seal(seals::unwrap(signature, Dialect::Converse))));
        }
    }

    fn ensure_text(&mut self, index: u64, sink: &mut Sink<'_>) {
        if !matches!(&self.open, Some(Open { index: at, kind: Kind::Text }) if *at == index) {
            self.open_part(index, Kind::Text, Opening::Text, sink);
        }
    }

    fn open_part(&mut self, index: u64, kind: Kind, opening: Opening<'_>, sink: &mut Sink<'_>) {
        self.begin(sink);
        self.close(sink);
        self.open = Some(Open { index, kind });
        sink(Piece::Open(opening));
    }

    fn stop(&mut self, event: &MessageStop<'_>, sink: &mut Sink<'_>) {
        self.begin(sink);
        self.close(sink);
        self.stop = Some(Stop {
            reason: event.stop_reason.as_ref().map(|Words(reason)| reason.to_string()).unwrap_or_default(),
            sequence: wire::stop_sequence(event.additional_model_response_fields).map(Text::into_owned),
        });
        self.end_if_stopped(sink);
    }

    /// The end comes with the usage, which is told behind the reason.
    fn end_if_stopped(&mut self, sink: &mut Sink<'_>) {
        let (Some(stop), Some(usage)) = (&self.stop, self.usage) else { return };
        self.is_over = true;
        let sequence = stop.sequence.as_deref().map(Text::of);
        sink(Piece::End { finish: wire::finish(&stop.reason, sequence, self.has_calls), usage });
    }
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, String> {
    known::parse(data).map_err(|error| format!("an event is not what Amazon Bedrock documents: {error}"))
}
