//! Requests written from the neutral form: everything beside the conversation and its tools.
//!
//! Only what OpenAI's own API takes is written, with one exception: the seal that Google wants back with a call.

mod messages;
mod said;
mod tools;

use bytes::Bytes;
use paceway_domain::Refusal;
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::compose::{self, ObjectWriter};
use crate::formats::Target;
use crate::formats::openai::{self, effort};
use crate::neutral::{
    AnswerForm, Chat, DocumentSource, Media, Part, PartBody, Sampling, Schema, ServiceTier, Text, ToolKind,
};

/// The most stop sequences that OpenAI takes.
const MAX_STOP: usize = 4;
/// The name of a schema that has none; OpenAI demands one.
const SCHEMA_NAME: &str = "answer";
/// The longest name of a schema.
const MAX_SCHEMA_NAME: usize = 64;
/// Providers that know only the older fields refuse those that they do not know (Mistral with 422).
const UNKNOWN: &str = "this provider may not know it";

pub(super) fn write(chat: &Chat<'_>, target: Target<'_>, changes: &mut Changes) -> Result<Bytes, Refusal> {
    let stop: Vec<_> = chat.stop.iter().filter(|stop| !stop.is_empty()).collect();
    if stop.len() > MAX_STOP {
        return Err(Refusal::Unsupported {
            field: "stop".into(),
            why: format!("models of OpenAI's API take at most {MAX_STOP}, got {}", stop.len()),
        });
    }
    let mut out = Vec::with_capacity(1024 + size(chat));
    let mut messages = 0;
    compose::object(&mut out, |body| {
        body.field("model", target.model);
        // What providers cache unasked stands first, so that `cacheable` finds it without a walk over the conversation.
        tools::write(chat, target, body, changes);
        form(&chat.form, body);
        cache_key(chat, target, body, changes);
        body.array("messages", |list| messages = messages::write(chat, list, changes));
        if let Some(reasoning) = chat.reasoning {
            if reasoning.is_shown == Some(true) {
                changes.hint("reasoning.is_shown", "this API cannot be asked for thoughts");
            }
            body.maybe("reasoning_effort", effort::said(reasoning, target.model, changes));
        }
        sampling(&chat.sampling, body, changes);
        if let Some(most) = chat.max_output {
            let field = if target.only_max_tokens { "max_tokens" } else { "max_completion_tokens" };
            body.field(field, &most);
        }
        if !stop.is_empty() {
            body.field("stop", &stop);
        }
        body.maybe("verbosity", chat.verbosity.as_deref());
        rest(chat, target, body, changes);
    });
    if messages == 0 {
        return Err(Refusal::Unsupported {
            field: "messages".into(),
            why: "no message is left that this API can take: send at least one with text".into(),
        });
    }
    Ok(out.into())
}

fn cache_key(chat: &Chat<'_>, target: Target<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    match chat.cache_key.as_deref() {
        Some(_) if target.only_max_tokens => changes.hint("cache_key", UNKNOWN),
        key => {
            body.maybe("prompt_cache_key", key);
        }
    }
}

fn rest(chat: &Chat<'_>, target: Target<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    if chat.answers.is_some_and(|answers| answers > 1) {
        changes.lost("answers", "an answer that is translated has one choice");
    }
    match chat.user {
        Some(_) if target.only_max_tokens => changes.hint("user", UNKNOWN),
        _ => {
            body.maybe("user", openai::user(chat, changes));
        }
    }
    body.maybe(
        "service_tier",
        chat.service_tier.map(|tier| match tier {
            ServiceTier::Auto => "auto",
            ServiceTier::Standard => "default",
            ServiceTier::Flex => "flex",
            ServiceTier::Priority => "priority",
        }),
    );
    if chat.stream {
        body.field("stream", &true).object("stream_options", |options| {
            options.field("include_usage", &true);
        });
    }
}

fn form(form: &AnswerForm<'_>, body: &mut ObjectWriter<'_>) {
    match form {
        AnswerForm::Text => {}
        AnswerForm::Json => {
            body.object("response_format", |format| {
                format.field("type", "json_object");
            });
        }
        AnswerForm::Schema(schema) => {
            body.object("response_format", |format| {
                format.field("type", "json_schema").object("json_schema", |body| write_schema(schema, body));
            });
        }
    }
}

fn write_schema(schema: &Schema<'_>, body: &mut ObjectWriter<'_>) {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String =
        schema.name.as_deref().unwrap_or_default().chars().map(plain).take(MAX_SCHEMA_NAME).collect();
    body.field("name", if name.is_empty() { SCHEMA_NAME } else { &name })
        .maybe("description", schema.description.as_deref())
        .raw("schema", schema.schema.get())
        .maybe("strict", schema.strict.as_ref());
}

fn sampling(sampling: &Sampling<'_>, body: &mut ObjectWriter<'_>, changes: &mut Changes) {
    let mut number = |name: &'static str, value: Option<f64>, least: f64, most: f64| {
        let Some(value) = value else { return };
        let within = value.clamp(least, most);
        if (within - value).abs() > 0.0 {
            changes.adapted(name, format!("moved into {least} to {most}"));
        }
        body.field(name, &within);
    };
    number("temperature", sampling.temperature, 0.0, 2.0);
    number("top_p", sampling.top_p, 0.0, 1.0);
    number("presence_penalty", sampling.presence_penalty, -2.0, 2.0);
    number("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0);
    if sampling.top_k.is_some() {
        changes.lost("top_k", "this API has none");
    }
    body.maybe("seed", sampling.seed.as_ref());
    if let Some(bias) = &sampling.logit_bias {
        body.raw("logit_bias", bias.get());
    }
    if let Some(logprobs) = sampling.logprobs {
        body.field("logprobs", &true);
        if logprobs.top > 0 {
            body.field("top_logprobs", &logprobs.top.min(20));
        }
    }
}

/// About how many bytes the conversation and its tools will take: everything long, and a little more for escapes.
pub(super) fn size(chat: &Chat<'_>) -> usize {
    let parts: usize = chat.turns.iter().map(|turn| 64 + parts_size(&turn.parts)).sum();
    let tools: usize = chat
        .tools
        .iter()
        .map(|tool| match &tool.kind {
            ToolKind::Function { schema: json, .. } | ToolKind::Custom { format: json } => {
                256 + json.as_ref().map_or(0, |json| RawValue::get(json).len())
                    + tool.description.as_ref().map_or(0, Text::room)
            }
            ToolKind::WebSearch(_) | ToolKind::Hosted { .. } => 0,
        })
        .sum();
    parts + tools
}

fn parts_size(parts: &[Part<'_>]) -> usize {
    parts.iter().map(|part| 96 + part_size(&part.body)).sum()
}

fn part_size(body: &PartBody<'_>) -> usize {
    match body {
        PartBody::Text { text, .. } | PartBody::Refusal(text) => text.room(),
        PartBody::Image(image) => media_size(&image.media),
        PartBody::Audio(media) => media_size(media),
        PartBody::Document(document) => match &document.source {
            DocumentSource::Media(media) => media_size(media),
            DocumentSource::Text(text) => text.room(),
            DocumentSource::Parts(parts) => parts_size(parts),
        },
        PartBody::ToolCall(call) => call.arguments.room() + 128,
        PartBody::ToolResult(result) => 64 + parts_size(&result.content),
        PartBody::Video(_) | PartBody::Thinking { .. } | PartBody::Redacted(_) => 0,
    }
}

fn media_size(media: &Media<'_>) -> usize {
    match media {
        Media::Base64 { data, .. } => data.size(),
        Media::Url { url, .. } => url.size(),
        Media::File { id, .. } => id.len(),
    }
}
