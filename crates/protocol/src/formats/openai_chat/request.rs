//! Requests: read for the gateway, passed on, read into a conversation, written from one.

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::envelope::Envelope;
use crate::formats::{Carried, Summary, Target, only_text};
use crate::neutral::{Chat, Role, Turn};

/// The most stop sequences that OpenAI takes.
const MAX_STOP: usize = 4;

const CARRIED: Carried = Carried {
    fields: &[
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
    ],
    defaults: &[
        ("n", "1"),
        ("tools", "[]"),
        ("presence_penalty", "0"),
        ("frequency_penalty", "0"),
        ("logprobs", "false"),
        ("store", "false"),
        ("service_tier", r#""auto""#),
        ("response_format", r#"{"type":"text"}"#),
    ],
};

pub(super) fn summary(envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
    if messages(envelope)?.is_empty() {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "at least one message is required".into(),
        });
    }
    Ok(Summary {
        model: envelope.required("model", "a model's name as a string")?,
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
        max_output: max_output(envelope)?,
        wants_stream_usage: stream_options(envelope)?
            .and_then(|options| options.get("include_usage")?.as_bool())
            .unwrap_or(false),
    })
}

fn max_output(envelope: &Envelope<'_>) -> Result<Option<Tokens>, Refusal> {
    let newer = envelope.field("max_completion_tokens", "a positive integer")?;
    let older = envelope.field("max_tokens", "a positive integer")?;
    Ok(newer.or(older).map(Tokens))
}

fn stream_options(envelope: &Envelope<'_>) -> Result<Option<Map<String, Value>>, Refusal> {
    envelope.field("stream_options", "an object")
}

/// The elements of `messages`, unread.
fn messages<'a>(envelope: &Envelope<'a>) -> Result<Vec<&'a RawValue>, Refusal> {
    let wrong = |why: &str| Refusal::InvalidField { field: "messages".into(), why: why.into() };
    let raw =
        envelope.raw("messages").ok_or_else(|| wrong("this field is required: send an array of messages"))?;
    serde_json::from_str(raw.get()).map_err(|_| wrong("expected an array of messages"))
}

/// Without `include_usage` a stream would end without saying what it used, so it is asked for in any case and taken out
/// again on the way back if the client did not ask.
pub(super) fn forward(envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes {
    let mut forwarded = body.clone();
    if summary.model != model {
        forwarded = envelope.with("model", &json!(model).to_string());
    }
    if summary.stream && !summary.wants_stream_usage {
        let mut options = stream_options(envelope).ok().flatten().unwrap_or_default();
        options.insert("include_usage".into(), json!(true));
        let options = Value::from(options).to_string();
        forwarded = match Envelope::parse(&forwarded) {
            Ok(envelope) => envelope.with("stream_options", &options),
            Err(_) => forwarded.clone(),
        };
    }
    forwarded
}

#[derive(Deserialize)]
struct WireMessage {
    role: String,
    content: Option<WireContent>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Text(String),
    Parts(Vec<WirePart>),
}

#[derive(Deserialize)]
struct WirePart {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

impl WireContent {
    fn text(self, field: &str) -> Result<String, Refusal> {
        let parts = match self {
            Self::Text(text) => return Ok(text),
            Self::Parts(parts) => parts,
        };
        let mut joined = String::new();
        for (index, part) in parts.into_iter().enumerate() {
            match part.text {
                Some(text) if part.kind == "text" => joined.push_str(&text),
                _ => return Err(only_text(format!("{field}[{index}]"), &part.kind)),
            }
        }
        Ok(joined)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireStop {
    One(String),
    Several(Vec<String>),
}

pub(super) fn read(envelope: &Envelope<'_>) -> Result<Chat, Refusal> {
    CARRIED.check(envelope, "Anthropic's API")?;
    let mut turns = Vec::new();
    for (index, raw) in messages(envelope)?.into_iter().enumerate() {
        turns.push(read_message(index, raw)?);
    }
    turns.retain(|turn| !turn.text.trim().is_empty());
    let stop = match envelope.field("stop", "a string or an array of strings")? {
        None => Vec::new(),
        Some(WireStop::One(stop)) => vec![stop],
        Some(WireStop::Several(stops)) => stops,
    };
    Ok(Chat {
        turns,
        max_output: max_output(envelope)?,
        temperature: envelope.field("temperature", "a number from 0 to 2")?,
        top_p: envelope.field("top_p", "a number from 0 to 1")?,
        stop,
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
    })
}

fn read_message(index: usize, raw: &RawValue) -> Result<Turn, Refusal> {
    let field = format!("messages[{index}]");
    let message: WireMessage = serde_json::from_str(raw.get()).map_err(|error| Refusal::InvalidField {
        field: field.clone(),
        why: format!("expected a role and content: {error}"),
    })?;
    let role = match message.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        other => return Err(only_text(format!("{field}.role"), other)),
    };
    if let Some((name, _)) = message.other.iter().find(|(_, value)| !value.is_null()) {
        return Err(Refusal::Unsupported {
            field: format!("{field}.{name}"),
            why: "this cannot be carried over to a model of Anthropic's API yet: leave it out".into(),
        });
    }
    let text = message.content.map(|content| content.text(&format!("{field}.content"))).transpose()?;
    Ok(Turn { role, text: text.unwrap_or_default() })
}

pub(super) fn write(chat: &Chat, target: Target<'_>) -> Result<Bytes, Refusal> {
    if chat.stop.len() > MAX_STOP {
        return Err(Refusal::Unsupported {
            field: "stop_sequences".into(),
            why: format!("models of OpenAI's API take at most {MAX_STOP}, got {}", chat.stop.len()),
        });
    }
    let messages: Vec<_> =
        chat.turns.iter().map(|turn| json!({"role": role_name(turn.role), "content": turn.text})).collect();
    let mut body = json!({"model": target.model, "messages": messages});
    if let Some(most) = chat.max_output {
        let field = if target.only_max_tokens { "max_tokens" } else { "max_completion_tokens" };
        body[field] = json!(most);
    }
    if let Some(temperature) = chat.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(top_p) = chat.top_p {
        body["top_p"] = json!(top_p);
    }
    if !chat.stop.is_empty() {
        body["stop"] = json!(chat.stop);
    }
    if chat.stream {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    Ok(body.to_string().into())
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
