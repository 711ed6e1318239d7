//! Whole answers, read and written.

use std::borrow::Cow;

use bytes::Bytes;
use paceway_domain::Dialect;
use serde_json::value::RawValue;

use super::echo::{Echo, elements};
use super::errors::WireError;
use super::output::{self, CallItem, Ids, Named, Standing};
use super::thought::{self, Thought};
use super::wire::{self, Str, WireContent, WireItem, WireResponse};
use crate::compose::{self, ArrayWriter, ObjectWriter};
use crate::formats::Frame;
use crate::neutral::{Json, Reply, ReplyPart, Seal, ToolCall};
use crate::seals;

pub(super) fn read(body: &[u8]) -> Result<Reply<'_>, String> {
    let mut response: WireResponse<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let status = response.status.as_ref().map_or("completed", |Str(status)| status.as_ref());
    if !matches!(status, "completed" | "incomplete") {
        let told = response.error.and_then(|raw| serde_json::from_str::<WireError>(raw.get()).ok());
        let told = told.map(|error| format!(": {}", error.report(None).message)).unwrap_or_default();
        return Err(format!("its status is `{status}`{told}"));
    }
    let items = response.output.take().ok_or("it has no output")?;
    let (mut parts, mut logprobs) = (Vec::new(), Vec::new());
    for item in items {
        add(WireItem::read(item.get())?, &mut parts, &mut logprobs);
    }
    let has_calls = parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
    let has_refusal = parts.iter().any(|part| matches!(part, ReplyPart::Refusal(_)));
    Ok(Reply {
        finish: response.finish(has_calls, has_refusal),
        usage: response.usage(),
        id: wire::text(response.id),
        model: wire::text(response.model),
        parts,
        logprobs: joined(&logprobs),
    })
}

fn add<'a>(item: WireItem<'a>, parts: &mut Vec<ReplyPart<'a>>, logprobs: &mut Vec<&'a RawValue>) {
    match item {
        WireItem::Message(message) => {
            for content in message.content.unwrap_or_default() {
                logprobs.extend(wire::some_logprobs(content.logprobs));
                parts.extend(said(content));
            }
        }
        WireItem::Reasoning(item) => {
            let words = thought::words(wire::words(item.content), wire::words(item.summary));
            let thought = thought::read(&wire::text(item.id), words, wire::text(item.encrypted_content));
            parts.extend(thought.map(|thought| match thought {
                Thought::Open { text, seal } => ReplyPart::Thinking { text, seal },
                Thought::Redacted(seal) => ReplyPart::Redacted(seal),
            }));
        }
        WireItem::Call(mut call) => parts.push(ReplyPart::ToolCall(ToolCall {
            arguments: call.take_arguments(),
            id: wire::text(call.call_id),
            name: wire::text(call.name),
            namespace: call.namespace.map(|Str(namespace)| namespace),
            is_custom: call.is_custom,
            seal: None,
        })),
        WireItem::Image(image) => {
            parts.extend(image.read().map(|(media_type, data)| ReplyPart::Image { media_type, data }));
        }
        WireItem::Other => {}
    }
}

fn said(content: WireContent<'_>) -> Option<ReplyPart<'_>> {
    if let Some(Str(words)) = content.refusal {
        return Some(ReplyPart::Refusal(words));
    }
    let text = wire::text(content.text);
    let citations = content.annotations.unwrap_or_default().into_iter().filter_map(wire::citation).collect();
    (!text.is_empty()).then_some(ReplyPart::Text { text, citations })
}

/// Several arrays as one.
fn joined<'a>(arrays: &[&'a RawValue]) -> Option<Json<'a>> {
    if let [only] = arrays {
        return Some(Cow::Borrowed(only));
    }
    let elements: Vec<&RawValue> = arrays
        .iter()
        .filter_map(|array| serde_json::from_str::<Vec<&RawValue>>(array.get()).ok())
        .flatten()
        .collect();
    if elements.is_empty() {
        return None;
    }
    serde_json::value::to_raw_value(&elements).ok().map(Cow::Owned)
}

pub(super) fn write(reply: &Reply<'_>, frame: &Frame) -> Bytes {
    let ids = Ids::of(&reply.id, frame);
    let model = if reply.model.is_empty() { frame.model.as_str() } else { &reply.model };
    let has_refusal = reply.parts.iter().any(|part| matches!(part, ReplyPart::Refusal(_)));
    let standing = Standing::ended(&reply.finish, has_refusal, &reply.usage);
    let echo = Echo::of(&frame.request);
    let named = Named { id: &ids.response(), model, created: frame.created, echo: &echo };
    let mut out = Vec::with_capacity(4_096 + frame.request.len());
    compose::object(&mut out, |response| {
        output::response(&named, &standing, response, |list| items(reply, &ids, standing.status, list));
    });
    out.into()
}

/// Texts and refusals that follow each other are one message. Of an answer that was cut off, the last item is incomplete.
fn items(reply: &Reply<'_>, ids: &Ids, status: &str, list: &mut ArrayWriter<'_>) {
    let is_said = |part: &ReplyPart<'_>| matches!(part, ReplyPart::Text { .. } | ReplyPart::Refusal(_));
    let groups: Vec<_> = reply.parts.chunk_by(|one, next| is_said(one) && is_said(next)).collect();
    let mut logprobs = reply.logprobs.as_deref();
    for (group, index) in groups.iter().zip(0_u64..) {
        let status = if index + 1 == groups.len() as u64 { status } else { "completed" };
        list.object(|item| match &group[0] {
            ReplyPart::Text { .. } | ReplyPart::Refusal(_) => {
                output::message(&ids.item("msg", index), status, item, |list| {
                    group.iter().for_each(|part| content(part, &mut logprobs, list));
                });
            }
            ReplyPart::Thinking { text, seal } => {
                thinking(&ids.item("rs", index), text, seal.as_ref(), false, item);
            }
            ReplyPart::Redacted(seal) => thinking(&ids.item("rs", index), "", Some(seal), true, item),
            ReplyPart::ToolCall(call) => {
                let id = ids.item(CallItem::kind(call.is_custom), index);
                tool_call(call, &id, status, item);
            }
            ReplyPart::Image { media_type, data } => {
                output::image(&ids.item("ig", index), "completed", media_type, Some(data), item);
            }
        });
    }
}

/// The likelihoods are those of all words; they stand with the first.
fn content(part: &ReplyPart<'_>, logprobs: &mut Option<&RawValue>, list: &mut ArrayWriter<'_>) {
    list.object(|fields| match part {
        ReplyPart::Refusal(words) => output::refusal(words, fields),
        ReplyPart::Text { text, citations } => {
            let annotations = |list: &mut ArrayWriter<'_>| {
                for citation in citations {
                    list.object(|fields| output::annotation(citation, text, fields));
                }
            };
            let tokens = |list: &mut ArrayWriter<'_>| {
                if let Some(tokens) = logprobs.take().and_then(|raw| elements(raw.get())) {
                    list.raw(tokens);
                }
            };
            output::output_text(text, fields, annotations, tokens);
        }
        _ => {}
    });
}

fn thinking(id: &str, text: &str, seal: Option<&Seal<'_>>, is_redacted: bool, item: &mut ObjectWriter<'_>) {
    let own = seal.filter(|seal| seal.by == Dialect::Responses).map(|seal| thought::id_and_content(seal).0);
    let id = own.filter(|own| !own.is_empty()).unwrap_or(id);
    let encrypted = seal.map(|seal| thought::for_client(seal, is_redacted));
    output::reasoning(id, text, encrypted.as_deref(), item);
}

fn tool_call(call: &ToolCall<'_>, id: &str, status: &str, item: &mut ObjectWriter<'_>) {
    let is_empty_function = !call.is_custom && call.arguments.is_blank();
    let call = CallItem {
        id,
        call_id: &seals::id_with(&call.id, call.seal.as_ref()),
        name: &call.name,
        namespace: call.namespace.as_deref(),
        arguments: if is_empty_function { "{}" } else { &call.arguments },
        is_custom: call.is_custom,
    };
    call.write(status, item);
}
