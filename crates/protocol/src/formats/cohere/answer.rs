//! Whole answers, read and written. Cohere's do not name their model.

use bytes::Bytes;
use serde::Deserialize;

use super::citation::{self, WireCitation};
use super::logprobs::{self, WireItem};
use super::usage::{self, WireUsage};
use super::wire::{self, WireCall, Words};
use crate::compose::{self, ObjectWriter};
use crate::formats::Frame;
use crate::neutral::{Citation, Reply, ReplyPart, Text, ToolCall};
use crate::seals;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    id: Option<Words<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Words<'a>>,
    #[serde(borrow)]
    message: Message<'a>,
    usage: Option<WireUsage>,
    #[serde(borrow)]
    logprobs: Option<Vec<WireItem<'a>>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    tool_plan: Option<Words<'a>>,
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<WireCall<'a>>>,
    #[serde(borrow)]
    citations: Option<Vec<WireCitation<'a>>>,
}

/// A block; of the kinds that are not named here nothing is read.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    #[serde(borrow)]
    thinking: Option<Words<'a>>,
}

pub(super) fn read(body: &[u8]) -> Result<Reply<'_>, String> {
    let answer: Answer<'_> = serde_json::from_slice(body)
        .map_err(|error| format!("an answer is not what Cohere documents: {error}"))?;
    let Message { tool_plan, content, tool_calls, citations } = answer.message;
    let citations = citations.unwrap_or_default();
    let mut parts = Vec::new();
    if let Some(Words(text)) = tool_plan.filter(|Words(plan)| !plan.is_empty()) {
        parts.push(ReplyPart::Thinking { text, seal: None });
    }
    let blocks = content.unwrap_or_default();
    let mut cited = by_block(citations, &blocks);
    for (block, citations) in blocks.into_iter().zip(cited.iter_mut()) {
        if let Some(Words(text)) = block.thinking.filter(|Words(text)| !text.is_empty()) {
            parts.push(ReplyPart::Thinking { text, seal: None });
        }
        if let Some(Words(text)) = block.text.filter(|Words(text)| !text.is_empty()) {
            parts.push(ReplyPart::Text { text, citations: std::mem::take(citations) });
        }
    }
    let calls = tool_calls.unwrap_or_default();
    let has_calls = !calls.is_empty();
    parts.extend(calls.into_iter().map(read_call));
    let reason = answer.finish_reason.as_ref().map_or("", |Words(reason)| reason);
    Ok(Reply {
        id: answer.id.map_or(Text::default(), |Words(id)| id),
        model: Text::default(),
        finish: wire::finish(reason, has_calls, None).map_err(|error| error.message)?,
        parts,
        logprobs: answer.logprobs.and_then(|items| logprobs::read(&items)),
        usage: answer.usage.unwrap_or_default().read(),
    })
}

/// The citations of each block; those that do not say whose they are belong to the first text.
fn by_block<'a>(citations: Vec<WireCitation<'a>>, blocks: &[Block<'a>]) -> Vec<Vec<Citation<'a>>> {
    let mut cited: Vec<Vec<Citation<'a>>> = blocks.iter().map(|_| Vec::new()).collect();
    let first = blocks.iter().position(|block| block.text.is_some()).unwrap_or(0);
    for citation in citations.into_iter().filter(WireCitation::is_of_text) {
        if let Some(list) = cited.get_mut(citation.content_index.unwrap_or(first)) {
            list.extend(citation.read());
        }
    }
    cited
}

fn read_call(call: WireCall<'_>) -> ReplyPart<'_> {
    let (id, name, arguments) = call.parts();
    ReplyPart::ToolCall(ToolCall { id, name, namespace: None, arguments, is_custom: false, seal: None })
}

pub(super) fn write(reply: &Reply<'_>, frame: &Frame) -> Bytes {
    let mut out = Vec::with_capacity(512);
    let id = if reply.id.is_empty() { &*frame.request_id } else { &*reply.id };
    compose::object(&mut out, |body| {
        body.field("id", id);
        body.object("message", |message| write_message(reply, message));
        body.field("finish_reason", wire::finish_reason(&reply.finish));
        body.object("usage", |fields| usage::write(&reply.usage, fields));
        if let Some(tokens) = &reply.logprobs {
            body.array("logprobs", |list| logprobs::write(tokens, list));
        }
    });
    out.into()
}

fn write_message(reply: &Reply<'_>, message: &mut ObjectWriter<'_>) {
    message.field("role", "assistant");
    let mut cited: Vec<(usize, &str, &Citation<'_>)> = Vec::new();
    message.array("content", |list| {
        let mut index = 0;
        for part in &reply.parts {
            let (kind, text) = match part {
                ReplyPart::Text { text, .. } | ReplyPart::Refusal(text) => ("text", text),
                ReplyPart::Thinking { text, .. } => ("thinking", text),
                _ => continue,
            };
            if text.is_empty() {
                continue;
            }
            list.object(|block| {
                block.field("type", kind).field(kind, text);
            });
            if let ReplyPart::Text { citations, .. } = part {
                cited.extend(citations.iter().map(|one| (index, &**text, one)));
            }
            index += 1;
        }
    });
    let calls: Vec<&ToolCall<'_>> = reply
        .parts
        .iter()
        .filter_map(|part| match part {
            ReplyPart::ToolCall(call) => Some(call),
            _ => None,
        })
        .collect();
    if !calls.is_empty() {
        message.array("tool_calls", |list| {
            for call in calls {
                list.object(|out| write_call(call, out));
            }
        });
    }
    if !cited.is_empty() {
        message.array("citations", |list| {
            for (index, text, one) in cited {
                list.object(|fields| citation::write(one, text, index, fields));
            }
        });
    }
}

fn write_call(call: &ToolCall<'_>, out: &mut ObjectWriter<'_>) {
    out.field("id", &seals::id_with(&call.id, call.seal.as_ref())).field("type", "function");
    out.object("function", |function| {
        let arguments = if call.arguments.is_blank() { "{}".into() } else { call.arguments.clone() };
        function.field("name", &call.name).field("arguments", &arguments);
    });
}
