//! OpenAI's Chat Completions. Requests are read and answers written in the files below.

mod check;
mod messages;
mod write;

use serde_json::Value;

use super::tools;
use crate::ask::{Ask, Format};
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::tokens;

/// A request for a chat completion.
pub(crate) struct Chat {
    ask: Ask,
    told: Told,
}

/// What only the writer needs to know.
struct Told {
    /// Whether a stream shall end with its usage.
    include_usage: bool,
    /// How many alternatives of each token are told, if tokens are told with their likelihoods.
    logprobs: Option<u64>,
    /// Whether Azure's filters of contents tell what they found.
    is_filtered: bool,
    /// Whether one function was forced by its name, upon which the reason to stop is not that a tool was called.
    is_forced: bool,
}

impl Chat {
    /// The same with what Azure's filters of contents add to answers.
    pub(crate) fn filtered(mut self) -> Self {
        self.told.is_filtered = true;
        self
    }
}

impl Exchange for Chat {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        write::whole(facts, &self.told)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        write::chunks(facts, &self.told)
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        Chunk::data(&super::error(&Wrong::new(500, "The server had an error (simulated fault).")))
    }
}

/// Reads a body; `deployment` is the model where the path names it.
pub(crate) fn read(body: &[u8], deployment: Option<&str>) -> Result<Chat, Wrong> {
    let mut body = super::parse(body)?;
    if let Some(model) = deployment {
        body["model"] = model.into();
    }
    check::body(&body)?;
    let talk = messages::read(&body["messages"])?;
    let (tools, choice) =
        tools::chosen(tools::read(&body["tools"], tools::Shape::Nested), &body["tool_choice"]);
    let tool_tokens = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
    let effort = body["reasoning_effort"].as_str();
    let is_forced = matches!(body["tool_choice"]["type"].as_str(), Some("function" | "custom"));
    let ask = Ask {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
        input_tokens: talk.tokens + tool_tokens,
        question: talk.question,
        results: talk.results,
        media: talk.media,
        stops: match &body["stop"] {
            Value::String(stop) => vec![stop.clone()],
            stops => super::strings(stops),
        },
        tools,
        choice,
        one_call: body["parallel_tool_calls"] == false,
        format: match body["response_format"]["type"].as_str() {
            Some("json_object") => Format::Json,
            Some("json_schema") => Format::Schema(body["response_format"]["json_schema"]["schema"].clone()),
            _ => Format::Prose,
        },
        thinking: effort.filter(|effort| *effort != "none").map(|_| u64::MAX),
        search: body["web_search_options"].is_object(),
        more_answers: body["n"].as_u64().unwrap_or(1).saturating_sub(1),
        seed: body["seed"].as_i64(),
        ..Ask::default()
    };
    let told = Told {
        include_usage: body["stream_options"]["include_usage"] == true,
        logprobs: (body["logprobs"] == true).then(|| body["top_logprobs"].as_u64().unwrap_or(0)),
        is_filtered: false,
        is_forced,
    };
    Ok(Chat { ask, told })
}
