//! Whole answers, read and written.

use std::borrow::Cow;

use bytes::Bytes;
use paceway_domain::{Dialect, Sold, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::finish::{self, Ended};
use super::wire::{self, WireAnswer, WireCall, WireFeedback, WirePart, WireUsage, Words};
use super::{encoding, errors, logprobs, sources};
use crate::compose::{self, ObjectWriter};
use crate::formats::Frame;
use crate::neutral::{Citation, Finish, Reply, ReplyPart, Text, ToolCall};
use crate::seals;

pub(super) fn read(body: &[u8]) -> Result<Reply<'_>, String> {
    let mut answer: WireAnswer<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(error) = answer.error {
        return Err(errors::read_error(error, None).message);
    }
    let usage = answer.usage_metadata.unwrap_or_default().read();
    let candidate = answer.candidate();
    let id = answer.response_id.unwrap_or_default().0;
    let model = answer.model_version.unwrap_or_default().0;
    let reply = |parts, finish| Reply { id: id.clone(), model, parts, logprobs: None, finish, usage };
    let Some(candidate) = candidate else {
        return match answer.prompt_feedback {
            Some(feedback) if feedback.block_reason.is_some() => {
                Ok(reply(refusal(feedback), Finish::Refused))
            }
            _ => Err("the answer has neither a candidate nor a reason why".into()),
        };
    };
    let mut parts = Parts { answer_id: &id, ..Parts::default() };
    for (index, part) in
        candidate.content.unwrap_or_default().parts.unwrap_or_default().into_iter().enumerate()
    {
        parts.part(index, part);
    }
    let citations = parts.citations(candidate.grounding_metadata, candidate.citation_metadata);
    let (has_calls, has_content) = (parts.calls > 0, parts.has_content);
    let mut list = parts.list;
    attach(&mut list, citations);
    let reason = candidate.finish_reason.unwrap_or_default().0;
    let message = candidate.finish_message.map(|Words(message)| message);
    let ended = finish::ended(&reason);
    if !has_content && ended == Ended::Failed {
        return Err(finish::failure(&reason, message.as_deref()));
    }
    if let Some(message) = message.filter(|_| !has_content && ended == Ended::Refused) {
        list.push(ReplyPart::Refusal(message));
    }
    let logprobs = candidate.logprobs_result.and_then(logprobs::read);
    Ok(Reply { logprobs, ..reply(list, finish::finish(ended, has_calls)) })
}

/// The words of a refused prompt, if there are any.
fn refusal(feedback: WireFeedback<'_>) -> Vec<ReplyPart<'_>> {
    feedback.block_reason_message.map(|Words(message)| ReplyPart::Refusal(message)).into_iter().collect()
}

/// The parts of an answer in the making.
#[derive(Default)]
struct Parts<'a, 'i> {
    answer_id: &'i str,
    list: Vec<ReplyPart<'a>>,
    calls: usize,
    has_content: bool,
    /// The whole text so far, and where in it the text of each part began.
    text: String,
    starts: Vec<(usize, usize)>,
}

impl<'a> Parts<'a, '_> {
    fn part(&mut self, index: usize, part: WirePart<'a>) {
        let mut seal = part.thought_signature.and_then(|Words(signature)| encoding::seal(signature));
        if let Some(Words(text)) = part.text {
            if part.thought == Some(true) {
                if !text.is_empty() || seal.is_some() {
                    self.list.push(ReplyPart::Thinking { text, seal: seal.take() });
                }
            } else if !text.is_empty() {
                self.starts.push((index, self.text.len()));
                self.text.push_str(&text);
                self.has_content = true;
                self.push_text(text);
            }
        } else if let Some(call) = part.function_call {
            if let Some(call) = self.call(call) {
                self.list.push(ReplyPart::ToolCall(ToolCall { seal: seal.take(), ..call }));
            }
        } else if let Some(blob) = part.inline_data {
            let media_type = encoding::media_type(blob.mime_type.0);
            if media_type.starts_with("image/") && part.thought != Some(true) {
                self.has_content = true;
                self.list.push(ReplyPart::Image { media_type, data: encoding::standard(blob.data.0) });
            }
        } else if part.thought == Some(true)
            && let Some(seal) = seal.take_if(|seal| seal.by != Dialect::Gemini)
        {
            self.list.push(ReplyPart::Redacted(seal));
        }
        if let Some(seal) = seal {
            self.list.push(ReplyPart::Thinking { text: "".into(), seal: Some(seal) });
        }
    }

    fn push_text(&mut self, text: Text<'a>) {
        match self.list.last_mut() {
            Some(ReplyPart::Text { text: last, .. }) => last.push_str(&text),
            _ => self.list.push(ReplyPart::Text { text, citations: Vec::new() }),
        }
    }

    fn call(&mut self, call: WireCall<'a>) -> Option<ToolCall<'a>> {
        let name = call.name.map(|Words(name)| name).filter(|name| !name.is_empty())?;
        let id = call.id.map(|Words(id)| id).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| wire::call_id(self.answer_id, self.calls).into());
        self.calls += 1;
        self.has_content = true;
        let arguments = Cow::Borrowed(call.args.map_or("{}", RawValue::get));
        Some(ToolCall {
            id,
            name,
            namespace: None,
            arguments: arguments.into(),
            is_custom: false,
            seal: None,
        })
    }

    fn citations(
        &self,
        grounding: Option<&RawValue>,
        citations: Option<&RawValue>,
    ) -> Vec<Citation<'static>> {
        let start_of =
            |part: usize| self.starts.iter().find(|(index, _)| *index == part).map_or(0, |(_, start)| *start);
        let mut all: Vec<_> =
            grounding.map(|raw| sources::read_grounding(raw, &self.text, start_of)).unwrap_or_default();
        all.extend(citations.map(|raw| sources::read_citations(raw, &self.text)).unwrap_or_default());
        all
    }
}

/// Gives each citation to the text that its place is in, and those without a place to the last text.
fn attach(list: &mut [ReplyPart<'_>], all: Vec<Citation<'static>>) {
    for citation in all {
        let start = citation.place.map_or(u64::MAX, |(start, _)| start);
        let mut end = 0;
        let mut chosen = None;
        for (index, part) in list.iter().enumerate() {
            let ReplyPart::Text { text, .. } = part else { continue };
            chosen = Some(index);
            end += text.chars().count() as u64;
            if start < end {
                break;
            }
        }
        if let Some(ReplyPart::Text { citations, .. }) = chosen.and_then(|index| list.get_mut(index)) {
            citations.push(citation);
        }
    }
}

pub(super) fn write(reply: &Reply<'_>, frame: &Frame) -> Bytes {
    let mut out = Vec::with_capacity(1_024);
    compose::object(&mut out, |body| {
        body.array("candidates", |candidates| {
            candidates.object(|candidate| write_candidate(reply, candidate));
        });
        wire::write_usage(&reply.usage, body);
        body.field("modelVersion", named(&reply.model, &frame.model));
        body.field("responseId", named(&reply.id, &frame.request_id));
    });
    out.into()
}

/// The name, or another one where it is empty.
fn named<'n>(name: &'n str, otherwise: &'n str) -> &'n str {
    if name.is_empty() { otherwise } else { name }
}

fn write_candidate(reply: &Reply<'_>, candidate: &mut ObjectWriter<'_>) {
    let mut text = String::new();
    let mut starts = Vec::new();
    let mut citations = Vec::new();
    candidate.object("content", |content| {
        content.array("parts", |parts| {
            for (index, part) in reply.parts.iter().enumerate() {
                if let ReplyPart::Text { text: words, citations: more } = part {
                    starts.push((index, text.len()));
                    text.push_str(words);
                    citations.extend(more.iter().cloned());
                }
                parts.object(|object| write_part(part, object));
            }
            // SDKs leave an answer without a part out of the conversation that they keep.
            if reply.parts.is_empty() {
                parts.object(|object| {
                    object.field("text", "");
                });
            }
        });
        content.field("role", "model");
    });
    candidate.field("finishReason", finish::reason(&reply.finish)).field("index", &0);
    let part_at =
        |byte: usize| starts.iter().rev().find(|(_, start)| *start <= byte).copied().unwrap_or_default();
    sources::write(&citations, &text, part_at, candidate);
    if let Some(logprobs) = &reply.logprobs {
        logprobs::write(logprobs, candidate);
    }
}

fn write_part(part: &ReplyPart<'_>, object: &mut ObjectWriter<'_>) {
    match part {
        ReplyPart::Text { text, .. } | ReplyPart::Refusal(text) => {
            object.field("text", text);
        }
        ReplyPart::Thinking { text, seal } => {
            object.field("text", text).field("thought", &true);
            let signature = seal.as_ref().map(|seal| seals::wrap_base64(seal, Dialect::Gemini));
            object.maybe("thoughtSignature", signature.as_ref());
        }
        ReplyPart::Redacted(seal) => {
            object.field("thought", &true);
            object.field("thoughtSignature", &seals::wrap_base64(seal, Dialect::Gemini));
        }
        ReplyPart::ToolCall(call) => {
            object.object("functionCall", |function| {
                function.field("id", &call.id).field("name", &call.name);
                function.raw("args", &arguments_of(&call.arguments));
            });
            let signature = call.seal.as_ref().map(|seal| seals::wrap_base64(seal, Dialect::Gemini));
            object.maybe("thoughtSignature", signature.as_ref());
        }
        ReplyPart::Image { media_type, data } => {
            object.object("inlineData", |blob| {
                blob.field("mimeType", media_type).field("data", data);
            });
        }
    }
}

/// A call's arguments as an object. What is none, which a model may write, is shown as the text that it is.
pub(super) fn arguments_of(arguments: &str) -> Cow<'_, str> {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        Cow::Borrowed("{}")
    } else if arguments.starts_with('{') && serde_json::from_str::<&RawValue>(arguments).is_ok() {
        Cow::Borrowed(arguments)
    } else {
        Cow::Owned(serde_json::json!({ "input": arguments }).to_string())
    }
}

/// What an answer's body says was sold.
pub(super) fn sold(body: &[u8]) -> Option<Sold> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        usage_metadata: WireUsage,
        #[serde(borrow)]
        candidates: Option<&'a RawValue>,
    }
    let Body { usage_metadata: stated, candidates } = serde_json::from_slice(body).ok()?;
    let grounded = candidates.filter(|candidates| candidates.get().contains("webSearchQueries"));
    let searched = grounded.and_then(|_| serde_json::from_slice::<WireAnswer<'_>>(body).ok());
    let web_searches = searched.map_or(0, |answer| answer.searches());
    let usage = Usage { web_searches, ..stated.read() };
    Some(Sold { usage, apart: stated.apart(), terms: stated.terms() })
}
