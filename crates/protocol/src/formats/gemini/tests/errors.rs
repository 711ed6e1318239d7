//! Errors.

use super::*;
use crate::neutral::{ErrorKind, ErrorReport};

fn read(status: u16, body: &str) -> String {
    let ErrorReport { kind, message, field, code } = Gemini.read_error(status, body.as_bytes());
    format!("{kind:?} {message:?} {field:?} {code:?}")
}

#[test]
fn errors_of_every_kind_are_taken_apart() {
    let error = |status: u16, name: &str| {
        let body = format!(r#"{{"error":{{"code":{status},"message":"m","status":"{name}"}}}}"#);
        Gemini.read_error(status, body.as_bytes()).kind
    };
    assert_eq!(error(400, "INVALID_ARGUMENT"), ErrorKind::InvalidRequest);
    assert_eq!(error(401, "UNAUTHENTICATED"), ErrorKind::Authentication);
    assert_eq!(error(403, "PERMISSION_DENIED"), ErrorKind::Permission);
    assert_eq!(error(404, "NOT_FOUND"), ErrorKind::NotFound);
    assert_eq!(error(413, "INVALID_ARGUMENT"), ErrorKind::TooLarge);
    assert_eq!(error(429, "RESOURCE_EXHAUSTED"), ErrorKind::RateLimit);
    assert_eq!(error(500, "INTERNAL"), ErrorKind::Server);
    assert_eq!(error(503, "UNAVAILABLE"), ErrorKind::Overloaded);
    assert_eq!(error(504, "DEADLINE_EXCEEDED"), ErrorKind::Timeout);
    assert_eq!(error(418, "NEVER_HEARD_OF"), ErrorKind::InvalidRequest);
}

#[test]
fn details_say_the_field_and_the_reason() {
    insta::assert_snapshot!(read(400, r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",
        "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#), @r#"Authentication "API key not valid." None None"#);
    insta::assert_snapshot!(read(400, r#"[{"error":{"code":400,"message":"Unknown name","status":"INVALID_ARGUMENT",
        "details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"description":"x"},{"field":"contents[0].parts","description":"Unknown name"}]}]}}]"#), @r#"InvalidRequest "Unknown name" Some("contents[0].parts") None"#);
    insta::assert_snapshot!(read(400, r#"{"error":{"code":400,"message":"Enable billing first.","status":"FAILED_PRECONDITION"}}"#), @r#"Billing "Enable billing first." None None"#);
}

#[test]
fn a_body_of_another_shape_becomes_the_message() {
    insta::assert_snapshot!(read(502, "<html>Bad gateway</html>\n"), @r#"Server "<html>Bad gateway</html>" None None"#);
    insta::assert_snapshot!(read(500, r#"{"error":"text"}"#), @r#"Server "\"text\"" None None"#);
    insta::assert_snapshot!(read(429, ""), @r#"RateLimit "" None None"#);
}

#[test]
fn errors_are_written_with_their_status() {
    let write = |error: &ErrorReport, status| {
        String::from_utf8(Gemini.write_error(error, status, "r").to_vec()).unwrap()
    };
    insta::assert_snapshot!(write(&ErrorReport::new(ErrorKind::RateLimit, "Slow \"down\""), 429), @r#"{"error":{"code":429,"message":"Slow \"down\"","status":"RESOURCE_EXHAUSTED"}}"#);
    insta::assert_snapshot!(write(&ErrorReport::new(ErrorKind::Overloaded, "busy"), 529), @r#"{"error":{"code":529,"message":"busy","status":"UNAVAILABLE"}}"#);
    let error =
        ErrorReport { field: Some("tools.0".into()), ..ErrorReport::new(ErrorKind::InvalidRequest, "no") };
    insta::assert_snapshot!(write(&error, 422), @r#"{"error":{"code":422,"message":"no","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"tools.0","description":"no"}]}]}}"#);
    let mut out = Vec::new();
    Gemini.write_stream_error(&ErrorReport::new(ErrorKind::Billing, "pay"), &mut out);
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"data: {"error":{"code":402,"message":"pay","status":"FAILED_PRECONDITION"}}"#);
}
