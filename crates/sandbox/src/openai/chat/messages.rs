//! The messages of a chat: read, and what OpenAI refuses about them.

use serde_json::Value;

use crate::ask::{Media, MediaKind, ToolResult};
use crate::exchange::Wrong;
use crate::openai::tools::{invalid_type, missing};
use crate::openai::{image_type, wrong_parameter};
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
    let messages = messages.as_array().ok_or_else(|| missing("messages"))?;
    if messages.is_empty() {
        return Err(wrong_parameter(
            "messages",
            Some("empty_array"),
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
        ));
    }
    let mut talk = Talk::default();
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        let role = message["role"].as_str().unwrap_or_default();
        check_content(message, role, &path)?;
        if role == "tool" {
            answer(message, &mut open, &path)?;
        } else if !open.is_empty() {
            return Err(unanswered(&open));
        }
        open.extend(calls(message, role, &path)?);
        talk.add(message, role);
    }
    if open.is_empty() { Ok(talk) } else { Err(unanswered(&open)) }
}

impl Talk {
    fn add(&mut self, message: &Value, role: &str) {
        let content = &message["content"];
        self.tokens += PER_MESSAGE + content_tokens(content);
        self.tokens += message.get("tool_calls").map_or(0, |calls| tokens::count(&calls.to_string()));
        match role {
            "user" => {
                self.question = match content {
                    Value::String(text) => text.clone(),
                    parts => last_text(parts).to_owned(),
                };
                self.media = parts(content).filter_map(media).collect();
                self.results.clear();
            }
            "assistant" => self.results.clear(),
            // A chat has no word for a failure.
            "tool" => {
                self.results.push(ToolResult { text: all_text(content), is_error: false });
                self.question.clear();
            }
            _ => {}
        }
    }
}

fn check_content(message: &Value, role: &str, path: &str) -> Result<(), Wrong> {
    let supported: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        "assistant" => &["text", "refusal"],
        "system" | "developer" | "tool" => &["text"],
        "function" => return Ok(()),
        _ => {
            let message = format!(
                "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and \
                 'developer'."
            );
            return Err(wrong_parameter(&format!("{path}.role"), Some("invalid_value"), message));
        }
    };
    let is_call = role == "assistant"
        && ["tool_calls", "refusal", "function_call", "audio"].iter().any(|field| !message[field].is_null());
    match &message["content"] {
        Value::String(_) => Ok(()),
        Value::Null if is_call => Ok(()),
        Value::Array(parts) if !parts.is_empty() => parts
            .iter()
            .enumerate()
            .try_for_each(|(index, part)| check_part(part, supported, &format!("{path}.content[{index}]"))),
        Value::Null => Err(invalid_type(&format!("{path}.content"), "a string, but got null instead")),
        _ => Err(invalid_type(&format!("{path}.content"), "one of a string or array of objects")),
    }
}

fn check_part(part: &Value, supported: &[&str], path: &str) -> Result<(), Wrong> {
    let kind = part["type"].as_str().ok_or_else(|| missing(&format!("{path}.type")))?;
    if !supported.contains(&kind) {
        let message = format!("Invalid value: '{kind}'. Supported values are: '{}'.", supported.join("', '"));
        return Err(wrong_parameter(&format!("{path}.type"), Some("invalid_value"), message));
    }
    match kind {
        "text" if !part["text"].is_string() => Err(missing(&format!("{path}.text"))),
        "image_url" => match part["image_url"]["url"].as_str() {
            Some(url) if image_type(url).is_some() => Ok(()),
            Some(_) => {
                let message = "Invalid image URL: expected a base64-encoded data URL with an image MIME type or an \
                               https URL.";
                Err(wrong_parameter(&format!("{path}.image_url.url"), Some("invalid_image_url"), message))
            }
            None => Err(invalid_type(&format!("{path}.image_url"), "an object with a url")),
        },
        "file" if !part["file"].is_object() => Err(missing(&format!("{path}.file"))),
        "input_audio" if !part["input_audio"]["data"].is_string() => {
            Err(missing(&format!("{path}.input_audio.data")))
        }
        _ => Ok(()),
    }
}

/// A tool's message closes its call.
fn answer(message: &Value, open: &mut Vec<&str>, path: &str) -> Result<(), Wrong> {
    let id = message["tool_call_id"].as_str().ok_or_else(|| missing(&format!("{path}.tool_call_id")))?;
    let Some(at) = open.iter().position(|one| *one == id) else {
        // The spelling is OpenAI's.
        let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with \
                       'tool_calls'.";
        return Err(wrong_parameter(&format!("{path}.role"), None, message));
    };
    open.remove(at);
    Ok(())
}

fn unanswered(open: &[&str]) -> Wrong {
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The \
         following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    wrong_parameter("messages", None, message)
}

/// The ids of the calls that a message makes.
fn calls<'a>(message: &'a Value, role: &str, path: &str) -> Result<Vec<&'a str>, Wrong> {
    let calls = match &message["tool_calls"] {
        Value::Array(calls) if role == "assistant" && !calls.is_empty() => calls,
        Value::Array(_) if role == "assistant" => {
            let message =
                format!("Invalid '{path}.tool_calls': empty array. Expected an array with minimum length 1.");
            return Err(wrong_parameter(&format!("{path}.tool_calls"), Some("empty_array"), message));
        }
        _ => return Ok(Vec::new()),
    };
    let mut ids = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let path = format!("{path}.tool_calls[{index}]");
        ids.push(call["id"].as_str().ok_or_else(|| missing(&format!("{path}.id")))?);
        let (kind, written) =
            if call["type"] == "custom" { ("custom", "input") } else { ("function", "arguments") };
        for field in ["name", written] {
            if !call[kind][field].is_string() {
                return Err(invalid_type(&format!("{path}.{kind}.{field}"), "a string"));
            }
        }
    }
    Ok(ids)
}

fn parts(content: &Value) -> impl Iterator<Item = &Value> {
    content.as_array().into_iter().flatten()
}

/// The last text that is the user's own.
fn last_text(content: &Value) -> &str {
    let texts: Vec<_> = parts(content).filter_map(|part| part["text"].as_str()).collect();
    texts.last().copied().unwrap_or_default()
}

fn all_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        content => parts(content).filter_map(|part| part["text"].as_str()).collect(),
    }
}

fn media(part: &Value) -> Option<Media> {
    let seen = |kind, media_type: &str| Some(Media { kind, media_type: media_type.to_owned() });
    match part["type"].as_str()? {
        "image_url" => seen(MediaKind::Image, image_type(part["image_url"]["url"].as_str()?)?),
        "input_audio" => {
            let format = part["input_audio"]["format"].as_str().unwrap_or("wav");
            seen(MediaKind::Audio, &format!("audio/{format}"))
        }
        "file" => seen(MediaKind::Document, crate::openai::file_type(&part["file"])),
        _ => None,
    }
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
