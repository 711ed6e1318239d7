//! Whole answers, read and written.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{WireUsage, write_usage};
use crate::neutral::{Finish, Reply};

#[derive(Deserialize)]
struct WireAnswer {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    choices: Vec<WireChoice>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct WireChoice {
    message: WireMessage,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct WireMessage {
    content: Option<String>,
    refusal: Option<String>,
}

pub(super) fn read(body: &[u8]) -> Result<Reply, String> {
    let answer: WireAnswer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let choice = answer.choices.into_iter().next().ok_or("it has no choices")?;
    let finish = match choice.message.refusal {
        Some(_) => Finish::Refused,
        None => finish(choice.finish_reason.as_deref()),
    };
    Ok(Reply {
        id: answer.id,
        model: answer.model,
        text: choice.message.refusal.or(choice.message.content).unwrap_or_default(),
        finish,
        usage: answer.usage.unwrap_or_default().read(),
    })
}

pub(super) fn write(reply: &Reply, created: u64) -> Bytes {
    json!({
        "id": completion_id(&reply.id),
        "object": "chat.completion",
        "created": created,
        "model": reply.model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": reply.text, "refusal": null},
            "logprobs": null,
            "finish_reason": finish_reason(&reply.finish),
        }],
        "usage": write_usage(&reply.usage),
    })
    .to_string()
    .into()
}

/// OpenAI's ids begin with `chatcmpl-`; another provider's id keeps its own text behind that.
pub(super) fn completion_id(id: &str) -> String {
    if id.starts_with("chatcmpl-") { id.to_owned() } else { format!("chatcmpl-{id}") }
}

pub(super) fn finish(reason: Option<&str>) -> Finish {
    match reason {
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Refused,
        _ => Finish::Done,
    }
}

pub(super) fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Done | Finish::StopSequence(_) => "stop",
        Finish::Length => "length",
        Finish::Refused => "content_filter",
    }
}
