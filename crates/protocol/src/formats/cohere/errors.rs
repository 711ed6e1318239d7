//! Errors, whole and in streams.

use bytes::Bytes;
use serde::Deserialize;

use crate::compose;
use crate::neutral::{ErrorKind, ErrorReport};
use crate::sse;

#[derive(Deserialize)]
struct WireError {
    message: String,
}

pub(super) fn read(status: u16, body: &[u8]) -> ErrorReport {
    let kind = match status {
        // 498: an input or output on the account's blocklist; 499: the client hung up.
        498 | 499 => ErrorKind::InvalidRequest,
        status => ErrorKind::from_status(status),
    };
    let message = match serde_json::from_slice(body) {
        Ok(WireError { message }) => message,
        Err(_) => String::from_utf8_lossy(body).trim().chars().take(500).collect(),
    };
    ErrorReport::new(kind, message)
}

/// The error that an event without a type reports, if it is one.
pub(super) fn read_event(data: &[u8]) -> Option<ErrorReport> {
    let WireError { message } = serde_json::from_slice(data).ok()?;
    Some(ErrorReport::new(ErrorKind::Server, message))
}

pub(super) fn write(error: &ErrorReport, request_id: &str) -> Bytes {
    let mut out = Vec::with_capacity(64 + error.message.len());
    compose::object(&mut out, |body| {
        body.field("id", request_id).field("message", &error.message);
    });
    out.into()
}

/// A stream has no event for errors: its last one says that it failed, and why.
pub(super) fn write_event(error: &ErrorReport, out: &mut Vec<u8>) {
    let mut data = Vec::with_capacity(96 + error.message.len());
    let reason = if error.kind == ErrorKind::Timeout { "TIMEOUT" } else { "ERROR" };
    compose::object(&mut data, |event| {
        event.field("type", "message-end");
        event.object("delta", |delta| {
            delta.field("error", &error.message).field("finish_reason", reason);
        });
    });
    sse::write(out, Some("message-end"), &data);
}
