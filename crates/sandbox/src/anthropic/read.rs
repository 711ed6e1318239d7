//! Anthropic's request into the neutral one. It refuses nothing; `check` and `turns` did.

use serde_json::Value;

use super::turns::Turns;
use crate::ask::{Ask, Choice, Format, Tool};
use crate::hashing::hash;
use crate::tokens;

pub(super) fn ask(body: &Value, turns: Turns) -> Ask {
    let tool_list = body["tools"].as_array().map_or(&[][..], Vec::as_slice);
    let tools = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
    let choice = &body["tool_choice"];
    Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        max_tokens: body["max_tokens"].as_u64(),
        input_tokens: turns.tokens + tools + tokens::count(&text(&body["system"])),
        question: turns.question,
        results: turns.results,
        media: turns.media,
        stops: strings(&body["stop_sequences"]),
        tools: tool_list.iter().filter(|tool| is_own(tool)).filter_map(tool).collect(),
        choice: match choice["type"].as_str() {
            Some("any") => Choice::Any,
            Some("none") => Choice::Never,
            Some("tool") => Choice::Named(choice["name"].as_str().unwrap_or_default().to_owned()),
            _ => told(&text(&body["system"])),
        },
        one_call: choice["disable_parallel_tool_use"] == true,
        format: format(body),
        thinking: match body["thinking"]["type"].as_str() {
            Some("enabled") => body["thinking"]["budget_tokens"].as_u64(),
            Some("adaptive") => Some(u64::MAX),
            _ => None,
        },
        search: tool_list
            .iter()
            .any(|tool| tool["type"].as_str().is_some_and(|kind| kind.starts_with("web_search_"))),
        cacheable: cacheable(body),
        ..Ask::default()
    }
}

/// Whether a tool is run by the client: one of its own, or one that Anthropic defined for it.
fn is_own(tool: &Value) -> bool {
    let servers = ["web_search_", "web_fetch_", "code_execution_", "tool_search_", "mcp_toolset"];
    tool["type"].as_str().is_none_or(|kind| !servers.iter().any(|server| kind.starts_with(server)))
}

fn tool(tool: &Value) -> Option<Tool> {
    Some(Tool::new(tool["name"].as_str()?, &tool["input_schema"]))
}

/// The choice as the system prompt words it, where a model cannot be forced
/// (platform.claude.com/docs/en/about-claude/models/migration-guide).
fn told(system: &str) -> Choice {
    match system.split_once("must call the tool `").and_then(|(_, rest)| rest.split_once('`')) {
        Some((name, _)) => Choice::Named(name.to_owned()),
        None if system.contains("must call one of the tools") => Choice::Any,
        None => Choice::Auto,
    }
}

fn format(body: &Value) -> Format {
    let formats = [&body["output_config"]["format"], &body["output_format"]];
    match formats.into_iter().find(|format| format.is_object()) {
        Some(format) => Format::Schema(format["schema"].clone()),
        None => Format::Prose,
    }
}

/// The text of a string or of an array of blocks. What is not text counts as the JSON that it is.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| block["text"].as_str().map_or_else(|| block.to_string(), str::to_owned))
            .collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// What stands before the last `cache_control`, roughly: tools and system if one of them has it, else all messages but
/// the last.
fn cacheable(body: &Value) -> Option<(u64, u64, bool)> {
    let everything = body.to_string();
    if !everything.contains("\"cache_control\"") {
        return None;
    }
    let mut prefix = format!("{}{}", body["tools"], body["system"]);
    if !prefix.contains("\"cache_control\"") {
        let messages = body["messages"].as_array()?;
        prefix.extend(messages.iter().take(messages.len().saturating_sub(1).max(1)).map(Value::to_string));
    }
    let for_an_hour = prefix.contains("\"ttl\":\"1h\"");
    Some((hash(prefix.as_bytes()), tokens::count(&text(&body["system"])), for_an_hour))
}
