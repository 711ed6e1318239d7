//! What Anthropic refuses about a request as a whole: fields of other dialects, tools and choices that do not fit,
//! thinking without room. What it refuses about the turns is in `turns`.

use axum::http::HeaderMap;
use serde_json::Value;

use crate::exchange::Wrong;

/// The versions that clients send today.
const VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];
/// Refused in the newer one, even at their defaults.
const GONE_IN_2026: [&str; 3] = ["temperature", "top_p", "top_k"];
/// OpenAI's, which a careless translation lets through.
const FOREIGN: [&str; 22] = [
    "n",
    "seed",
    "logit_bias",
    "stream_options",
    "user",
    "max_completion_tokens",
    "max_output_tokens",
    "response_format",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
    "reasoning_effort",
    "reasoning",
    "functions",
    "function_call",
    "store",
    "input",
    "instructions",
    "text",
];
/// The most blocks with `cache_control` (build-with-claude/prompt-caching).
const MAX_CACHE_MARKS: usize = 4;
/// The least thinking (build-with-claude/extended-thinking).
const MIN_BUDGET: u64 = 1_024;

/// What a request is read for: counting needs no `max_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Generating,
    Counting,
}

/// The version that a request names.
pub(crate) fn version_of(headers: &HeaderMap) -> Result<&str, Wrong> {
    let version = headers.get("anthropic-version").and_then(|version| version.to_str().ok());
    let version = version.ok_or_else(|| Wrong::invalid("anthropic-version: header is required"))?;
    if VERSIONS.contains(&version) {
        return Ok(version);
    }
    Err(Wrong::invalid(format!("anthropic-version: \"{version}\" is not a valid version")))
}

/// The version that a body names in somebody else's cloud: the cloud's own, which stands for the older one, or the
/// newer one, which current SDKs send everywhere.
pub(crate) fn version_in<'a>(body: &'a Value, cloud: &str) -> Option<&'a str> {
    let version = body["anthropic_version"].as_str()?;
    if version == cloud { Some(VERSIONS[0]) } else { is_newest(version).then_some(version) }
}

/// Whether a version is the newer one.
pub(crate) fn is_newest(version: &str) -> bool {
    version == VERSIONS[1]
}

pub(crate) fn body(body: &Value, version: &str, purpose: For) -> Result<(), Wrong> {
    let gone: &[&str] = if is_newest(version) { &GONE_IN_2026 } else { &[] };
    if let Some(field) = gone.iter().chain(&FOREIGN).find(|field| body.get(**field).is_some()) {
        return Err(Wrong::invalid(format!("{field}: Extra inputs are not permitted")));
    }
    if body["max_tokens"].as_u64().is_none_or(|most| most == 0) && purpose == For::Generating {
        return Err(Wrong::invalid("max_tokens: Field required, an integer greater than 0"));
    }
    if !body["model"].is_string() {
        return Err(Wrong::invalid("model: Field required"));
    }
    system(&body["system"])?;
    metadata(&body["metadata"])?;
    thinking(body)?;
    tools(body)?;
    format(body)?;
    let marks = count_marks(&body["tools"]) + count_marks(&body["system"]) + count_marks(&body["messages"]);
    if marks > MAX_CACHE_MARKS {
        return Err(Wrong::invalid(format!(
            "A maximum of {MAX_CACHE_MARKS} blocks with cache_control may be provided. Found {marks}."
        )));
    }
    Ok(())
}

fn system(system: &Value) -> Result<(), Wrong> {
    match system {
        Value::Null | Value::String(_) => Ok(()),
        Value::Array(blocks) => {
            for (index, block) in blocks.iter().enumerate() {
                let text = block["text"].as_str().filter(|_| block["type"] == "text");
                let Some(text) = text else {
                    return Err(Wrong::invalid(format!("system.{index}: Input should be a text block")));
                };
                if text.is_empty() {
                    return Err(Wrong::invalid("system: text content blocks must be non-empty"));
                }
            }
            Ok(())
        }
        _ => Err(Wrong::invalid("system: Input should be a valid string or list")),
    }
}

fn metadata(metadata: &Value) -> Result<(), Wrong> {
    match metadata.as_object().and_then(|fields| fields.keys().find(|name| *name != "user_id")) {
        Some(name) => Err(Wrong::invalid(format!("metadata.{name}: Extra inputs are not permitted"))),
        None => Ok(()),
    }
}

fn thinking(body: &Value) -> Result<(), Wrong> {
    let thinking = &body["thinking"];
    if thinking.is_null() {
        return Ok(());
    }
    match thinking["type"].as_str() {
        Some("adaptive" | "disabled") => return Ok(()),
        Some("enabled") => {}
        _ => {
            return Err(Wrong::invalid(
                "thinking: Input tag found using 'type' does not match any of the expected tags: 'adaptive', \
                 'disabled', 'enabled'",
            ));
        }
    }
    let Some(budget) = thinking["budget_tokens"].as_u64() else {
        return Err(Wrong::invalid("thinking.enabled.budget_tokens: Field required"));
    };
    if budget < MIN_BUDGET {
        return Err(Wrong::invalid(format!(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to {MIN_BUDGET}"
        )));
    }
    if body["max_tokens"].as_u64().is_some_and(|most| budget >= most) {
        return Err(Wrong::invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    if body["temperature"].as_f64().is_some_and(|temperature| temperature < 1.0) {
        return Err(Wrong::invalid("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool")) {
        return Err(Wrong::invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(())
}

fn tools(body: &Value) -> Result<(), Wrong> {
    let tools = match &body["tools"] {
        Value::Null => &[],
        Value::Array(tools) => tools.as_slice(),
        _ => return Err(Wrong::invalid("tools: Input should be a valid list")),
    };
    let mut names = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        let wrong = |what: &str| Err(Wrong::invalid(format!("tools.{index}.{what}")));
        match tool["type"].as_str() {
            None | Some("custom") => {}
            Some(foreign @ ("function" | "namespace")) => {
                return Err(Wrong::invalid(format!(
                    "tools.{index}: Input tag '{foreign}' found using 'type' does not match any of the expected tags"
                )));
            }
            // The server's own, of which new ones come with every version.
            Some(_) => continue,
        }
        let Some(name) = tool["name"].as_str() else { return wrong("custom.name: Field required") };
        if !is_id(name) || name.len() > 128 {
            return wrong("custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
        }
        if !tool["input_schema"].is_object() {
            return wrong("custom.input_schema: Field required");
        }
        if tool["input_schema"]["type"] != "object" {
            return wrong("custom.input_schema.type: Input should be 'object'");
        }
        if names.contains(&name) {
            return Err(Wrong::invalid("tools: Tool names must be unique."));
        }
        names.push(name);
    }
    choice(&body["tool_choice"], tools)
}

fn choice(choice: &Value, tools: &[Value]) -> Result<(), Wrong> {
    if choice.is_null() {
        return Ok(());
    }
    let Some(kind @ ("auto" | "any" | "none" | "tool")) = choice["type"].as_str() else {
        return Err(Wrong::invalid(
            "tool_choice: Input tag found using 'type' does not match any of the expected tags: 'any', 'auto', \
             'none', 'tool'",
        ));
    };
    if tools.is_empty() && kind != "none" {
        return Err(Wrong::invalid("tool_choice may only be specified while providing tools."));
    }
    let name = &choice["name"];
    if kind == "tool" && !tools.iter().any(|tool| name.is_string() && tool["name"] == *name) {
        return Err(Wrong::invalid(format!("Tool {name} not found in provided tools")));
    }
    Ok(())
}

/// The wanted schema: objects must say that they have no other properties (build-with-claude/structured-outputs).
fn format(body: &Value) -> Result<(), Wrong> {
    for (path, format) in [
        ("output_config.format", &body["output_config"]["format"]),
        ("output_format", &body["output_format"]),
    ] {
        if format.is_null() {
            continue;
        }
        if format["type"] != "json_schema" || !format["schema"].is_object() {
            return Err(Wrong::invalid(format!("{path}.schema: Field required")));
        }
        if has_open_object(&format["schema"]) {
            return Err(Wrong::invalid(format!(
                "{path}.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )));
        }
    }
    Ok(())
}

fn has_open_object(schema: &Value) -> bool {
    let is_open = schema["type"] == "object" && schema["additionalProperties"] != false;
    let inside = match schema {
        Value::Object(fields) => fields.values().any(has_open_object),
        Value::Array(items) => items.iter().any(has_open_object),
        _ => false,
    };
    is_open || inside
}

fn count_marks(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            let own = fields.get("cache_control").is_some_and(Value::is_object);
            // What a tool's schema or input calls `cache_control` is not a mark.
            let inside = fields.iter().filter(|(name, _)| matches!(name.as_str(), "content" | "source"));
            usize::from(own) + inside.map(|(_, value)| count_marks(value)).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(count_marks).sum(),
        _ => 0,
    }
}

/// Whether an id or a name has only the characters that ids have.
pub(crate) fn is_id(text: &str) -> bool {
    let is_of_one = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    !text.is_empty() && text.chars().all(is_of_one)
}
