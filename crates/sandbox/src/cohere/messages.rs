//! The messages of a chat with Cohere: read, and what it refuses about them.

use serde_json::Value;

use crate::ask::{Media, MediaKind, ToolResult};
use crate::exchange::Wrong;
use crate::tokens;

/// Tokens of a message beyond its text.
const PER_MESSAGE: u64 = 3;

/// What the messages come to.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) tokens: u64,
    /// The last text of the last message of the user's; empty if a tool has answered since.
    pub(super) question: String,
    /// The results that stand after the last call.
    pub(super) results: Vec<ToolResult>,
    /// What there is to look at in the last message of the user's.
    pub(super) media: Vec<Media>,
}

pub(super) fn read(messages: &Value) -> Result<Talk, Wrong> {
    let messages = messages.as_array().map_or(&[][..], Vec::as_slice);
    if messages.is_empty() {
        return Err(Wrong::invalid("invalid request: messages must not be empty."));
    }
    let mut talk = Talk::default();
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        let content = &message["content"];
        talk.tokens += PER_MESSAGE + content_tokens(content);
        if message["role"] != "tool" && !open.is_empty() {
            return Err(unanswered(&open));
        }
        match message["role"].as_str() {
            Some("user") => {
                check_content(content)?;
                talk.question = last_text(content);
                talk.media = parts(content).filter_map(media).collect();
                talk.results.clear();
            }
            Some("assistant") => {
                let calls = message["tool_calls"].as_array().into_iter().flatten();
                open.extend(calls.filter_map(|call| call["id"].as_str()));
                talk.tokens += message.get("tool_calls").map_or(0, |calls| tokens::count(&calls.to_string()));
                talk.results.clear();
            }
            Some("tool") => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                let Some(at) = open.iter().position(|one| *one == id) else {
                    return Err(Wrong::invalid(format!(
                        "invalid request: tool call id {id} not found in previous tool calls."
                    )));
                };
                open.remove(at);
                talk.results.push(ToolResult { text: result_text(content), is_error: false });
                talk.question.clear();
            }
            Some("system" | "developer") => check_content(content)?,
            _ => {
                return Err(Wrong::invalid(
                    "invalid request: role must be one of user, assistant, system, tool.",
                ));
            }
        }
    }
    if open.is_empty() { Ok(talk) } else { Err(unanswered(&open)) }
}

fn unanswered(open: &[&str]) -> Wrong {
    Wrong::invalid(format!("invalid request: missing tool results for tool calls: {}.", open.join(", ")))
}

fn check_content(content: &Value) -> Result<(), Wrong> {
    let is_fine =
        |part: &Value| matches!(part["type"].as_str(), Some("text" | "image_url" | "document" | "thinking"));
    match content {
        Value::String(text) if !text.is_empty() => Ok(()),
        Value::Array(parts) if !parts.is_empty() && parts.iter().all(is_fine) => Ok(()),
        _ => Err(Wrong::invalid(
            "invalid request: a message must be at least 1 token long and of known parts.",
        )),
    }
}

fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content.as_array().into_iter().flatten()
}

fn last_text(content: &Value) -> String {
    let text = match content {
        Value::String(text) => Some(text.as_str()),
        content => parts(content).filter_map(|part| part["text"].as_str()).last(),
    };
    text.unwrap_or_default().to_owned()
}

/// A result is a text, or documents whose data is told as JSON, unless it is a text itself.
fn result_text(content: &Value) -> String {
    let text = |part: &Value| match (&part["text"], &part["document"]["data"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        (_, data) => data.to_string(),
    };
    match content {
        Value::String(text) => text.clone(),
        content => parts(content).map(text).collect(),
    }
}

fn media(part: &Value) -> Option<Media> {
    let url = part["image_url"]["url"].as_str()?;
    let data = url.strip_prefix("data:").and_then(|rest| rest.split(';').next());
    Some(Media { kind: MediaKind::Image, media_type: data.unwrap_or("url").to_owned() })
}

/// Tokens of text, a fixed number for what is to be looked at, else of the JSON that it is.
fn content_tokens(content: &Value) -> u64 {
    let of_part = |part: &Value| match (part["text"].as_str(), media(part)) {
        (Some(text), _) => tokens::count(text),
        (None, Some(media)) => media.kind.tokens(),
        (None, None) => tokens::count(&part.to_string()),
    };
    match content {
        Value::String(text) => tokens::count(text),
        content => parts(content).map(of_part).sum(),
    }
}
