//! The OpenAI dialect: requests read, answers, streams, headers and errors written.
//!
//! Source: platform.openai.com/docs (api-reference/chat, guides/rate-limits, guides/error-codes), read 2026-10.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::exchange::{Ask, Chunk, Facts, Wrong, number_header, question};
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::{self, MODELS, Model};
use crate::prose::Stop;
use crate::tokens;

/// Tokens of a message beyond its text.
const PER_MESSAGE: u64 = 3;

pub(crate) fn read(body: &[u8]) -> Result<Ask, Wrong> {
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
    Ok(Ask {
        model: model.to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        max_tokens: body["max_completion_tokens"].as_u64().or_else(|| body["max_tokens"].as_u64()),
        question: question(messages),
        input_tokens: told + tools,
        stops: stop,
        include_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
        cacheable: None,
    })
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
        Stop::Done | Stop::Sequence(_) => "stop",
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

pub(crate) fn whole(facts: &Facts<'_>) -> Value {
    json!({
        "id": id(facts),
        "object": "chat.completion",
        "created": created(facts),
        "model": facts.ask.model,
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant", "content": facts.prose.pieces.concat(), "refusal": null, "annotations": [],
            },
            "logprobs": null,
            "finish_reason": finish_reason(&facts.prose.stop),
        }],
        "usage": usage(facts),
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    })
}

pub(crate) fn chunks(facts: &Facts<'_>) -> Vec<Chunk> {
    let delta = |delta: Value, finish: Option<&str>, tokens: u64| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        chunk(facts, &json!([choice]), &Value::Null, tokens)
    };
    let begin = delta(json!({"role": "assistant", "content": "", "refusal": null}), None, 0);
    let text = facts.prose.pieces.iter().map(|piece| delta(json!({"content": piece}), None, 1));
    let end = delta(json!({}), Some(finish_reason(&facts.prose.stop)), 0);
    let usage = facts.ask.include_usage.then(|| chunk(facts, &json!([]), &usage(facts), 0));
    let done = Chunk { bytes: Bytes::from_static(b"data: [DONE]\n\n"), tokens: 0 };
    [begin].into_iter().chain(text).chain([end]).chain(usage).chain([done]).collect()
}

fn chunk(facts: &Facts<'_>, choices: &Value, usage: &Value, tokens: u64) -> Chunk {
    let mut data = json!({
        "id": id(facts), "object": "chat.completion.chunk", "created": created(facts), "model": facts.ask.model,
        "service_tier": "default", "system_fingerprint": "fp_simulated", "choices": choices,
    });
    if facts.ask.include_usage {
        data["usage"] = usage.clone();
    }
    Chunk { bytes: Bytes::from(format!("data: {data}\n\n")), tokens }
}

pub(crate) fn error(wrong: &Wrong) -> Value {
    let (kind, code) = match wrong.status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("tokens", Some("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", None),
        _ => ("server_error", None),
    };
    json!({"error": {"message": wrong.message, "type": kind, "param": null, "code": code}})
}

pub(crate) fn refusal(refused: &Refused, model: &Model) -> String {
    let what = if refused.kind == Kind::Requests { "requests per min (RPM)" } else { "tokens per min (TPM)" };
    format!(
        "Rate limit reached for {} in organization org-simulated on {what}: Limit {}, Used {:.0}, Requested {}. Please \
         try again in {:.3}s.",
        model.id, refused.limit, refused.used, refused.requested, refused.wait
    )
}

/// `x-ratelimit-*`, with the time until everything is free as a Go duration.
pub(crate) fn headers(readings: &[Reading], serial: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut text = |name: &str, value: String| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    text("x-request-id", format!("req_sim{serial:020}"));
    text("openai-version", "2020-10-01".into());
    text("openai-organization", "org-simulated".into());
    text("openai-processing-ms", "1".into());
    for reading in readings {
        let family = if reading.kind == Kind::Requests { "requests" } else { "tokens" };
        text(&format!("x-ratelimit-reset-{family}"), go_duration(reading.full_in));
    }
    for reading in readings {
        let family = if reading.kind == Kind::Requests { "requests" } else { "tokens" };
        number_header(&mut headers, &format!("x-ratelimit-limit-{family}"), reading.limit as f64);
        number_header(&mut headers, &format!("x-ratelimit-remaining-{family}"), reading.remaining.floor());
    }
    headers
}

/// As Go prints durations: `20ms`, `1.5s`, `6m0s`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Rate-limit resets are minutes at the most.
fn go_duration(seconds: f64) -> String {
    let millis = (seconds.max(0.0) * 1e3).ceil() as u64;
    match (millis / 60_000, millis % 60_000) {
        (0, rest) if rest < 1_000 => format!("{rest}ms"),
        (0, rest) => format!("{}s", rest as f64 / 1e3),
        (minutes, rest) => format!("{minutes}m{}s", rest as f64 / 1e3),
    }
}

pub(crate) fn models() -> Value {
    let data: Vec<_> = MODELS.iter().filter(|model| model.rules == Rules::OpenAi).map(model).collect();
    json!({"object": "list", "data": data})
}

pub(crate) fn model(model: &Model) -> Value {
    json!({"id": model.id, "object": "model", "created": model.created, "owned_by": "paceway-sandbox"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_look_like_gos() {
        assert_eq!(go_duration(0.02), "20ms");
        assert_eq!(go_duration(1.0), "1s");
        assert_eq!(go_duration(41.724), "41.724s");
        assert_eq!(go_duration(360.0), "6m0s");
    }
}
