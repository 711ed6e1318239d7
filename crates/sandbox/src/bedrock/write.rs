//! Converse's answers: whole, and as the events of a stream.

use serde_json::{Value, json};

use crate::exchange::Facts;
use crate::hashing::sign;
use crate::reply::{Block, Stop};

fn reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done | Stop::Refusal => "end_turn",
        Stop::MaxTokens => "max_tokens",
        Stop::Sequence(_) => "stop_sequence",
        Stop::ToolCall => "tool_use",
        Stop::Filtered => "content_filtered",
    }
}

fn usage(facts: &Facts<'_>) -> Value {
    json!({
        "inputTokens": facts.ask.input_tokens,
        "outputTokens": facts.output(),
        "totalTokens": facts.ask.input_tokens + facts.output(),
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    })
}

fn call_id(facts: &Facts<'_>, index: usize) -> String {
    format!("tooluse_sim{:014}{index:04}", facts.serial)
}

/// The blocks that Converse has words for, with their places among them.
fn blocks<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = (usize, &'a Block)> {
    facts.reply().blocks.iter().filter(|block| !matches!(block, Block::Search(_))).enumerate()
}

pub(super) fn whole(facts: &Facts<'_>) -> Value {
    let content = blocks(facts).map(|(index, block)| match block {
        Block::Thinking(pieces) => {
            let text = pieces.concat();
            json!({"reasoningContent": {"reasoningText": {"text": text, "signature": sign(&text)}}})
        }
        Block::Call(call) => {
            json!({"toolUse": {"toolUseId": call_id(facts, index), "name": call.name, "input": call.input}})
        }
        Block::Text(pieces) => json!({"text": pieces.concat()}),
        Block::Search(query) => json!({"text": query}),
    });
    let content: Vec<_> = content.collect();
    let mut whole = json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason(&facts.reply().stop),
        "usage": usage(facts),
        "metrics": {"latencyMs": 1},
    });
    if let Stop::Sequence(sequence) = &facts.reply().stop {
        whole["additionalModelResponseFields"] = json!({"stop_sequence": sequence});
    }
    whole
}

/// The events of a stream: type, payload, tokens.
pub(super) fn events(facts: &Facts<'_>) -> Vec<(&'static str, Value, u64)> {
    let mut events = vec![("messageStart", json!({"role": "assistant"}), 0)];
    for (index, block) in blocks(facts) {
        let mut delta = |delta: Value, tokens: u64| {
            events.push(("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}), tokens));
        };
        match block {
            Block::Thinking(pieces) => {
                for piece in pieces {
                    delta(json!({"reasoningContent": {"text": piece}}), 1);
                }
                delta(json!({"reasoningContent": {"signature": sign(&pieces.concat())}}), 0);
            }
            Block::Text(pieces) => pieces.iter().for_each(|piece| delta(json!({"text": piece}), 1)),
            Block::Call(call) => {
                let start = json!({"toolUse": {"toolUseId": call_id(facts, index), "name": call.name}});
                events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": start}), 0));
                let delta = |piece: &String| json!({"contentBlockIndex": index, "delta": {"toolUse": {"input": piece}}});
                events.extend(call.pieces.iter().map(|piece| ("contentBlockDelta", delta(piece), 1)));
            }
            Block::Search(_) => {}
        }
        events.push(("contentBlockStop", json!({"contentBlockIndex": index}), 0));
    }
    let mut stop = json!({"stopReason": reason(&facts.reply().stop)});
    if let Stop::Sequence(sequence) = &facts.reply().stop {
        stop["additionalModelResponseFields"] = json!({"stop_sequence": sequence});
    }
    events.push(("messageStop", stop, 0));
    events.push(("metadata", json!({"usage": usage(facts), "metrics": {"latencyMs": 1}}), 0));
    events
}
