//! Anthropic's answers: whole, and as the events of a stream.

use serde_json::{Value, json};

use crate::exchange::Facts;
use crate::hashing::sign;
use crate::reply::{Block, Call, Stop};

const PAGE: &str = "https://example.com/simulated";
const TITLE: &str = "A simulated page";
const CITED: &str = "This page is simulated.";

fn usage(facts: &Facts<'_>, output: u64) -> Value {
    let for_an_hour = facts.ask.cacheable.is_some_and(|(_, _, for_an_hour)| for_an_hour);
    let (hour, five_minutes) = if for_an_hour { (facts.cache_written, 0) } else { (0, facts.cache_written) };
    let mut usage = json!({
        "input_tokens": facts.uncached_input(),
        "cache_creation_input_tokens": facts.cache_written,
        "cache_read_input_tokens": facts.cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output,
        "service_tier": "standard",
    });
    let searches = facts.reply().blocks.iter().filter(|block| matches!(block, Block::Search(_))).count();
    if searches > 0 {
        usage["server_tool_use"] = json!({"web_search_requests": searches, "web_fetch_requests": 0});
    }
    usage
}

fn message(facts: &Facts<'_>, content: &[Value], stop: Option<&Stop>, output: u64) -> Value {
    let mut message = json!({
        "model": facts.ask.told_model(),
        "id": format!("msg_sim{:020}", facts.serial),
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop.map(reason),
        "stop_sequence": stop.and_then(sequence),
        "usage": usage(facts, output),
    });
    if matches!(stop, Some(Stop::Refusal | Stop::Filtered)) {
        message["stop_details"] = refusal();
    }
    message
}

fn refusal() -> Value {
    json!({"type": "refusal", "category": null, "explanation": "The refusal is simulated."})
}

fn reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done => "end_turn",
        Stop::MaxTokens => "max_tokens",
        Stop::Sequence(_) => "stop_sequence",
        Stop::ToolCall => "tool_use",
        Stop::Refusal | Stop::Filtered => "refusal",
    }
}

fn sequence(stop: &Stop) -> Option<&str> {
    if let Stop::Sequence(text) = stop { Some(text) } else { None }
}

pub(super) fn whole(facts: &Facts<'_>, hides_thinking: bool) -> Value {
    let reply = facts.reply();
    let content: Vec<_> = parts(facts, hides_thinking).into_iter().map(|part| part.whole).collect();
    message(facts, &content, Some(&reply.stop), facts.output())
}

/// A content block: as it is, as it begins in a stream, and the deltas that follow with their tokens.
struct Part {
    whole: Value,
    start: Value,
    deltas: Vec<(Value, u64)>,
}

fn parts(facts: &Facts<'_>, hides_thinking: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut is_cited = false;
    for (index, block) in facts.reply().blocks.iter().enumerate() {
        let serial = facts.serial;
        match block {
            Block::Thinking(pieces) => parts.push(thinking(pieces, hides_thinking)),
            Block::Text(pieces) => parts.push(text(pieces, is_cited)),
            Block::Call(one) => parts.push(call(one, &format!("toolu_sim{serial:016}{index:04}"))),
            Block::Search(query) => {
                parts.extend(search(query, &format!("srvtoolu_sim{serial:016}{index:04}")));
                is_cited = true;
            }
        }
    }
    parts
}

fn thinking(pieces: &[String], is_hidden: bool) -> Part {
    let thought = pieces.concat();
    let signature = sign(&thought);
    let told = if is_hidden { "" } else { thought.as_str() };
    let signed = (json!({"type": "signature_delta", "signature": signature}), 0);
    let delta = |piece: &String| {
        let thinking = if is_hidden { "" } else { piece };
        (json!({"type": "thinking_delta", "thinking": thinking}), 1)
    };
    Part {
        whole: json!({"type": "thinking", "thinking": told, "signature": signature}),
        start: json!({"type": "thinking", "thinking": "", "signature": ""}),
        deltas: pieces.iter().map(delta).chain([signed]).collect(),
    }
}

fn text(pieces: &[String], is_cited: bool) -> Part {
    let citation = json!({
        "type": "web_search_result_location", "url": PAGE, "title": TITLE, "cited_text": CITED,
        "encrypted_index": sign(CITED),
    });
    let mut whole = json!({"type": "text", "text": pieces.concat()});
    let mut start = json!({"type": "text", "text": ""});
    let mut deltas = Vec::new();
    if is_cited {
        whole["citations"] = json!([citation]);
        start["citations"] = json!([]);
        deltas.push((json!({"type": "citations_delta", "citation": citation}), 0));
    }
    deltas.extend(pieces.iter().map(|piece| (json!({"type": "text_delta", "text": piece}), 1)));
    Part { whole, start, deltas }
}

fn call(call: &Call, id: &str) -> Part {
    let begin = (json!({"type": "input_json_delta", "partial_json": ""}), 0);
    let pieces =
        call.pieces.iter().map(|piece| (json!({"type": "input_json_delta", "partial_json": piece}), 1));
    Part {
        whole: json!({"type": "tool_use", "id": id, "name": call.name, "input": call.input}),
        start: json!({"type": "tool_use", "id": id, "name": call.name, "input": {}}),
        deltas: [begin].into_iter().chain(pieces).collect(),
    }
}

fn search(query: &str, id: &str) -> [Part; 2] {
    let input = json!({"query": query});
    let found = json!({
        "type": "web_search_tool_result",
        "tool_use_id": id,
        "content": [{
            "type": "web_search_result", "url": PAGE, "title": TITLE, "encrypted_content": sign(CITED),
            "page_age": "January 1, 2026",
        }],
    });
    let delta = (json!({"type": "input_json_delta", "partial_json": input.to_string()}), 1);
    [
        Part {
            whole: json!({"type": "server_tool_use", "id": id, "name": "web_search", "input": input}),
            start: json!({"type": "server_tool_use", "id": id, "name": "web_search", "input": {}}),
            deltas: vec![delta],
        },
        Part { start: found.clone(), whole: found, deltas: Vec::new() },
    ]
}

/// The events of a stream with their tokens.
pub(super) fn events(facts: &Facts<'_>, hides_thinking: bool) -> Vec<(Value, u64)> {
    let mut events = vec![(json!({"type": "message_start", "message": message(facts, &[], None, 1)}), 0)];
    for (index, part) in parts(facts, hides_thinking).into_iter().enumerate() {
        events.push((json!({"type": "content_block_start", "index": index, "content_block": part.start}), 0));
        if index == 0 {
            events.push((json!({"type": "ping"}), 0));
        }
        events.extend(part.deltas.into_iter().map(|(delta, tokens)| {
            (json!({"type": "content_block_delta", "index": index, "delta": delta}), tokens)
        }));
        events.push((json!({"type": "content_block_stop", "index": index}), 0));
    }
    let stop = &facts.reply().stop;
    let mut delta = json!({"stop_reason": reason(stop), "stop_sequence": sequence(stop)});
    if matches!(stop, Stop::Refusal | Stop::Filtered) {
        delta["stop_details"] = refusal();
    }
    events.push((json!({"type": "message_delta", "delta": delta, "usage": usage(facts, facts.output())}), 0));
    events.push((json!({"type": "message_stop"}), 0));
    events
}
