//! What Responses refuses about a request as a whole. What it refuses about the input is in `items`.

use serde_json::Value;

use crate::exchange::Wrong;
use crate::openai::tools::{self, Shape, invalid_type, missing};
use crate::openai::{is_reasoner, wrong_parameter};

/// Chat's, with where they have moved to.
const MOVED: [(&str, &str); 5] = [
    ("messages", "input"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
];
/// Chat's and other dialects'.
const FOREIGN: [&str; 18] = [
    "n",
    "seed",
    "logit_bias",
    "logprobs",
    "stop",
    "stop_sequences",
    "frequency_penalty",
    "presence_penalty",
    "functions",
    "function_call",
    "system",
    "thinking",
    "top_k",
    "cache_control",
    "anthropic_version",
    "output_config",
    "contents",
    "generationConfig",
];
const INCLUDABLE: [&str; 8] = [
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];
/// The least that may be generated.
const MIN_OUTPUT: u64 = 16;

pub(super) fn body(body: &Value) -> Result<(), Wrong> {
    let Some(model) = body["model"].as_str() else { return Err(missing("model")) };
    if let Some((field, place)) = MOVED.iter().find(|(field, _)| body.get(*field).is_some()) {
        let message = format!(
            "Unsupported parameter: '{field}'. In the Responses API, this parameter has moved to '{place}'. Try again \
             with the new parameter."
        );
        return Err(wrong_parameter(field, Some("unsupported_parameter"), message));
    }
    if let Some(field) = FOREIGN.iter().find(|field| body.get(**field).is_some()) {
        return Err(unknown(field));
    }
    if body["stream_options"].get("include_usage").is_some() {
        return Err(unknown("stream_options.include_usage"));
    }
    for (field, is_fine) in [
        ("instructions", body["instructions"].is_string()),
        ("previous_response_id", body["previous_response_id"].is_string()),
        ("include", body["include"].is_array()),
        ("reasoning", body["reasoning"].is_object()),
        ("text", body["text"].is_object()),
        (
            "metadata",
            body["metadata"].as_object().is_some_and(|fields| fields.values().all(Value::is_string)),
        ),
    ] {
        if !is_fine && !body[field].is_null() {
            return Err(invalid_type(field, "another type"));
        }
    }
    if let Some(most) = body["max_output_tokens"].as_u64().filter(|most| *most < MIN_OUTPUT) {
        let message = format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {MIN_OUTPUT}, but got {most} \
             instead."
        );
        return Err(wrong_parameter("max_output_tokens", Some("integer_below_min_value"), message));
    }
    let mut includes = body["include"].as_array().into_iter().flatten();
    if let Some(other) = includes.find(|one| !one.as_str().is_some_and(|one| INCLUDABLE.contains(&one))) {
        let message = format!("Invalid value: {other}. Supported values are: '{}'.", INCLUDABLE.join("', '"));
        return Err(wrong_parameter("include", Some("invalid_value"), message));
    }
    if body["reasoning"]["effort"].is_string() && !is_reasoner(model) {
        let message = "Unsupported parameter: 'reasoning.effort' is not supported with this model.";
        return Err(wrong_parameter("reasoning.effort", Some("unsupported_parameter"), message));
    }
    tools::check(body, Shape::Flat)?;
    format(&body["text"]["format"])
}

fn unknown(field: &str) -> Wrong {
    wrong_parameter(field, Some("unknown_parameter"), format!("Unknown parameter: '{field}'."))
}

fn format(format: &Value) -> Result<(), Wrong> {
    if format["type"] != "json_schema" {
        return Ok(());
    }
    let Some(name) = format["name"].as_str() else { return Err(missing("text.format.name")) };
    if !format["schema"].is_object() {
        return Err(missing("text.format.schema"));
    }
    if format["strict"] == true {
        tools::check_strict(&format["schema"], &format!("response_format '{name}'"), "text.format.schema")?;
    }
    Ok(())
}

pub(super) fn no_previous(id: &str) -> Wrong {
    let message = format!("Previous response with id '{id}' not found.");
    wrong_parameter("previous_response_id", Some("previous_response_not_found"), message)
}
