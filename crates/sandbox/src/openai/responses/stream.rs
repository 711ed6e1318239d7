//! The events of a streamed response, each with its number.

use serde_json::{Value, json};

use super::Told;
use super::write::{self, Item, Kind};
use crate::exchange::{Chunk, Facts};
use crate::openai::logprob;
use crate::reply::Stop;

/// Events without their numbers, and the tokens of each.
#[derive(Default)]
struct Events(Vec<(Value, u64)>);

impl Events {
    fn push(&mut self, kind: &str, fields: Value, tokens: u64) {
        let mut event = json!({"type": format!("response.{kind}"), "sequence_number": self.0.len()});
        if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
            event.extend(fields);
        }
        self.0.push((event, tokens));
    }
}

pub(super) fn chunks(facts: &Facts<'_>, told: &Told) -> Vec<Chunk> {
    let mut events = Events::default();
    let begun = write::response(facts, told, "in_progress");
    events.push("created", json!({"response": begun}), 0);
    events.push("in_progress", json!({"response": begun}), 0);
    for (index, item) in write::items(facts, told).into_iter().enumerate() {
        let unseen = match &item.kind {
            Kind::Reasoning { summary: None, tokens } => *tokens,
            _ => 0,
        };
        events.push("output_item.added", json!({"output_index": index, "item": item.begun}), unseen);
        inside(&mut events, index, &item, told);
        events.push("output_item.done", json!({"output_index": index, "item": item.done}), 0);
    }
    let last = match facts.reply().stop {
        Stop::MaxTokens | Stop::Filtered => "incomplete",
        _ => "completed",
    };
    events.push(last, json!({"response": write::finished(facts, told)}), 0);
    events.0.into_iter().map(|(event, tokens)| chunk(&event).worth(tokens)).collect()
}

fn chunk(event: &Value) -> Chunk {
    Chunk::event(event["type"].as_str().unwrap_or_default(), event)
}

/// The event of a response that fails after so many events. It begins in any case.
pub(super) fn failed(facts: &Facts<'_>, told: &Told, sent: usize) -> Chunk {
    let mut response = write::response(facts, told, "failed");
    response["error"] =
        json!({"code": "server_error", "message": "The server had an error (simulated fault)."});
    let failed =
        |number| chunk(&json!({"type": "response.failed", "sequence_number": number, "response": response}));
    if sent > 0 {
        return failed(sent);
    }
    let begun = write::response(facts, told, "in_progress");
    let created = chunk(&json!({"type": "response.created", "sequence_number": 0, "response": begun}));
    Chunk { bytes: [created.bytes, failed(1).bytes].concat().into(), tokens: 0 }
}

/// The events between an item's beginning and its end.
fn inside(events: &mut Events, index: usize, item: &Item, told: &Told) {
    let at = |mut fields: Value| {
        fields["item_id"] = json!(item.id);
        fields["output_index"] = json!(index);
        fields
    };
    match &item.kind {
        Kind::Reasoning { summary: None, .. } => {}
        Kind::Reasoning { summary: Some(pieces), .. } => {
            let at = |fields: Value| with(at(fields), "summary_index");
            let part = |text: &str| at(json!({"part": {"type": "summary_text", "text": text}}));
            events.push("reasoning_summary_part.added", part(""), 0);
            for piece in pieces {
                events.push("reasoning_summary_text.delta", at(json!({"delta": piece})), 1);
            }
            events.push("reasoning_summary_text.done", at(json!({"text": pieces.concat()})), 0);
            events.push("reasoning_summary_part.done", part(&pieces.concat()), 0);
        }
        Kind::Message { pieces, part } => {
            message(events, pieces, part, told, &|fields| with(at(fields), "content_index"));
        }
        Kind::Call { pieces, is_custom } => {
            let (name, field) = if *is_custom {
                ("custom_tool_call_input", "input")
            } else {
                ("function_call_arguments", "arguments")
            };
            for piece in pieces {
                events.push(&format!("{name}.delta"), at(json!({"delta": piece})), 1);
            }
            let done = json!({field: pieces.concat(), "name": item.done["name"]});
            events.push(&format!("{name}.done"), at(done), 0);
        }
        Kind::Search => {
            for state in ["in_progress", "searching", "completed"] {
                events.push(&format!("web_search_call.{state}"), at(json!({})), 0);
            }
        }
    }
}

/// With an index that is always the first.
fn with(mut fields: Value, index: &str) -> Value {
    fields[index] = json!(0);
    fields
}

fn message(events: &mut Events, pieces: &[String], part: &Value, told: &Told, at: &dyn Fn(Value) -> Value) {
    let is_refusal = part["type"] == "refusal";
    let empty = if is_refusal {
        json!({"type": "refusal", "refusal": ""})
    } else {
        json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []})
    };
    events.push("content_part.added", at(json!({"part": empty})), 0);
    for piece in pieces {
        if is_refusal {
            events.push("refusal.delta", at(json!({"delta": piece})), 1);
            continue;
        }
        let logprobs: Vec<_> = told.logprobs.map(|top| logprob(piece, top)).into_iter().collect();
        events.push("output_text.delta", at(json!({"delta": piece, "logprobs": logprobs})), 1);
    }
    for (index, annotation) in part["annotations"].as_array().into_iter().flatten().enumerate() {
        let fields = at(json!({"annotation_index": index, "annotation": annotation}));
        events.push("output_text.annotation.added", fields, 0);
    }
    if is_refusal {
        events.push("refusal.done", at(json!({"refusal": part["refusal"]})), 0);
    } else {
        let done = json!({"text": part["text"], "logprobs": part["logprobs"]});
        events.push("output_text.done", at(done), 0);
    }
    events.push("content_part.done", at(json!({"part": part})), 0);
}
