//! What Chat Completions refuses about a request as a whole. What it refuses about the messages is in `messages`.

use serde_json::Value;

use crate::exchange::Wrong;
use crate::openai::tools::{self, Shape, invalid_type, missing};
use crate::openai::{is_reasoner, unsupported_max_tokens, wrong_parameter};

/// Other dialects', which a careless translation lets through.
const FOREIGN: [&str; 18] = [
    "top_k",
    "system",
    "thinking",
    "stop_sequences",
    "cache_control",
    "anthropic_version",
    "anthropic_beta",
    "betas",
    "context_management",
    "output_config",
    "output_format",
    "container",
    "mcp_servers",
    "contents",
    "generationConfig",
    "input",
    "instructions",
    "max_output_tokens",
];
const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];

pub(super) fn body(body: &Value) -> Result<(), Wrong> {
    let Some(model) = body["model"].as_str() else {
        return Err(Wrong::invalid("you must provide a model parameter"));
    };
    if let Some(field) = FOREIGN.iter().find(|field| body.get(**field).is_some()) {
        return Err(unrecognized(field));
    }
    if has_cache_mark(&body["messages"]) || has_cache_mark(&body["tools"]) {
        return Err(unrecognized("cache_control"));
    }
    if is_reasoner(model) && !body["max_tokens"].is_null() {
        return Err(unsupported_max_tokens("max_tokens"));
    }
    metadata(&body["metadata"])?;
    numbers(body)?;
    tools::check(body, Shape::Nested)?;
    if let Some(effort) = body["reasoning_effort"].as_str() {
        if !is_reasoner(model) {
            return Err(unrecognized("reasoning_effort"));
        }
        if !EFFORTS.contains(&effort) {
            let message = format!("Invalid value: '{effort}'. Supported values are: {}.", EFFORTS.join(", "));
            return Err(wrong_parameter("reasoning_effort", Some("invalid_value"), message));
        }
    }
    if !body["stream_options"].is_null() && body["stream"] != true {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(wrong_parameter("stream_options", None, message));
    }
    format(body)
}

fn unrecognized(field: &str) -> Wrong {
    Wrong::invalid(format!("Unrecognized request argument supplied: {field}"))
}

/// A mark on a message, a part, a call or a tool. What a schema calls so is not one.
fn has_cache_mark(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            let inside = fields
                .iter()
                .filter(|(name, _)| matches!(name.as_str(), "content" | "tool_calls" | "function"));
            fields.contains_key("cache_control") || inside.into_iter().any(|(_, value)| has_cache_mark(value))
        }
        Value::Array(items) => items.iter().any(has_cache_mark),
        _ => false,
    }
}

fn metadata(metadata: &Value) -> Result<(), Wrong> {
    match metadata {
        Value::Null => Ok(()),
        Value::Object(fields) => match fields.iter().find(|(_, value)| !value.is_string()) {
            Some((name, _)) => Err(invalid_type(&format!("metadata.{name}"), "a string")),
            None => Ok(()),
        },
        _ => Err(invalid_type("metadata", "an object")),
    }
}

fn numbers(body: &Value) -> Result<(), Wrong> {
    for (field, least, most) in [
        ("n", 1, 128),
        ("top_logprobs", 0, 20),
        ("max_completion_tokens", 1, u64::MAX),
        ("max_tokens", 1, u64::MAX),
    ] {
        let value = &body[field];
        if value.is_null() {
            continue;
        }
        if !value.is_i64() && !value.is_u64() {
            return Err(invalid_type(field, "an integer"));
        }
        let message = match value.as_u64() {
            Some(count) if count > most => {
                format!("Invalid '{field}': integer above maximum value. Expected a value <= {most}.")
            }
            Some(count) if count >= least => continue,
            _ => format!("Invalid '{field}': integer below minimum value. Expected a value >= {least}."),
        };
        return Err(wrong_parameter(field, Some("integer_out_of_range"), message));
    }
    if !body["top_logprobs"].is_null() && body["logprobs"] != true {
        let message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(wrong_parameter("top_logprobs", None, message));
    }
    if body["stop"].as_array().is_some_and(|stops| stops.len() > 4) {
        let message = "Invalid 'stop': array too long. Expected an array with maximum length 4.";
        return Err(wrong_parameter("stop", Some("array_above_max_length"), message));
    }
    Ok(())
}

fn format(body: &Value) -> Result<(), Wrong> {
    let format = &body["response_format"];
    match format["type"].as_str() {
        None if format.is_null() => Ok(()),
        None => Err(missing("response_format.type")),
        Some("text") => Ok(()),
        Some("json_object") => {
            if body["messages"].to_string().to_lowercase().contains("json") {
                return Ok(());
            }
            let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                           'json_object'.";
            Err(wrong_parameter("messages", None, message))
        }
        Some("json_schema") => {
            let named = &format["json_schema"];
            let name = named["name"].as_str().ok_or_else(|| missing("response_format.json_schema.name"))?;
            if named["strict"] == true {
                let owner = format!("response_format '{name}'");
                tools::check_strict(&named["schema"], &owner, "response_format")?;
            }
            if named["schema"].is_object() {
                Ok(())
            } else {
                Err(missing("response_format.json_schema.schema"))
            }
        }
        Some(other) => {
            let message = format!(
                "Invalid value: '{other}'. Supported values are: 'json_object', 'json_schema', and 'text'."
            );
            Err(wrong_parameter("response_format.type", Some("invalid_value"), message))
        }
    }
}
