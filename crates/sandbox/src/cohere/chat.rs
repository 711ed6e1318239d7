//! Cohere's chat: a request read, and what Cohere refuses about it as a whole.

use serde_json::Value;

use super::{messages, parse, write};
use crate::ask::{Ask, Choice, Format, Tool};
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::tokens;

/// Other dialects', which a careless translation lets through.
const FOREIGN: [&str; 14] = [
    "top_k",
    "top_p",
    "n",
    "stop",
    "system",
    "user",
    "max_completion_tokens",
    "stream_options",
    "parallel_tool_calls",
    "reasoning_effort",
    "logit_bias",
    "message",
    "chat_history",
    "preamble",
];

/// A request for a chat.
pub(crate) struct Chat {
    ask: Ask,
}

impl Chat {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Wrong> {
        let (body, model) = parse(body)?;
        if let Some(field) = FOREIGN.iter().find(|field| body.get(**field).is_some()) {
            return Err(Wrong::invalid(format!("unknown field: parameter '{field}' is not a valid field")));
        }
        let talk = messages::read(&body["messages"])?;
        let tools = tools(&body["tools"])?;
        let choice = match body["tool_choice"].as_str() {
            _ if body["tool_choice"].is_null() => Choice::Auto,
            Some("REQUIRED") if tools.is_empty() => {
                return Err(Wrong::invalid("invalid request: tool_choice requires tools."));
            }
            Some("REQUIRED") => Choice::Any,
            Some("NONE") => Choice::Never,
            _ => return Err(Wrong::invalid("invalid request: tool_choice must be one of REQUIRED, NONE.")),
        };
        let format = &body["response_format"];
        let schemas = [&format["json_schema"], &format["schema"]];
        let schema = schemas.into_iter().find(|schema| schema.is_object());
        let tool_tokens = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
        let stops = body["stop_sequences"].as_array().into_iter().flatten();
        let ask = Ask {
            model,
            stream: body["stream"] == true,
            max_tokens: body["max_tokens"].as_u64(),
            input_tokens: talk.tokens + tool_tokens,
            question: talk.question,
            results: talk.results,
            media: talk.media,
            stops: stops.filter_map(|stop| stop.as_str().map(str::to_owned)).collect(),
            tools,
            choice,
            format: match schema {
                Some(schema) => Format::Schema(schema.clone()),
                None if format["type"] == "json_object" => Format::Json,
                None => Format::Prose,
            },
            thinking: (body["thinking"]["type"] == "enabled")
                .then(|| body["thinking"]["token_budget"].as_u64().unwrap_or(u64::MAX)),
            seed: body["seed"].as_i64(),
            ..Ask::default()
        };
        Ok(Self { ask })
    }
}

fn tools(tools: &Value) -> Result<Vec<Tool>, Wrong> {
    let one = |tool: &Value| match tool["function"]["name"].as_str() {
        Some(name) if tool["type"] == "function" => Ok(Tool::new(name, &tool["function"]["parameters"])),
        _ => Err(Wrong::invalid("invalid request: all tools must be of type function and have a name.")),
    };
    tools.as_array().into_iter().flatten().map(one).collect()
}

impl Exchange for Chat {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        write::whole(facts)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        write::chunks(facts)
    }

    fn broken(&self, facts: &Facts<'_>, _: usize) -> Chunk {
        write::failed(facts)
    }
}
