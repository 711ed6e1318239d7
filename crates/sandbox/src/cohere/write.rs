//! Cohere's answers to chats: whole, and as the events of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::exchange::{Chunk, Facts};
use crate::reply::{Block, Call, Stop};
use crate::tokens;

fn finish_reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done | Stop::Refusal => "COMPLETE",
        Stop::Sequence(_) => "STOP_SEQUENCE",
        Stop::MaxTokens => "MAX_TOKENS",
        Stop::ToolCall => "TOOL_CALL",
        Stop::Filtered => "ERROR",
    }
}

fn id(facts: &Facts<'_>) -> String {
    format!("00000000-0000-4000-8000-{:012}", facts.serial)
}

fn usage(facts: &Facts<'_>) -> Value {
    let count = json!({"input_tokens": facts.ask.input_tokens, "output_tokens": facts.output()});
    json!({"billed_units": count, "tokens": count, "cached_tokens": 0})
}

/// What it says that it will do before it calls.
fn plan(facts: &Facts<'_>) -> Option<String> {
    let names: Vec<_> = facts.reply().calls().map(|call| call.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("I will call {}.", names.join(" and ")))
}

fn call_id(facts: &Facts<'_>, index: usize) -> String {
    format!("call_sim{:014}{index:03}", facts.serial)
}

/// The texts and thoughts, each with the word for what it is.
fn contents<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = (&'static str, &'a [String])> {
    facts.reply().blocks.iter().filter_map(|block| match block {
        Block::Thinking(pieces) => Some(("thinking", pieces.as_slice())),
        Block::Text(pieces) => Some(("text", pieces.as_slice())),
        Block::Call(_) | Block::Search(_) => None,
    })
}

pub(super) fn whole(facts: &Facts<'_>) -> Value {
    let content = contents(facts).map(|(kind, pieces)| json!({"type": kind, kind: pieces.concat()}));
    let content: Vec<_> = content.collect();
    let mut message = json!({"role": "assistant"});
    if !content.is_empty() {
        message["content"] = content.into();
    }
    if let Some(plan) = plan(facts) {
        message["tool_plan"] = json!(plan);
        let calls =
            facts.reply().calls().enumerate().map(|(index, one)| call(one, &call_id(facts, index), true));
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": id(facts), "finish_reason": finish_reason(&facts.reply().stop), "message": message, "usage": usage(facts),
    })
}

fn call(call: &Call, id: &str, is_whole: bool) -> Value {
    let arguments = if is_whole { call.pieces.concat() } else { String::new() };
    json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

pub(super) fn chunks(facts: &Facts<'_>) -> Vec<Chunk> {
    let message =
        json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
    let mut chunks = vec![event("message-start", json!({"id": id(facts), "delta": {"message": message}}), 0)];
    for (index, (kind, pieces)) in contents(facts).enumerate() {
        let of = |content: Value| json!({"index": index, "delta": {"message": {"content": content}}});
        chunks.push(event("content-start", of(json!({"type": kind, kind: ""})), 0));
        chunks.extend(pieces.iter().map(|piece| event("content-delta", of(json!({kind: piece})), 1)));
        chunks.push(event("content-end", json!({"index": index}), 0));
    }
    for piece in tokens::pieces(&plan(facts).unwrap_or_default()) {
        chunks.push(event("tool-plan-delta", json!({"delta": {"message": {"tool_plan": piece}}}), 0));
    }
    for (index, one) in facts.reply().calls().enumerate() {
        let of = |calls: Value| json!({"index": index, "delta": {"message": {"tool_calls": calls}}});
        chunks.push(event("tool-call-start", of(call(one, &call_id(facts, index), false)), 0));
        let delta = |piece: &String| of(json!({"function": {"arguments": piece}}));
        chunks.extend(one.pieces.iter().map(|piece| event("tool-call-delta", delta(piece), 1)));
        chunks.push(event("tool-call-end", json!({"index": index}), 0));
    }
    chunks.push(end(finish_reason(&facts.reply().stop), facts));
    chunks.push(Chunk { bytes: Bytes::from_static(b"data: [DONE]\n\n"), tokens: 0 });
    chunks
}

/// The end of a stream that failed.
pub(super) fn failed(facts: &Facts<'_>) -> Chunk {
    end("ERROR", facts)
}

fn end(reason: &str, facts: &Facts<'_>) -> Chunk {
    event(
        "message-end",
        json!({"id": id(facts), "delta": {"finish_reason": reason, "usage": usage(facts)}}),
        0,
    )
}

fn event(kind: &str, fields: Value, tokens: u64) -> Chunk {
    let mut data = json!({"type": kind});
    if let (Some(data), Value::Object(fields)) = (data.as_object_mut(), fields) {
        data.extend(fields);
    }
    Chunk::event(kind, &data).worth(tokens)
}
