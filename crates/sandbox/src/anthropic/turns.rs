//! The turns of a conversation: messages read and merged, and what Anthropic refuses about them.

use serde_json::Value;

use super::check::{is_id, is_newest};
use crate::ask::{Media, MediaKind, ToolResult};
use crate::directive::is_the_users;
use crate::exchange::Wrong;
use crate::hashing::is_signed;
use crate::tokens;

/// Tokens of a message beyond its text.
const PER_MESSAGE: u64 = 4;
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
/// Blocks of other dialects.
const FOREIGN: [&str; 9] = [
    "image_url",
    "input_text",
    "output_text",
    "input_image",
    "input_file",
    "input_audio",
    "file",
    "function",
    "refusal",
];

/// What the messages come to.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) tokens: u64,
    /// The last text of the last message of the user's.
    pub(super) question: String,
    /// The results that the last message brings.
    pub(super) results: Vec<ToolResult>,
    /// What there is to look at in the last message of the user's.
    pub(super) media: Vec<Media>,
}

/// Where a block stands, as errors tell it.
struct Place(usize, usize);

impl Place {
    fn wrong<T>(&self, what: &str) -> Result<T, Wrong> {
        Err(Wrong::invalid(format!("messages.{}.content.{}.{what}", self.0, self.1)))
    }
}

pub(super) fn read(messages: &Value, version: &str) -> Result<Turns, Wrong> {
    let messages = messages.as_array().ok_or_else(|| Wrong::invalid("messages: Field required"))?;
    if messages.is_empty() {
        return Err(Wrong::invalid("messages: at least one message is required"));
    }
    let mut turns = Turns::default();
    let mut merged: Vec<(usize, &str, Vec<&Value>)> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let role = role(message, index)?;
        turns.tokens += PER_MESSAGE;
        let blocks = match &message["content"] {
            Value::String(text) => {
                check_text(text)?;
                turns.tokens += tokens::count(text);
                if role == "user" {
                    turns.question.clone_from(text);
                    turns.results.clear();
                    turns.media.clear();
                }
                Vec::new()
            }
            Value::Array(blocks) => {
                for (at, block) in blocks.iter().enumerate() {
                    check_block(block, role, &Place(index, at), version)?;
                    turns.tokens += block_tokens(block);
                }
                if role == "user" {
                    turns.ask(blocks);
                }
                blocks.iter().collect()
            }
            _ => return Err(Wrong::invalid(format!("messages.{index}.content: Field required"))),
        };
        // A system message in mid-conversation does not come between a call and its result.
        if role == "system" {
            continue;
        }
        match merged.last_mut().filter(|(_, last, _)| *last == role) {
            Some((_, _, all)) => all.extend(blocks),
            None => merged.push((index, role, blocks)),
        }
    }
    if merged.first().is_none_or(|(_, role, _)| *role != "user") {
        return Err(Wrong::invalid("messages: first message must use the \"user\" role"));
    }
    check_calls(&merged)?;
    if merged.last().is_some_and(|(_, role, _)| *role == "assistant") {
        turns.results.clear();
    }
    Ok(turns)
}

impl Turns {
    /// A message of the user's becomes the one that is answered.
    fn ask(&mut self, blocks: &[Value]) {
        let mine = |block: &&Value| block["text"].as_str().is_some_and(is_the_users);
        self.question =
            blocks.iter().rfind(mine).and_then(|block| block["text"].as_str()).unwrap_or_default().into();
        self.results = blocks.iter().filter(|block| block["type"] == "tool_result").map(result).collect();
        self.media = blocks.iter().flat_map(media).collect();
    }
}

fn role(message: &Value, index: usize) -> Result<&str, Wrong> {
    match message["role"].as_str() {
        Some(role @ ("user" | "assistant" | "system")) => Ok(role),
        _ => Err(Wrong::invalid(format!("messages.{index}.role: Input should be 'user' or 'assistant'"))),
    }
}

fn check_text(text: &str) -> Result<(), Wrong> {
    if text.is_empty() {
        return Err(Wrong::invalid("messages: text content blocks must be non-empty"));
    }
    if text.trim().is_empty() {
        return Err(Wrong::invalid("messages: text content blocks must contain non-whitespace text"));
    }
    Ok(())
}

fn check_block(block: &Value, role: &str, place: &Place, version: &str) -> Result<(), Wrong> {
    let Some(kind) = block["type"].as_str() else { return place.wrong("type: Field required") };
    if FOREIGN.contains(&kind) {
        return Err(Wrong::invalid(format!(
            "messages.{}.content.{}: Input tag '{kind}' found using 'type' does not match any of the expected tags",
            place.0, place.1
        )));
    }
    match kind {
        "text" if role == "user" && is_newest(version) && !block["citations"].is_null() => {
            place.wrong("text.citations: Extra inputs are not permitted")
        }
        "text" => match block["text"].as_str() {
            Some(text) => check_text(text),
            None => place.wrong("text.text: Field required"),
        },
        "image" => check_source(block, place),
        "document" if role == "assistant" && is_newest(version) => {
            place.wrong("document: documents are not permitted in assistant messages")
        }
        "document" => {
            if block["source"]["type"].is_string() {
                Ok(())
            } else {
                place.wrong("document.source: Field required")
            }
        }
        "thinking" => {
            let text = block["thinking"].as_str();
            match (text, block["signature"].as_str()) {
                (Some(text), Some(signature)) if is_signed(text, signature) => Ok(()),
                (_, None) => place.wrong("thinking.signature: Field required"),
                _ => Err(Wrong::invalid(format!(
                    "messages.{}.content.{}: Invalid `signature` in `thinking` block",
                    place.0, place.1
                ))),
            }
        }
        "tool_use" if role != "assistant" => Err(Wrong::invalid(format!(
            "messages.{}: `tool_use` blocks can only be in `assistant` messages",
            place.0
        ))),
        "tool_use" if !block["id"].as_str().is_some_and(is_id) => {
            place.wrong("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
        }
        "tool_use" if !block["input"].is_object() => {
            place.wrong("tool_use.input: Input should be a valid dictionary")
        }
        "tool_use" if !block["name"].is_string() => place.wrong("tool_use.name: Field required"),
        "tool_result" if role != "user" => Err(Wrong::invalid(format!(
            "messages.{}: `tool_result` blocks can only be in `user` messages",
            place.0
        ))),
        "tool_result" => check_result(block, place),
        _ => Ok(()),
    }
}

fn check_result(block: &Value, place: &Place) -> Result<(), Wrong> {
    if !block["tool_use_id"].as_str().is_some_and(is_id) {
        return place.wrong("tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'");
    }
    match &block["content"] {
        Value::Null | Value::String(_) => Ok(()),
        Value::Array(parts) => {
            for part in parts {
                match part["type"].as_str() {
                    Some("text") => check_text(part["text"].as_str().unwrap_or_default())?,
                    Some("image") => check_source(part, place)?,
                    Some(kind) if !FOREIGN.contains(&kind) => {}
                    _ => {
                        return place
                            .wrong("tool_result.content: Input tag does not match any of the expected tags");
                    }
                }
            }
            Ok(())
        }
        _ => place.wrong("tool_result.content: Input should be a valid string or list"),
    }
}

fn check_source(block: &Value, place: &Place) -> Result<(), Wrong> {
    let source = &block["source"];
    match source["type"].as_str() {
        Some("base64") if !source["media_type"].as_str().is_some_and(|kind| IMAGES.contains(&kind)) => place.wrong(
            "image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
        ),
        Some("base64") if !source["data"].is_string() => place.wrong("image.source.base64.data: Field required"),
        Some("url") if !source["url"].is_string() => place.wrong("image.source.url.url: Field required"),
        Some(_) => Ok(()),
        None => place.wrong("image.source: Field required"),
    }
}

/// Every call is answered in the next turn, before anything else there, and every answer has its call.
fn check_calls(merged: &[(usize, &str, Vec<&Value>)]) -> Result<(), Wrong> {
    let mut seen: Vec<&str> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for (index, role, blocks) in merged {
        let of_kind = |kind: &str, id: &str| -> Vec<&str> {
            let found = blocks.iter().filter(|block| block["type"] == kind);
            found.filter_map(|block| block[id].as_str()).collect()
        };
        let answered = of_kind("tool_result", "tool_use_id");
        if let Some(id) = answered.iter().find(|id| *role == "user" && !open.contains(id)) {
            return Err(Wrong::invalid(format!(
                "messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` \
                 block must have a corresponding `tool_use` block in the previous message."
            )));
        }
        let comes_late = blocks.iter().skip_while(|block| block["type"] == "tool_result");
        let is_late = comes_late.into_iter().any(|block| block["type"] == "tool_result");
        open.retain(|id| !answered.contains(id));
        if !open.is_empty() || (is_late && *role == "user") {
            let ids = if open.is_empty() { answered.join(", ") } else { open.join(", ") };
            return Err(unanswered(index.saturating_sub(1), &ids));
        }
        let called = of_kind("tool_use", "id");
        for id in &called {
            if seen.contains(id) {
                return Err(Wrong::invalid(format!("messages.{index}: `tool_use` ids must be unique")));
            }
            seen.push(id);
        }
        open = called;
    }
    let last = merged.last().map_or(0, |(index, ..)| *index);
    if open.is_empty() { Ok(()) } else { Err(unanswered(last, &open.join(", "))) }
}

fn unanswered(index: usize, ids: &str) -> Wrong {
    Wrong::invalid(format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. Each \
         `tool_use` block must have a corresponding `tool_result` block in the next message."
    ))
}

fn result(block: &Value) -> ToolResult {
    ToolResult { text: text(&block["content"]), is_error: block["is_error"] == true }
}

/// The text of a string or of an array of blocks.
pub(super) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// The tokens of a block: of its text, a fixed number for what is to be looked at, else of the JSON that it is.
fn block_tokens(block: &Value) -> u64 {
    match block["type"].as_str() {
        Some("image") => MediaKind::Image.tokens(),
        Some("document") => MediaKind::Document.tokens(),
        Some("tool_result") => match &block["content"] {
            Value::Array(parts) => parts.iter().map(block_tokens).sum(),
            content => tokens::count(content.as_str().unwrap_or_default()),
        },
        _ => block["text"].as_str().map_or_else(|| tokens::count(&block.to_string()), tokens::count),
    }
}

/// What a block shows, or the content of a result.
fn media(block: &Value) -> Vec<Media> {
    let source = &block["source"];
    let kind = match block["type"].as_str() {
        Some("image") => MediaKind::Image,
        Some("document") => MediaKind::Document,
        Some("tool_result") => {
            return block["content"].as_array().into_iter().flatten().flat_map(media).collect();
        }
        _ => return Vec::new(),
    };
    let media_type = source["media_type"].as_str().or(source["type"].as_str()).unwrap_or("file");
    vec![Media { kind, media_type: media_type.into() }]
}
