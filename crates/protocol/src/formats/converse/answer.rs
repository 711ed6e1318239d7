//! Whole answers, read and written. Converse's have neither an id nor a model's name.

use bytes::Bytes;
use paceway_domain::Dialect;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::citation::{self, WireCitation};
use super::media::{self, Use};
use super::usage::{self, WireUsage};
use super::wire::{self, Words};
use crate::compose::{self, ArrayWriter};
use crate::neutral::{Reply, ReplyPart, Text, ToolCall};
use crate::seals;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    output: Output<'a>,
    #[serde(borrow)]
    stop_reason: Option<Words<'a>>,
    #[serde(default)]
    usage: WireUsage,
    #[serde(borrow)]
    additional_model_response_fields: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Block<'a>>,
}

/// A block; of the kinds that are not named here nothing is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Reasoning<'a>>,
    #[serde(borrow)]
    citations_content: Option<Cited<'a>>,
    #[serde(borrow)]
    image: Option<Image<'a>>,
}

#[derive(Deserialize)]
struct ToolUse<'a> {
    #[serde(rename = "toolUseId", borrow)]
    id: Words<'a>,
    #[serde(borrow)]
    name: Words<'a>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(rename = "type", borrow)]
    kind: Option<Words<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning<'a> {
    #[serde(borrow)]
    reasoning_text: Option<ReasoningText<'a>>,
    #[serde(borrow)]
    redacted_content: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct ReasoningText<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    signature: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct Cited<'a> {
    #[serde(borrow)]
    content: Option<Vec<CitedText<'a>>>,
    #[serde(borrow)]
    citations: Option<Vec<WireCitation<'a>>>,
}

#[derive(Deserialize)]
struct CitedText<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
}

#[derive(Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    format: Words<'a>,
    #[serde(borrow)]
    source: Option<ImageSource<'a>>,
}

#[derive(Deserialize)]
struct ImageSource<'a> {
    #[serde(borrow)]
    bytes: Option<Words<'a>>,
}

pub(super) fn read(body: &[u8]) -> Result<Reply<'_>, String> {
    let answer: Answer<'_> = serde_json::from_slice(body)
        .map_err(|error| format!("an answer is not what Amazon Bedrock documents: {error}"))?;
    let blocks = answer.output.message.map(|message| message.content).unwrap_or_default();
    let parts: Vec<_> = blocks.into_iter().filter_map(read_block).collect();
    let has_calls = parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
    let reason = answer.stop_reason.as_ref().map_or("", |Words(reason)| reason);
    let sequence = wire::stop_sequence(answer.additional_model_response_fields);
    Ok(Reply {
        id: Text::default(),
        model: Text::default(),
        finish: wire::finish(reason, sequence, has_calls),
        parts,
        logprobs: None,
        usage: answer.usage.read(),
    })
}

fn read_block(block: Block<'_>) -> Option<ReplyPart<'_>> {
    if let Some(Words(text)) = block.text {
        return (!text.is_empty()).then_some(ReplyPart::Text { text, citations: Vec::new() });
    }
    if let Some(call) = block.tool_use {
        return read_call(call);
    }
    if let Some(reasoning) = block.reasoning_content {
        return read_thought(reasoning);
    }
    if let Some(cited) = block.citations_content {
        let mut texts = cited.content.unwrap_or_default().into_iter().filter_map(|piece| piece.text);
        let Words(first) = texts.next()?;
        let text = texts.fold(first, |all, Words(next)| all.followed_by(next));
        let citations = cited.citations.unwrap_or_default().into_iter().map(WireCitation::read).collect();
        return Some(ReplyPart::Text { text, citations });
    }
    let image = block.image?;
    let Words(data) = image.source?.bytes?;
    let media_type = media::media_type(Use::Image, &image.format.0)?;
    Some(ReplyPart::Image { media_type: media_type.into(), data })
}

/// A call; none of the provider's own tools, which it has run itself.
fn read_call(call: ToolUse<'_>) -> Option<ReplyPart<'_>> {
    if call.kind.is_some() {
        return None;
    }
    let arguments = call.input.map_or("{}", RawValue::get);
    let (Words(id), Words(name)) = (call.id, call.name);
    Some(ReplyPart::ToolCall(ToolCall {
        id,
        name,
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal: None,
    }))
}

fn read_thought(reasoning: Reasoning<'_>) -> Option<ReplyPart<'_>> {
    if let Some(Words(data)) = reasoning.redacted_content {
        return Some(ReplyPart::Redacted(seals::unwrap_base64(data, Dialect::Converse)));
    }
    let words = reasoning.reasoning_text?;
    let text = words.text.map_or(Text::default(), |Words(text)| text);
    let seal = words.signature.map(|Words(signature)| seals::unwrap(signature, Dialect::Converse));
    Some(ReplyPart::Thinking { text, seal })
}

pub(super) fn write(reply: &Reply<'_>) -> Bytes {
    let mut out = Vec::with_capacity(512);
    let (reason, sequence) = wire::stop_reason(&reply.finish);
    compose::object(&mut out, |body| {
        body.object("metrics", |metrics| {
            metrics.field("latencyMs", &0);
        });
        body.object("output", |output| {
            output.object("message", |message| {
                message.field("role", "assistant");
                message.array("content", |list| reply.parts.iter().for_each(|part| write_part(part, list)));
            });
        });
        body.field("stopReason", reason);
        if let Some(sequence) = sequence {
            body.object("additionalModelResponseFields", |fields| {
                fields.field("stop_sequence", sequence);
            });
        }
        body.object("usage", |fields| usage::write(&reply.usage, fields));
    });
    out.into()
}

fn write_part(part: &ReplyPart<'_>, list: &mut ArrayWriter<'_>) {
    match part {
        ReplyPart::Text { text, .. } | ReplyPart::Refusal(text) if text.is_empty() => {}
        ReplyPart::Text { text, citations } if !citations.is_empty() => list.object(|block| {
            block.object("citationsContent", |cited| {
                cited.array("content", |content| {
                    content.object(|piece| {
                        piece.field("text", text);
                    });
                });
                cited.array("citations", |list| {
                    for one in citations {
                        list.object(|fields| citation::write(one, fields));
                    }
                });
            });
        }),
        ReplyPart::Text { text, .. } | ReplyPart::Refusal(text) => list.object(|block| {
            block.field("text", text);
        }),
        ReplyPart::Thinking { text, seal } => list.object(|block| {
            block.object("reasoningContent", |thought| {
                thought.object("reasoningText", |words| {
                    words.field("text", text);
                    let signature = seal.as_ref().map(|seal| seals::wrap(seal, Dialect::Converse));
                    words.maybe("signature", signature.as_ref());
                });
            });
        }),
        ReplyPart::Redacted(seal) => list.object(|block| {
            block.object("reasoningContent", |thought| {
                thought.field("redactedContent", &seals::wrap_base64(seal, Dialect::Converse));
            });
        }),
        ReplyPart::ToolCall(call) => list.object(|block| {
            block.object("toolUse", |out| {
                out.field("toolUseId", &seals::id_with(&call.id, call.seal.as_ref()));
                out.field("name", &call.name);
                write_input(call, out);
            });
        }),
        ReplyPart::Image { media_type, data } => {
            let Some(format) = media::format(Use::Image, media_type) else { return };
            list.object(|block| {
                block.object("image", |image| {
                    image.field("format", format);
                    image.object("source", |source| {
                        source.field("bytes", data);
                    });
                });
            });
        }
    }
}

/// The arguments as JSON; what the model wrote amiss is told as the text that it is.
fn write_input(call: &ToolCall<'_>, out: &mut compose::ObjectWriter<'_>) {
    let arguments = call.arguments.trim();
    if arguments.is_empty() {
        out.raw("input", "{}");
    } else if !call.is_custom && serde_json::from_str::<&RawValue>(arguments).is_ok() {
        out.raw("input", arguments);
    } else {
        out.field("input", arguments);
    }
}
