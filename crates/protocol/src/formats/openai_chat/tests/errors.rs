//! Errors, read and written.

use super::OpenAiChat;
use crate::formats::Format;
use crate::neutral::{ErrorKind, ErrorReport};

fn read(status: u16, body: &str) -> String {
    let error = OpenAiChat.read_error(status, body.as_bytes());
    format!("{:?} {:?} {:?} {}", error.kind, error.field, error.code, error.message)
}

#[test]
fn every_providers_shape_is_taken_apart() {
    let openai = r#"{"error":{"message":"Unsupported value","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}"#;
    insta::assert_snapshot!(read(400, openai), @r#"InvalidRequest Some("temperature") Some("unsupported_value") Unsupported value"#);
    let quota = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
    insta::assert_snapshot!(read(429, quota), @r#"Billing None Some("insufficient_quota") You exceeded your current quota"#);
    let google = r#"[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}]"#;
    insta::assert_snapshot!(read(429, google), @r#"RateLimit None None Quota exceeded"#);
    let openrouter = r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"boom","provider_name":"X"}},"user_id":"u"}"#;
    insta::assert_snapshot!(read(502, openrouter), @r#"Server None None Provider returned error: boom"#);
    let vllm =
        r#"{"object":"error","message":"no such model","type":"NotFoundError","param":null,"code":404}"#;
    insta::assert_snapshot!(read(404, vllm), @r#"NotFound None None no such model"#);
    insta::assert_snapshot!(read(422, r#"{"detail":[{"loc":["body","model"],"msg":"Field required"}]}"#), @r#"InvalidRequest None None [{"loc":["body","model"],"msg":"Field required"}]"#);
    insta::assert_snapshot!(read(500, r#"{"error":"overloaded","code":"overloaded"}"#), @r#"Server None Some("overloaded") overloaded"#);
    insta::assert_snapshot!(read(401, r#"{"message":"Unauthorized"}"#), @r#"Authentication None None Unauthorized"#);
    insta::assert_snapshot!(read(502, "<html>Bad Gateway</html>"), @r#"Server None None <html>Bad Gateway</html>"#);
    insta::assert_snapshot!(read(503, "{}"), @r#"Overloaded None None {}"#);
}

#[test]
fn an_error_is_written_as_openai_writes_it() {
    let written = |error: &ErrorReport| {
        String::from_utf8(OpenAiChat.write_error(error, 400, "req_1").to_vec()).unwrap()
    };
    insta::assert_snapshot!(written(&ErrorReport::new(ErrorKind::RateLimit, "Slow \"down\"")), @r#"{"error":{"message":"Slow \"down\"","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#);
    let known = ErrorReport {
        field: Some("messages.0.content".into()),
        code: Some("context_length_exceeded".into()),
        ..ErrorReport::new(ErrorKind::InvalidRequest, "too long")
    };
    insta::assert_snapshot!(written(&known), @r#"{"error":{"message":"too long","type":"invalid_request_error","param":"messages.0.content","code":"context_length_exceeded"}}"#);
    let mut out = Vec::new();
    OpenAiChat.write_stream_error(&known, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("data: {}\n\n", written(&known)));
}

#[test]
fn an_error_that_is_written_reads_as_the_same() {
    use ErrorKind::{
        Authentication, Billing, InvalidRequest, NotFound, Overloaded, Permission, RateLimit, Server,
        Timeout, TooLarge,
    };
    for kind in [
        Authentication,
        Billing,
        InvalidRequest,
        NotFound,
        Overloaded,
        Permission,
        RateLimit,
        Server,
        Timeout,
        TooLarge,
    ] {
        let mut stream = Vec::new();
        OpenAiChat.write_stream_error(&ErrorReport::new(kind, "x"), &mut stream);
        let read = super::pieces([&stream[..]]).join("");
        assert!(read.starts_with(&format!("error {kind:?} ")), "{read}");
    }
}
