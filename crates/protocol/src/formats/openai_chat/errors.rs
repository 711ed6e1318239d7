//! Errors, as OpenAI and its followers write them.
//!
//! Whether an error may be tried again is decided elsewhere.

use bytes::Bytes;
use serde_json::Value;

use crate::compose;
use crate::neutral::{ErrorKind, ErrorReport};

/// So much of a body that is no error object is told as the message, in characters.
const MOST_OF_A_TEXT: usize = 500;

/// An error answer taken apart.
pub(super) fn read(status: u16, body: &[u8]) -> ErrorReport {
    let kind = ErrorKind::from_status(status);
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    match parts(&value) {
        Some(parts) => {
            // The status decides, but for a bill that hides behind 429.
            let kind = if parts.kind == Some(ErrorKind::Billing) { ErrorKind::Billing } else { kind };
            parts.report(kind)
        }
        None => ErrorReport::new(kind, beginning(&String::from_utf8_lossy(body))),
    }
}

/// The error in a stream's chunk, if it is one: under `error`, or bare as vLLM writes it. No status came with it, so its
/// code or type say of what kind it is.
pub(super) fn read_chunk(chunk: &[u8]) -> Option<ErrorReport> {
    let value: Value = serde_json::from_slice(chunk).ok()?;
    let parts = parts(&value)?;
    let kind = parts.kind.unwrap_or(ErrorKind::Server);
    Some(parts.report(kind))
}

/// What an answer that ends badly and says no more comes to.
pub(super) fn broken_off(is_overloaded: bool) -> ErrorReport {
    let kind = if is_overloaded { ErrorKind::Overloaded } else { ErrorKind::Server };
    ErrorReport::new(kind, "the provider broke off its answer")
}

struct Parts {
    message: String,
    field: Option<String>,
    code: Option<String>,
    kind: Option<ErrorKind>,
}

impl Parts {
    fn report(self, kind: ErrorKind) -> ErrorReport {
        ErrorReport { kind, message: self.message, field: self.field, code: self.code }
    }
}

/// The parts of `{"error": {…}}`, `{"error": "text"}`, `{"object":"error","message":…}`, `{"detail":…}` or an array of one
/// of them.
fn parts(value: &Value) -> Option<Parts> {
    let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
    if !value.is_object() {
        return None;
    }
    let error = match &value["error"] {
        Value::Null | Value::Bool(false) => value,
        Value::String(message) => {
            let kind = known(&value["code"]).or_else(|| known(&value["type"]));
            return Some(Parts { message: message.clone(), field: None, code: text(&value["code"]), kind });
        }
        error => error,
    };
    let message = message(error).or_else(|| message(value))?;
    let code = text(&error["code"]).filter(|code| status(&error["code"]).is_none() && !code.is_empty());
    let kind = known(&error["code"]).or_else(|| known(&error["type"])).or_else(|| known(&error["status"]));
    Some(Parts { message, field: text(&error["param"]), code, kind })
}

fn message(error: &Value) -> Option<String> {
    let said = &error["message"];
    let said = said.as_str().map(str::to_owned).or_else(|| said.is_object().then(|| said.to_string()));
    let said = said.or_else(|| match &error["detail"] {
        Value::Null => None,
        Value::String(detail) => Some(detail.clone()),
        detail => Some(detail.to_string()),
    })?;
    // OpenRouter says `Provider returned error` and puts what the provider said beside it.
    match error["metadata"]["raw"].as_str() {
        Some(raw) if !said.contains(raw) => Some(format!("{said}: {}", beginning(raw))),
        _ => Some(said),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(MOST_OF_A_TEXT).collect()
}

/// A code that is a status: 429 or "429".
fn status(code: &Value) -> Option<u16> {
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..600).contains(status))
}

/// The kind that a code or type stands for. Sources: platform.openai.com/docs/guides/error-codes, console.groq.com/docs/errors,
/// openrouter.ai/docs/api-reference/errors, cloud.google.com/apis/design/errors.
fn known(code: &Value) -> Option<ErrorKind> {
    if let Some(status) = status(code) {
        return Some(ErrorKind::from_status(status));
    }
    Some(match code.as_str()? {
        "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" => ErrorKind::Billing,
        "rate_limit_exceeded" | "rate_limit_error" | "requests" | "tokens" | "RESOURCE_EXHAUSTED" => {
            ErrorKind::RateLimit
        }
        "invalid_api_key" | "authentication_error" | "UNAUTHENTICATED" => ErrorKind::Authentication,
        "permission_error" | "permission_denied" | "PERMISSION_DENIED" => ErrorKind::Permission,
        "model_not_found" | "not_found_error" | "NOT_FOUND" | "NotFoundError" => ErrorKind::NotFound,
        "request_too_large" => ErrorKind::TooLarge,
        "timeout" | "timeout_error" | "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
        "overloaded"
        | "overloaded_error"
        | "engine_overloaded"
        | "service_unavailable"
        | "UNAVAILABLE"
        | "provider_unavailable" => ErrorKind::Overloaded,
        "invalid_request_error" | "context_length_exceeded" | "BadRequestError" | "INVALID_ARGUMENT" => {
            ErrorKind::InvalidRequest
        }
        "server_error" | "internal_error" | "internal_server_error" | "api_error" | "INTERNAL" => {
            ErrorKind::Server
        }
        _ => return None,
    })
}

/// The error as a body.
pub(super) fn write(error: &ErrorReport) -> Bytes {
    let mut out = Vec::with_capacity(128 + error.message.len());
    write_into(error, &mut out);
    out.into()
}

/// Appends the error's JSON.
pub(super) fn write_into(error: &ErrorReport, out: &mut Vec<u8>) {
    let (kind, code) = kind_and_code(error.kind);
    compose::object(out, |body| {
        body.object("error", |body| {
            body.field("message", &error.message)
                .field("type", kind)
                .field("param", &error.field)
                .field("code", &error.code.as_deref().or(code));
        });
    });
}

/// `type` and `code`. Source: platform.openai.com/docs/guides/error-codes.
fn kind_and_code(kind: ErrorKind) -> (&'static str, Option<&'static str>) {
    match kind {
        ErrorKind::InvalidRequest => ("invalid_request_error", None),
        ErrorKind::TooLarge => ("invalid_request_error", Some("request_too_large")),
        ErrorKind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        ErrorKind::Billing => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Permission => ("invalid_request_error", Some("permission_denied")),
        ErrorKind::NotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::RateLimit => ("requests", Some("rate_limit_exceeded")),
        ErrorKind::Timeout => ("server_error", Some("timeout")),
        ErrorKind::Overloaded => ("server_error", Some("overloaded")),
        ErrorKind::Server => ("server_error", None),
    }
}
