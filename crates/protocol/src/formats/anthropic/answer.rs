//! Whole answers, read and written.

use bytes::Bytes;
use paceway_domain::Usage;
use serde::Deserialize;
use serde_json::json;

use super::{WireUsage, write_usage};
use crate::neutral::{Finish, Reply};

#[derive(Deserialize)]
struct WireAnswer {
    id: String,
    model: String,
    content: Vec<WireBlock>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
    usage: WireUsage,
}

#[derive(Deserialize)]
struct WireBlock {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

pub(super) fn read(body: &[u8]) -> Result<Reply, String> {
    let answer: WireAnswer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut text = String::new();
    for block in answer.content {
        match (block.kind.as_str(), block.text) {
            ("text", Some(piece)) => text.push_str(&piece),
            // What the model thought is not part of what it said, and chat completions have no place for it.
            ("thinking" | "redacted_thinking", _) => {}
            (other, _) => {
                return Err(format!("a content block of type `{other}` cannot be carried over yet"));
            }
        }
    }
    Ok(Reply {
        id: answer.id,
        model: answer.model,
        text,
        finish: finish(answer.stop_reason.as_deref(), answer.stop_sequence),
        usage: answer.usage.over(Usage::default()),
    })
}

pub(super) fn write(reply: &Reply) -> Bytes {
    let content =
        if reply.text.is_empty() { json!([]) } else { json!([{"type": "text", "text": reply.text}]) };
    let (reason, sequence) = stop(&reply.finish);
    json!({
        "id": message_id(&reply.id),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": write_usage(&reply.usage),
    })
    .to_string()
    .into()
}

/// Anthropic's ids begin with `msg_`; another provider's id keeps its own text behind that.
pub(super) fn message_id(id: &str) -> String {
    if id.starts_with("msg_") { id.to_owned() } else { format!("msg_{id}") }
}

pub(super) fn finish(reason: Option<&str>, sequence: Option<String>) -> Finish {
    match reason {
        Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
        Some("stop_sequence") => Finish::StopSequence(sequence),
        Some("refusal") => Finish::Refused,
        _ => Finish::Done,
    }
}

/// `stop_reason` and `stop_sequence`.
pub(super) fn stop(finish: &Finish) -> (&'static str, Option<&str>) {
    match finish {
        Finish::Done => ("end_turn", None),
        Finish::Length => ("max_tokens", None),
        Finish::StopSequence(sequence) => ("stop_sequence", sequence.as_deref()),
        Finish::Refused => ("refusal", None),
    }
}
