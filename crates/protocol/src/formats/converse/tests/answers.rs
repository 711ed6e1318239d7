//! Whole answers, read and written.

use paceway_domain::{Dialect, Tokens, Usage};

use crate::formats::converse::Converse;
use crate::formats::{Format, Frame};
use crate::neutral::{Citation, Finish, Reply, ReplyPart, Seal, ToolCall};

fn read(body: &str) -> Reply<'_> {
    Converse.read_reply(body.as_bytes()).unwrap()
}

fn write(reply: &Reply<'_>) -> String {
    String::from_utf8(Converse.write_reply(reply, &Frame::default()).to_vec()).unwrap()
}

fn answer(content: &str, reason: &str) -> String {
    format!(
        r#"{{"metrics":{{"latencyMs":321}},"output":{{"message":{{"content":{content},"role":"assistant"}}}},
            "stopReason":"{reason}","usage":{{"inputTokens":12,"outputTokens":34,"totalTokens":46}},"unheard":1}}"#
    )
}

#[test]
fn every_kind_of_block_is_read() {
    let body = answer(
        r#"[{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"c2ln"}}},
            {"reasoningContent":{"redactedContent":"b3Bh"}},
            {"text":"Two\nlines"},
            {"citationsContent":{"content":[{"text":"It "},{"text":"rains."}],"citations":[
                {"title":"Weather","source":"s","sourceContent":[{"text":"rain"}],"location":{"documentChar":{"documentIndex":0,"start":1,"end":5}}},
                {"title":"Web","location":{"web":{"url":"https://a.example","domain":"a.example"}}}]}},
            {"toolUse":{"toolUseId":"tooluse_1","name":"f","input":{"b":1,"a":null}}},
            {"toolUse":{"toolUseId":"srv","name":"nova_grounding","input":{},"type":"server_tool_use"}},
            {"toolResult":{"toolUseId":"srv","content":[]}},
            {"image":{"format":"png","source":{"bytes":"aGk="}}},
            {"unheard":{}},{"text":""}]"#,
        "tool_use",
    );
    insta::assert_snapshot!(format!("{:?}", read(&body)), @r#"Reply { id: "", model: "", parts: [Thinking { text: "Hm.", seal: Some(Seal { by: Converse, data: "c2ln" }) }, Redacted(Seal { by: Converse, data: "b3Bh" }), Text { text: "Two\nlines", citations: [] }, Text { text: "It rains.", citations: [Citation { url: None, title: Some("Weather"), quoted: Some("rain"), place: None }, Citation { url: Some("https://a.example"), title: Some("Web"), quoted: None, place: None }] }, ToolCall(ToolCall { id: "tooluse_1", name: "f", namespace: None, arguments: "{\"b\":1,\"a\":null}", is_custom: false, seal: None }), Image { media_type: "image/png", data: "aGk=" }], logprobs: None, finish: ToolCalls, usage: Usage { input: Tokens(12), cache_read: Tokens(0), cache_write_5m: Tokens(0), cache_write_1h: Tokens(0), output: Tokens(34), reasoning: Tokens(0) } }"#);
}

#[test]
fn every_reason_to_stop_is_understood() {
    for (reason, finish) in [
        ("end_turn", Finish::Done),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("stop_sequence", Finish::StopSequence(None)),
        ("guardrail_intervened", Finish::Refused),
        ("content_filtered", Finish::Refused),
        ("malformed_tool_use", Finish::Done),
        ("unheard", Finish::Done),
    ] {
        assert_eq!(read(&answer(r#"[{"text":"x"}]"#, reason)).finish, finish, "{reason}");
    }
    let body = answer(r#"[{"text":"x"}]"#, "stop_sequence")
        .replace("\"unheard\":1", r#""additionalModelResponseFields":{"stop_sequence":"END"}"#);
    assert_eq!(read(&body).finish, Finish::StopSequence(Some("END".into())));
}

#[test]
fn an_answer_with_calls_waits_for_them_whatever_it_says() {
    let content = r#"[{"toolUse":{"toolUseId":"a","name":"f","input":{}}}]"#;
    assert_eq!(read(&answer(content, "end_turn")).finish, Finish::ToolCalls);
    assert_eq!(read(&answer(content, "max_tokens")).finish, Finish::Length);
}

#[test]
fn usage_of_caches_is_taken_apart_by_their_lives() {
    let body = |usage: &str| format!(r#"{{"usage":{usage}}}"#);
    let of = |usage: &str| Converse.usage(body(usage).as_bytes());
    let expected = Usage {
        input: Tokens(4),
        cache_read: Tokens(100),
        cache_write_5m: Tokens(20),
        cache_write_1h: Tokens(30),
        output: Tokens(9),
        reasoning: Tokens(0),
        ..Usage::default()
    };
    let full = r#"{"inputTokens":4,"outputTokens":9,"totalTokens":163,"cacheReadInputTokens":100,
        "cacheWriteInputTokens":50,"cacheDetails":[{"ttl":"1h","inputTokens":30},{"ttl":"5m","inputTokens":20}]}"#;
    assert_eq!(of(full), Some(expected));
    let short = r#"{"inputTokens":4,"outputTokens":9,"cacheWriteInputTokens":50,"cacheDetails":null}"#;
    assert_eq!(of(short).unwrap().cache_write_5m, Tokens(50));
    assert_eq!(of("7"), None);
    assert_eq!(Converse.usage(b"nonsense"), None);
}

fn full_reply() -> Reply<'static> {
    Reply {
        id: "msg_1".into(),
        model: "m".into(),
        parts: vec![
            ReplyPart::Thinking {
                text: "Hm.".into(),
                seal: Some(Seal { by: Dialect::Anthropic, data: "c2ln".into() }),
            },
            ReplyPart::Redacted(Seal { by: Dialect::Converse, data: "b3Bh".into() }),
            ReplyPart::Text {
                text: "It rains.".into(),
                citations: vec![Citation {
                    url: Some("https://a.example".into()),
                    title: Some("Weather".into()),
                    quoted: Some("rain".into()),
                    place: None,
                }],
            },
            ReplyPart::Text { text: "".into(), citations: vec![] },
            ReplyPart::Refusal("No.".into()),
            ReplyPart::ToolCall(ToolCall {
                id: "call_1".into(),
                name: "f".into(),
                namespace: None,
                arguments: "".into(),
                is_custom: false,
                seal: Some(Seal { by: Dialect::Gemini, data: "x".into() }),
            }),
            ReplyPart::ToolCall(ToolCall {
                id: "call_2".into(),
                name: "f".into(),
                namespace: None,
                arguments: "{broken".into(),
                is_custom: false,
                seal: None,
            }),
            ReplyPart::Image { media_type: "image/png".into(), data: "aGk=".into() },
        ],
        logprobs: None,
        finish: Finish::StopSequence(Some("END".into())),
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
    insta::assert_snapshot!(write(&full_reply()), @r#"{"metrics":{"latencyMs":0},"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"paceway.anthropic.c2ln"}}},{"reasoningContent":{"redactedContent":"b3Bh"}},{"citationsContent":{"content":[{"text":"It rains."}],"citations":[{"title":"Weather","sourceContent":[{"text":"rain"}],"location":{"web":{"url":"https://a.example"}}}]}},{"text":"No."},{"toolUse":{"toolUseId":"call_1__pw_Z2VtaW5pLng","name":"f","input":{}}},{"toolUse":{"toolUseId":"call_2","name":"f","input":"{broken"}},{"image":{"format":"png","source":{"bytes":"aGk="}}}]}},"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"},"usage":{"inputTokens":1,"outputTokens":5,"totalTokens":15,"cacheReadInputTokens":2,"cacheWriteInputTokens":7,"cacheDetails":[{"ttl":"1h","inputTokens":4},{"ttl":"5m","inputTokens":3}]}}"#);
}

#[test]
fn what_is_written_reads_the_same() {
    let reply = full_reply();
    let body = write(&reply);
    let again = read(&body);
    assert_eq!(again.finish, reply.finish);
    assert_eq!(again.usage, Usage { reasoning: Tokens(0), ..reply.usage });
    let ReplyPart::Thinking { seal: Some(seal), .. } = &again.parts[0] else { panic!() };
    assert_eq!((seal.by, &*seal.data), (Dialect::Anthropic, "c2ln"));
    let ReplyPart::Text { citations, .. } = &again.parts[2] else { panic!() };
    assert_eq!(citations[0].quoted.as_deref(), Some("rain"));
}

#[test]
fn an_answer_of_another_shape_is_told_in_a_sentence() {
    for body in ["", "[]", r#"{"output":[]}"#, r#"{"output":{"message":{"content":7}}}"#] {
        let wrong = Converse.read_reply(body.as_bytes()).unwrap_err();
        assert!(wrong.starts_with("an answer is not what Amazon Bedrock documents: "), "{wrong}");
    }
}
