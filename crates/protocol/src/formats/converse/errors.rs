//! Errors, whole and in streams. How a status alone is understood is not decided here.

use bytes::Bytes;
use serde::Deserialize;

use crate::compose;
use crate::neutral::{ErrorKind, ErrorReport};
use crate::sse;

/// Names of exceptions: those of the operations Converse and ConverseStream, and those with which AWS refuses any
/// signed request. The first of a kind is the one that is written.
const EXCEPTIONS: [(ErrorKind, &str); 17] = [
    (ErrorKind::InvalidRequest, "ValidationException"),
    (ErrorKind::RateLimit, "ThrottlingException"),
    (ErrorKind::RateLimit, "ServiceQuotaExceededException"),
    (ErrorKind::Overloaded, "ServiceUnavailableException"),
    (ErrorKind::Overloaded, "ModelNotReadyException"),
    (ErrorKind::Server, "InternalServerException"),
    (ErrorKind::Server, "ModelStreamErrorException"),
    (ErrorKind::Server, "ModelErrorException"),
    (ErrorKind::Timeout, "ModelTimeoutException"),
    (ErrorKind::Permission, "AccessDeniedException"),
    (ErrorKind::NotFound, "ResourceNotFoundException"),
    (ErrorKind::Authentication, "UnrecognizedClientException"),
    (ErrorKind::Authentication, "ExpiredTokenException"),
    (ErrorKind::Authentication, "InvalidSignatureException"),
    (ErrorKind::Authentication, "IncompleteSignatureException"),
    (ErrorKind::Authentication, "MissingAuthenticationTokenException"),
    (ErrorKind::Authentication, "InvalidClientTokenId"),
];

/// An error body. The exception's name is usually in a header, sometimes in `__type`, with or without a namespace.
#[derive(Deserialize)]
struct WireError {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
}

pub(super) fn read(status: u16, body: &[u8]) -> ErrorReport {
    let otherwise = || String::from_utf8_lossy(body).trim().chars().take(500).collect();
    let Ok(error) = serde_json::from_slice::<WireError>(body) else {
        return ErrorReport::new(ErrorKind::from_status(status), otherwise());
    };
    let name = error.kind.as_deref().map(|kind| kind.rsplit('#').next().unwrap_or(kind).to_owned());
    // 424 says that the model failed, which is not the caller's doing.
    let of_status = if status == 424 { ErrorKind::Server } else { ErrorKind::from_status(status) };
    let kind = name.as_deref().and_then(kind_named).unwrap_or(of_status);
    let message = error.message.unwrap_or_else(otherwise);
    ErrorReport { kind, field: field_in(&message), code: None, message }
}

/// The error that an event named so reports, if its name is an exception's.
pub(super) fn read_event(name: &str, data: &[u8]) -> Option<ErrorReport> {
    let lower = name.to_ascii_lowercase();
    if !["exception", "error", "failure"].iter().any(|end| lower.ends_with(end)) {
        return None;
    }
    let report = read(500, data);
    Some(ErrorReport { kind: kind_named(name).unwrap_or(ErrorKind::Server), ..report })
}

pub(super) fn write(error: &ErrorReport) -> Bytes {
    let mut out = Vec::with_capacity(64 + error.message.len());
    compose::object(&mut out, |body| {
        body.field("__type", name_of(error.kind)).field("message", &error.message);
    });
    out.into()
}

pub(super) fn write_event(error: &ErrorReport, out: &mut Vec<u8>) {
    let mut data = Vec::with_capacity(32 + error.message.len());
    compose::object(&mut data, |body| {
        body.field("message", &error.message);
    });
    let name = name_of(error.kind);
    sse::write(out, Some(&format!("{}{}", name[..1].to_ascii_lowercase(), &name[1..])), &data);
}

fn kind_named(name: &str) -> Option<ErrorKind> {
    EXCEPTIONS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(kind, _)| *kind)
}

fn name_of(kind: ErrorKind) -> &'static str {
    let kind = match kind {
        ErrorKind::TooLarge => ErrorKind::InvalidRequest,
        ErrorKind::Billing => ErrorKind::Permission,
        other => other,
    };
    EXCEPTIONS.iter().find(|(known, _)| *known == kind).map_or("InternalServerException", |(_, name)| name)
}

/// The field at fault, where the message names it as Bedrock does: `The value at toolConfig.tools.0.… must be …`.
fn field_in(message: &str) -> Option<String> {
    let rest = &message[message.find("The value at ")? + "The value at ".len()..];
    let field = rest.split([' ', ',']).next().filter(|field| !field.is_empty())?;
    Some(field.to_owned())
}
