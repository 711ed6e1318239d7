//! Requests on their way through: what the gateway has to know of them, and the few bytes that change.
//!
//! Reading a request into the neutral form and writing one are elsewhere.

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens};
use serde_json::{Map, Value, json};

use crate::envelope::Envelope;
use crate::formats::Summary;

pub(super) fn summary(envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
    check_messages(envelope)?;
    let newer = envelope.field("max_completion_tokens", "a positive integer")?;
    let older = envelope.field("max_tokens", "a positive integer")?;
    Ok(Summary {
        model: envelope.required("model", "a model's name as a string")?,
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
        max_output: newer.or(older).map(Tokens),
        wants_stream_usage: stream_options(envelope)?
            .and_then(|options| options.get("include_usage")?.as_bool())
            .unwrap_or(false),
    })
}

fn stream_options(envelope: &Envelope<'_>) -> Result<Option<Map<String, Value>>, Refusal> {
    envelope.field("stream_options", "an object")
}

/// That there are messages. What they are is the provider's to check.
fn check_messages(envelope: &Envelope<'_>) -> Result<(), Refusal> {
    let wrong = |why: &str| Refusal::InvalidField { field: "messages".into(), why: why.into() };
    let raw =
        envelope.raw("messages").ok_or_else(|| wrong("this field is required: send an array of messages"))?;
    let elements = raw.get().strip_prefix('[').ok_or_else(|| wrong("expected an array of messages"))?;
    if elements.trim_start().starts_with(']') {
        return Err(wrong("at least one message is required"));
    }
    Ok(())
}

/// Without `include_usage` a stream would end without saying what it used, so it is asked for in any case and taken out
/// again on the way back if the client did not ask.
pub(super) fn forward(envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes {
    let named = (summary.model != model).then(|| json!(model).to_string());
    let options = (summary.stream && !summary.wants_stream_usage).then(|| {
        let mut options = stream_options(envelope).ok().flatten().unwrap_or_default();
        options.insert("include_usage".into(), json!(true));
        Value::from(options).to_string()
    });
    let edits = [("model", named.as_deref()), ("stream_options", options.as_deref())];
    let edits: Vec<_> = edits.into_iter().filter_map(|(name, json)| Some((name, json?))).collect();
    if edits.is_empty() { body.clone() } else { envelope.with_all(&edits) }
}
