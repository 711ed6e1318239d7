//! The Anthropic dialect: requests read, answers, streams, headers and errors written.
//!
//! Source: platform.claude.com/docs (api/messages, api/errors, api/rate-limits, build-with-claude/streaming), read 2026-10.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::exchange::{Ask, Chunk, Facts, Wrong, hash, number_header, question};
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::{MODELS, Model};
use crate::prose::Stop;
use crate::tokens;

/// The versions that clients send today.
const VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];
/// Refused in the newer one, even at their defaults.
const GONE_IN_2026: [&str; 3] = ["temperature", "top_p", "top_k"];
/// Tokens of a message beyond its text.
const PER_MESSAGE: u64 = 4;

/// What a request is read for: counting needs no `max_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Generating,
    Counting,
}

pub(crate) fn read(headers: &HeaderMap, body: &[u8], purpose: For) -> Result<Ask, Wrong> {
    let version = headers.get("anthropic-version").and_then(|version| version.to_str().ok());
    let version = version.ok_or_else(|| Wrong::invalid("anthropic-version: header is required"))?;
    if !VERSIONS.contains(&version) {
        return Err(Wrong::invalid(format!("anthropic-version: \"{version}\" is not a valid version")));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Wrong::invalid(format!("The request body is not valid JSON: {error}")))?;
    if version == VERSIONS[1]
        && let Some(field) = GONE_IN_2026.iter().find(|field| body.get(**field).is_some())
    {
        return Err(Wrong::invalid(format!("{field}: Extra inputs are not permitted")));
    }
    let messages = body["messages"].as_array().ok_or_else(|| Wrong::invalid("messages: Field required"))?;
    if messages.is_empty() {
        return Err(Wrong::invalid("messages: at least one message is required"));
    }
    let max_tokens = body["max_tokens"].as_u64();
    if max_tokens.is_none_or(|most| most == 0) && purpose == For::Generating {
        return Err(Wrong::invalid("max_tokens: Field required, an integer greater than 0"));
    }
    let model = body["model"].as_str().ok_or_else(|| Wrong::invalid("model: Field required"))?;
    let tools = body.get("tools").map_or(0, |tools| tokens::count(&tools.to_string()));
    let told: u64 =
        messages.iter().map(|message| PER_MESSAGE + tokens::count(&text(&message["content"]))).sum();
    Ok(Ask {
        model: model.to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        max_tokens,
        question: question(messages),
        input_tokens: told + tools + tokens::count(&text(&body["system"])),
        stops: strings(&body["stop_sequences"]),
        include_usage: true,
        cacheable: cacheable(&body),
    })
}

/// The text of a string or of an array of blocks. What is not text counts as the JSON that it is.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| block["text"].as_str().map_or_else(|| block.to_string(), str::to_owned))
            .collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// What stands before the last `cache_control`, roughly: tools and system if one of them has it, else all messages but
/// the last.
fn cacheable(body: &Value) -> Option<(u64, u64, bool)> {
    let everything = body.to_string();
    if !everything.contains("\"cache_control\"") {
        return None;
    }
    let mut prefix = format!("{}{}", body["tools"], body["system"]);
    if !prefix.contains("\"cache_control\"") {
        let messages = body["messages"].as_array()?;
        prefix.extend(messages.iter().take(messages.len().saturating_sub(1).max(1)).map(Value::to_string));
    }
    let text: String = text(&body["system"]);
    let for_an_hour = prefix.contains("\"ttl\":\"1h\"");
    Some((hash(prefix.as_bytes()), tokens::count(&text), for_an_hour))
}

fn usage(facts: &Facts<'_>, output: u64) -> Value {
    let for_an_hour = facts.ask.cacheable.is_some_and(|(_, _, for_an_hour)| for_an_hour);
    let (hour, five_minutes) = if for_an_hour { (facts.cache_written, 0) } else { (0, facts.cache_written) };
    json!({
        "input_tokens": facts.uncached_input(),
        "cache_creation_input_tokens": facts.cache_written,
        "cache_read_input_tokens": facts.cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output,
        "service_tier": "standard",
    })
}

fn message(facts: &Facts<'_>, content: &Value, stop: Option<&Stop>, output: u64) -> Value {
    json!({
        "model": facts.ask.model,
        "id": format!("msg_sim{:020}", facts.serial),
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop.map(reason),
        "stop_sequence": stop.and_then(sequence),
        "usage": usage(facts, output),
    })
}

fn reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::Done => "end_turn",
        Stop::MaxTokens => "max_tokens",
        Stop::Sequence(_) => "stop_sequence",
    }
}

fn sequence(stop: &Stop) -> Option<&str> {
    if let Stop::Sequence(text) = stop { Some(text) } else { None }
}

pub(crate) fn whole(facts: &Facts<'_>) -> Value {
    let text = facts.prose.pieces.concat();
    message(facts, &json!([{"type": "text", "text": text}]), Some(&facts.prose.stop), facts.output())
}

pub(crate) fn chunks(facts: &Facts<'_>) -> Vec<Chunk> {
    let start = [
        event("message_start", &json!({"message": message(facts, &json!([]), None, 1)})),
        event("content_block_start", &json!({"index": 0, "content_block": {"type": "text", "text": ""}})),
        event("ping", &json!({})),
    ];
    let stop = &facts.prose.stop;
    let delta = json!({"stop_reason": reason(stop), "stop_sequence": sequence(stop)});
    let end = [
        event("content_block_stop", &json!({"index": 0})),
        event("message_delta", &json!({"delta": delta, "usage": usage(facts, facts.output())})),
        event("message_stop", &json!({})),
    ];
    let text = facts.prose.pieces.iter().map(|piece| {
        let delta = json!({"index": 0, "delta": {"type": "text_delta", "text": piece}});
        Chunk { tokens: 1, ..event("content_block_delta", &delta) }
    });
    start.into_iter().chain(text).chain(end).collect()
}

fn event(name: &str, fields: &Value) -> Chunk {
    let mut data = json!({"type": name});
    if let (Some(data), Some(fields)) = (data.as_object_mut(), fields.as_object()) {
        data.extend(fields.clone());
    }
    Chunk { bytes: Bytes::from(format!("event: {name}\ndata: {data}\n\n")), tokens: 0 }
}

pub(crate) fn error(wrong: &Wrong, serial: u64) -> Value {
    let kind = match wrong.status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": wrong.message}, "request_id": request_id(serial)})
}

pub(crate) fn refusal(refused: &Refused) -> String {
    let limit = refused.limit;
    let what = match refused.kind {
        Kind::Requests => format!("rate limit of {limit} requests per minute"),
        Kind::Input => format!("rate limit of {limit} input tokens per minute"),
        Kind::Output => format!("rate limit of {limit} output tokens per minute"),
        Kind::Tokens => format!("rate limit of {limit} tokens per minute"),
        Kind::Concurrency => return "Number of concurrent connections has exceeded your rate limit".into(),
    };
    format!(
        "This request would exceed your organization's {what}. For details, refer to the rate limit headers."
    )
}

fn request_id(serial: u64) -> String {
    format!("req_sim{serial:020}")
}

/// `anthropic-ratelimit-*`: tokens that remain are rounded to thousands, `reset` is the time of full replenishment, the
/// `tokens` family shows the most restrictive token limit.
pub(crate) fn headers(readings: &[Reading], serial: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut text = |name: &str, value: String| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    text("request-id", request_id(serial));
    text("anthropic-organization-id", "simulated".into());
    let tokens = readings.iter().filter(|reading| reading.kind != Kind::Requests);
    let tightest = tokens.min_by(|a, b| share(a).total_cmp(&share(b)));
    let families = readings.iter().map(|reading| (family(reading.kind), reading));
    for (family, reading) in families.chain(tightest.map(|reading| ("tokens", reading))) {
        let is_requests = reading.kind == Kind::Requests;
        let remaining =
            if is_requests { reading.remaining.floor() } else { (reading.remaining / 1e3).round() * 1e3 };
        let reset =
            Timestamp::now() + SignedDuration::try_from_secs_f64(reading.full_in.ceil()).unwrap_or_default();
        let reset = reset.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        number_header(&mut headers, &format!("anthropic-ratelimit-{family}-limit"), reading.limit as f64);
        number_header(&mut headers, &format!("anthropic-ratelimit-{family}-remaining"), remaining);
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(format!("anthropic-ratelimit-{family}-reset")),
            HeaderValue::try_from(reset),
        ) {
            headers.insert(name, value);
        }
    }
    headers
}

fn share(reading: &Reading) -> f64 {
    reading.remaining / (reading.limit as f64).max(1.0)
}

fn family(kind: Kind) -> &'static str {
    match kind {
        Kind::Requests | Kind::Concurrency => "requests",
        Kind::Input => "input-tokens",
        Kind::Output => "output-tokens",
        Kind::Tokens => "tokens",
    }
}

pub(crate) fn models() -> Value {
    let data: Vec<_> = MODELS.iter().filter(|model| model.rules == Rules::Anthropic).map(model).collect();
    let id = |model: Option<&Value>| model.map(|model| model["id"].clone());
    json!({"first_id": id(data.first()), "last_id": id(data.last()), "has_more": false, "data": data})
}

pub(crate) fn model(model: &Model) -> Value {
    json!({"type": "model", "id": model.id, "display_name": model.display_name, "created_at": model.created_at})
}
