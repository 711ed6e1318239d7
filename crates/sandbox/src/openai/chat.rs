//! OpenAI's Chat Completions: requests read, answers and streams written.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::limiter::Rules;
use crate::models;
use crate::reply::Stop;
use crate::tokens;

/// A request for a chat completion.
pub(crate) struct Chat {
    ask: Ask,
    /// Whether a stream shall end with its usage.
    include_usage: bool,
}

impl Exchange for Chat {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        whole(facts)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        chunks(facts, self.include_usage)
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        Chunk::data(&super::error(&Wrong::new(500, "The server had an error (simulated fault).")))
    }
}

/// What the user said last, without what tools put before it in blocks of their own.
fn question(messages: &[Value]) -> String {
    let asked = messages.iter().rev().find(|message| message["role"] == "user");
    match asked.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let last = blocks.iter().rev().find_map(|block| block["text"].as_str());
            last.unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// Tokens of a message beyond its text.
const PER_MESSAGE: u64 = 3;

pub(crate) fn read(body: &[u8]) -> Result<Chat, Wrong> {
    let body: Value = serde_json::from_slice(body).map_err(|_| {
        Wrong::invalid(
            "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload.",
        )
    })?;
    let model = body["model"].as_str().ok_or_else(|| Wrong::invalid("you must provide a model parameter"))?;
    let messages = body["messages"]
        .as_array()
        .ok_or_else(|| Wrong::invalid("Missing required parameter: 'messages'."))?;
    if messages.is_empty() {
        return Err(Wrong::invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
        ));
    }
    let stop = match &body["stop"] {
        Value::String(stop) => vec![stop.clone()],
        Value::Array(stops) => stops.iter().filter_map(|stop| stop.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let told: u64 =
        messages.iter().map(|message| PER_MESSAGE + tokens::count(&text(&message["content"]))).sum();
    let tools = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
    let ask = Ask {
        model: model.to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
        question: question(messages),
        input_tokens: told + tools,
        stops: stop,
        ..Ask::default()
    };
    Ok(Chat { ask, include_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false) })
}

/// The text of a string or of an array of parts. What is not text counts as the JSON that it is.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let part_text =
                |part: &Value| part["text"].as_str().map_or_else(|| part.to_string(), str::to_owned);
            parts.iter().map(part_text).collect()
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn usage(facts: &Facts<'_>) -> Value {
    json!({
        "prompt_tokens": facts.ask.input_tokens,
        "completion_tokens": facts.output(),
        "total_tokens": facts.ask.input_tokens + facts.output(),
        "prompt_tokens_details": {"cached_tokens": facts.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

fn finish_reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done | Stop::Sequence(_) | Stop::ToolCall | Stop::Refusal => "stop",
        Stop::MaxTokens => "length",
    }
}

/// When the answer was made: a fixed day, so that the same request gives the same bytes.
fn created(facts: &Facts<'_>) -> u64 {
    models::find(&facts.ask.model, Rules::OpenAi).map_or(0, |model| model.created)
}

fn id(facts: &Facts<'_>) -> String {
    format!("chatcmpl-sim{:020}", facts.serial)
}

fn whole(facts: &Facts<'_>) -> Value {
    json!({
        "id": id(facts),
        "object": "chat.completion",
        "created": created(facts),
        "model": facts.ask.model,
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant", "content": facts.reply().text(), "refusal": null, "annotations": [],
            },
            "logprobs": null,
            "finish_reason": finish_reason(&facts.reply().stop),
        }],
        "usage": usage(facts),
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    })
}

fn chunks(facts: &Facts<'_>, include_usage: bool) -> Vec<Chunk> {
    let delta = |delta: Value, finish: Option<&str>, tokens: u64| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        chunk(facts, &json!([choice]), include_usage.then_some(&Value::Null), tokens)
    };
    let begin = delta(json!({"role": "assistant", "content": "", "refusal": null}), None, 0);
    let text = facts.reply().text_pieces().into_iter().map(|piece| delta(json!({"content": piece}), None, 1));
    let end = delta(json!({}), Some(finish_reason(&facts.reply().stop)), 0);
    let usage = include_usage.then(|| chunk(facts, &json!([]), Some(&usage(facts)), 0));
    let done = Chunk { bytes: Bytes::from_static(b"data: [DONE]\n\n"), tokens: 0 };
    [begin].into_iter().chain(text).chain([end]).chain(usage).chain([done]).collect()
}

fn chunk(facts: &Facts<'_>, choices: &Value, usage: Option<&Value>, tokens: u64) -> Chunk {
    let mut data = json!({
        "id": id(facts), "object": "chat.completion.chunk", "created": created(facts), "model": facts.ask.model,
        "service_tier": "default", "system_fingerprint": "fp_simulated", "choices": choices,
    });
    if let Some(usage) = usage {
        data["usage"] = usage.clone();
    }
    Chunk { bytes: Bytes::from(format!("data: {data}\n\n")), tokens }
}
