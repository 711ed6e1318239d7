//! Chat's answers: whole, and as the chunks of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Told;
use crate::exchange::{Chunk, Facts};
use crate::limiter::Rules;
use crate::models;
use crate::openai::{citation, logprob};
use crate::reply::{Block, Call, Reply, Stop};

fn usage(facts: &Facts<'_>) -> Value {
    json!({
        "prompt_tokens": facts.ask.input_tokens,
        "completion_tokens": facts.output(),
        "total_tokens": facts.ask.input_tokens + facts.output(),
        "prompt_tokens_details": {"cached_tokens": facts.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": facts.thinking(), "audio_tokens": 0, "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

fn finish_reason(stop: &Stop, told: &Told) -> &'static str {
    match stop {
        Stop::ToolCall if !told.is_forced => "tool_calls",
        Stop::Done | Stop::Sequence(_) | Stop::ToolCall | Stop::Refusal => "stop",
        Stop::MaxTokens => "length",
        Stop::Filtered => "content_filter",
    }
}

/// When the answer was made: a fixed day, so that the same request gives the same bytes.
fn created(facts: &Facts<'_>) -> u64 {
    models::find(&facts.ask.model, Rules::OpenAi).map_or(0, |model| model.created)
}

fn id(facts: &Facts<'_>) -> String {
    format!("chatcmpl-sim{:020}", facts.serial)
}

fn call_id(facts: &Facts<'_>, choice: usize, index: usize) -> String {
    format!("call_sim{:014}{choice:03}{index:03}", facts.serial)
}

pub(super) fn whole(facts: &Facts<'_>, told: &Told) -> Value {
    let choices: Vec<_> =
        facts.replies.iter().enumerate().map(|(index, reply)| choice(facts, told, index, reply)).collect();
    let mut whole = json!({
        "id": id(facts),
        "object": "chat.completion",
        "created": created(facts),
        "model": facts.ask.model,
        "choices": choices,
        "usage": usage(facts),
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    });
    if told.is_filtered {
        whole["prompt_filter_results"] = prompt_filters();
    }
    whole
}

/// What Azure's filters found in the prompt: nothing.
fn prompt_filters() -> Value {
    json!([{"prompt_index": 0, "content_filter_results": filters()}])
}

fn filters() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({"hate": safe, "self_harm": safe, "sexual": safe, "violence": safe})
}

fn choice(facts: &Facts<'_>, told: &Told, index: usize, reply: &Reply) -> Value {
    let text = reply.text();
    let is_refusal = reply.stop == Stop::Refusal;
    let has_text = reply.blocks.iter().any(|block| matches!(block, Block::Text(_)));
    let is_cited = reply.blocks.iter().any(|block| matches!(block, Block::Search(_)));
    let mut message = json!({
        "role": "assistant",
        "content": (has_text && !is_refusal).then_some(&text),
        "refusal": is_refusal.then_some(&text),
        "annotations": if is_cited { json!([{"type": "url_citation", "url_citation": citation(&text)}]) } else { json!([]) },
    });
    let calls: Vec<_> =
        reply.calls().enumerate().map(|(at, call)| whole_call(call, &call_id(facts, index, at))).collect();
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let logprobs = told.logprobs.map(|top| {
        let content: Vec<_> = reply.text_pieces().into_iter().map(|piece| logprob(piece, top)).collect();
        json!({"content": content, "refusal": null})
    });
    let mut choice = json!({
        "index": index, "message": message, "logprobs": logprobs, "finish_reason": finish_reason(&reply.stop, told),
    });
    if told.is_filtered {
        choice["content_filter_results"] = filters();
    }
    choice
}

fn whole_call(call: &Call, id: &str) -> Value {
    let written = call.pieces.concat();
    if call.free_text {
        return json!({"id": id, "type": "custom", "custom": {"name": call.name, "input": written}});
    }
    json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": written}})
}

pub(super) fn chunks(facts: &Facts<'_>, told: &Told) -> Vec<Chunk> {
    let choices =
        facts.replies.iter().enumerate().map(|(index, reply)| choice_chunks(facts, told, index, reply));
    let usage = told.include_usage.then(|| chunk(facts, &json!([]), Some(&usage(facts)), 0));
    let done = Chunk { bytes: Bytes::from_static(b"data: [DONE]\n\n"), tokens: 0 };
    // Azure's first chunk has no choice and no name, only what it found in the prompt.
    let filters = told.is_filtered.then(|| {
        Chunk::data(&json!({
            "choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": prompt_filters(),
        }))
    });
    filters.into_iter().chain(in_turns(choices.collect())).chain(usage).chain([done]).collect()
}

fn choice_chunks(facts: &Facts<'_>, told: &Told, index: usize, reply: &Reply) -> Vec<Chunk> {
    let chunk = |delta: Value, logprobs: Value, finish: Option<&str>, tokens: u64| {
        let choice = json!({"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish});
        chunk(facts, &json!([choice]), told.include_usage.then_some(&Value::Null), tokens)
    };
    let has_text = reply.blocks.iter().any(|block| matches!(block, Block::Text(_)));
    let content = if has_text { json!("") } else { Value::Null };
    let role = json!({"role": "assistant", "content": content, "refusal": null});
    // Reasoning is not shown, and its time passes before the first chunk.
    let begin = chunk(role, Value::Null, None, reply.thinking_tokens());
    let field = if reply.stop == Stop::Refusal { "refusal" } else { "content" };
    let text = reply.text_pieces().into_iter().map(|piece| {
        let logprobs = told.logprobs.map(|top| json!({"content": [logprob(piece, top)], "refusal": null}));
        chunk(json!({field: piece}), logprobs.unwrap_or_default(), None, 1)
    });
    let calls = reply.calls().enumerate().map(|(at, call)| call_deltas(call, at, &call_id(facts, index, at)));
    let calls: Vec<_> = calls.collect();
    let calls = if facts.interleave { in_turns(calls) } else { calls.concat() };
    let calls = calls
        .into_iter()
        .map(|(delta, tokens)| chunk(json!({"tool_calls": [delta]}), Value::Null, None, tokens));
    let end = chunk(json!({}), Value::Null, Some(finish_reason(&reply.stop, told)), 0);
    [begin].into_iter().chain(text).chain(calls).chain([end]).collect()
}

/// A call as it begins, and its pieces.
fn call_deltas(call: &Call, index: usize, id: &str) -> Vec<(Value, u64)> {
    let (kind, field) = if call.free_text { ("custom", "input") } else { ("function", "arguments") };
    let begin = json!({"index": index, "id": id, "type": kind, kind: {"name": call.name, field: ""}});
    let pieces = call.pieces.iter().map(|piece| (json!({"index": index, kind: {field: piece}}), 1));
    [(begin, 0)].into_iter().chain(pieces).collect()
}

/// The first of each, then the second of each, and so on.
fn in_turns<T>(rows: Vec<Vec<T>>) -> Vec<T> {
    let mut rows: Vec<_> = rows.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(rows.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

fn chunk(facts: &Facts<'_>, choices: &Value, usage: Option<&Value>, tokens: u64) -> Chunk {
    let mut data = json!({
        "id": id(facts), "object": "chat.completion.chunk", "created": created(facts), "model": facts.ask.model,
        "service_tier": "default", "system_fingerprint": "fp_simulated", "choices": choices,
    });
    if let Some(usage) = usage {
        data["usage"] = usage.clone();
    }
    Chunk::data(&data).worth(tokens)
}
