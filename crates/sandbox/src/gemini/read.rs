//! Google's request into the neutral one, and what Google refuses about it beside unknown fields.

use serde_json::Value;

use super::parts::{self, Talk};
use crate::ask::{Ask, Choice, Format, Tool};
use crate::exchange::Wrong;
use crate::hashing::hash;
use crate::tokens;

/// Tokens of a content that was cached before, whatever it was.
const CACHED: u64 = 1_000;

pub(super) fn ask(body: &Value, model: &str) -> Result<Ask, Wrong> {
    let Talk { tokens: told, question, results, media } = parts::read(&body["contents"], model)?;
    let config = &body["generationConfig"];
    let tools = tools(&body["tools"])?;
    check_config(config, model, !tools.is_empty())?;
    let (tools, choice) = chosen(tools, &body["toolConfig"]["functionCallingConfig"])?;
    let tool_tokens = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
    let searches =
        |tool: &Value| tool.get("googleSearch").or_else(|| tool.get("googleSearchRetrieval")).is_some();
    let cached = body["cachedContent"].as_str().map(|name| (hash(name.as_bytes()), CACHED, true));
    let schemas = [&config["responseJsonSchema"], &config["responseSchema"]];
    Ok(Ask {
        model: model.to_owned(),
        max_tokens: config["maxOutputTokens"].as_u64(),
        input_tokens: told
            + tool_tokens
            + parts::tokens(&body["systemInstruction"]["parts"])
            + cached.map_or(0, |_| CACHED),
        cacheable: cached,
        question,
        results,
        media,
        stops: strings(&config["stopSequences"]),
        tools,
        choice,
        format: match schemas.into_iter().find(|schema| schema.is_object()) {
            Some(schema) => Format::Schema(schema.clone()),
            None if config["responseMimeType"] == "application/json" => Format::Json,
            None => Format::Prose,
        },
        thinking: thinking(&config["thinkingConfig"]),
        search: body["tools"].as_array().is_some_and(|tools| tools.iter().any(searches)),
        more_answers: config["candidateCount"].as_u64().unwrap_or(1).saturating_sub(1),
        seed: config["seed"].as_i64(),
        ..Ask::default()
    })
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// A budget of 0 switches thinking off, -1 leaves it to the model.
fn thinking(config: &Value) -> Option<u64> {
    match config["thinkingBudget"].as_i64() {
        Some(0) => None,
        Some(budget) => Some(u64::try_from(budget).unwrap_or(u64::MAX)),
        None if config["thinkingLevel"].is_string() || config["includeThoughts"] == true => Some(u64::MAX),
        None => None,
    }
}

fn tools(tools: &Value) -> Result<Vec<Tool>, Wrong> {
    let mut all = Vec::new();
    let declared = |tool: &Value| tool["functionDeclarations"].as_array().cloned().unwrap_or_default();
    for function in tools.as_array().into_iter().flatten().flat_map(declared) {
        let name = function["name"].as_str().unwrap_or_default();
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_of_one =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | ':' | '-');
        if !begins || name.len() > 128 || !name.chars().all(is_of_one) {
            return Err(Wrong::invalid(
                "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, \
                 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.",
            ));
        }
        if all.iter().any(|tool: &Tool| tool.name == name) {
            return Err(Wrong::invalid(format!("Duplicate function declaration found: {name}")));
        }
        let schemas = [&function["parametersJsonSchema"], &function["parameters"]];
        if schemas.iter().all(|schema| schema.is_object()) {
            return Err(Wrong::invalid("parameters and parameters_json_schema must not both be set."));
        }
        let schema = schemas.into_iter().find(|schema| schema.is_object()).unwrap_or(&Value::Null);
        all.push(Tool::new(name, schema));
    }
    Ok(all)
}

fn chosen(tools: Vec<Tool>, config: &Value) -> Result<(Vec<Tool>, Choice), Wrong> {
    let mode = config["mode"].as_str().unwrap_or("AUTO").to_ascii_uppercase();
    let allowed = strings(&config["allowedFunctionNames"]);
    if !allowed.is_empty() && !matches!(mode.as_str(), "ANY" | "VALIDATED") {
        return Err(Wrong::invalid(
            "Function calling config is set without function calling mode ANY: allowed_function_names should only be \
             set when the mode is ANY or VALIDATED.",
        ));
    }
    if let Some(name) = allowed.iter().find(|name| !tools.iter().any(|tool| tool.name == **name)) {
        return Err(Wrong::invalid(format!("allowed_function_names holds {name}, which is not declared.")));
    }
    let choice = match mode.as_str() {
        "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED" => Choice::Auto,
        "ANY" => Choice::Any,
        "NONE" => Choice::Never,
        _ => {
            let place = "tool_config.function_calling_config.mode";
            return Err(Wrong::invalid(format!("Invalid value at '{place}', \"{mode}\"")));
        }
    };
    let is_allowed = |tool: &Tool| allowed.is_empty() || allowed.contains(&tool.name);
    Ok((tools.into_iter().filter(is_allowed).collect(), choice))
}

fn check_config(config: &Value, model: &str, has_tools: bool) -> Result<(), Wrong> {
    let wrong = |message: &str| Err(Wrong::invalid(message));
    if config["maxOutputTokens"].as_i64().is_some_and(|most| most < 1) {
        return wrong(
            "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.",
        );
    }
    if config["candidateCount"].as_i64().is_some_and(|count| !(1..=8).contains(&count)) {
        return wrong("candidateCount must be between 1 (inclusive) and 8 (inclusive).");
    }
    if config["stopSequences"].as_array().is_some_and(|stops| stops.len() > 5) {
        return wrong("* GenerateContentRequest.generation_config.stop_sequences: at most 5 are allowed.");
    }
    let is_json = config["responseMimeType"] == "application/json";
    let has_schema = config["responseSchema"].is_object() || config["responseJsonSchema"].is_object();
    if has_schema && !is_json && config["responseMimeType"] != "text/x.enum" {
        return wrong("Response schema is only supported with response mime type application/json.");
    }
    if config["responseSchema"].is_object() && config["responseJsonSchema"].is_object() {
        return wrong("response_schema and response_json_schema must not both be set.");
    }
    if is_json && has_tools && model.starts_with("gemini-2") {
        return wrong("Function calling with a response mime type: 'application/json' is unsupported");
    }
    let thinking = &config["thinkingConfig"];
    if thinking["thinkingLevel"].is_string() && !thinking["thinkingBudget"].is_null() {
        return wrong("You can only set only one of thinking budget and thinking level.");
    }
    if thinking["thinkingLevel"].is_string() && model.starts_with("gemini-2") {
        return wrong("Thinking level is not supported for this model.");
    }
    Ok(())
}
