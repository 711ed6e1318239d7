//! Whole answers, read and written.

use std::borrow::Cow;

use bytes::Bytes;
use paceway_domain::{Dialect, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer_blocks::{self, Block};
use super::usage::{WireUsage, write_usage};
use super::wire::{self, Str};
use crate::compose::{self, ArrayWriter};
use crate::formats::Frame;
use crate::neutral::{Reply, ReplyPart};
use crate::seals;

#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(borrow, default)]
    id: Str<'a>,
    #[serde(borrow, default)]
    model: Str<'a>,
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
    #[serde(borrow)]
    stop_reason: Option<Str<'a>>,
    #[serde(borrow)]
    stop_sequence: Option<Str<'a>>,
    usage: Option<WireUsage>,
}

/// An answer's body in the neutral form. Records of the provider's own tools are left out: what came of them is in the
/// words and their sources.
pub(super) fn read(body: &[u8]) -> Result<Reply<'_>, String> {
    let answer: WireAnswer<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut parts = Vec::with_capacity(answer.content.len());
    for (index, raw) in answer.content.into_iter().enumerate() {
        let block = answer_blocks::read(raw).map_err(|error| format!("content.{index}: {error}"))?;
        parts.extend(block.and_then(Block::into_part));
    }
    let sequence = answer.stop_sequence.map(|Str(text)| text);
    Ok(Reply {
        id: answer.id.0,
        model: answer.model.0,
        parts,
        logprobs: None,
        finish: wire::finish(answer.stop_reason.as_ref().map(|Str(text)| &**text), sequence),
        usage: answer.usage.unwrap_or_default().over(Usage::default()),
    })
}

/// An answer as a body.
pub(super) fn write(reply: &Reply<'_>, frame: &Frame) -> Bytes {
    let mut out = Vec::with_capacity(1024);
    let has_calls = reply.parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
    let parts = without_afterthought(&reply.parts);
    compose::object(&mut out, |body| {
        body.field("id", &wire::message_id(&reply.id, &frame.request_id))
            .field("type", "message")
            .field("role", "assistant")
            .field("model", if reply.model.is_empty() { &*frame.model } else { &*reply.model })
            .array("content", |array| {
                for part in parts {
                    write_part(array, part);
                }
            });
        wire::write_stop(body, &reply.finish, has_calls);
        write_usage(body, &reply.usage);
    });
    out.into()
}

/// Without thoughts that have no words and end the answer. Clients take the last block for the answer, and Claude never ends
/// with a thought.
fn without_afterthought<'r, 'a>(parts: &'r [ReplyPart<'a>]) -> &'r [ReplyPart<'a>] {
    let is_silent =
        |part: &ReplyPart<'_>| matches!(part, ReplyPart::Thinking { text, .. } if text.is_empty());
    match parts.iter().rposition(|part| !is_silent(part)) {
        Some(last) if !matches!(parts[last], ReplyPart::Thinking { .. }) => &parts[..=last],
        _ => parts,
    }
}

fn write_part(array: &mut ArrayWriter<'_>, part: &ReplyPart<'_>) {
    match part {
        ReplyPart::Text { text, .. } | ReplyPart::Refusal(text) if text.is_empty() => {}
        ReplyPart::Text { text, citations } => array.object(|block| {
            block.field("type", "text").field("text", text);
            let mut found = citations.iter().filter_map(|c| Some((c.url.as_deref()?, c))).peekable();
            if found.peek().is_some() {
                block.array("citations", |array| {
                    for (url, citation) in found {
                        array.object(|fields| wire::write_citation(fields, url, citation));
                    }
                });
            }
        }),
        ReplyPart::Refusal(text) => array.object(|block| {
            block.field("type", "text").field("text", text);
        }),
        ReplyPart::Thinking { text, seal } => array.object(|block| {
            let signature = seal.as_ref().map(|seal| seals::wrap(seal, Dialect::Anthropic));
            block
                .field("type", "thinking")
                .field("thinking", text)
                .field("signature", signature.as_deref().unwrap_or_default());
        }),
        ReplyPart::Redacted(seal) => array.object(|block| {
            let data = seals::wrap(seal, Dialect::Anthropic);
            block.field("type", "redacted_thinking").field("data", &data);
        }),
        ReplyPart::ToolCall(call) => array.object(|block| {
            block
                .field("type", "tool_use")
                .field("id", &wire::call_id_with(&call.id, call.seal.as_ref()))
                .field("name", &call.name)
                .raw("input", &input(&call.arguments));
        }),
        ReplyPart::Image { media_type, .. } => array.object(|block| {
            block.field("type", "text").field("text", &answer_blocks::told_image(media_type));
        }),
    }
}

/// Arguments as the object that clients of this format expect. What a model broke is kept where it can be seen.
fn input(arguments: &str) -> Cow<'_, str> {
    let trimmed = arguments.trim();
    if trimmed.is_empty() {
        return Cow::Borrowed("{}");
    }
    if trimmed.starts_with('{') && serde_json::from_str::<&RawValue>(trimmed).is_ok() {
        return Cow::Borrowed(trimmed);
    }
    let mut out = Vec::new();
    compose::object(&mut out, |fields| {
        fields.field("_unreadable", arguments);
    });
    Cow::Owned(String::from_utf8(out).expect("what compose writes is UTF-8"))
}
