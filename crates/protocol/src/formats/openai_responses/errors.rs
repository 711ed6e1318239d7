//! Errors: bodies, and the codes in failed responses and `error` events.

use bytes::Bytes;
use serde::Deserialize;

use crate::compose::{self, ObjectWriter};
use crate::neutral::{ErrorKind, ErrorReport};

/// How much of a body that is no error object becomes the message.
const MAX_MESSAGE_CHARS: usize = 500;

/// `type` and `code` of each kind when we write one. Source: platform.openai.com/docs/guides/error-codes.
const WRITTEN: [(ErrorKind, &str, Option<&str>); 10] = [
    (ErrorKind::InvalidRequest, "invalid_request_error", None),
    (ErrorKind::TooLarge, "invalid_request_error", Some("request_too_large")),
    (ErrorKind::Authentication, "invalid_request_error", Some("invalid_api_key")),
    (ErrorKind::Billing, "insufficient_quota", Some("insufficient_quota")),
    (ErrorKind::Permission, "invalid_request_error", Some("permission_denied")),
    (ErrorKind::NotFound, "invalid_request_error", Some("model_not_found")),
    (ErrorKind::RateLimit, "requests", Some("rate_limit_exceeded")),
    (ErrorKind::Timeout, "server_error", Some("timeout")),
    (ErrorKind::Overloaded, "server_error", Some("server_is_overloaded")),
    (ErrorKind::Server, "server_error", Some("server_error")),
];

/// Codes and types that say a kind whatever the status. Source: `ResponseError.code` of the SDKs, the guide above, and
/// what Codex takes apart (codex-rs `codex-api/src/sse/responses.rs`).
const KINDS: [(&str, ErrorKind); 32] = [
    ("rate_limit_exceeded", ErrorKind::RateLimit),
    ("rate_limit_error", ErrorKind::RateLimit),
    ("insufficient_quota", ErrorKind::Billing),
    ("billing_hard_limit_reached", ErrorKind::Billing),
    ("billing_not_active", ErrorKind::Billing),
    ("usage_not_included", ErrorKind::Permission),
    ("permission_denied", ErrorKind::Permission),
    ("bio_policy", ErrorKind::Permission),
    ("cyber_policy", ErrorKind::Permission),
    ("misalignment_policy_violation", ErrorKind::Permission),
    ("data_residency_mismatch", ErrorKind::InvalidRequest),
    ("invalid_prompt", ErrorKind::InvalidRequest),
    ("context_length_exceeded", ErrorKind::InvalidRequest),
    ("invalid_api_key", ErrorKind::Authentication),
    ("authentication_error", ErrorKind::Authentication),
    ("model_not_found", ErrorKind::NotFound),
    ("not_found_error", ErrorKind::NotFound),
    ("image_file_not_found", ErrorKind::InvalidRequest),
    ("failed_to_download_image", ErrorKind::InvalidRequest),
    ("image_content_policy_violation", ErrorKind::InvalidRequest),
    ("invalid_image", ErrorKind::InvalidRequest),
    ("request_too_large", ErrorKind::TooLarge),
    ("vector_store_timeout", ErrorKind::Timeout),
    ("timeout", ErrorKind::Timeout),
    ("server_is_overloaded", ErrorKind::Overloaded),
    ("overloaded", ErrorKind::Overloaded),
    ("overloaded_error", ErrorKind::Overloaded),
    ("slow_down", ErrorKind::Overloaded),
    ("service_unavailable_error", ErrorKind::Overloaded),
    ("server_error", ErrorKind::Server),
    ("internal_error", ErrorKind::Server),
    ("invalid_request_error", ErrorKind::InvalidRequest),
];

/// An error object, in a body, an `error` event or a failed response. Some write only a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum WireError {
    Object(WireErrorFields),
    Text(String),
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireErrorFields {
    message: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    param: Option<String>,
    code: Option<Code>,
}

/// Some servers write their status as the code.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Code {
    Name(String),
    Number(u16),
}

impl WireErrorFields {
    /// In an event, `type` is the event's.
    pub(super) fn without_type(self) -> Self {
        Self { kind: None, ..self }
    }
}

impl WireError {
    /// The error, told by its code, else by the answer's status, else (in a stream) by its type.
    pub(super) fn report(self, status: Option<u16>) -> ErrorReport {
        let otherwise = status.map_or(ErrorKind::Server, ErrorKind::from_status);
        let fields = match self {
            Self::Object(fields) => fields,
            Self::Text(text) => return ErrorReport::new(otherwise, text),
        };
        let (code, number) = match fields.code {
            Some(Code::Name(name)) => (Some(name), None),
            Some(Code::Number(number)) => {
                (None, Some(number).filter(|number| status.is_none() && (400..600).contains(number)))
            }
            None => (None, None),
        };
        let by_type = fields.kind.as_deref().filter(|_| status.is_none()).and_then(kind_named);
        let kind = code
            .as_deref()
            .and_then(kind_named)
            .or_else(|| number.map(ErrorKind::from_status))
            .or(by_type)
            .unwrap_or(otherwise);
        let message = fields.message.or(fields.kind).unwrap_or_else(|| "the provider gave no reason".into());
        ErrorReport { kind, message, field: fields.param, code }
    }
}

fn kind_named(name: &str) -> Option<ErrorKind> {
    KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// An error answer taken apart.
pub(super) fn read(status: u16, body: &[u8]) -> ErrorReport {
    #[derive(Deserialize)]
    struct Body {
        error: WireError,
    }
    match serde_json::from_slice(body) {
        Ok(Body { error }) => error.report(Some(status)),
        Err(_) => ErrorReport::new(
            ErrorKind::from_status(status),
            String::from_utf8_lossy(body).trim().chars().take(MAX_MESSAGE_CHARS).collect::<String>(),
        ),
    }
}

/// An error as a body.
pub(super) fn write(error: &ErrorReport) -> Bytes {
    let mut out = Vec::with_capacity(128 + error.message.len());
    compose::object(&mut out, |body| {
        body.object("error", |fields| write_fields(error, fields));
    });
    out.into()
}

/// The fields of an error object.
pub(super) fn write_fields(error: &ErrorReport, fields: &mut ObjectWriter<'_>) {
    fields.field("message", &error.message);
    fields.field("type", type_of(error.kind));
    fields.field("param", &error.field);
    fields.field("code", &code_of(error));
}

/// The fields of a failed response's error.
pub(super) fn write_failure(error: &ErrorReport, fields: &mut ObjectWriter<'_>) {
    fields.field("code", code_of(error).unwrap_or("server_error"));
    fields.field("message", &error.message);
}

/// `code`: the error's own if it has one.
pub(super) fn code_of(error: &ErrorReport) -> Option<&str> {
    error.code.as_deref().or_else(|| row_of(error.kind).2)
}

fn type_of(kind: ErrorKind) -> &'static str {
    row_of(kind).1
}

fn row_of(kind: ErrorKind) -> &'static (ErrorKind, &'static str, Option<&'static str>) {
    WRITTEN.iter().find(|(known, ..)| *known == kind).unwrap_or(&WRITTEN[WRITTEN.len() - 1])
}
