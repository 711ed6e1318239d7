//! Errors, read and written.

use serde::Deserialize;

use crate::compose;
use crate::neutral::{ErrorKind, ErrorReport};

/// How much of a body of another shape becomes the message, in characters.
const MOST_QUOTED: usize = 500;

#[derive(Deserialize)]
pub(super) struct WireErrorBody {
    error: WireError,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(rename = "type", default)]
    kind: String,
    message: String,
}

impl WireErrorBody {
    /// The error, of kind `otherwise` if its type is a new one.
    pub(super) fn report(self, otherwise: ErrorKind) -> ErrorReport {
        let known = TYPES.iter().find(|(_, name)| *name == self.error.kind);
        ErrorReport::new(known.map_or(otherwise, |(kind, _)| *kind), self.error.message)
    }
}

/// An error answer.
pub(super) fn read(status: u16, body: &[u8]) -> ErrorReport {
    let kind = ErrorKind::from_status(status);
    match serde_json::from_slice::<WireErrorBody>(body) {
        Ok(body) => body.report(kind),
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            ErrorReport::new(kind, text.trim().chars().take(MOST_QUOTED).collect::<String>())
        }
    }
}

/// The body of an error answer, or without a request id the data of an error event.
pub(super) fn write(error: &ErrorReport, request_id: Option<&str>, out: &mut Vec<u8>) {
    compose::object(out, |body| {
        body.field("type", "error")
            .object("error", |fields| {
                fields.field("type", type_of(error.kind)).field("message", &error.message);
            })
            .maybe("request_id", request_id);
    });
}

/// Source: platform.claude.com/docs/en/api/errors, read 2026-11.
const TYPES: [(ErrorKind, &str); 10] = [
    (ErrorKind::InvalidRequest, "invalid_request_error"),
    (ErrorKind::Authentication, "authentication_error"),
    (ErrorKind::Billing, "billing_error"),
    (ErrorKind::Permission, "permission_error"),
    (ErrorKind::NotFound, "not_found_error"),
    (ErrorKind::TooLarge, "request_too_large"),
    (ErrorKind::RateLimit, "rate_limit_error"),
    (ErrorKind::Timeout, "timeout_error"),
    (ErrorKind::Overloaded, "overloaded_error"),
    (ErrorKind::Server, "api_error"),
];

fn type_of(kind: ErrorKind) -> &'static str {
    TYPES.iter().find(|(known, _)| *known == kind).map_or("api_error", |(_, name)| name)
}
