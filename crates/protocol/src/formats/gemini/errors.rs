//! Errors, both ways: `{"error":{"code","message","status","details"}}`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose;
use crate::neutral::{ErrorKind, ErrorReport};

/// Names of errors. Source: google.rpc.Code and ai.google.dev/gemini-api/docs/troubleshooting, read 2026-11.
const STATUSES: [(&str, ErrorKind, u16); 16] = [
    ("INVALID_ARGUMENT", ErrorKind::InvalidRequest, 400),
    ("UNAUTHENTICATED", ErrorKind::Authentication, 401),
    ("PERMISSION_DENIED", ErrorKind::Permission, 403),
    ("NOT_FOUND", ErrorKind::NotFound, 404),
    ("RESOURCE_EXHAUSTED", ErrorKind::RateLimit, 429),
    ("DEADLINE_EXCEEDED", ErrorKind::Timeout, 504),
    ("UNAVAILABLE", ErrorKind::Overloaded, 503),
    ("INTERNAL", ErrorKind::Server, 500),
    // Read, never written:
    ("FAILED_PRECONDITION", ErrorKind::InvalidRequest, 400),
    ("OUT_OF_RANGE", ErrorKind::InvalidRequest, 400),
    ("ALREADY_EXISTS", ErrorKind::InvalidRequest, 409),
    ("UNIMPLEMENTED", ErrorKind::InvalidRequest, 501),
    ("ABORTED", ErrorKind::Server, 409),
    ("CANCELLED", ErrorKind::Server, 499),
    ("DATA_LOSS", ErrorKind::Server, 500),
    ("UNKNOWN", ErrorKind::Server, 500),
];

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireError {
    code: Option<serde_json::Value>,
    message: Option<String>,
    status: Option<String>,
    details: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct WireBody<'a> {
    #[serde(borrow)]
    error: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireDetail {
    reason: Option<String>,
    field_violations: Option<Vec<WireViolation>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireViolation {
    field: Option<String>,
}

/// Reads an error's body. Streams that are no server-sent events answer with an array of one.
pub(super) fn read(status: u16, body: &[u8]) -> ErrorReport {
    let list: Option<[&RawValue; 1]> = serde_json::from_slice(body).ok();
    let object = list.map_or(body, |[only]| only.get().as_bytes());
    let one: Option<WireBody<'_>> = serde_json::from_slice(object).ok();
    match one {
        Some(WireBody { error }) => read_error(error, Some(status)),
        None => {
            let text: String = String::from_utf8_lossy(body).trim().chars().take(500).collect();
            ErrorReport::new(ErrorKind::from_status(status), text)
        }
    }
}

/// Reads what stands under `error`, in a body or in a chunk of a stream, which has no status of its own.
pub(super) fn read_error(raw: &RawValue, status: Option<u16>) -> ErrorReport {
    let error: WireError = serde_json::from_str(raw.get()).unwrap_or_default();
    let code = error.code.as_ref().and_then(serde_json::Value::as_u64);
    let status = status.or_else(|| code.and_then(|code| u16::try_from(code).ok())).unwrap_or(500);
    let message = error.message.unwrap_or_else(|| raw.get().chars().take(500).collect());
    let details: Vec<WireDetail> =
        error.details.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail.reason.clone());
    let violations = details.into_iter().filter_map(|detail| detail.field_violations).flatten();
    let field = violations.filter_map(|violation| violation.field).find(|field| !field.is_empty());
    let named = error.status.as_deref().and_then(|name| STATUSES.iter().find(|(known, _, _)| *known == name));
    let kind = match (named, ErrorKind::from_status(status)) {
        // A key that is wrong is an argument that is wrong to this API.
        _ if reason.as_deref() == Some("API_KEY_INVALID") => ErrorKind::Authentication,
        (Some((_, ErrorKind::InvalidRequest, _)), by_status @ (ErrorKind::TooLarge | ErrorKind::Billing)) => {
            by_status
        }
        (Some(("FAILED_PRECONDITION", _, _)), _) if message.to_ascii_lowercase().contains("billing") => {
            ErrorKind::Billing
        }
        (Some((_, kind, _)), _) => *kind,
        (None, by_status) => by_status,
    };
    // Its names are for nobody who speaks another format.
    ErrorReport { kind, message, field, code: None }
}

/// Writes an error with the status that it is answered with; without one (in a stream) the usual one of its kind.
pub(super) fn write(error: &ErrorReport, status: Option<u16>, out: &mut Vec<u8>) {
    let (name, usual) = status_of(error.kind);
    compose::object(out, |body| {
        body.object("error", |object| {
            object
                .field("code", &status.unwrap_or(usual))
                .field("message", &error.message)
                .field("status", name);
            if let Some(field) = &error.field {
                object.array("details", |details| {
                    details.object(|detail| {
                        detail.field("@type", "type.googleapis.com/google.rpc.BadRequest");
                        detail.array("fieldViolations", |violations| {
                            violations.object(|violation| {
                                violation.field("field", field).field("description", &error.message);
                            });
                        });
                    });
                });
            }
        });
    });
}

fn status_of(kind: ErrorKind) -> (&'static str, u16) {
    match kind {
        ErrorKind::Billing => ("FAILED_PRECONDITION", 402),
        ErrorKind::TooLarge => ("INVALID_ARGUMENT", 413),
        kind => STATUSES
            .iter()
            .find(|(_, known, _)| *known == kind)
            .map_or(("INTERNAL", 500), |(name, _, code)| (name, *code)),
    }
}
