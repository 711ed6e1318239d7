//! Google's answers: whole, and as the pieces of a stream.

use serde_json::{Value, json};

use crate::exchange::Facts;
use crate::hashing::sign;
use crate::reply::{Block, Reply, Stop};

/// The tokens of an answer: those of thoughts, and the others.
#[derive(Default, Clone, Copy)]
struct Count {
    thoughts: u64,
    candidates: u64,
}

pub(super) fn whole(facts: &Facts<'_>, includes_thoughts: bool) -> Value {
    let candidate = |(index, reply): (usize, &Reply)| {
        let parts: Vec<_> =
            parts(facts, reply, includes_thoughts).into_iter().filter_map(|part| part.whole).collect();
        candidate(index, &parts, reply, true)
    };
    let candidates: Vec<_> = facts.replies.iter().enumerate().map(candidate).collect();
    let thoughts = facts.thinking();
    response(facts, &candidates, Count { thoughts, candidates: facts.output() - thoughts })
}

/// The pieces of a stream with the tokens of each: candidates take turns, and the last piece of each says why it ends.
pub(super) fn pieces(facts: &Facts<'_>, includes_thoughts: bool) -> Vec<(Value, u64)> {
    let mut count = Count::default();
    if facts.replies.is_empty() {
        return vec![(response(facts, &[], count), 0)];
    }
    let mut pieces = Vec::new();
    // Thoughts that are not told are generated before what is told next.
    let mut unseen = 0;
    let mut rows: Vec<_> = facts
        .replies
        .iter()
        .map(|reply| {
            let parts = parts(facts, reply, includes_thoughts);
            let rows: Vec<_> = parts.into_iter().flat_map(|part| part.pieces).collect();
            rows.into_iter()
        })
        .collect();
    loop {
        let mut is_over = true;
        for (index, row) in rows.iter_mut().enumerate() {
            let Some(piece) = row.next() else { continue };
            is_over = false;
            count.thoughts += if piece.is_thought { piece.tokens } else { 0 };
            count.candidates += if piece.is_thought { 0 } else { piece.tokens };
            unseen += piece.tokens;
            let Some(part) = piece.part else { continue };
            let one = candidate(index, &[part], &facts.replies[index], false);
            pieces.push((response(facts, &[one], count), std::mem::take(&mut unseen)));
        }
        if is_over {
            break;
        }
    }
    for (index, reply) in facts.replies.iter().enumerate() {
        let last = signed(json!({"text": ""}), facts, "end");
        pieces.push((
            response(facts, &[candidate(index, &[last], reply, true)], count),
            std::mem::take(&mut unseen),
        ));
    }
    pieces
}

fn response(facts: &Facts<'_>, candidates: &[Value], count: Count) -> Value {
    let prompt = facts.ask.input_tokens;
    let mut usage = json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": count.candidates,
        "totalTokenCount": prompt + count.candidates + count.thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    });
    if count.thoughts > 0 {
        usage["thoughtsTokenCount"] = json!(count.thoughts);
    }
    let cached = facts.cache_read + facts.cache_written;
    if cached > 0 {
        usage["cachedContentTokenCount"] = json!(cached);
    }
    // A prompt that was blocked has no candidates (ai.google.dev/api/generate-content#PromptFeedback).
    let mut response = match candidates {
        [] => json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        _ => json!({"candidates": candidates}),
    };
    response["usageMetadata"] = usage;
    response["modelVersion"] = json!(facts.ask.model);
    response["responseId"] = json!(format!("sim{:020}", facts.serial));
    response
}

fn candidate(index: usize, parts: &[Value], reply: &Reply, is_end: bool) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": index});
    if !is_end {
        return candidate;
    }
    candidate["finishReason"] = json!(match reply.stop {
        Stop::Done | Stop::Sequence(_) | Stop::ToolCall | Stop::Refusal => "STOP",
        Stop::MaxTokens => "MAX_TOKENS",
        Stop::Filtered => "SAFETY",
    });
    let query = reply.blocks.iter().find_map(|block| match block {
        Block::Search(query) => Some(query),
        _ => None,
    });
    if let Some(query) = query {
        candidate["groundingMetadata"] = json!({
            "webSearchQueries": [query],
            "groundingChunks": [{"web": {"uri": "https://example.com/simulated", "title": "A simulated page"}}],
            "groundingSupports": [{
                "segment": {"startIndex": 0, "endIndex": reply.text().len(), "text": reply.text()},
                "groundingChunkIndices": [0],
            }],
        });
    }
    candidate
}

/// A part, and the pieces that it is streamed in.
struct Part {
    /// None where it is not told.
    whole: Option<Value>,
    pieces: Vec<Piece>,
}

struct Piece {
    /// None where thoughts are not told.
    part: Option<Value>,
    tokens: u64,
    is_thought: bool,
}

fn parts(facts: &Facts<'_>, reply: &Reply, includes_thoughts: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut is_first_call = true;
    for (index, block) in reply.blocks.iter().enumerate() {
        match block {
            Block::Thinking(pieces) => {
                let thought = |text: &str| json!({"text": text, "thought": true});
                let piece = |piece: &String| Piece {
                    part: includes_thoughts.then(|| thought(piece)),
                    tokens: 1,
                    is_thought: true,
                };
                let whole = includes_thoughts.then(|| thought(&pieces.concat()));
                parts.push(Part { whole, pieces: pieces.iter().map(piece).collect() });
            }
            Block::Text(pieces) => {
                let text = json!({"text": pieces.concat()});
                let whole = if is_gemini_3(facts) { signed(text, facts, "end") } else { text };
                let piece = |piece: &String| Piece {
                    part: Some(json!({"text": piece})),
                    tokens: 1,
                    is_thought: false,
                };
                parts.push(Part { whole: Some(whole), pieces: pieces.iter().map(piece).collect() });
            }
            Block::Call(call) => {
                let id = format!("call_sim{:016}{index:04}", facts.serial);
                let part = json!({"functionCall": {"id": id, "name": call.name, "args": call.input}});
                let whole = if is_first_call { signed(part, facts, &call.name) } else { part };
                is_first_call = false;
                let piece = Piece { part: Some(whole.clone()), tokens: block.tokens(), is_thought: false };
                parts.push(Part { whole: Some(whole), pieces: vec![piece] });
            }
            Block::Search(_) => {
                let piece = Piece { part: None, tokens: block.tokens(), is_thought: false };
                parts.push(Part { whole: None, pieces: vec![piece] });
            }
        }
    }
    parts
}

fn is_gemini_3(facts: &Facts<'_>) -> bool {
    facts.ask.model.starts_with("gemini-3")
}

/// A part with the signature of the thoughts behind it, which must come back with it.
fn signed(mut part: Value, facts: &Facts<'_>, what: &str) -> Value {
    if is_gemini_3(facts) || facts.ask.thinking.is_some() {
        part["thoughtSignature"] = sign(&format!("{} {what}", facts.ask.question)).into();
    }
    part
}
