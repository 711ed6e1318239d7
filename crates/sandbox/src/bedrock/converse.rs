//! Converse: one shape for all models.

use serde_json::Value;

use super::{constraint, parse, turns, write};
use crate::ask::{Ask, Choice, Format, Tool};
use crate::event_stream;
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::tokens;

/// A request in Converse's words.
pub(crate) struct Converse {
    ask: Ask,
}

impl Converse {
    pub(crate) fn read(body: &[u8], id: &str, is_streamed: bool) -> Result<Self, Wrong> {
        let body = parse(body)?;
        let turns = turns::read(&body["messages"], body["toolConfig"].is_object())?;
        let inference = &body["inferenceConfig"];
        let max_tokens = inference["maxTokens"].as_u64();
        if !inference["maxTokens"].is_null() && max_tokens.is_none_or(|most| most == 0) {
            return Err(constraint(
                "inferenceConfig.maxTokens",
                "Member must have value greater than or equal to 1",
            ));
        }
        let tools = tools(&body["toolConfig"]["tools"])?;
        let choice = choice(&body["toolConfig"]["toolChoice"], &tools)?;
        let extra = &body["additionalModelRequestFields"];
        let tool_tokens = body.get("toolConfig").map_or(0, |tools| tokens::count(&tools.to_string()));
        let ask = Ask {
            model: id.to_owned(),
            stream: is_streamed,
            max_tokens,
            input_tokens: turns.tokens + tool_tokens + system(&body["system"])?,
            question: turns.question,
            results: turns.results,
            media: turns.media,
            stops: strings(&inference["stopSequences"]),
            tools,
            choice,
            one_call: extra["tool_choice"]["disable_parallel_tool_use"] == true,
            format: format(&body["outputConfig"]["textFormat"])?,
            thinking: thinking(extra, max_tokens)?,
            ..Ask::default()
        };
        Ok(Self { ask })
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn system(system: &Value) -> Result<u64, Wrong> {
    let mut count = 0;
    for (index, block) in system.as_array().into_iter().flatten().enumerate() {
        match block["text"].as_str() {
            Some(text) if text.trim().is_empty() => {
                return Err(turns::blank(&format!("system.{index}"), "SystemContentBlock"));
            }
            Some(text) => count += tokens::count(text),
            None if block["cachePoint"].is_object() || block["guardContent"].is_object() => {}
            None => {
                let message = format!(
                    "The SystemContentBlock object at system.{index} must set one of the following keys: text, guardContent, cachePoint."
                );
                return Err(Wrong::invalid(message));
            }
        }
    }
    Ok(count)
}

fn tools(tools: &Value) -> Result<Vec<Tool>, Wrong> {
    let mut all = Vec::new();
    for (index, tool) in tools.as_array().into_iter().flatten().enumerate() {
        let place = format!("toolConfig.tools.{}.member", index + 1);
        let spec = &tool["toolSpec"];
        if spec.is_null() && (tool["cachePoint"].is_object() || tool["systemTool"].is_object()) {
            continue;
        }
        let Some(name) = spec["name"].as_str() else {
            return Err(constraint(&format!("{place}.toolSpec.name"), "Member must not be null"));
        };
        if name.len() > 64 || !turns::is_id(name) {
            let pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+";
            return Err(constraint(&format!("{place}.toolSpec.name"), pattern));
        }
        let schema = &spec["inputSchema"]["json"];
        if !schema.is_object() {
            return Err(constraint(&format!("{place}.toolSpec.inputSchema"), "Member must not be null"));
        }
        if schema["type"] != "object" {
            let message = format!(
                "The value at toolConfig.tools.{index}.toolSpec.inputSchema.json.type must be one of the following: object."
            );
            return Err(Wrong::invalid(message));
        }
        all.push(Tool::new(name, schema));
    }
    Ok(all)
}

fn choice(choice: &Value, tools: &[Tool]) -> Result<Choice, Wrong> {
    if choice["any"].is_object() {
        return Ok(Choice::Any);
    }
    match choice["tool"]["name"].as_str() {
        Some(name) if tools.iter().any(|tool| tool.name == name) => Ok(Choice::Named(name.to_owned())),
        Some(name) => {
            Err(Wrong::invalid(format!("The tool {name} of toolChoice is not in toolConfig.tools.")))
        }
        None if choice.is_null() || choice["auto"].is_object() => Ok(Choice::Auto),
        None => Err(Wrong::invalid(
            "The ToolChoice object at toolConfig.toolChoice must set one of the following keys: auto, any, tool.",
        )),
    }
}

/// The schema is written as a text.
fn format(format: &Value) -> Result<Format, Wrong> {
    let written = &format["structure"]["jsonSchema"]["schema"];
    if format.is_null() {
        return Ok(Format::Prose);
    }
    match written.as_str().map(serde_json::from_str) {
        Some(Ok(schema @ Value::Object(_))) => Ok(Format::Schema(schema)),
        _ => Err(Wrong::invalid(
            "outputConfig.textFormat.structure.jsonSchema.schema must be a JSON Schema as a text.",
        )),
    }
}

/// Claude's settings go through under Anthropic's names.
fn thinking(extra: &Value, max_tokens: Option<u64>) -> Result<Option<u64>, Wrong> {
    let settings = [&extra["thinking"], &extra["reasoning_config"], &extra["reasoningConfig"]];
    let Some(settings) = settings.into_iter().find(|settings| settings.is_object()) else { return Ok(None) };
    let budget = settings["budget_tokens"].as_u64();
    match settings["type"].as_str() {
        Some("enabled") if budget.is_some_and(|budget| max_tokens.is_some_and(|most| budget >= most)) => {
            Err(Wrong::invalid(
                "The model returned the following errors: `max_tokens` must be greater than `thinking.budget_tokens`.",
            ))
        }
        Some("enabled") => Ok(Some(budget.unwrap_or(u64::MAX))),
        Some("adaptive") => Ok(Some(u64::MAX)),
        _ => Ok(None),
    }
}

impl Exchange for Converse {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        write::whole(facts)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        let frame =
            |(kind, payload, tokens): (&str, Value, u64)| event_stream::event(kind, &payload).worth(tokens);
        write::events(facts).into_iter().map(frame).collect()
    }

    fn stream_type(&self) -> &'static str {
        event_stream::MEDIA_TYPE
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        let message =
            serde_json::json!({"message": "The system encountered an unexpected error (simulated fault)."});
        event_stream::exception("internalServerException", &message)
    }
}
