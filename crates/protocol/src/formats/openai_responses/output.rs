//! What answers are made of, as it stands in whole answers, in streams and in the conversation that comes back: ids,
//! annotations, items and the response object.
//!
//! It decides on nothing: which parts make an item is the business of those that write answers and streams.

use paceway_domain::Usage;

use super::echo::Echo;
use super::{errors, usage};
use crate::compose::{ArrayWriter, ObjectWriter};
use crate::formats::Frame;
use crate::neutral::{Citation, ErrorReport, Finish, Form};

/// The ids of a response and its items: one stem, with what they are in front.
pub(super) struct Ids {
    stem: String,
}

impl Ids {
    /// Of the provider's id, or of the request's if it gave none.
    pub(super) fn of(id: &str, frame: &Frame) -> Self {
        let stem = [id, &frame.request_id, "0"].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
        let bare = ["resp_", "msg_", "chatcmpl-"].iter().find_map(|kind| stem.strip_prefix(kind));
        let stem = bare.filter(|bare| !bare.is_empty()).unwrap_or(stem);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        Self { stem: stem.chars().map(|c| if is_plain(c) { c } else { '_' }).collect() }
    }

    pub(super) fn response(&self) -> String {
        format!("resp_{}", self.stem)
    }

    /// The id of the item at this place of the output.
    pub(super) fn item(&self, kind: &str, index: u64) -> String {
        format!("{kind}_{}_{index}", self.stem)
    }
}

/// An annotation of `text`. One whose place is not known is for all of the text; one without an address names a document.
pub(super) fn annotation(citation: &Citation<'_>, text: &str, fields: &mut ObjectWriter<'_>) {
    let title = citation.title.as_deref().unwrap_or_default();
    match &citation.url {
        Some(url) => {
            let (start, end) = citation.place.unwrap_or_else(|| (0, text.chars().count() as u64));
            fields.field("type", "url_citation").field("start_index", &start).field("end_index", &end);
            fields.field("url", url).field("title", title);
        }
        None => {
            fields
                .field("type", "file_citation")
                .field("index", &citation.place.map_or(0, |(start, _)| start));
            fields.field("file_id", title).field("filename", title);
        }
    }
}

/// The summary of a thought: one paragraph, or none.
pub(super) fn summary(text: Form<'_>, list: &mut ArrayWriter<'_>) {
    if !text.is_empty() {
        list.object(|part| {
            part.field("type", "summary_text").field("text", &text);
        });
    }
}

/// A `reasoning` item.
pub(super) fn reasoning(id: &str, text: &str, encrypted: Option<&str>, item: &mut ObjectWriter<'_>) {
    item.field("id", id).field("type", "reasoning");
    item.array("summary", |list| summary(text.into(), list));
    item.maybe("encrypted_content", encrypted);
}

/// A call as an item says it.
pub(super) struct CallItem<'c> {
    pub(super) id: &'c str,
    pub(super) call_id: &'c str,
    pub(super) name: &'c str,
    pub(super) namespace: Option<&'c str>,
    pub(super) arguments: &'c str,
    pub(super) is_custom: bool,
}

impl CallItem<'_> {
    pub(super) fn write(&self, status: &str, item: &mut ObjectWriter<'_>) {
        let (kind, arguments) =
            if self.is_custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
        item.field("id", self.id).field("type", kind).field("status", status);
        item.field(arguments, self.arguments).field("call_id", self.call_id).field("name", self.name);
        item.maybe("namespace", self.namespace);
    }

    /// With what the id of such an item begins.
    pub(super) fn kind(is_custom: bool) -> &'static str {
        if is_custom { "ctc" } else { "fc" }
    }
}

/// A `message` item.
pub(super) fn message(
    id: &str,
    status: &str,
    item: &mut ObjectWriter<'_>,
    content: impl FnOnce(&mut ArrayWriter<'_>),
) {
    item.field("id", id).field("type", "message").field("status", status);
    item.array("content", content);
    item.field("role", "assistant");
}

/// An `output_text` part, its annotations and likelihoods written by the closures.
pub(super) fn output_text(
    text: &str,
    part: &mut ObjectWriter<'_>,
    annotations: impl FnOnce(&mut ArrayWriter<'_>),
    logprobs: impl FnOnce(&mut ArrayWriter<'_>),
) {
    part.field("type", "output_text").field("text", text);
    part.array("annotations", annotations).array("logprobs", logprobs);
}

/// A `refusal` part.
pub(super) fn refusal(words: &str, part: &mut ObjectWriter<'_>) {
    part.field("type", "refusal").field("refusal", words);
}

/// An `image_generation_call` item.
pub(super) fn image(
    id: &str,
    status: &str,
    media_type: &str,
    data: Option<&str>,
    item: &mut ObjectWriter<'_>,
) {
    let format = media_type.strip_prefix("image/").unwrap_or(media_type);
    item.field("id", id).field("type", "image_generation_call").field("status", status);
    item.field("output_format", format).field("result", &data);
}

/// How a response stands.
pub(super) struct Standing<'s> {
    pub(super) status: &'static str,
    /// Why it is incomplete.
    pub(super) reason: Option<&'static str>,
    pub(super) error: Option<&'s ErrorReport>,
    pub(super) usage: Option<&'s Usage>,
}

impl<'s> Standing<'s> {
    pub(super) const BEGUN: Self = Self { status: "in_progress", reason: None, error: None, usage: None };

    /// Of an answer that has ended. A refusal in the model's words is a complete answer; without words it was cut off.
    pub(super) fn ended(finish: &Finish<'_>, has_refusal: bool, usage: &'s Usage) -> Self {
        let reason = match finish {
            Finish::Length => Some("max_output_tokens"),
            Finish::Refused if !has_refusal => Some("content_filter"),
            _ => None,
        };
        let status = if reason.is_some() { "incomplete" } else { "completed" };
        Self { status, reason, error: None, usage: Some(usage) }
    }

    pub(super) fn failed(error: &'s ErrorReport) -> Self {
        Self { status: "failed", reason: None, error: Some(error), usage: None }
    }
}

/// Writes a response object, its items written by the closure.
pub(super) fn response(
    named: &Named<'_>,
    standing: &Standing<'_>,
    response: &mut ObjectWriter<'_>,
    output: impl FnOnce(&mut ArrayWriter<'_>),
) {
    response.field("id", named.id).field("object", "response").field("created_at", &named.created);
    response.field("completed_at", &(standing.status == "completed").then_some(named.created));
    response.field("status", standing.status).field("model", named.model);
    match standing.error {
        Some(error) => response.object("error", |fields| errors::write_failure(error, fields)),
        None => response.field("error", &()),
    };
    match standing.reason {
        Some(reason) => response.object("incomplete_details", |details| {
            details.field("reason", reason);
        }),
        None => response.field("incomplete_details", &()),
    };
    response.array("output", output);
    match standing.usage {
        Some(counted) => usage::write(counted, response),
        None => {
            response.field("usage", &());
        }
    }
    named.echo.write(response);
}

/// What a response says of itself from beginning to end.
pub(super) struct Named<'n> {
    pub(super) id: &'n str,
    pub(super) model: &'n str,
    /// Unix seconds.
    pub(super) created: u64,
    pub(super) echo: &'n Echo,
}
