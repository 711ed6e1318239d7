//! The items of a conversation: read, and what OpenAI refuses about them.

use serde_json::{Value, json};

use crate::ask::{Media, MediaKind, ToolResult};
use crate::exchange::Wrong;
use crate::hashing::is_signed;
use crate::openai::tools::{invalid_type, missing};
use crate::openai::{file_type, image_type, wrong_parameter};
use crate::shelf::Shelf;
use crate::tokens;

/// Tokens of an item beyond its text.
const PER_ITEM: u64 = 3;
const PARTS: [&str; 7] =
    ["input_text", "input_image", "input_file", "input_audio", "output_text", "refusal", "summary_text"];
/// Items of other dialects.
const FOREIGN: [&str; 6] = ["text", "image", "image_url", "tool_use", "tool_result", "thinking"];

/// What the items come to.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) tokens: u64,
    /// The last text of the last message of the user's; empty if a tool has answered since.
    pub(super) question: String,
    /// The results that stand after the last call.
    pub(super) results: Vec<ToolResult>,
    /// What there is to look at in the last message of the user's, or in the results after it.
    pub(super) media: Vec<Media>,
}

/// The input as a list: a text is a message of the user's.
pub(super) fn list(input: &Value) -> Result<Vec<Value>, Wrong> {
    match input {
        Value::String(text) => Ok(vec![json!({"type": "message", "role": "user", "content": text})]),
        Value::Array(items) => Ok(items.clone()),
        Value::Null => Err(missing("input")),
        _ => Err(invalid_type("input", "one of a string or array of input items")),
    }
}

/// The items with what references mean in their place.
pub(super) fn resolved(items: Vec<Value>, shelf: &Shelf, key: &str) -> Result<Vec<Value>, Wrong> {
    let resolve = |item: Value| {
        let id = item["id"].as_str().unwrap_or_default();
        let is_reference = item["type"] == "item_reference";
        let is_hollow = item["type"] == "reasoning" && !item["encrypted_content"].is_string();
        match shelf.item(key, id) {
            Some(stored) if is_reference => Ok(stored),
            None if is_reference || (is_hollow && !id.is_empty()) => Err(Wrong {
                details: json!({"param": "input", "code": null}),
                ..Wrong::new(
                    404,
                    format!(
                        "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again \
                         with `store` set to true, or remove this item from your input."
                    ),
                )
            }),
            _ => Ok(item),
        }
    };
    items.into_iter().map(resolve).collect()
}

pub(super) fn read(items: &[Value]) -> Result<Talk, Wrong> {
    let mut talk = Talk::default();
    let mut open: Vec<&str> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("input[{index}]");
        talk.tokens += PER_ITEM;
        match kind(item) {
            "message" => message(&mut talk, item, &path)?,
            kind @ ("function_call" | "custom_tool_call") => {
                let written = if kind == "function_call" { "arguments" } else { "input" };
                for field in ["call_id", "name", written] {
                    if !item[field].is_string() {
                        return Err(missing(&format!("{path}.{field}")));
                    }
                }
                open.extend(item["call_id"].as_str());
                talk.results.clear();
                talk.tokens += tokens::count(&item.to_string());
            }
            "function_call_output" | "custom_tool_call_output" => {
                let id = item["call_id"].as_str().ok_or_else(|| missing(&format!("{path}.call_id")))?;
                let Some(at) = open.iter().position(|one| *one == id) else {
                    let message = format!("No tool call found for function call output with call_id {id}.");
                    return Err(wrong_parameter("input", None, message));
                };
                open.remove(at);
                output(&mut talk, &item["output"], &path)?;
            }
            "reasoning" => check_reasoning(item, &path)?,
            other if other.is_empty() || FOREIGN.contains(&other) => {
                let message = format!(
                    "Invalid value: '{other}'. Supported values are: 'message', 'function_call', \
                     'function_call_output', 'reasoning', 'item_reference' and other items."
                );
                return Err(wrong_parameter(&path, Some("invalid_value"), message));
            }
            _ => talk.tokens += tokens::count(&item.to_string()),
        }
    }
    match open.first() {
        Some(id) => {
            Err(wrong_parameter("input", None, format!("No tool output found for function call {id}.")))
        }
        None => Ok(talk),
    }
}

/// An item's type; a message need not say it.
fn kind(item: &Value) -> &str {
    match item["type"].as_str() {
        None if item["role"].is_string() => "message",
        kind => kind.unwrap_or_default(),
    }
}

fn message(talk: &mut Talk, item: &Value, path: &str) -> Result<(), Wrong> {
    let Some(role @ ("user" | "assistant" | "system" | "developer")) = item["role"].as_str() else {
        let message = "Invalid value. Supported values are: 'assistant', 'system', 'developer', and 'user'.";
        return Err(wrong_parameter(&format!("{path}.role"), Some("invalid_value"), message));
    };
    let content = &item["content"];
    check_parts(content, path, "content")?;
    talk.tokens += content_tokens(content);
    match role {
        "user" => {
            talk.question = match content {
                Value::String(text) => text.clone(),
                parts => {
                    list_of(parts).filter_map(|part| part["text"].as_str()).last().unwrap_or_default().into()
                }
            };
            talk.media = list_of(content).filter_map(media).collect();
            talk.results.clear();
        }
        "assistant" => talk.results.clear(),
        _ => {}
    }
    Ok(())
}

fn output(talk: &mut Talk, output: &Value, path: &str) -> Result<(), Wrong> {
    check_parts(output, path, "output")?;
    talk.tokens += content_tokens(output);
    let text = match output {
        Value::String(text) => text.clone(),
        parts => list_of(parts).filter_map(|part| part["text"].as_str()).collect(),
    };
    talk.media.extend(list_of(output).filter_map(media));
    // A response has no word for a failure.
    talk.results.push(ToolResult { text, is_error: false });
    talk.question.clear();
    Ok(())
}

fn check_parts(content: &Value, path: &str, field: &str) -> Result<(), Wrong> {
    let parts = match content {
        Value::String(_) => return Ok(()),
        Value::Array(parts) => parts,
        _ => return Err(invalid_type(&format!("{path}.{field}"), "one of a string or array of objects")),
    };
    for (index, part) in parts.iter().enumerate() {
        let path = format!("{path}.{field}[{index}]");
        let kind = part["type"].as_str().unwrap_or_default();
        if !PARTS.contains(&kind) {
            let message = format!("Invalid value: '{kind}'. Supported values are: '{}'.", PARTS.join("', '"));
            return Err(wrong_parameter(&path, Some("invalid_value"), message));
        }
        if kind.ends_with("_text") && !part["text"].is_string() {
            return Err(missing(&format!("{path}.text")));
        }
        if kind == "input_image" && !part["file_id"].is_string() {
            let url = part["image_url"].as_str();
            let url =
                url.ok_or_else(|| invalid_type(&format!("{path}.image_url"), "an image URL as a string"))?;
            if image_type(url).is_none() {
                let message = "Invalid 'image_url'. Expected a valid URL or a data URL of an image.";
                return Err(wrong_parameter(&format!("{path}.image_url"), Some("invalid_value"), message));
            }
        }
    }
    Ok(())
}

/// Reasoning comes back as it was given, or not at all.
fn check_reasoning(item: &Value, path: &str) -> Result<(), Wrong> {
    if !item["summary"].is_array() {
        return Err(missing(&format!("{path}.summary")));
    }
    match item["encrypted_content"].as_str() {
        Some(content) if !is_signed("", content) => {
            let id = item["id"].as_str().unwrap_or_default();
            let message = format!("The encrypted content for item {id} could not be verified.");
            Err(wrong_parameter("input", Some("invalid_encrypted_content"), message))
        }
        _ => Ok(()),
    }
}

fn list_of(content: &Value) -> impl Iterator<Item = &Value> {
    content.as_array().into_iter().flatten()
}

fn media(part: &Value) -> Option<Media> {
    let seen = |kind, media_type: &str| Some(Media { kind, media_type: media_type.to_owned() });
    match part["type"].as_str()? {
        "input_image" => {
            seen(MediaKind::Image, part["image_url"].as_str().and_then(image_type).unwrap_or("file"))
        }
        "input_file" => seen(MediaKind::Document, file_type(part)),
        "input_audio" => seen(MediaKind::Audio, "audio"),
        _ => None,
    }
}

/// Tokens of text, a fixed number for what is to be looked at.
fn content_tokens(content: &Value) -> u64 {
    let of_part = |part: &Value| {
        media(part).map_or_else(
            || tokens::count(part["text"].as_str().unwrap_or_default()),
            |media| media.kind.tokens(),
        )
    };
    match content {
        Value::String(text) => tokens::count(text),
        content => list_of(content).map(of_part).sum(),
    }
}
