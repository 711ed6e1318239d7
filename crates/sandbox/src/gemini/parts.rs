//! The contents of a conversation: read, and what Google refuses about them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use crate::ask::{Media, MediaKind, ToolResult};
use crate::directive::is_the_users;
use crate::exchange::Wrong;
use crate::hashing::is_signed;
use crate::tokens as counting;

/// Tokens of a content beyond its parts.
const PER_CONTENT: u64 = 2;
/// The fields of which a part has one.
const DATA: [&str; 9] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];
/// Signatures that stand for one that was lost (ai.google.dev/gemini-api/docs/thought-signatures).
const DUMMIES: [&str; 2] = ["context_engineering_is_the_way_to_go", "skip_thought_signature_validator"];

/// What the contents come to.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) tokens: u64,
    /// The last text of the last content of the user's.
    pub(super) question: String,
    /// The results that the last content brings.
    pub(super) results: Vec<ToolResult>,
    /// What there is to look at in the last content of the user's.
    pub(super) media: Vec<Media>,
}

pub(super) fn read(contents: &Value, model: &str) -> Result<Talk, Wrong> {
    let contents = match contents {
        Value::Array(contents) if !contents.is_empty() => contents.as_slice(),
        // A single message may stand for a list of one.
        Value::Object(_) => std::slice::from_ref(contents),
        _ => return Err(Wrong::invalid("* GenerateContentRequest.contents: contents is not specified\n")),
    };
    let mut talk = Talk::default();
    let mut open = 0;
    for (index, content) in contents.iter().enumerate() {
        let place = format!("contents[{index}]");
        let role = content["role"].as_str().unwrap_or("user");
        if !matches!(role, "user" | "model" | "function" | "tool") {
            return Err(Wrong::invalid("Please use a valid role: user, model."));
        }
        let parts = parts(content, &place)?;
        talk.tokens += PER_CONTENT + tokens(&content["parts"]);
        open = turn(parts, role == "model", open)?;
        if role != "model" {
            talk.ask(parts);
        } else if index + 1 == contents.len() {
            talk.results.clear();
        }
    }
    check_signatures(contents, model)?;
    Ok(talk)
}

impl Talk {
    /// A content that is not the model's becomes the one that is answered.
    fn ask(&mut self, parts: &[Value]) {
        let is_instruction = |part: &Value| part["text"].as_str().is_some_and(|text| !is_the_users(text));
        if parts.iter().all(is_instruction) {
            return;
        }
        self.results = parts.iter().filter_map(result).collect();
        let text = parts.iter().filter_map(|part| part["text"].as_str()).rfind(|text| is_the_users(text));
        if let Some(text) = text {
            text.clone_into(&mut self.question);
        } else if !self.results.is_empty() {
            self.question.clear();
        }
        self.media = parts.iter().flat_map(media).collect();
    }
}

fn parts<'a>(content: &'a Value, place: &str) -> Result<&'a [Value], Wrong> {
    let parts = match &content["parts"] {
        Value::Array(parts) if !parts.is_empty() => parts.as_slice(),
        Value::Object(_) => std::slice::from_ref(&content["parts"]),
        _ => {
            return Err(Wrong::invalid(format!(
                "* GenerateContentRequest.{place}.parts: contents.parts must not be empty.\n"
            )));
        }
    };
    for (index, part) in parts.iter().enumerate() {
        let wrong = |what: &str| {
            Err(Wrong::invalid(format!("* GenerateContentRequest.{place}.parts[{index}].{what}\n")))
        };
        let count = DATA.iter().filter(|field| !part[**field].is_null()).count();
        if count != 1 && part["thoughtSignature"].is_null() {
            return wrong("data: required oneof field 'data' must have one initialized field");
        }
        let blob = &part["inlineData"];
        if !blob.is_null() && !blob["mimeType"].is_string() {
            return wrong("inline_data.mime_type: must not be empty");
        }
        if !blob.is_null() && !blob["data"].as_str().is_some_and(is_base64) {
            return wrong("inline_data.data: Base64 decoding failed");
        }
        for field in ["functionCall", "functionResponse"] {
            if !part[field].is_null() && !part[field]["name"].is_string() {
                return wrong(&format!("{field}.name: Name cannot be empty."));
            }
        }
    }
    Ok(parts)
}

fn is_base64(text: &str) -> bool {
    STANDARD.decode(text).is_ok() || URL_SAFE.decode(text).is_ok()
}

/// Calls that are open after a turn, when so many were before it.
fn turn(parts: &[Value], is_models: bool, open: usize) -> Result<usize, Wrong> {
    let count = |field: &str| parts.iter().filter(|part| part[field].is_object()).count();
    let (calls, results) = (count("functionCall"), count("functionResponse"));
    if results > 0 && open == 0 {
        return Err(Wrong::invalid(
            "Please ensure that function response turn comes immediately after a function call turn.",
        ));
    }
    if results != open {
        return Err(Wrong::invalid(
            "Please ensure that the number of function response parts is equal to the number of function call parts of \
             the function call turn.",
        ));
    }
    Ok(if is_models { calls } else { 0 })
}

/// Gemini 3 wants a signature on the first call of each step since the user last spoke, and its own.
fn check_signatures(contents: &[Value], model: &str) -> Result<(), Wrong> {
    if !model.starts_with("gemini-3") {
        return Ok(());
    }
    let is_spoken = |content: &Value| {
        content["role"] != "model" && list(&content["parts"]).any(|part| part["functionResponse"].is_null())
    };
    let since = contents.iter().rposition(is_spoken).unwrap_or(0);
    for (index, content) in contents.iter().enumerate().skip(since) {
        let Some(call) = list(&content["parts"]).find(|part| part["functionCall"].is_object()) else {
            continue;
        };
        match call["thoughtSignature"].as_str() {
            Some(signature) if DUMMIES.contains(&signature) || is_own(signature) => {}
            Some(_) => return Err(Wrong::invalid("Corrupted thought signature.")),
            None => {
                let name = call["functionCall"]["name"].as_str().unwrap_or_default();
                return Err(Wrong::invalid(format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to \
                     work correctly. Additional data, function call `default_api:{name}`, position {index}."
                )));
            }
        }
    }
    Ok(())
}

/// SDKs that take signatures for bytes send them back in the other alphabet of base64.
fn is_own(signature: &str) -> bool {
    is_signed("", &signature.replace('-', "+").replace('_', "/"))
}

/// The items of a list, or the one that stands for it.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let one = value.is_object().then_some(value);
    value.as_array().into_iter().flatten().chain(one)
}

fn result(part: &Value) -> Option<ToolResult> {
    let response = part.get("functionResponse").filter(|response| response.is_object())?;
    let told = &response["response"];
    let text = ["error", "result", "output", "content"].into_iter().find_map(|field| told[field].as_str());
    let text = text.map_or_else(|| told.to_string(), str::to_owned);
    Some(ToolResult { text, is_error: !told["error"].is_null() })
}

fn media(part: &Value) -> Vec<Media> {
    let blobs = [&part["inlineData"], &part["fileData"]];
    let seen = blobs.into_iter().filter(|blob| blob.is_object()).map(|blob| {
        let media_type = blob["mimeType"].as_str().unwrap_or("file");
        Media { kind: MediaKind::of(media_type), media_type: media_type.to_owned() }
    });
    let inside = list(&part["functionResponse"]["parts"]).flat_map(media);
    seen.chain(inside.collect::<Vec<_>>()).collect()
}

/// Tokens of text, a fixed number for what is to be looked at, else of the JSON that it is.
pub(super) fn tokens(parts: &Value) -> u64 {
    let of_part = |part: &Value| {
        let seen: u64 = media(part).iter().map(|media| media.kind.tokens()).sum();
        match part["text"].as_str() {
            Some(text) => counting::count(text),
            None if seen > 0 => seen,
            None => counting::count(&part.to_string()),
        }
    };
    list(parts).map(of_part).sum()
}
