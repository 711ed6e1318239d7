//! The turns of a Converse request: read, and what Bedrock refuses about them.

use serde_json::Value;

use super::constraint;
use crate::ask::{Media, MediaKind, ToolResult};
use crate::directive::is_the_users;
use crate::exchange::Wrong;
use crate::hashing::is_signed;
use crate::tokens;

/// Tokens of a message beyond its text.
const PER_MESSAGE: u64 = 4;
/// The fields of which a block has one.
const KEYS: [&str; 14] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "searchResult",
    "toolAddition",
    "toolRemoval",
];
const IMAGES: [&str; 4] = ["png", "jpeg", "gif", "webp"];

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

pub(super) fn read(messages: &Value, has_tools: bool) -> Result<Turns, Wrong> {
    let messages = messages.as_array().ok_or_else(|| constraint("messages", "Member must not be null"))?;
    let mut turns = Turns::default();
    let mut last = "";
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages.{index}");
        let Some(role @ ("user" | "assistant" | "system")) = message["role"].as_str() else {
            let place = format!("messages.{}.member.role", index + 1);
            return Err(constraint(&place, "Member must satisfy enum value set: [user, assistant, system]"));
        };
        let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
        if blocks.is_empty() {
            return Err(Wrong::invalid(format!(
                "The content field in the Message object at {place} is empty. Add a ContentBlock object to the content \
                 field and try again."
            )));
        }
        for (at, block) in blocks.iter().enumerate() {
            check_block(block, &format!("{place}.content.{at}"), has_tools)?;
            turns.tokens += block_tokens(block);
        }
        turns.tokens += PER_MESSAGE;
        if role == "system" {
            continue;
        }
        check_order(last, role)?;
        last = role;
        open = check_calls(&open, blocks, role, &place)?;
        if role == "user" {
            turns.ask(blocks);
        } else {
            turns.results.clear();
        }
    }
    if !open.is_empty() {
        let message = format!("Expected toolResult blocks for the following Ids: {}", open.join(", "));
        return Err(Wrong::invalid(message));
    }
    if last.is_empty() {
        return Err(order("start with a user message", "starts with a user message"));
    }
    Ok(turns)
}

impl Turns {
    /// A message of the user's becomes the one that is answered.
    fn ask(&mut self, blocks: &[Value]) {
        let text = blocks.iter().filter_map(|block| block["text"].as_str()).rfind(|text| is_the_users(text));
        text.unwrap_or_default().clone_into(&mut self.question);
        self.results = blocks.iter().filter_map(result).collect();
        self.media = blocks.iter().flat_map(media).collect();
    }
}

fn check_order(last: &str, role: &str) -> Result<(), Wrong> {
    match (last, role) {
        ("", "assistant") => Err(order("start with a user message", "starts with a user message")),
        (last, role) if last == role => Err(order(
            "alternate between user and assistant roles",
            "alternates between user and assistant roles",
        )),
        _ => Ok(()),
    }
}

fn order(must: &str, does: &str) -> Wrong {
    Wrong::invalid(format!("A conversation must {must}. Try again with a conversation that {does}."))
}

pub(super) fn blank(place: &str, object: &str) -> Wrong {
    Wrong::invalid(format!(
        "The text field in the {object} object at {place} is blank. Add text to the text field, and try again."
    ))
}

/// Whether an id or a name has only the characters that they have.
pub(super) fn is_id(text: &str) -> bool {
    let is_of_one = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    !text.is_empty() && text.chars().all(is_of_one)
}

fn check_block(block: &Value, place: &str, has_tools: bool) -> Result<(), Wrong> {
    let Some(key) = KEYS.iter().find(|key| !block[**key].is_null()) else {
        let keys = KEYS.join(", ");
        return Err(Wrong::invalid(format!(
            "The ContentBlock object at {place} must set one of the following keys: {keys}."
        )));
    };
    let inner = &block[*key];
    match *key {
        "text" if inner.as_str().is_none_or(|text| text.trim().is_empty()) => {
            Err(blank(place, "ContentBlock"))
        }
        "image" => check_image(inner, place),
        "toolUse" | "toolResult" if !has_tools => Err(Wrong::invalid(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        )),
        "toolUse" | "toolResult" if !inner["toolUseId"].as_str().is_some_and(is_id) => Err(constraint(
            &format!("{place}.{key}.toolUseId"),
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
        )),
        "toolUse" if !inner["input"].is_object() => Err(Wrong::invalid(format!(
            "The format of the value at {place}.toolUse.input is invalid. Provide a json object for the field and try \
             again."
        ))),
        "toolUse" if !inner["name"].is_string() => {
            Err(constraint(&format!("{place}.toolUse.name"), "Member must not be null"))
        }
        "toolResult" => match inner["content"].as_array() {
            Some(parts) => parts
                .iter()
                .filter(|part| !part["image"].is_null())
                .try_for_each(|part| check_image(&part["image"], place)),
            None => Err(constraint(&format!("{place}.toolResult.content"), "Member must not be null")),
        },
        "reasoningContent" => check_reasoning(inner, place),
        _ => Ok(()),
    }
}

fn check_image(image: &Value, place: &str) -> Result<(), Wrong> {
    if !image["format"].as_str().is_some_and(|format| IMAGES.contains(&format)) {
        let what = format!("Member must satisfy enum value set: [{}]", IMAGES.join(", "));
        return Err(constraint(&format!("{place}.image.format"), &what));
    }
    if image["source"]["bytes"].is_string() || image["source"]["s3Location"].is_object() {
        return Ok(());
    }
    Err(Wrong::invalid(format!(
        "The ImageSource object at {place}.image.source must set one of the following keys: bytes, s3Location."
    )))
}

fn check_reasoning(reasoning: &Value, place: &str) -> Result<(), Wrong> {
    let told = &reasoning["reasoningText"];
    if told.is_null() {
        return Ok(());
    }
    let text = told["text"].as_str().unwrap_or_default();
    if told["signature"].as_str().is_some_and(|signature| is_signed(text, signature)) {
        return Ok(());
    }
    Err(Wrong::invalid(format!(
        "The model returned the following errors: {place}: Invalid `signature` in `thinking` block"
    )))
}

/// Every call is answered in the next turn, and every answer has its call. Gives the calls of this turn.
fn check_calls<'a>(
    open: &[&str],
    blocks: &'a [Value],
    role: &str,
    place: &str,
) -> Result<Vec<&'a str>, Wrong> {
    let ids = |key: &str| -> Vec<&'a str> {
        blocks.iter().filter_map(|block| block[key]["toolUseId"].as_str()).collect()
    };
    let answered = if role == "user" { ids("toolResult") } else { Vec::new() };
    if answered.iter().any(|id| !open.contains(id)) {
        return Err(Wrong::invalid(format!(
            "The number of toolResult blocks at {place}.content exceeds the number of toolUse blocks of previous turn."
        )));
    }
    let missing: Vec<_> = open.iter().filter(|id| !answered.contains(id)).copied().collect();
    if !missing.is_empty() {
        return Err(Wrong::invalid(format!(
            "Expected toolResult blocks at {place}.content for the following Ids: {}",
            missing.join(", ")
        )));
    }
    Ok(if role == "assistant" { ids("toolUse") } else { Vec::new() })
}

fn result(block: &Value) -> Option<ToolResult> {
    let result = block.get("toolResult").filter(|result| result.is_object())?;
    let text = |part: &Value| match part["text"].as_str() {
        Some(text) => Some(text.to_owned()),
        None => part.get("json").map(Value::to_string),
    };
    let parts = result["content"].as_array().into_iter().flatten();
    Some(ToolResult { text: parts.filter_map(text).collect(), is_error: result["status"] == "error" })
}

fn media(block: &Value) -> Vec<Media> {
    let kinds = [
        ("image", MediaKind::Image),
        ("document", MediaKind::Document),
        ("video", MediaKind::Video),
        ("audio", MediaKind::Audio),
    ];
    let seen = kinds.into_iter().filter_map(|(key, kind)| {
        let format = block[key].get("format")?.as_str()?;
        let family = if kind == MediaKind::Document { "application" } else { key };
        Some(Media { kind, media_type: format!("{family}/{format}") })
    });
    let inside = block["toolResult"]["content"].as_array().into_iter().flatten().flat_map(media);
    seen.chain(inside.collect::<Vec<_>>()).collect()
}

/// Tokens of text, a fixed number for what is to be looked at, else of the JSON that it is.
fn block_tokens(block: &Value) -> u64 {
    let seen: u64 = media(block).iter().map(|media| media.kind.tokens()).sum();
    match (block["text"].as_str(), result(block)) {
        (Some(text), _) => tokens::count(text),
        (None, Some(result)) => seen + tokens::count(&result.text),
        (None, None) if seen > 0 => seen,
        (None, None) => tokens::count(&block.to_string()),
    }
}
