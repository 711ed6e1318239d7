//! Whole answers and errors, read and written.

use paceway_domain::{Dialect, Tokens, Usage};

use crate::formats::cohere::Cohere;
use crate::formats::converse::tests::any::json;
use crate::formats::{Format, Frame};
use crate::neutral::{Citation, ErrorKind, ErrorReport, Finish, Reply, ReplyPart, Seal, ToolCall};

fn read(body: &str) -> Reply<'_> {
    Cohere.read_reply(body.as_bytes()).unwrap()
}

#[test]
fn words_thoughts_and_sources_are_read() {
    let body = r#"{"id":"0f3c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[
        {"type":"thinking","thinking":"Hm."},{"type":"text","text":"It rains in Ulm."},{"type":"unheard"}],
        "citations":[
            {"start":3,"end":8,"text":"rains","type":"TEXT_CONTENT","content_index":1,"sources":[
                {"type":"document","id":"doc:0","document":{"title":"Weather","url":"https://a.example","snippet":"rain"}},
                {"type":"tool","id":"find_1:0","tool_output":{"n":1}}]},
            {"start":0,"end":2,"text":"Hm","type":"THINKING_CONTENT","content_index":0},
            {"start":12,"end":15,"text":"Ulm"}]},
        "usage":{"billed_units":{"input_tokens":119.0,"output_tokens":44.0},"tokens":{"input_tokens":1549.0,"output_tokens":95.0},"cached_tokens":1504.0}}"#;
    insta::assert_snapshot!(format!("{:?}", read(body)), @r#"Reply { id: "0f3c", model: "", parts: [Thinking { text: "Hm.", seal: None }, Text { text: "It rains in Ulm.", citations: [Citation { url: Some("https://a.example"), title: Some("Weather"), quoted: Some("rain"), place: Some((3, 8)) }, Citation { url: None, title: Some("find_1:0"), quoted: None, place: Some((3, 8)) }, Citation { url: None, title: None, quoted: None, place: Some((12, 15)) }] }], logprobs: None, finish: Done, usage: Usage { input: Tokens(45), cache_read: Tokens(74), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(44), reasoning: Tokens(0) } }"#);
}

#[test]
fn plans_and_calls_are_read() {
    let body = r#"{"id":"0f3d","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I look.","tool_calls":[
        {"id":"find_1","type":"function","function":{"name":"find","arguments":"{\"q\":1}"}},
        {"id":"now_1","type":"function","function":{"name":"now","arguments":"null"}}]},
        "usage":{"tokens":{"input_tokens":5,"output_tokens":2}}}"#;
    insta::assert_snapshot!(format!("{:?}", read(body)), @r#"Reply { id: "0f3d", model: "", parts: [Thinking { text: "I look.", seal: None }, ToolCall(ToolCall { id: "find_1", name: "find", namespace: None, arguments: "{\"q\":1}", is_custom: false, seal: None }), ToolCall(ToolCall { id: "now_1", name: "now", namespace: None, arguments: "", is_custom: false, seal: None })], logprobs: None, finish: ToolCalls, usage: Usage { input: Tokens(5), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(2), reasoning: Tokens(0) } }"#);
}

#[test]
fn likelihoods_are_told_as_tokens() {
    let body = r#"{"id":"1","finish_reason":"MAX_TOKENS","message":{"content":[{"type":"text","text":"Hi you"}]},
        "logprobs":[{"text":"Hi","token_ids":[1,2],"logprobs":[-0.5,-0.25]},{"text":" you","token_ids":[3],"logprobs":[-1.0]},{"token_ids":[4]}]}"#;
    let reply = read(body);
    assert_eq!(
        reply.logprobs.unwrap().get(),
        r#"[{"token":"Hi","logprob":-0.75,"bytes":null,"top_logprobs":[]},{"token":" you","logprob":-1.0,"bytes":null,"top_logprobs":[]}]"#
    );
}

#[test]
fn every_reason_to_stop_is_understood() {
    let answer = |reason: &str| {
        format!(
            r#"{{"id":"1","finish_reason":"{reason}","message":{{"content":[{{"type":"text","text":"x"}}]}}}}"#
        )
    };
    for (reason, finish) in [
        ("COMPLETE", Finish::Done),
        ("MAX_TOKENS", Finish::Length),
        ("STOP_SEQUENCE", Finish::StopSequence(None)),
        ("TOOL_CALL", Finish::ToolCalls),
        ("ERROR_TOXIC", Finish::Refused),
        ("UNHEARD", Finish::Done),
    ] {
        assert_eq!(read(&answer(reason)).finish, finish, "{reason}");
    }
    for reason in ["ERROR", "TIMEOUT"] {
        Cohere.read_reply(answer(reason).as_bytes()).unwrap_err();
    }
}

#[test]
fn what_is_billed_is_used_and_the_cached_part_of_it_is_what_exceeds_the_rest() {
    let of = |usage: &str| Cohere.usage(format!(r#"{{"usage":{usage}}}"#).as_bytes());
    let usage = |input, cache_read, output| {
        let tokens = (Tokens(input), Tokens(cache_read), Tokens(output));
        Some(Usage { input: tokens.0, cache_read: tokens.1, output: tokens.2, ..Usage::default() })
    };
    let billed = r#"{"billed_units":{"input_tokens":5,"output_tokens":2},"tokens":{"input_tokens":500,"output_tokens":5},"cached_tokens":448}"#;
    assert_eq!(of(billed), usage(5, 0, 2));
    let cached = r#"{"billed_units":{"input_tokens":400},"tokens":{"input_tokens":500,"output_tokens":5},"cached_tokens":448}"#;
    assert_eq!(of(cached), usage(52, 348, 5));
    assert_eq!(of(r#"{"tokens":{"input_tokens":-3.5,"output_tokens":1e300}}"#), usage(0, 0, u64::MAX));
    assert_eq!(of("7"), None);
}

fn full_reply() -> Reply<'static> {
    let citation = |place| Citation {
        url: Some("https://a.example".into()),
        title: Some("Weather".into()),
        quoted: None,
        place,
    };
    Reply {
        id: "".into(),
        model: "m".into(),
        parts: vec![
            ReplyPart::Thinking {
                text: "Hm.".into(),
                seal: Some(Seal { by: Dialect::Anthropic, data: "c2ln".into() }),
            },
            ReplyPart::Redacted(Seal { by: Dialect::Converse, data: "b3Bh".into() }),
            ReplyPart::Text {
                text: "Früh regnet es.".into(),
                citations: vec![citation(Some((5, 11))), citation(None), citation(Some((9, 99)))],
            },
            ReplyPart::Refusal("No.".into()),
            ReplyPart::ToolCall(ToolCall {
                id: "call_1".into(),
                name: "f".into(),
                namespace: None,
                arguments: "".into(),
                is_custom: false,
                seal: Some(Seal { by: Dialect::Gemini, data: "x".into() }),
            }),
            ReplyPart::Image { media_type: "image/png".into(), data: "aGk=".into() },
        ],
        logprobs: Some(json(r#"[{"token":"Fr","logprob":-0.5,"bytes":[70],"top_logprobs":[]}]"#)),
        finish: Finish::Refused,
        usage: Usage {
            input: Tokens(1),
            cache_read: Tokens(2),
            cache_write_5m: Tokens(3),
            cache_write_1h: Tokens(4),
            output: Tokens(5),
            reasoning: Tokens(1),
            ..Usage::default()
        },
    }
}

#[test]
fn every_kind_of_part_is_written() {
    let frame = Frame { request_id: "req_1".into(), ..Frame::default() };
    let body = Cohere.write_reply(&full_reply(), &frame);
    insta::assert_snapshot!(String::from_utf8(body.to_vec()).unwrap(), @r#"{"id":"req_1","message":{"role":"assistant","content":[{"type":"thinking","thinking":"Hm."},{"type":"text","text":"Früh regnet es."},{"type":"text","text":"No."}],"tool_calls":[{"id":"call_1__pw_Z2VtaW5pLng","type":"function","function":{"name":"f","arguments":"{}"}}],"citations":[{"start":5,"end":11,"text":"regnet","sources":[{"type":"document","id":"https://a.example","document":{"title":"Weather","url":"https://a.example"}}],"content_index":1,"type":"TEXT_CONTENT"},{"start":0,"end":15,"text":"Früh regnet es.","sources":[{"type":"document","id":"https://a.example","document":{"title":"Weather","url":"https://a.example"}}],"content_index":1,"type":"TEXT_CONTENT"},{"start":9,"end":99,"text":"et es.","sources":[{"type":"document","id":"https://a.example","document":{"title":"Weather","url":"https://a.example"}}],"content_index":1,"type":"TEXT_CONTENT"}]},"finish_reason":"ERROR_TOXIC","usage":{"billed_units":{"input_tokens":10,"output_tokens":5},"tokens":{"input_tokens":10,"output_tokens":5},"cached_tokens":2},"logprobs":[{"text":"Fr","token_ids":[],"logprobs":[-0.5]}]}"#);
}

#[test]
fn an_answer_of_another_shape_is_told_in_a_sentence() {
    for body in ["", "[]", r#"{"id":"1"}"#, r#"{"message":{"content":"x"}}"#] {
        let wrong = Cohere.read_reply(body.as_bytes()).unwrap_err();
        assert!(wrong.starts_with("an answer is not what Cohere documents: "), "{wrong}");
    }
}

#[test]
fn errors_are_known_by_their_status() {
    for (status, body, kind) in [
        (
            400,
            r#"{"id":"1","message":"invalid request: all elements in history must have a message"}"#,
            ErrorKind::InvalidRequest,
        ),
        (401, r#"{"message":"invalid api token"}"#, ErrorKind::Authentication),
        (402, r#"{"message":"x"}"#, ErrorKind::Billing),
        (422, r#"{"message":"x"}"#, ErrorKind::InvalidRequest),
        (429, r#"{"message":"You are using a Trial key"}"#, ErrorKind::RateLimit),
        (498, r#"{"message":"x"}"#, ErrorKind::InvalidRequest),
        (500, r#"{"message":"x"}"#, ErrorKind::Server),
        (503, "upstream connect error", ErrorKind::Overloaded),
        (504, r#"{"message":"x"}"#, ErrorKind::Timeout),
    ] {
        let error = Cohere.read_error(status, body.as_bytes());
        assert_eq!(error.kind, kind, "{status} {body}");
        assert!(!error.message.is_empty() && !error.message.contains("message\":"));
    }
    let error = ErrorReport::new(ErrorKind::RateLimit, "slow\ndown");
    assert_eq!(Cohere.write_error(&error, 429, "req_1"), &br#"{"id":"req_1","message":"slow\ndown"}"#[..]);
    let mut out = Vec::new();
    Cohere.write_stream_error(&error, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"error\":\"slow\\ndown\",\"finish_reason\":\"ERROR\"}}\n\n"
    );
}
