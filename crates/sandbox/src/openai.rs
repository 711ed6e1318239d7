//! The OpenAI dialect: its errors, headers and models. Requests are read and answers written in the files below.
//!
//! Source: platform.openai.com/docs (api-reference, guides/rate-limits, guides/error-codes), read 2026-10.

pub(crate) mod chat;
pub(crate) mod embeddings;
pub(crate) mod media;
pub(crate) mod responses;
mod tools;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::exchange::{self, Wrong, number_header, text_header};
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::{self, MODELS, Model};

/// What a refusal names as the size of a model's context, in tokens.
const CONTEXT: u64 = 272_000;

/// The dialect as OpenAI speaks it.
pub(crate) struct OpenAi;

impl exchange::Dialect for OpenAi {
    fn rules(&self) -> Rules {
        Rules::OpenAi
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        models::find(id, Rules::OpenAi)
    }

    fn unknown_model(&self, id: &str) -> Wrong {
        Wrong::new(404, format!("The model `{id}` does not exist or you do not have access to it."))
    }

    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap) {
        (error(wrong), headers(&[], serial))
    }

    fn headers(&self, readings: &[Reading], serial: u64) -> HeaderMap {
        headers(readings, serial)
    }

    fn states_wait(&self) -> bool {
        true
    }

    fn refusal(&self, refused: &Refused, model: &Model) -> Wrong {
        Wrong::new(429, refusal(refused, model))
    }

    fn wait_headers(&self, refused: &Refused) -> HeaderMap {
        let mut headers = HeaderMap::new();
        number_header(&mut headers, "retry-after", refused.wait.ceil());
        number_header(&mut headers, "retry-after-ms", (refused.wait * 1e3).ceil());
        headers
    }

    fn denied(&self) -> Wrong {
        let message = "Incorrect API key provided: simulated. You can find your API key at \
                       https://platform.openai.com/account/api-keys.";
        Wrong::new(401, message)
    }

    fn too_long(&self, excess: u64) -> Wrong {
        too_long(excess)
    }

    fn filtered(&self) -> Option<Wrong> {
        Some(flagged())
    }
}

/// The body as an object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Wrong> {
    match serde_json::from_slice(body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        _ => Err(Wrong::invalid(
            "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload.",
        )),
    }
}

/// Whether a model reasons, and so refuses `max_tokens` and takes `reasoning_effort`.
fn is_reasoner(model: &str) -> bool {
    model.starts_with("gpt-5") || model.starts_with("o3") || model.starts_with("o4")
}

/// What Chat Completions says of a prompt that is too long by so many tokens.
pub(crate) fn too_long(excess: u64) -> Wrong {
    let message = format!(
        "This model's maximum context length is {CONTEXT} tokens. However, your messages resulted in {} tokens. Please \
         reduce the length of the messages.",
        CONTEXT + excess
    );
    wrong_parameter("messages", Some("context_length_exceeded"), message)
}

/// What is said of a prompt that a filter of contents refuses.
///
/// Source: github.com/BeehiveInnovations/pal-mcp-server, issue 178.
fn flagged() -> Wrong {
    let message = "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again \
                   with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting";
    Wrong { details: json!({"code": "invalid_prompt"}), ..Wrong::invalid(message) }
}

fn unsupported_max_tokens(param: &str) -> Wrong {
    let message = format!(
        "Unsupported parameter: '{param}' is not supported with this model. Use 'max_completion_tokens' instead."
    );
    wrong_parameter(param, Some("unsupported_parameter"), message)
}

/// The media type of an image's address, `url` for one on the web; none if it is no address of an image.
fn image_type(url: &str) -> Option<&str> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Some("url");
    }
    let (media_type, _) = url.strip_prefix("data:")?.split_once(";base64,")?;
    media_type.starts_with("image/").then_some(media_type)
}

/// The media type of a file, `file` where it does not tell.
fn file_type(file: &Value) -> &str {
    let data = file["file_data"].as_str().and_then(|data| data.strip_prefix("data:")?.split(';').next());
    data.or(file["file_url"].as_str().map(|_| "url")).unwrap_or("file")
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// How likely a token was, with so many alternatives; likelihoods are invented.
fn logprob(piece: &str, top: u64) -> Value {
    let one =
        |token: &str, logprob: f64| json!({"token": token, "logprob": logprob, "bytes": token.as_bytes()});
    let others = (1..top.min(20)).map(|rank| one(&format!(" alternative{rank}"), -3.0 - rank as f64));
    let top: Vec<_> = (top > 0).then(|| one(piece, -0.25)).into_iter().chain(others).collect();
    let mut told = one(piece, -0.25);
    told["top_logprobs"] = top.into();
    told
}

/// What a text cites that was written after a search of the web.
fn citation(text: &str) -> Value {
    json!({
        "start_index": 0, "end_index": text.chars().count(), "title": "A simulated page",
        "url": "https://example.com/simulated",
    })
}

/// A 400 that names the parameter at fault, and has a code.
pub(crate) fn wrong_parameter(param: &str, code: Option<&str>, message: impl Into<String>) -> Wrong {
    Wrong { status: 400, message: message.into(), details: json!({"param": param, "code": code}) }
}

pub(crate) fn error(wrong: &Wrong) -> Value {
    let (kind, code) = match wrong.status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("tokens", Some("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", None),
        _ => ("server_error", None),
    };
    let code = wrong.details.get("code").cloned().unwrap_or_else(|| json!(code));
    json!({"error": {"message": wrong.message, "type": kind, "param": wrong.details["param"], "code": code}})
}

fn refusal(refused: &Refused, model: &Model) -> String {
    let what = if refused.kind == Kind::Requests { "requests per min (RPM)" } else { "tokens per min (TPM)" };
    format!(
        "Rate limit reached for {} in organization org-simulated on {what}: Limit {}, Used {:.0}, Requested {}. Please \
         try again in {:.3}s.",
        model.id, refused.limit, refused.used, refused.requested, refused.wait
    )
}

/// `x-ratelimit-*`, with the time until everything is free as a Go duration.
fn headers(readings: &[Reading], serial: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    text_header(&mut headers, "x-request-id", &format!("req_sim{serial:020}"));
    text_header(&mut headers, "openai-version", "2020-10-01");
    text_header(&mut headers, "openai-organization", "org-simulated");
    text_header(&mut headers, "openai-processing-ms", "1");
    for reading in readings {
        let family = if reading.kind == Kind::Requests { "requests" } else { "tokens" };
        text_header(&mut headers, &format!("x-ratelimit-reset-{family}"), &go_duration(reading.full_in));
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
