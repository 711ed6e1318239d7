//! A response and its output items, finished and as they begin.

use serde_json::{Value, json};

use super::Told;
use crate::exchange::Facts;
use crate::hashing::sign;
use crate::limiter::Rules;
use crate::models;
use crate::openai::{citation, logprob};
use crate::reply::{Block, Call, Stop};

pub(super) fn id(facts: &Facts<'_>) -> String {
    format!("resp_sim{:020}", facts.serial)
}

/// The response when everything is there.
pub(super) fn finished(facts: &Facts<'_>, told: &Told) -> Value {
    let stop = &facts.reply().stop;
    let reason = match stop {
        Stop::MaxTokens => Some("max_output_tokens"),
        Stop::Filtered => Some("content_filter"),
        _ => None,
    };
    let mut response = response(facts, told, if reason.is_some() { "incomplete" } else { "completed" });
    response["incomplete_details"] = reason.map_or(Value::Null, |reason| json!({"reason": reason}));
    response["output"] = items(facts, told).into_iter().map(|item| item.done).collect();
    response["usage"] = usage(facts);
    response
}

/// The response in a state, without its output.
pub(super) fn response(facts: &Facts<'_>, told: &Told, status: &str) -> Value {
    let body = &told.body;
    let or = |field: &str, default: Value| if body[field].is_null() { default } else { body[field].clone() };
    let created = models::find(&facts.ask.model, Rules::OpenAi).map_or(0, |model| model.created);
    let mut text = or("text", json!({}));
    if text["format"].is_null() {
        text["format"] = json!({"type": "text"});
    }
    json!({
        "id": id(facts),
        "object": "response",
        "created_at": created,
        "status": status,
        "background": body["background"] == true,
        "error": null,
        "incomplete_details": null,
        "instructions": body["instructions"],
        "max_output_tokens": body["max_output_tokens"],
        "max_tool_calls": body["max_tool_calls"],
        "model": facts.ask.model,
        "output": [],
        "parallel_tool_calls": body["parallel_tool_calls"] != false,
        "previous_response_id": body["previous_response_id"],
        "prompt_cache_key": body["prompt_cache_key"],
        "reasoning": {"effort": body["reasoning"]["effort"], "summary": body["reasoning"]["summary"]},
        "safety_identifier": body["safety_identifier"],
        "service_tier": "default",
        "store": body["store"] != false,
        "temperature": or("temperature", json!(1.0)),
        "text": text,
        "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])),
        "top_logprobs": or("top_logprobs", json!(0)),
        "top_p": or("top_p", json!(1.0)),
        "truncation": or("truncation", json!("disabled")),
        "usage": null,
        "user": body["user"],
        "metadata": or("metadata", json!({})),
    })
}

fn usage(facts: &Facts<'_>) -> Value {
    json!({
        "input_tokens": facts.ask.input_tokens,
        "input_tokens_details": {"cached_tokens": facts.cache_read, "cache_write_tokens": 0},
        "output_tokens": facts.output(),
        "output_tokens_details": {"reasoning_tokens": facts.thinking()},
        "total_tokens": facts.ask.input_tokens + facts.output(),
    })
}

/// An output item: as it is in the end, and what a stream tells of it in between.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) begun: Value,
    pub(super) done: Value,
    pub(super) kind: Kind,
}

/// What an item is made of.
pub(super) enum Kind {
    /// The pieces of a summary, or the tokens of thoughts that are not told.
    Reasoning {
        summary: Option<Vec<String>>,
        tokens: u64,
    },
    /// The pieces of a text, and the part that they become.
    Message {
        pieces: Vec<String>,
        part: Value,
    },
    Call {
        pieces: Vec<String>,
        is_custom: bool,
    },
    Search,
}

pub(super) fn items(facts: &Facts<'_>, told: &Told) -> Vec<Item> {
    let mut items = Vec::new();
    let mut is_cited = false;
    for (index, block) in facts.reply().blocks.iter().enumerate() {
        let id = |prefix: &str| format!("{prefix}_sim{:016}{index:04}", facts.serial);
        items.push(match block {
            Block::Thinking(pieces) => reasoning(id("rs"), pieces, told),
            Block::Text(pieces) => message(id("msg"), pieces, facts, told, is_cited),
            Block::Call(one) => call(id(if one.free_text { "ctc" } else { "fc" }), &id("call"), one),
            Block::Search(query) => {
                is_cited = true;
                search(id("ws"), query)
            }
        });
    }
    items
}

fn reasoning(id: String, pieces: &[String], told: &Told) -> Item {
    let thought = pieces.concat();
    let summary =
        if told.summarizes { json!([{"type": "summary_text", "text": thought}]) } else { json!([]) };
    let mut begun = json!({"id": id, "type": "reasoning", "summary": []});
    let mut done = json!({"id": id, "type": "reasoning", "summary": summary});
    if told.encrypts {
        begun["encrypted_content"] = json!("");
        done["encrypted_content"] = sign(&thought).into();
    }
    let summary = told.summarizes.then(|| pieces.to_vec());
    Item { id, begun, done, kind: Kind::Reasoning { summary, tokens: pieces.len() as u64 } }
}

fn message(id: String, pieces: &[String], facts: &Facts<'_>, told: &Told, is_cited: bool) -> Item {
    let text = pieces.concat();
    let part = if facts.reply().stop == Stop::Refusal {
        json!({"type": "refusal", "refusal": text})
    } else {
        let mut annotations = Vec::new();
        if is_cited {
            let mut cited = citation(&text);
            cited["type"] = json!("url_citation");
            annotations.push(cited);
        }
        let logprobs: Vec<_> = match told.logprobs {
            Some(top) => pieces.iter().map(|piece| logprob(piece, top)).collect(),
            None => Vec::new(),
        };
        json!({"type": "output_text", "text": text, "annotations": annotations, "logprobs": logprobs})
    };
    let status = if facts.reply().stop == Stop::MaxTokens { "incomplete" } else { "completed" };
    let item = |status: &str, content: Value| json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": content});
    Item {
        begun: item("in_progress", json!([])),
        done: item(status, json!([part])),
        kind: Kind::Message { pieces: pieces.to_vec(), part },
        id,
    }
}

fn call(id: String, call_id: &str, call: &Call) -> Item {
    let (kind, field) =
        if call.free_text { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
    let item = |status: &str, written: &str| {
        let mut item = json!({
            "id": id, "type": kind, "status": status, "call_id": call_id, "name": call.name, field: written,
        });
        if let Some(namespace) = &call.namespace {
            item["namespace"] = json!(namespace);
        }
        item
    };
    Item {
        begun: item("in_progress", ""),
        done: item("completed", &call.pieces.concat()),
        kind: Kind::Call { pieces: call.pieces.clone(), is_custom: call.free_text },
        id,
    }
}

fn search(id: String, query: &str) -> Item {
    let item = |status: &str| {
        let action = json!({"type": "search", "query": query, "queries": [query]});
        json!({"id": id, "type": "web_search_call", "status": status, "action": action})
    };
    Item { begun: item("in_progress"), done: item("completed"), kind: Kind::Search, id }
}
