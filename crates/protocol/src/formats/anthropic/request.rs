//! Requests: read for the gateway, read into a conversation, written from one.

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::envelope::Envelope;
use crate::formats::{Carried, Summary, Target, only_text};
use crate::neutral::{Chat, Role, Turn};

const CARRIED: Carried = Carried {
    fields: &[
        "model",
        "messages",
        "system",
        "max_tokens",
        "stop_sequences",
        "stream",
        "temperature",
        "top_p",
    ],
    defaults: &[("tools", "[]"), ("thinking", r#"{"type":"disabled"}"#), ("service_tier", r#""auto""#)],
};

pub(super) fn summary(envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
    let messages: Vec<&RawValue> = messages(envelope)?;
    if messages.is_empty() {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "at least one message is required".into(),
        });
    }
    Ok(Summary {
        model: envelope.required("model", "a model's name as a string")?,
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
        max_output: envelope.field("max_tokens", "a positive integer")?.map(Tokens),
        wants_stream_usage: true,
    })
}

/// The elements of `messages`, unread.
fn messages<'a>(envelope: &Envelope<'a>) -> Result<Vec<&'a RawValue>, Refusal> {
    let wrong = |why: &str| Refusal::InvalidField { field: "messages".into(), why: why.into() };
    let raw =
        envelope.raw("messages").ok_or_else(|| wrong("this field is required: send an array of messages"))?;
    serde_json::from_str(raw.get()).map_err(|_| wrong("expected an array of messages"))
}

#[derive(Deserialize)]
struct WireMessage {
    role: String,
    content: WireContent,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Text(String),
    Blocks(Vec<WireBlock>),
}

#[derive(Deserialize)]
struct WireBlock {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

impl WireContent {
    /// All text, blocks joined by nothing: blocks of one message are one text to the model.
    fn text(self, field: &str) -> Result<String, Refusal> {
        let blocks = match self {
            Self::Text(text) => return Ok(text),
            Self::Blocks(blocks) => blocks,
        };
        let mut joined = String::new();
        for (index, block) in blocks.into_iter().enumerate() {
            match block.text {
                Some(text) if block.kind == "text" => joined.push_str(&text),
                _ => return Err(only_text(format!("{field}.{index}"), &block.kind)),
            }
        }
        Ok(joined)
    }
}

pub(super) fn read(envelope: &Envelope<'_>) -> Result<Chat, Refusal> {
    CARRIED.check(envelope, "OpenAI's API")?;
    let mut turns = Vec::new();
    if let Some(system) = envelope.field::<WireContent>("system", "a string or an array of text blocks")? {
        turns.push(Turn { role: Role::System, text: system.text("system")? });
    }
    for (index, raw) in messages(envelope)?.into_iter().enumerate() {
        turns.push(read_message(index, raw)?);
    }
    turns.retain(|turn| !turn.text.trim().is_empty());
    Ok(Chat {
        turns,
        max_output: Some(envelope.required("max_tokens", "a positive integer").map(Tokens)?),
        temperature: envelope.field("temperature", "a number from 0 to 1")?,
        top_p: envelope.field("top_p", "a number from 0 to 1")?,
        stop: envelope.field("stop_sequences", "an array of strings")?.unwrap_or_default(),
        stream: envelope.field("stream", "true or false")?.unwrap_or(false),
    })
}

fn read_message(index: usize, raw: &RawValue) -> Result<Turn, Refusal> {
    let message: WireMessage = serde_json::from_str(raw.get()).map_err(|error| Refusal::InvalidField {
        field: format!("messages.{index}"),
        why: format!("expected a role and content: {error}"),
    })?;
    let role = match message.role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            return Err(Refusal::InvalidField {
                field: format!("messages.{index}.role"),
                why: format!("expected \"user\", \"assistant\" or \"system\", got \"{other}\""),
            });
        }
    };
    Ok(Turn { role, text: message.content.text(&format!("messages.{index}.content"))? })
}

/// System turns at the start become `system`; later ones stay where they are, which Claude models accept since Opus 4.8
/// (platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages).
pub(super) fn write(chat: &Chat, target: Target<'_>) -> Result<Bytes, Refusal> {
    if chat.temperature.is_some_and(|temperature| temperature > 1.0) {
        return Err(Refusal::Unsupported {
            field: "temperature".into(),
            why: "Claude models take 0 to 1: send at most 1".into(),
        });
    }
    let opening = chat.turns.iter().take_while(|turn| turn.role == Role::System).count();
    let (system, turns) = chat.turns.split_at(opening);
    if turns.is_empty() {
        return Err(Refusal::InvalidField {
            field: "messages".into(),
            why: "Claude models need at least one message that is not a system prompt and not blank".into(),
        });
    }
    let messages: Vec<_> =
        turns.iter().map(|turn| json!({"role": role_name(turn.role), "content": turn.text})).collect();
    let mut body = json!({
        "model": target.model,
        "max_tokens": chat.max_output.unwrap_or(target.default_max_output),
        "messages": messages,
    });
    if !system.is_empty() {
        let blocks: Vec<_> = system.iter().map(|turn| json!({"type": "text", "text": turn.text})).collect();
        body["system"] = json!(blocks);
    }
    if let Some(temperature) = chat.temperature {
        body["temperature"] = json!(temperature);
    }
    if let Some(top_p) = chat.top_p {
        body["top_p"] = json!(top_p);
    }
    if !chat.stop.is_empty() {
        body["stop_sequences"] = json!(chat.stop);
    }
    if chat.stream {
        body["stream"] = json!(true);
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
