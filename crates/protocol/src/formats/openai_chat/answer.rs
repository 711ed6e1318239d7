//! Whole answers, read and written.
//!
//! Only the first choice is read; streams are elsewhere.

use bytes::Bytes;
use paceway_domain::{Apart, Dialect, Sold};

use super::content::{self, Content};
use super::thoughts::{self, Thought, Thoughts};
use super::wire::{self, Answer, Message};
use super::words::{Ended, completion_id, ended, finish_reason, made_up_call_id};
use super::{errors, usage};
use crate::compose::{self, ArrayWriter, Joined, ObjectWriter};
use crate::formats::Frame;
use crate::neutral::{Citation, Finish, Reply, ReplyPart, Seal, Text, ToolCall};
use crate::seals;

/// What an answer says was sold.
pub(super) fn read_sold(body: &[u8]) -> Option<Sold> {
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    let stated = answer.usage.and_then(usage::read_all);
    let groqs = || answer.x_groq.and_then(usage::read_groq).map(|usage| (usage, Apart::default()));
    let (usage, apart) = stated.or_else(groqs)?;
    Some(Sold { usage, apart, terms: answer.terms() })
}

pub(super) fn read(body: &[u8]) -> Result<Reply<'_>, String> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if answer.is_error() {
        return Err(errors::read_chunk(body).unwrap_or_else(|| errors::broken_off(false)).message);
    }
    let id = wire::text(answer.id).unwrap_or_default();
    let model = wire::text(answer.model).unwrap_or_default();
    let stated = answer.usage.and_then(usage::read);
    let usage = stated.or_else(|| answer.x_groq.and_then(usage::read_groq)).unwrap_or_default();
    let print = answer.print();
    let mut choice = answer.into_first_choice().ok_or("it has no choices")?;
    let reason = wire::text(choice.finish_reason).unwrap_or_default();
    let said = match ended(&reason) {
        Ended::Badly { is_overloaded } => return Err(errors::broken_off(is_overloaded).message),
        Ended::Well(finish) => finish,
    };
    let parts = read_parts(&choice.take_message(), &print);
    let stop = wire::text(choice.stop_reason).filter(|stop| !stop.is_empty() && *stop != reason);
    let is_refusal = |part: &ReplyPart<'_>| matches!(part, ReplyPart::Refusal(_));
    let is_call = |part: &ReplyPart<'_>| matches!(part, ReplyPart::ToolCall(_));
    let finish = match said {
        Finish::Done if stop.is_some() => Finish::StopSequence(stop),
        Finish::Done if parts.iter().any(is_refusal) => Finish::Refused,
        Finish::Done if parts.iter().any(is_call) => Finish::ToolCalls,
        said => said,
    };
    Ok(Reply { id, model, parts, logprobs: wire::tokens(choice.logprobs), finish, usage })
}

/// Thoughts, words, pictures, calls: in this order, which the format does not tell.
fn read_parts<'a>(message: &Message<'a>, print: &str) -> Vec<ReplyPart<'a>> {
    let mut thoughts = Thoughts::of(thoughts::details(message));
    let calls = read_calls(message, &mut thoughts, print);
    let mut parts: Vec<_> = thoughts.into_list().into_iter().map(thought).collect();
    let mut citations = content::citations(message.annotations);
    content::each(message.content, |content| match content {
        Content::Text(text) if text.is_empty() => {}
        Content::Text(text) => {
            parts.push(ReplyPart::Text { text, citations: std::mem::take(&mut citations) });
        }
        Content::Thinking(text) => parts.push(ReplyPart::Thinking { text, seal: None }),
        Content::Refusal(text) => parts.push(ReplyPart::Refusal(text)),
    });
    parts.extend(wire::text(message.refusal).filter(|text| !text.is_empty()).map(ReplyPart::Refusal));
    let images = content::images(message.images).into_iter();
    parts.extend(images.map(|(media_type, data)| ReplyPart::Image { media_type, data }));
    parts.extend(calls.into_iter().map(ReplyPart::ToolCall));
    parts
}

fn thought(thought: Thought<'_>) -> ReplyPart<'_> {
    match thought {
        Thought::Words { text, seal } => ReplyPart::Thinking { text, seal },
        Thought::Redacted(seal) => ReplyPart::Redacted(seal),
    }
}

fn read_calls<'a>(message: &Message<'a>, thoughts: &mut Thoughts<'a>, print: &str) -> Vec<ToolCall<'a>> {
    let deprecated = message.function_call.and_then(wire::function_call);
    let calls: Vec<wire::Call<'a>> = wire::list(message.tool_calls);
    let read = |(place, call): (usize, wire::Call<'a>)| {
        let call_id = match call.id() {
            none if none.is_empty() => made_up_call_id(print, place).into(),
            call_id => call_id,
        };
        let google = call.signature().map(|data| Seal { by: Dialect::OpenAi, data });
        ToolCall {
            seal: google.or_else(|| thoughts.take_call_seal(&call_id)),
            id: call_id,
            name: call.name(),
            namespace: None,
            arguments: call.arguments(),
            is_custom: call.is_custom(),
        }
    };
    calls.into_iter().chain(deprecated).enumerate().map(read).collect()
}

pub(super) fn write(reply: &Reply<'_>, frame: &Frame) -> Bytes {
    let mut out = Vec::with_capacity(1024 + reply.parts.iter().map(size).sum::<usize>());
    let id = completion_id(&reply.id, &frame.request_id);
    let model: &str = if reply.model.is_empty() { &frame.model } else { &reply.model };
    let has_calls = reply.parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
    let has_refusal = reply.parts.iter().any(|part| matches!(part, ReplyPart::Refusal(_)));
    compose::object(&mut out, |body| {
        body.field("id", &id)
            .field("object", "chat.completion")
            .field("created", &frame.created)
            .field("model", model)
            .array("choices", |choices| {
                choices.object(|choice| {
                    choice
                        .field("index", &0)
                        .object("message", |message| write_message(reply, frame, message));
                    match &reply.logprobs {
                        Some(tokens) => choice.object("logprobs", |logprobs| {
                            logprobs.raw("content", tokens.get()).field("refusal", &());
                        }),
                        None => choice.field("logprobs", &()),
                    };
                    choice.field("finish_reason", finish_reason(&reply.finish, has_calls, has_refusal));
                });
            })
            .object("usage", |body| usage::write(&reply.usage, body));
    });
    out.into()
}

fn size(part: &ReplyPart<'_>) -> usize {
    64 + match part {
        ReplyPart::Text { text, citations } => text.len() + 256 * citations.len(),
        // In plain and among the details.
        ReplyPart::Thinking { text, seal } => {
            2 * text.len() + seal.as_ref().map_or(0, |seal| seal.data.len())
        }
        ReplyPart::Redacted(seal) => seal.data.len(),
        ReplyPart::ToolCall(call) => call.arguments.len() + call.arguments.len() / 4 + 128,
        ReplyPart::Refusal(text) => text.len(),
        ReplyPart::Image { data, .. } => data.len() + 64,
    }
}

fn write_message(reply: &Reply<'_>, frame: &Frame, message: &mut ObjectWriter<'_>) {
    message.field("role", "assistant");
    let texts = pieces(reply, |part| match part {
        ReplyPart::Text { text, .. } => Some(text),
        _ => None,
    });
    message.field("content", &(!texts.is_empty()).then_some(Joined(&texts)));
    let refusals = pieces(reply, |part| match part {
        ReplyPart::Refusal(text) => Some(text),
        _ => None,
    });
    message.field("refusal", &(!refusals.is_empty()).then_some(Joined(&refusals)));
    write_annotations(reply, message);
    write_thoughts(reply, message);
    let mut images = reply.parts.iter().filter(|part| matches!(part, ReplyPart::Image { .. })).peekable();
    if images.peek().is_some() {
        message.array("images", |list| {
            for (index, part) in images.enumerate() {
                if let ReplyPart::Image { media_type, data } = part {
                    list.object(|image| content::write_image(media_type, data, index, image));
                }
            }
        });
    }
    let mut calls = reply
        .parts
        .iter()
        .filter_map(|part| if let ReplyPart::ToolCall(call) = part { Some(call) } else { None })
        .peekable();
    if calls.peek().is_some() {
        message.array("tool_calls", |list| {
            calls.enumerate().for_each(|(place, call)| write_call(call, place, frame, list));
        });
    }
}

/// The texts of the parts that `of` picks.
fn pieces<'r>(reply: &'r Reply<'_>, of: impl Fn(&'r ReplyPart<'r>) -> Option<&'r Text<'r>>) -> Vec<&'r str> {
    reply.parts.iter().filter_map(of).map(|text| &**text).collect()
}

/// Sources. Those without an address (quotes from documents) have no place in this format.
fn write_annotations(reply: &Reply<'_>, message: &mut ObjectWriter<'_>) {
    let has_url = |citation: &Citation<'_>| citation.url.is_some();
    let is_cited = |part: &ReplyPart<'_>| matches!(part, ReplyPart::Text { citations, .. } if citations.iter().any(has_url));
    if !reply.parts.iter().any(is_cited) {
        return;
    }
    message.array("annotations", |list| {
        let mut start = 0;
        for part in &reply.parts {
            let ReplyPart::Text { text, citations } = part else { continue };
            let end = start + text.chars().count() as u64;
            for citation in citations {
                if let Some(url) = &citation.url {
                    let place = citation.place.unwrap_or((start, end));
                    list.object(|annotation| content::write_citation(url, citation, place, annotation));
                }
            }
            start = end;
        }
    });
}

fn write_thoughts(reply: &Reply<'_>, message: &mut ObjectWriter<'_>) {
    let words = pieces(reply, |part| match part {
        ReplyPart::Thinking { text, .. } => Some(text),
        _ => None,
    });
    let is_redacted = |part: &ReplyPart<'_>| matches!(part, ReplyPart::Redacted(_));
    if words.is_empty() && !reply.parts.iter().any(is_redacted) {
        return;
    }
    if words.iter().any(|text| !text.is_empty()) {
        message.field("reasoning_content", &Joined(&words));
    }
    message.array("reasoning_details", |list| {
        let mut index = 0;
        for part in &reply.parts {
            match part {
                ReplyPart::Thinking { text, seal } => list.object(|detail| {
                    thoughts::write_words(text, seal.as_ref(), index, detail);
                }),
                ReplyPart::Redacted(seal) => {
                    list.object(|detail| thoughts::write_redacted(seal, index, detail));
                }
                _ => continue,
            }
            index += 1;
        }
    });
}

fn write_call(call: &ToolCall<'_>, place: usize, frame: &Frame, list: &mut ArrayWriter<'_>) {
    let made_up;
    let id = if call.id.is_empty() {
        made_up = made_up_call_id(&frame.request_id, place);
        &made_up
    } else {
        &*call.id
    };
    list.object(|body| {
        body.field("id", &seals::id_with(id, call.seal.as_ref()));
        if call.is_custom {
            body.field("type", "custom").object("custom", |custom| {
                custom.field("name", &call.name).field("input", &call.arguments);
            });
        } else {
            let arguments = if call.arguments.is_empty() { "{}" } else { &*call.arguments };
            body.field("type", "function").object("function", |function| {
                function.field("name", &call.name).field("arguments", arguments);
            });
        }
    });
}
