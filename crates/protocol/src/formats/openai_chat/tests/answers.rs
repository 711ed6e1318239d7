//! Whole answers, read and written.

use paceway_domain::{Dialect, Tokens, Usage};

use super::{OpenAiChat, frame};
use crate::formats::{Format, Frame};
use crate::neutral::{Citation, Finish, Reply, ReplyPart, Seal, ToolCall};

fn read(body: &str) -> String {
    let reply = OpenAiChat.read_reply(body.as_bytes()).unwrap();
    shown(&reply)
}

fn shown(reply: &Reply<'_>) -> String {
    let mut lines = vec![format!("{} {}", reply.id, reply.model)];
    lines.extend(reply.parts.iter().map(|part| format!("  {part:?}")));
    lines.extend(reply.logprobs.as_ref().map(|tokens| format!("logprobs {}", tokens.get())));
    let usage = &reply.usage;
    let counts = [usage.input, usage.cache_read, usage.cache_write_5m, usage.output, usage.reasoning];
    lines.push(format!("{:?} {:?}", reply.finish, counts.map(|tokens| tokens.0)));
    lines.join("\n")
}

fn message(message: &str, reason: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{{"index":0,"message":{message},"finish_reason":"{reason}"}}]}}"#
    )
}

#[test]
fn openais_answer_is_read() {
    let body = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-x-2026","choices":[{"index":0,
        "message":{"role":"assistant","content":"Yes.","refusal":null,"annotations":[{"type":"url_citation","url_citation":
        {"start_index":0,"end_index":4,"title":"T","url":"https://a.example"}}]},"logprobs":{"content":[{"token":"Yes",
        "logprob":-0.1,"bytes":[89],"top_logprobs":[]}],"refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,
        "completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":
        {"reasoning_tokens":8}},"service_tier":"default"}"#;
    insta::assert_snapshot!(read(body), @r#"
    chatcmpl-1 gpt-x-2026
      Text { text: "Yes.", citations: [Citation { url: Some("https://a.example"), title: Some("T"), quoted: None, place: Some((0, 4)) }] }
    logprobs [{"token":"Yes",
            "logprob":-0.1,"bytes":[89],"top_logprobs":[]}]
    Done [16, 4, 0, 9, 8]
    "#);
    assert_eq!(OpenAiChat.usage(body.as_bytes()).unwrap().output, Tokens(9));
    assert_eq!(OpenAiChat.usage(b"{}"), None);
}

#[test]
fn calls_are_read_whatever_they_lack() {
    let body = message(
        r#"{"role":"assistant","content":"Let me see.","tool_calls":[
        {"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
        {"type":"function","function":{"name":"g","arguments":{"b":2}}},
        {"id":"call_c","type":"custom","custom":{"name":"c","input":"text"}},
        {"id":"call_d","function":{"name":"d","arguments":null},"extra_content":{"google":{"thought_signature":"CiQ="}}}]}"#,
        "stop",
    );
    insta::assert_snapshot!(read(&body), @r#"
    chatcmpl-1 m
      Text { text: "Let me see.", citations: [] }
      ToolCall(ToolCall { id: "call_a", name: "f", namespace: None, arguments: "{\"a\":1}", is_custom: false, seal: None })
      ToolCall(ToolCall { id: "call_1_1", name: "g", namespace: None, arguments: "{\"b\":2}", is_custom: false, seal: None })
      ToolCall(ToolCall { id: "call_c", name: "c", namespace: None, arguments: "text", is_custom: true, seal: None })
      ToolCall(ToolCall { id: "call_d", name: "d", namespace: None, arguments: "", is_custom: false, seal: Some(Seal { by: OpenAi, data: "CiQ=" }) })
    ToolCalls [0, 0, 0, 0, 0]
    "#);
    let deprecated =
        message(r#"{"content":null,"function_call":{"name":"f","arguments":""}}"#, "function_call");
    insta::assert_snapshot!(read(&deprecated), @r#"
    chatcmpl-1 m
      ToolCall(ToolCall { id: "call_1_0", name: "f", namespace: None, arguments: "", is_custom: false, seal: None })
    ToolCalls [0, 0, 0, 0, 0]
    "#);
}

#[test]
fn thoughts_are_read_in_all_their_places() {
    let details = message(
        r#"{"content":"Yes","reasoning":"Hm","reasoning_details":[
        {"type":"reasoning.text","text":"Hm","signature":"EqQB","format":"anthropic-claude-v1","index":0},
        {"type":"reasoning.encrypted","data":"EuYB","format":"anthropic-claude-v1","index":1},{"odd":1}]}"#,
        "end_turn",
    );
    insta::assert_snapshot!(read(&details), @r#"
    chatcmpl-1 m
      Thinking { text: "Hm", seal: Some(Seal { by: Anthropic, data: "EqQB" }) }
      Redacted(Seal { by: Anthropic, data: "EuYB" })
      Text { text: "Yes", citations: [] }
    Done [0, 0, 0, 0, 0]
    "#);
    insta::assert_snapshot!(read(&message(r#"{"content":"Yes","reasoning_content":"Hm"}"#, "stop")), @r#"
    chatcmpl-1 m
      Thinking { text: "Hm", seal: None }
      Text { text: "Yes", citations: [] }
    Done [0, 0, 0, 0, 0]
    "#);
    let mistral = r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},{"type":"text","text":"Yes"}]}"#;
    insta::assert_snapshot!(read(&message(mistral, "stop")), @r#"
    chatcmpl-1 m
      Thinking { text: "Hm", seal: None }
      Text { text: "Yes", citations: [] }
    Done [0, 0, 0, 0, 0]
    "#);
}

#[test]
fn refusals_pictures_and_reasons_are_read() {
    insta::assert_snapshot!(read(&message(r#"{"content":null,"refusal":"No."}"#, "stop")), @r#"
    chatcmpl-1 m
      Refusal("No.")
    Refused [0, 0, 0, 0, 0]
    "#);
    insta::assert_snapshot!(read(&message(r#"{"content":"Cut"}"#, "length")), @r#"
    chatcmpl-1 m
      Text { text: "Cut", citations: [] }
    Length [0, 0, 0, 0, 0]
    "#);
    insta::assert_snapshot!(read(&message(r#"{"content":""}"#, "content_filter")), @r#"
    chatcmpl-1 m
    Refused [0, 0, 0, 0, 0]
    "#);
    let picture = r#"{"content":"Here","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}"#;
    insta::assert_snapshot!(read(&message(picture, "eos")), @r#"
    chatcmpl-1 m
      Text { text: "Here", citations: [] }
      Image { media_type: "image/png", data: "AAAA" }
    Done [0, 0, 0, 0, 0]
    "#);
}

#[test]
fn an_answer_that_is_none_says_what_is_wrong() {
    let why = |body: &str| OpenAiChat.read_reply(body.as_bytes()).unwrap_err();
    assert_eq!(why(r#"{"id":"x","choices":[]}"#), "it has no choices");
    assert_eq!(why(r#"{"error":{"message":"Slow down","code":429}}"#), "Slow down");
    assert_eq!(why(&message(r#"{"content":""}"#, "error")), "the provider broke off its answer");
    assert!(why("null").contains("expected struct"), "{}", why("null"));
}

fn reply() -> Reply<'static> {
    let seal = |by| Seal { by, data: "EqQB".into() };
    let cite = |url: Option<&'static str>| Citation { url: url.map(Into::into), ..Citation::default() };
    let call = |id: &'static str, arguments: &'static str, is_custom, seal| {
        let (id, arguments) = (id.into(), arguments.into());
        ReplyPart::ToolCall(ToolCall { id, name: "f".into(), namespace: None, arguments, is_custom, seal })
    };
    Reply {
        id: "msg_1".into(),
        model: "claude".into(),
        parts: vec![
            ReplyPart::Thinking { text: "Hm".into(), seal: Some(seal(Dialect::Anthropic)) },
            ReplyPart::Redacted(seal(Dialect::Converse)),
            ReplyPart::Thinking { text: "".into(), seal: Some(seal(Dialect::Responses)) },
            ReplyPart::Text { text: "Hé, ".into(), citations: vec![] },
            ReplyPart::Text {
                text: "so".into(),
                citations: vec![cite(Some("https://a.example")), cite(None)],
            },
            ReplyPart::Image { media_type: "image/png".into(), data: "AAAA".into() },
            call("toolu_1", "", false, None),
            call("", "*** p", true, None),
            call("x", "{\"b\": 1}", false, Some(seal(Dialect::Gemini))),
        ],
        logprobs: None,
        finish: Finish::ToolCalls,
        usage: Usage { input: Tokens(3), cache_read: Tokens(2), output: Tokens(5), ..Usage::default() },
    }
}

fn written(reply: &Reply<'_>, frame: &Frame) -> String {
    let body = OpenAiChat.write_reply(reply, frame);
    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn an_answer_of_another_format_is_written() {
    insta::assert_snapshot!(written(&reply(), &frame()), @r#"{"id":"chatcmpl-msg_1","object":"chat.completion","created":1800000000,"model":"claude","choices":[{"index":0,"message":{"role":"assistant","content":"Hé, so","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"start_index":4,"end_index":6,"title":"https://a.example","url":"https://a.example"}}],"reasoning_content":"Hm","reasoning_details":[{"type":"reasoning.text","text":"Hm","signature":"EqQB","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"paceway.converse.EqQB","format":"unknown","index":1},{"type":"reasoning.text","signature":"EqQB","format":"openai-responses-v1","index":2}],"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"},"index":0}],"tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"call_req7_1","type":"custom","custom":{"name":"f","input":"*** p"}},{"id":"x__pw_Z2VtaW5pLkVxUUI","type":"function","function":{"name":"f","arguments":"{\"b\": 1}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":0}}}"#);
}

#[test]
fn a_refusal_and_an_empty_answer_are_written() {
    let refusal = Reply {
        id: "".into(),
        model: "".into(),
        parts: vec![ReplyPart::Refusal("No.".into())],
        finish: Finish::Refused,
        ..reply()
    };
    insta::assert_snapshot!(written(&refusal, &frame()), @r#"{"id":"chatcmpl-req_7","object":"chat.completion","created":1800000000,"model":"asked","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":0}}}"#);
    let filtered = Reply { parts: vec![], ..refusal };
    assert!(
        written(&filtered, &frame())
            .contains(r#""content":null,"refusal":null},"logprobs":null,"finish_reason":"content_filter""#)
    );
}

#[test]
fn a_client_that_returns_the_message_keeps_thoughts_and_seals() {
    let answer = written(&reply(), &frame());
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let body = super::with_message(&answer["choices"][0]["message"].to_string());
    let (chat, notes) = super::read(&body);
    assert_eq!(notes, [""; 0]);
    let parts: Vec<_> = chat.turns[1].parts.iter().map(|part| format!("{:?}", part.body)).collect();
    insta::assert_snapshot!(parts.join("\n"), @r#"
    Thinking { text: "Hm", seal: Some(Seal { by: Anthropic, data: "EqQB" }) }
    Redacted(Seal { by: Converse, data: "EqQB" })
    Thinking { text: "", seal: Some(Seal { by: Responses, data: "EqQB" }) }
    Text { text: "Hé, so", citations: [Citation { url: Some("https://a.example"), title: Some("https://a.example"), quoted: None, place: Some((4, 6)) }] }
    Image(Image { media: Base64 { media_type: "image/png", data: "AAAA" }, detail: None })
    ToolCall(ToolCall { id: "toolu_1", name: "f", namespace: None, arguments: "{}", is_custom: false, seal: None })
    ToolCall(ToolCall { id: "call_req7_1", name: "f", namespace: None, arguments: "*** p", is_custom: true, seal: None })
    ToolCall(ToolCall { id: "x", name: "f", namespace: None, arguments: "{\"b\": 1}", is_custom: false, seal: Some(Seal { by: Gemini, data: "EqQB" }) })
    "#);
}
