//! Tools and the choice among them, as Chat and Responses have them.

use serde_json::{Value, json};

use super::wrong_parameter;
use crate::ask::{Choice, Tool};
use crate::exchange::Wrong;

/// Where a tool's name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// In `function` or `custom` (Chat).
    Nested,
    /// In the tool itself (Responses).
    Flat,
}

/// The tools that the client runs.
pub(super) fn read(tools: &Value, shape: Shape) -> Vec<Tool> {
    let list = tools.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().flat_map(|tool| one(tool, shape)).collect()
}

fn one(tool: &Value, shape: Shape) -> Vec<Tool> {
    let kind = tool["type"].as_str().unwrap_or_default();
    let body = if shape == Shape::Nested { &tool[kind] } else { tool };
    let Some(name) = body["name"].as_str() else { return Vec::new() };
    let own = Tool::new(name, &body["parameters"]);
    match kind {
        "function" => vec![own],
        "custom" => vec![Tool { free_text: true, ..own }],
        "namespace" => {
            let inside = read(&tool["tools"], shape).into_iter();
            inside.map(|tool| Tool { namespace: Some(name.to_owned()), ..tool }).collect()
        }
        _ => Vec::new(),
    }
}

/// The tools that may be called, and whether one is.
pub(super) fn chosen(tools: Vec<Tool>, choice: &Value) -> (Vec<Tool>, Choice) {
    match choice {
        Value::String(word) if word == "none" => (tools, Choice::Never),
        Value::String(word) if word == "required" => (tools, Choice::Any),
        Value::Object(_) if choice["type"] == "allowed_tools" => {
            // Chat puts the list one level deeper.
            let list = if choice["allowed_tools"].is_object() { &choice["allowed_tools"] } else { choice };
            let allowed: Vec<_> =
                list["tools"].as_array().into_iter().flatten().filter_map(name_in).collect();
            let tools = tools.into_iter().filter(|tool| allowed.contains(&tool.name.as_str())).collect();
            (tools, if list["mode"] == "required" { Choice::Any } else { Choice::Auto })
        }
        Value::Object(_) => match name_in(choice) {
            Some(name) => (tools, Choice::Named(name.to_owned())),
            None => (tools, Choice::Auto),
        },
        _ => (tools, Choice::Auto),
    }
}

/// The name that a choice or an allowed tool gives, in either shape.
fn name_in(choice: &Value) -> Option<&str> {
    let nested = [&choice["function"]["name"], &choice["custom"]["name"], &choice["name"]];
    nested.into_iter().find_map(Value::as_str)
}

/// Refuses tools and choices that are not OpenAI's.
pub(super) fn check(body: &Value, shape: Shape) -> Result<(), Wrong> {
    let tools = match &body["tools"] {
        Value::Null => &[],
        Value::Array(tools) if tools.is_empty() && shape == Shape::Nested => {
            return Err(wrong_parameter(
                "tools",
                Some("empty_array"),
                "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            ));
        }
        Value::Array(tools) => tools.as_slice(),
        _ => return Err(invalid_type("tools", "an array of objects")),
    };
    for (index, tool) in tools.iter().enumerate() {
        check_tool(tool, shape, &format!("tools[{index}]"))?;
    }
    if shape == Shape::Nested && tools.is_empty() {
        let both = ["tool_choice", "parallel_tool_calls"];
        if let Some(field) = both.into_iter().find(|field| !body[*field].is_null() && body[*field] != "none")
        {
            let message =
                format!("Invalid value for '{field}': '{field}' is only allowed when 'tools' are specified.");
            return Err(wrong_parameter(field, None, message));
        }
    }
    check_choice(body, shape)
}

fn check_tool(tool: &Value, shape: Shape, path: &str) -> Result<(), Wrong> {
    let kind = match tool["type"].as_str() {
        Some(kind @ ("function" | "custom")) => kind,
        Some("namespace") if shape == Shape::Flat => {
            for (index, inner) in tool["tools"].as_array().into_iter().flatten().enumerate() {
                check_tool(inner, shape, &format!("{path}.tools[{index}]"))?;
            }
            "namespace"
        }
        Some(_) if shape == Shape::Flat && tool.get("input_schema").is_none() => return Ok(()),
        Some(other) => {
            let message = format!("Invalid value: '{other}'. Supported values are: 'function' and 'custom'.");
            return Err(wrong_parameter(&format!("{path}.type"), Some("invalid_value"), message));
        }
        None => return Err(missing(&format!("{path}.type"))),
    };
    let (body, path) = if shape == Shape::Nested {
        (&tool[kind], format!("{path}.{kind}"))
    } else {
        (tool, path.to_owned())
    };
    let Some(name) = body["name"].as_str() else { return Err(missing(&format!("{path}.name"))) };
    let is_of_one = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_of_one) {
        let message = format!(
            "Invalid '{path}.name': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        );
        return Err(wrong_parameter(&format!("{path}.name"), Some("invalid_value"), message));
    }
    if kind == "function" && body["strict"] == true {
        check_strict(&body["parameters"], &format!("function '{name}'"), &format!("{path}.parameters"))?;
    }
    Ok(())
}

fn check_choice(body: &Value, shape: Shape) -> Result<(), Wrong> {
    let choice = &body["tool_choice"];
    let name = match choice {
        Value::Null => return Ok(()),
        Value::String(word) if matches!(word.as_str(), "none" | "auto" | "required") => return Ok(()),
        Value::String(word) => {
            let message =
                format!("Invalid value: '{word}'. Supported values are: 'none', 'auto', and 'required'.");
            return Err(wrong_parameter("tool_choice", Some("invalid_value"), message));
        }
        Value::Object(_) => match choice["type"].as_str() {
            Some("function" | "custom") => name_in(choice).ok_or_else(|| missing("tool_choice.function"))?,
            Some("auto" | "any" | "tool" | "none") | None => {
                let message = "Invalid value for 'tool_choice.type'. Supported values are: 'allowed_tools', \
                               'function', and 'custom'.";
                return Err(wrong_parameter("tool_choice.type", Some("invalid_value"), message));
            }
            Some(_) => return Ok(()),
        },
        _ => return Err(invalid_type("tool_choice", "one of an object or a string")),
    };
    if read(&body["tools"], shape).iter().any(|tool| tool.name == name) {
        return Ok(());
    }
    let message = format!("Tool choice 'function' not found in 'tools' parameter: '{name}'.");
    Err(wrong_parameter("tool_choice", None, message))
}

/// Refuses a schema that strict mode cannot keep (platform.openai.com/docs/guides/structured-outputs).
pub(super) fn check_strict(schema: &Value, owner: &str, param: &str) -> Result<(), Wrong> {
    let wrong = |what: &str| {
        let message = format!("Invalid schema for {owner}: In context=(), {what}");
        Err(wrong_parameter(param, Some("invalid_function_parameters"), message))
    };
    if let Some(properties) = schema["properties"].as_object() {
        if schema["additionalProperties"] != false {
            return wrong("'additionalProperties' is required to be supplied and to be false.");
        }
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        if let Some(name) = properties.keys().find(|name| !required.iter().any(|one| one == name.as_str())) {
            return wrong(&format!(
                "'required' is required to be supplied and to be an array including every key in properties. Missing \
                 '{name}'."
            ));
        }
    }
    let inside: Vec<&Value> = match schema {
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "enum").map(|(_, value)| value).collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    inside.into_iter().try_for_each(|inner| check_strict(inner, owner, param))
}

pub(super) fn missing(param: &str) -> Wrong {
    wrong_parameter(
        param,
        Some("missing_required_parameter"),
        format!("Missing required parameter: '{param}'."),
    )
}

pub(super) fn invalid_type(param: &str, wanted: &str) -> Wrong {
    let message = format!("Invalid type for '{param}': expected {wanted}.");
    Wrong { status: 400, message, details: json!({"param": param, "code": "invalid_type"}) }
}
