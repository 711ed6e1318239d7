//! Whole answers and errors, read and written. Shapes are those of the official SDKs' types and tests.

use insta::assert_snapshot;
use paceway_domain::{Dialect, Tokens, Usage};

use crate::formats::{Frame, format_of};
use crate::neutral::{Citation, ErrorKind, ErrorReport, Finish, Reply, ReplyPart, Seal, ToolCall};

fn lines(body: &str) -> String {
    let reply = format_of(Dialect::Anthropic).read_reply(body.as_bytes()).unwrap();
    let parts: Vec<_> = reply.parts.iter().map(|part| format!("{part:?}")).collect();
    format!("{} {} {:?}\n{}\n{:?}", reply.id, reply.model, reply.finish, parts.join("\n"), reply.usage)
}

fn written(reply: &Reply<'_>) -> String {
    let frame = Frame { request_id: "req1".into(), model: "asked".into(), ..Frame::default() };
    String::from_utf8(format_of(Dialect::Anthropic).write_reply(reply, &frame).to_vec()).unwrap()
}

fn reply(parts: Vec<ReplyPart<'static>>, finish: Finish<'static>) -> Reply<'static> {
    let usage = Usage { input: Tokens(1), output: Tokens(2), ..Usage::default() };
    Reply { id: "".into(), model: "".into(), parts, logprobs: None, finish, usage }
}

fn call(arguments: &'static str) -> ReplyPart<'static> {
    ReplyPart::ToolCall(ToolCall {
        id: "call.1".into(),
        name: "f".into(),
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal: None,
    })
}

#[test]
fn thoughts_words_and_parallel_calls_are_read_in_order() {
    let body = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","container":null,"content":[
        {"type":"thinking","thinking":"Hm.","signature":"Eq1"},
        {"type":"redacted_thinking","data":"Emw"},
        {"type":"text","text":"Two calls.","citations":null},
        {"type":"tool_use","id":"toolu_1","name":"a","input":{"z":null,"a":1.50},"caller":{"type":"direct"}},
        {"type":"tool_use","id":"toolu_2","name":"b","input":{}}],
        "stop_reason":"tool_use","stop_sequence":null,"stop_details":null,
        "usage":{"input_tokens":5,"cache_creation_input_tokens":30,"cache_read_input_tokens":7,
            "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":90,
            "output_tokens_details":{"thinking_tokens":60},"server_tool_use":null,"service_tier":"standard"}}"#;
    assert_snapshot!(lines(body), @r#"
    msg_1 claude-opus-5 ToolCalls
    Thinking { text: "Hm.", seal: Some(Seal { by: Anthropic, data: "Eq1" }) }
    Redacted(Seal { by: Anthropic, data: "Emw" })
    Text { text: "Two calls.", citations: [] }
    ToolCall(ToolCall { id: "toolu_1", name: "a", namespace: None, arguments: "{\"z\":null,\"a\":1.50}", is_custom: false, seal: None })
    ToolCall(ToolCall { id: "toolu_2", name: "b", namespace: None, arguments: "{}", is_custom: false, seal: None })
    Usage { input: Tokens(5), cache_read: Tokens(7), cache_write_5m: Tokens(10), cache_write_1h: Tokens(20), output: Tokens(90), reasoning: Tokens(60) }
    "#);
}

#[test]
fn sources_of_every_form_are_read_and_records_of_own_tools_are_passed_over() {
    let body = r#"{"id":"msg_1","model":"m","content":[
        {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}},
        {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","url":"u"}]},
        {"type":"text","text":"w","citations":[
            {"type":"web_search_result_location","cited_text":"c","url":"https://e.x","title":"E","encrypted_index":"x"},
            {"type":"char_location","cited_text":"c","document_index":0,"document_title":"D","start_char_index":1,"end_char_index":2},
            {"type":"page_location","cited_text":"c","document_index":0,"document_title":null,"start_page_number":1,"end_page_number":2},
            {"type":"content_block_location","cited_text":"c","document_index":0,"start_block_index":1,"end_block_index":2},
            {"type":"search_result_location","cited_text":"c","source":"https://s.x","title":"S","search_result_index":0},
            {"type":"invented","where":7}]},
        {"type":"invented_block","text":{"deep":1}}],
        "stop_reason":"pause_turn","usage":{"input_tokens":1,"output_tokens":2}}"#;
    assert_snapshot!(lines(body), @r#"
    msg_1 m Paused
    Text { text: "w", citations: [Citation { url: Some("https://e.x"), title: Some("E"), quoted: Some("c"), place: None }, Citation { url: None, title: Some("D"), quoted: Some("c"), place: None }, Citation { url: None, title: None, quoted: Some("c"), place: None }, Citation { url: None, title: None, quoted: Some("c"), place: None }, Citation { url: Some("https://s.x"), title: Some("S"), quoted: Some("c"), place: None }] }
    Usage { input: Tokens(1), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(2), reasoning: Tokens(0) }
    "#);
}

#[test]
fn every_reason_for_stopping_is_understood() {
    let finish = |fields: &str| {
        let body = format!(r#"{{"content":[],{fields},"usage":null}}"#);
        format!("{:?}", format_of(Dialect::Anthropic).read_reply(body.as_bytes()).unwrap().finish)
    };
    assert_eq!(finish(r#""stop_reason":"end_turn""#), "Done");
    assert_eq!(finish(r#""stop_reason":"max_tokens""#), "Length");
    assert_eq!(finish(r#""stop_reason":"model_context_window_exceeded""#), "Length");
    assert_eq!(finish(r#""stop_reason":"tool_use""#), "ToolCalls");
    assert_eq!(finish(r#""stop_reason":"refusal""#), "Refused");
    assert_eq!(finish(r#""stop_reason":"pause_turn""#), "Paused");
    assert_eq!(
        finish(r#""stop_reason":"stop_sequence","stop_sequence":"END""#),
        r#"StopSequence(Some("END"))"#
    );
    assert_eq!(finish(r#""stop_reason":"invented""#), "Done");
    assert_eq!(finish(r#""stop_reason":null"#), "Done");
}

#[test]
fn an_answer_that_is_none_is_told() {
    let why = |body: &[u8]| format_of(Dialect::Anthropic).read_reply(body).unwrap_err();
    assert_snapshot!(why(b"<html>"), @"expected value at line 1 column 1");
    assert_snapshot!(why(br#"{"id":"a"}"#), @"missing field `content` at line 1 column 10");
    assert_snapshot!(why(br#"{"content":[{"type":"text"}]}"#), @"content.0: missing field `text` at line 1 column 15");
}

#[test]
fn an_answer_of_every_part_is_written() {
    let foreign = Seal { by: Dialect::Gemini, data: "s".into() };
    let citation = Citation {
        url: Some("https://e.x".into()),
        title: Some("E".into()),
        quoted: Some("q".into()),
        place: Some((0, 1)),
    };
    let parts = vec![
        ReplyPart::Thinking { text: "Hm.".into(), seal: Some(foreign.clone()) },
        ReplyPart::Thinking { text: "Unsealed.".into(), seal: None },
        ReplyPart::Redacted(foreign.clone()),
        ReplyPart::Text { text: "w".into(), citations: vec![citation, Citation::default()] },
        ReplyPart::Text { text: "".into(), citations: Vec::new() },
        ReplyPart::Refusal("No.".into()),
        ReplyPart::Image { media_type: "image/png".into(), data: "AA==".into() },
        call(r#"{"z":null,"a":1.50}"#),
        call(" "),
        call(r#"{"broken"#),
    ];
    assert_snapshot!(written(&reply(parts, Finish::Done)), @r#"{"id":"msg_req1","type":"message","role":"assistant","model":"asked","content":[{"type":"thinking","thinking":"Hm.","signature":"paceway.gemini.s"},{"type":"thinking","thinking":"Unsealed.","signature":""},{"type":"redacted_thinking","data":"paceway.gemini.s"},{"type":"text","text":"w","citations":[{"type":"web_search_result_location","cited_text":"q","url":"https://e.x","title":"E","encrypted_index":""}]},{"type":"text","text":"No."},{"type":"text","text":"[The model made a picture (image/png), which this API cannot carry.]"},{"type":"tool_use","id":"call_1","name":"f","input":{"z":null,"a":1.50}},{"type":"tool_use","id":"call_1","name":"f","input":{}},{"type":"tool_use","id":"call_1","name":"f","input":{"_unreadable":"{\"broken"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":2}}"#);
}

#[test]
fn a_thought_without_words_does_not_end_an_answer() {
    let seal = || Some(Seal { by: Dialect::Gemini, data: "s".into() });
    let parts = vec![
        ReplyPart::Text { text: "Hi.".into(), citations: Vec::new() },
        ReplyPart::Thinking { text: "".into(), seal: seal() },
        call("{}"),
        ReplyPart::Thinking { text: "".into(), seal: seal() },
    ];
    let body: serde_json::Value = serde_json::from_str(&written(&reply(parts, Finish::ToolCalls))).unwrap();
    let kinds: Vec<_> = body["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["text", "thinking", "tool_use"]);
    let alone = reply(vec![ReplyPart::Thinking { text: "".into(), seal: seal() }], Finish::Done);
    assert!(written(&alone).contains("paceway.gemini.s"));
}

#[test]
fn a_call_carries_what_its_provider_wants_back_in_its_id() {
    let ReplyPart::ToolCall(mut call) = call("{}") else { panic!("it is a call") };
    call.seal = Some(Seal { by: Dialect::Gemini, data: "sig".into() });
    let body = written(&reply(vec![ReplyPart::ToolCall(call)], Finish::ToolCalls));
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let (id, seal) = crate::seals::split_id(body["content"][0]["id"].as_str().unwrap().into());
    assert_eq!((&*id, seal.unwrap().by), ("call_1", Dialect::Gemini));
}

#[test]
fn an_answers_own_id_and_model_are_kept() {
    let mut reply = reply(Vec::new(), Finish::StopSequence(Some("END".into())));
    (reply.id, reply.model) = ("chatcmpl-1".into(), "gpt".into());
    assert_snapshot!(written(&reply), @r#"{"id":"msg_chatcmpl-1","type":"message","role":"assistant","model":"gpt","content":[],"stop_reason":"stop_sequence","stop_sequence":"END","usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":2}}"#);
}

#[test]
fn errors_are_read_with_their_kinds() {
    let read = |status, body: &str| format_of(Dialect::Anthropic).read_error(status, body.as_bytes());
    let body =
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"},"request_id":"req_1"}"#;
    assert_eq!(read(429, body), ErrorReport::new(ErrorKind::RateLimit, "slow down"));
    let body = r#"{"type":"error","error":{"type":"invented_error","message":"m","details":{"a":1}}}"#;
    assert_eq!(read(529, body), ErrorReport::new(ErrorKind::Overloaded, "m"));
    assert_eq!(
        read(502, " <html>Bad gateway</html> "),
        ErrorReport::new(ErrorKind::Server, "<html>Bad gateway</html>")
    );
    assert_eq!(read(413, "").kind, ErrorKind::TooLarge);
}

#[test]
fn errors_are_written_in_an_answer_and_in_a_stream() {
    let error = ErrorReport::new(ErrorKind::Overloaded, "too \"much\"");
    let body = format_of(Dialect::Anthropic).write_error(&error, 529, "req_1");
    assert_snapshot!(String::from_utf8_lossy(&body), @r#"{"type":"error","error":{"type":"overloaded_error","message":"too \"much\""},"request_id":"req_1"}"#);
    let mut out = Vec::new();
    format_of(Dialect::Anthropic).write_stream_error(&error, &mut out);
    assert_snapshot!(String::from_utf8_lossy(&out), @r#"
    event: error
    data: {"type":"error","error":{"type":"overloaded_error","message":"too \"much\""}}
    "#);
}

#[test]
fn usage_is_read_from_an_answer_of_any_content() {
    let usage = |body: &str| format_of(Dialect::Anthropic).usage(body.as_bytes());
    let body =
        r#"{"content":[{"type":"invented"}],"usage":{"input_tokens":3,"output_tokens":4,"invented":{}}}"#;
    assert_eq!(usage(body), Some(Usage { input: Tokens(3), output: Tokens(4), ..Usage::default() }));
    assert_eq!(usage(r#"{"content":[]}"#), None);
    assert_eq!(usage("no JSON"), None);
}

#[test]
fn a_body_passes_to_the_same_format_but_for_the_models_name() {
    use crate::envelope::Envelope;
    use crate::formats::Address;
    let format = format_of(Dialect::Anthropic);
    let body =
        br#"{ "model":"a", "messages":[{"role":"user","content":[{"type":"invented"}]}], "new":null }"#;
    let envelope = Envelope::parse(body).unwrap();
    let summary = format.summary(&envelope, &Address::default()).unwrap();
    let bytes = bytes::Bytes::from_static(body);
    assert_eq!(format.forward(&envelope, &summary, &bytes, "a"), bytes);
    let renamed = format.forward(&envelope, &summary, &bytes, "b\"");
    let expected =
        br#"{ "model":"b\"", "messages":[{"role":"user","content":[{"type":"invented"}]}], "new":null }"#;
    assert_eq!(renamed, &expected[..]);
}
