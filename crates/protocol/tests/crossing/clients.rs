//! What real clients send and what has to survive, or must not get across, between dialects.

use paceway_domain::{Dialect, Usage};
use paceway_protocol::Envelope;
use paceway_protocol::changes::Changes;
use paceway_protocol::formats::format_of;
use paceway_protocol::neutral::{DocumentSource, Finish, PartBody, Reply, ReplyPart};
use paceway_protocol::sse::Splitter;

use super::{frame, pairs, read, written};

const FROM_ANTHROPIC: &str = r#"{"model":"claude-sonnet-4-5","max_tokens":5000,"top_k":7,"metadata":{"user_id":"u"},
    "cache_control":{"type":"ephemeral"},"thinking":{"type":"enabled","budget_tokens":2000},
    "context_management":{"edits":[]},"stop_sequences":["END"],
    "tool_choice":{"type":"any","disable_parallel_tool_use":true},
    "tools":[{"name":"f","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral","ttl":"1h"}}],
    "system":[{"type":"text","text":"Brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
    "messages":[{"role":"user","content":[{"type":"text","text":"Hi"},
        {"type":"document","source":{"type":"text","media_type":"text/plain","data":"Words of it."}}]}]}"#;

const FROM_OPENAI: &str = r#"{"model":"gpt-4.1","seed":1,"logit_bias":{"50256":-100},"user":"u","n":1,
    "stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"call:1/ü","type":"function","function":{"name":"f","arguments":""}}]},
    {"role":"tool","tool_call_id":"call:1/ü","content":""},{"role":"assistant","content":"  \n"},
    {"role":"user","content":[{"type":"text","text":" "},{"type":"image_url","image_url":{"url":"data:image/jpg;base64,aGk="}}]}]}"#;

/// What a body of one dialect becomes in another.
fn crossed(body: &str, client: Dialect, provider: Dialect) -> (String, Changes) {
    let mut changes = Changes::default();
    let (sent, _) = written(read(body.as_bytes(), client, &mut changes), provider, &mut changes).unwrap();
    (String::from_utf8(sent.to_vec()).unwrap(), changes)
}

#[test]
fn what_only_anthropic_has_never_reaches_openai() {
    for provider in [Dialect::OpenAi, Dialect::Responses] {
        let (sent, changes) = crossed(FROM_ANTHROPIC, Dialect::Anthropic, provider);
        let own = [
            "cache_control",
            "\"thinking\"",
            "context_management",
            "output_config",
            "user_id",
            "top_k",
            "budget_tokens",
        ];
        for field in own {
            assert!(!sent.contains(field), "{provider}: {field} in {sent}");
        }
        assert!(changes.iter().any(|change| change.field == "top_k"), "{changes}");
    }
}

#[test]
fn what_only_openai_has_never_reaches_anthropic_and_nothing_invalid_does() {
    let (sent, changes) = crossed(FROM_OPENAI, Dialect::OpenAi, Dialect::Anthropic);
    for field in [
        "seed",
        "logit_bias",
        "\"user\":",
        "\"n\":",
        "stream_options",
        "image/jpg",
        "\"text\":\" \"",
        "call:1",
    ] {
        assert!(!sent.contains(field), "{field} in {sent}");
    }
    assert!(sent.contains("\"max_tokens\":8192") && sent.contains("\"input\":{}"), "{sent}");
    let told: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
    assert!(told.contains(&"seed") && told.contains(&"logit_bias"), "{told:?}");
    let body: serde_json::Value = serde_json::from_str(&sent).unwrap();
    let id = body["messages"][1]["content"][0]["id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'), "{id}");
    assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], id);
}

#[test]
fn one_call_at_a_time_stops_and_documents_of_words_cross_or_are_told() {
    for provider in Dialect::ALL {
        let (sent, changes) = crossed(FROM_ANTHROPIC, Dialect::Anthropic, provider);
        let there = read(sent.as_bytes(), provider, &mut Changes::default());
        let is_told = |field: &str| changes.iter().any(|change| change.field.contains(field));
        assert!(there.parallel_tools == Some(false) || is_told("parallel"), "{provider}: {changes}\n{sent}");
        assert!(there.stop == ["END"] || is_told("stop"), "{provider}: {changes}\n{sent}");
        let parts = there.turns.iter().flat_map(|turn| &turn.parts);
        let holds = |body: &PartBody<'_>| match body {
            PartBody::Text { text, .. } => text.contains("Words of it."),
            PartBody::Document(document) => match &document.source {
                DocumentSource::Text(text) => text.contains("Words of it."),
                // As a file of text, in base64.
                DocumentSource::Media(media) => format!("{media:?}").contains("V29yZHMgb2YgaXQu"),
                DocumentSource::Parts(parts) => format!("{parts:?}").contains("Words of it."),
            },
            _ => false,
        };
        assert!(parts.map(|part| &part.body).any(holds), "{provider}: {sent}");
    }
}

#[test]
fn that_the_model_declined_is_told_to_every_client() {
    for (client, provider) in pairs() {
        let reply = Reply {
            id: "msg_1".into(),
            model: "m".into(),
            parts: vec![ReplyPart::Text { text: "No.".into(), citations: Vec::new() }],
            logprobs: None,
            finish: Finish::Refused,
            usage: Usage::default(),
        };
        let given = format_of(provider).write_reply(&reply, &frame());
        let shown = format_of(client).write_reply(&format_of(provider).read_reply(&given).unwrap(), &frame());
        let seen = format_of(client).read_reply(&shown).unwrap();
        assert_eq!(
            seen.finish,
            Finish::Refused,
            "{client} of {provider}: {}",
            String::from_utf8_lossy(&shown)
        );
    }
}

#[test]
fn bodies_of_eight_megabytes_and_events_of_one_cross() {
    let words = "wörds \\n".repeat(1_200_000);
    let body =
        format!(r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"{words}"}}]}}"#);
    assert!(body.len() > 8_000_000 && Envelope::parse(body.as_bytes()).is_ok());
    let (sent, _) = crossed(&body, Dialect::Anthropic, Dialect::OpenAi);
    assert!(sent.contains(&words));
    let words = "é".repeat(600_000);
    let event = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{words}\"}},\"finish_reason\":\"stop\"}}]}}\r\n\r\n: note\r\n\r\ndata: [DONE]\r\n\r\n"
    );
    let (mut reader, mut writer) =
        (format_of(Dialect::OpenAi).reader(), format_of(Dialect::Anthropic).writer(frame()));
    let (mut splitter, mut out) = (Splitter::default(), Vec::new());
    // Pieces of a prime length cut letters of two bytes.
    for piece in event.as_bytes().chunks(4_099) {
        let read = splitter.push(piece, |event| {
            reader.event(event, &mut |piece| writer.piece(&piece, &mut out)).unwrap();
        });
        read.unwrap();
    }
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains(&words) && out.ends_with("{\"type\":\"message_stop\"}\n\n"));
}
