//! Errors.

use crate::formats::Format;
use crate::formats::converse::Converse;
use crate::neutral::{ErrorKind, ErrorReport};

#[test]
fn an_error_is_known_by_its_type_or_else_by_its_status() {
    for (status, body, kind) in [
        (400, r#"{"message":"x"}"#, ErrorKind::InvalidRequest),
        (424, r#"{"message":"x","originalStatusCode":500}"#, ErrorKind::Server),
        (408, r#"{"message":"x"}"#, ErrorKind::Timeout),
        (429, r#"{"message":"Too many tokens, please wait before trying again."}"#, ErrorKind::RateLimit),
        (429, r#"{"__type":"ModelNotReadyException","message":"x"}"#, ErrorKind::Overloaded),
        (
            400,
            r#"{"__type":"com.amazon.coral.service#ServiceQuotaExceededException","message":"x"}"#,
            ErrorKind::RateLimit,
        ),
        (403, r#"{"Message":"User: a is not authorized"}"#, ErrorKind::Permission),
        (403, r#"{"__type":"ExpiredTokenException","message":"x"}"#, ErrorKind::Authentication),
        (503, "upstream connect error", ErrorKind::Overloaded),
    ] {
        let error = Converse.read_error(status, body.as_bytes());
        assert_eq!(error.kind, kind, "{status} {body}");
        assert!(!error.message.is_empty());
    }
}

#[test]
fn the_field_at_fault_is_taken_from_the_message() {
    let body = r#"{"message":"The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object."}"#;
    let error = Converse.read_error(400, body.as_bytes());
    assert_eq!(error.field.as_deref(), Some("toolConfig.tools.0.toolSpec.inputSchema.json.type"));
}

#[test]
fn every_kind_is_written_so_that_sdks_know_it() {
    for kind in [
        ErrorKind::InvalidRequest,
        ErrorKind::Authentication,
        ErrorKind::Permission,
        ErrorKind::NotFound,
        ErrorKind::RateLimit,
        ErrorKind::Timeout,
        ErrorKind::Overloaded,
        ErrorKind::Server,
    ] {
        let body = Converse.write_error(&ErrorReport::new(kind, "why"), 418, "req_1");
        let again = Converse.read_error(418, &body);
        assert_eq!((again.kind, &*again.message), (kind, "why"));
    }
    let mut out = Vec::new();
    Converse.write_stream_error(&ErrorReport::new(ErrorKind::RateLimit, "slow\ndown"), &mut out);
    assert_eq!(out, b"event: throttlingException\ndata: {\"message\":\"slow\\ndown\"}\n\n");
}
