//! What holds for every request, answer and stream.

use paceway_domain::Tokens;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::support::{PLANNING, THINKING, pieces, read, write};
use crate::formats::cohere::Cohere;
use crate::formats::converse::tests::any::{Lines, any_chat, any_json, any_reply, as_pieces, json, words};
use crate::formats::converse::tests::support::Grammar;
use crate::formats::{Format, Frame};
use crate::neutral::{
    AnswerForm, Chat, Detail, Finish, Image, Logprobs, Media, Part, PartBody, Reasoning, ReasoningMode,
    Reply, ReplyPart, Role, Schema, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn,
};
use crate::sse::Splitter;

/// What Cohere would refuse in a body, as far as it documents it.
fn faults(body: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let messages = body["messages"].as_array().unwrap();
    if messages.iter().all(|message| message["role"] == "system") {
        faults.push("nothing said".into());
    }
    for message in messages {
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        let blocks = message["content"].as_array();
        let has_blank = is_blank(&message["content"])
            || is_blank(&message["tool_plan"])
            || blocks
                .into_iter()
                .flatten()
                .any(|block| is_blank(&block["text"]) || is_blank(&block["thinking"]));
        let is_empty = message.get("content").is_none() && message.get("tool_calls").is_none();
        let is_assistant = message["role"] == "assistant";
        let is_foreign =
            !is_assistant && (message.get("tool_calls").is_some() || message.get("tool_plan").is_some());
        let has_files = blocks.into_iter().flatten().any(|block| block["type"] == "image_url");
        let has_no_id =
            message["role"] == "tool" && message["tool_call_id"].as_str().is_none_or(str::is_empty);
        let has_files_of_others = has_files && message["role"] != "user";
        if has_blank || is_empty || is_foreign || has_files_of_others || has_no_id {
            faults.push(message.to_string());
        }
    }
    let within = |name: &str, least: f64, most: f64| {
        body[name].as_f64().is_none_or(|value| (least..=most).contains(&value))
    };
    if !(within("p", 0.01, 0.99)
        && within("k", 0.0, 500.0)
        && within("frequency_penalty", 0.0, 1.0)
        && within("presence_penalty", 0.0, 1.0))
    {
        faults.push(format!("a number out of its range: {body}"));
    }
    if body.get("tools").is_some() && body.get("response_format").is_some() {
        faults.push("a form beside tools".into());
    }
    if body.get("tool_choice").is_some() && body.get("tools").is_none() {
        faults.push("a choice without tools".into());
    }
    let budget = body["thinking"]["token_budget"].as_u64();
    let most = body["max_tokens"].as_u64().unwrap_or(u64::MAX);
    if budget.is_some_and(|budget| budget < 1 || (budget >= most && most > 1)) {
        faults.push(format!("budget {budget:?} of {most}"));
    }
    faults
}

/// A request that this format can say in full, for a model that thinks.
fn sayable() -> impl Strategy<Value = Chat<'static>> {
    let exchange =
        (words(), option::of(select(vec![Detail::Auto, Detail::Low])), words(), vec(words(), 0..3), words());
    let numbers =
        (option::of(1_u32..=99), option::of(1_u64..=500), option::of(0_i64..9), option::of(0_u32..=100));
    let settings = (option::of(1_u64..900), vec(words(), 0..5), any::<bool>(), any::<bool>());
    (option::of(words()), vec(exchange, 1..4), 0_u8..5, numbers, settings).prop_map(
        |(system, exchanges, choice, (top_p, top_k, seed, penalty), (budget, stop, stream, logprobs))| {
            let mut chat = Chat { stream, max_output: Some(Tokens(1000)), ..Chat::default() };
            chat.stop = stop.into_iter().map(Into::into).collect();
            chat.turns.extend(system.map(|text| Turn {
                role: Role::System,
                name: None,
                parts: vec![Part::text(text)],
            }));
            for (place, exchange) in exchanges.into_iter().enumerate() {
                add_exchange(&mut chat, place, exchange);
            }
            choose(&mut chat, choice);
            let percent = |value: Option<u32>| value.map(|value| f64::from(value) / 100.0);
            chat.sampling.top_p = percent(top_p);
            chat.sampling.top_k = top_k;
            chat.sampling.seed = seed;
            chat.sampling.frequency_penalty = percent(penalty);
            chat.sampling.logprobs = logprobs.then_some(Logprobs { top: 0 });
            chat.reasoning = budget.map(|budget| Reasoning {
                mode: ReasoningMode::On,
                effort: None,
                budget: Some(Tokens(budget)),
                is_shown: None,
            });
            chat
        },
    )
}

fn add_exchange(
    chat: &mut Chat<'static>,
    place: usize,
    (ask, detail, thought, calls, said): (String, Option<Detail>, String, Vec<String>, String),
) {
    let mut turn = |role, parts| chat.turns.push(Turn { role, name: None, parts });
    let media = match detail {
        Some(Detail::Auto) => Media::Url { url: "https://a.example/b".into(), media_type: None },
        _ => Media::Base64 { media_type: "image/png".into(), data: "aGk=".into() },
    };
    let image = detail.map(|_| Part::new(PartBody::Image(Image { media, detail })));
    turn(Role::User, image.into_iter().chain([Part::text(ask)]).collect());
    let mut parts =
        vec![Part::new(PartBody::Thinking { text: thought.into(), seal: None }), Part::text(said)];
    let mut results = Vec::new();
    for (at, text) in calls.into_iter().enumerate() {
        let id = format!("find_{place}{at}");
        parts.push(Part::new(PartBody::ToolCall(ToolCall {
            id: id.clone().into(),
            name: "find".into(),
            namespace: None,
            arguments: serde_json::json!({"b": text, "a": null}).to_string().into(),
            is_custom: false,
            seal: None,
        })));
        results.push(Part::new(PartBody::ToolResult(ToolResult {
            call_id: id.into(),
            name: None,
            content: vec![Part::text(text); at + 1],
            is_error: false,
            is_custom: false,
        })));
    }
    turn(Role::Assistant, parts);
    if !results.is_empty() {
        turn(Role::User, results);
    }
}

fn choose(chat: &mut Chat<'static>, choice: u8) {
    if choice == 4 {
        let schema = json(r#"{"type":"object","properties":{"é":{"type":"string"}}}"#);
        chat.form = AnswerForm::Schema(Schema { name: None, description: None, schema, strict: None });
        return;
    }
    let kind = ToolKind::Function {
        schema: Some(json(r#"{"type": "object"}"#)),
        strict: (choice == 1).then_some(true),
    };
    chat.tools =
        vec![Tool { name: "find".into(), namespace: None, description: Some("F".into()), kind, cache: None }];
    chat.tool_choice = match choice {
        2 => Some(ToolChoice::Any),
        3 => Some(ToolChoice::None),
        _ => None,
    };
}

/// An answer without what this format has no place for, in the order in which it has it.
fn plain(mut reply: Reply<'static>) -> Reply<'static> {
    reply.model = "".into();
    reply.parts.retain(|part| !matches!(part, ReplyPart::Redacted(_) | ReplyPart::Image { .. }));
    for part in &mut reply.parts {
        match part {
            ReplyPart::Thinking { seal, .. } => *seal = None,
            ReplyPart::ToolCall(call) => {
                call.seal = None;
                if call.arguments.is_empty() {
                    call.arguments = "{}".into();
                }
            }
            ReplyPart::Refusal(text) => {
                *part = ReplyPart::Text { text: std::mem::take(text), citations: vec![] }
            }
            _ => {}
        }
        if let ReplyPart::Text { citations, .. } = part {
            for one in citations {
                (one.title, one.place) = (Some("title".into()), Some((0, 1)));
            }
        }
    }
    reply.parts.sort_by_key(|part| matches!(part, ReplyPart::ToolCall(_)));
    let has_calls = reply.parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
    reply.finish = match reply.finish {
        Finish::StopSequence(_) => Finish::StopSequence(None),
        Finish::Paused => Finish::Length,
        Finish::Done if has_calls => Finish::ToolCalls,
        finish => finish,
    };
    let usage = &mut reply.usage;
    (usage.cache_write_5m, usage.cache_write_1h) = (Tokens::ZERO, Tokens::ZERO);
    reply
}

fn frame() -> Frame {
    Frame { request_id: "req_1".into(), ..Frame::default() }
}

const KEYS: &[&str] = &[
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "thinking",
    "image_url",
    "url",
    "detail",
    "document",
    "data",
    "tool_calls",
    "tool_plan",
    "tool_call_id",
    "id",
    "function",
    "name",
    "arguments",
    "tools",
    "parameters",
    "tool_choice",
    "response_format",
    "json_schema",
    "token_budget",
    "documents",
    "stop_sequences",
    "message",
    "finish_reason",
    "usage",
    "billed_units",
    "tokens",
    "input_tokens",
    "citations",
    "sources",
    "content_index",
    "start",
    "end",
    "logprobs",
    "delta",
    "index",
    "error",
];
const TEXTS: &[&str] = &[
    "user",
    "assistant",
    "system",
    "tool",
    "text",
    "thinking",
    "image_url",
    "document",
    "function",
    "REQUIRED",
    "enabled",
    "json_object",
    "COMPLETE",
    "ERROR",
    "content-delta",
    "message-end",
];
const EVENTS: &[&str] = &[
    "message-start",
    "content-start",
    "content-delta",
    "content-end",
    "tool-plan-delta",
    "tool-call-start",
    "tool-call-delta",
    "tool-call-end",
    "citation-start",
    "message-end",
    "debug",
    "",
];
const LIKELY: &[&str] = &[
    r#"{"type":"message-start","id":"1"}"#,
    r#"{"type":"content-start","index":#,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
    r#"{"type":"content-delta","index":#,"delta":{"message":{"content":{"text":"x"}}}}"#,
    r#"{"type":"content-delta","index":#,"delta":{"message":{"content":{"thinking":"t"}}}}"#,
    r#"{"type":"content-delta","index":#,"delta":{"message":{"content":{"text":""}}},"logprobs":{"text":"x","logprobs":[1]}}"#,
    r#"{"type":"content-end","index":#}"#,
    r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"p"}}}"#,
    r#"{"type":"tool-call-start","index":#,"delta":{"message":{"tool_calls":{"id":"a","function":{"name":"f","arguments":"{"}}}}}"#,
    r#"{"type":"tool-call-delta","index":#,"delta":{"message":{"tool_calls":{"function":{"arguments":"}"}}}}}"#,
    r#"{"type":"tool-call-end","index":#}"#,
    r#"{"type":"citation-start","index":#,"delta":{"message":{"citations":{"start":0,"end":1}}}}"#,
    r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"#,
    r#"{"type":"message-end","delta":{"finish_reason":"TIMEOUT"}}"#,
    r#"{"message":"m"}"#,
];

fn feed_everything(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok((chat, _)) = read(text)
    {
        for model in [THINKING, PLANNING] {
            if let Ok((body, _)) = write(&chat, model) {
                assert_eq!(faults(&serde_json::from_str(&body).unwrap()), Vec::<String>::new());
            }
        }
    }
    if let Ok(reply) = Cohere.read_reply(bytes) {
        Cohere.write_reply(&reply, &frame());
    }
    let _usage = Cohere.usage(bytes);
    let error = Cohere.read_error(400, bytes);
    Cohere.write_error(&error, 400, "");
}

/// Reads a stream, checks the form of its pieces and lets the watch see it.
fn check_stream(bytes: &[u8]) {
    let mut grammar = Grammar::default();
    let mut reader = Cohere.reader();
    let mut watch = Cohere.watch(true);
    let mut is_wrong = false;
    Splitter::default()
        .push(bytes, |event| {
            watch.event(event);
            if !is_wrong {
                is_wrong = reader.event(event, &mut |piece| grammar.check(&piece)).is_err();
            }
        })
        .unwrap();
    if !is_wrong {
        reader.finish(&mut |piece| grammar.check(&piece));
    }
    watch.is_complete_at_end();
}

proptest! {
    #[test]
    fn nothing_that_is_written_would_be_refused(chat in any_chat()) {
        for model in [THINKING, PLANNING] {
            if let Ok((body, _)) = write(&chat, model) {
                let value: Value = serde_json::from_str(&body).unwrap();
                prop_assert_eq!(faults(&value), Vec::<String>::new(), "{}", body);
                read(&body).unwrap();
            }
        }
    }

    #[test]
    fn what_is_written_of_a_request_reads_the_same(chat in sayable()) {
        let (body, writing) = write(&chat, THINKING).unwrap();
        let (again, reading) = read(&body).unwrap();
        prop_assert_eq!(format!("{again:#?}"), format!("{chat:#?}"));
        prop_assert!(writing.is_empty() && reading.is_empty(), "{} {}", writing, reading);
    }

    #[test]
    fn what_is_written_of_an_answer_reads_the_same(reply in any_reply().prop_map(plain)) {
        let mut reply = reply;
        let body = Cohere.write_reply(&reply, &frame());
        let again = Cohere.read_reply(&body).unwrap();
        if reply.id.is_empty() {
            reply.id = "req_1".into();
        }
        prop_assert_eq!(format!("{again:#?}"), format!("{reply:#?}"));
        prop_assert_eq!(Cohere.usage(&body), Some(reply.usage));
    }

    #[test]
    fn what_is_written_of_a_stream_reads_the_same(reply in any_reply().prop_map(plain), cut in 0_usize..12) {
        let mut reply = reply;
        reply.id = "1".into();
        let mut writer = Cohere.writer(frame());
        let mut out = Vec::new();
        let mut expected = Lines::default();
        for piece in as_pieces(&reply, cut) {
            writer.piece(&piece, &mut out);
            expected.push(&match piece {
                crate::neutral::Piece::Begin { id, usage, .. } => {
                    crate::neutral::Piece::Begin { id, model: "".into(), usage }
                }
                piece => piece,
            });
        }
        let mut reader = Cohere.reader();
        let mut lines = Lines::default();
        Splitter::default()
            .push(&out, |event| reader.event(event, &mut |piece| lines.push(&piece)).unwrap())
            .unwrap();
        prop_assert_eq!(lines, expected);
    }

    #[test]
    fn in_whatever_pieces_a_stream_arrives_it_reads_the_same(
        reply in any_reply(), cuts in vec(1_usize..90, 1..30), length in 0_usize..2500,
    ) {
        let mut writer = Cohere.writer(frame());
        let mut out = Vec::new();
        for piece in as_pieces(&reply, 3) {
            writer.piece(&piece, &mut out);
        }
        out.truncate(length);
        let mut chunks = Vec::new();
        let mut rest = &out[..];
        for cut in cuts {
            let (head, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        chunks.push(rest);
        prop_assert_eq!(pieces(chunks), pieces([&out[..]]));
    }

    #[test]
    fn whatever_events_come_the_pieces_are_well_formed(
        events in vec((select(EVENTS), any_json(KEYS, TEXTS)), 0..30),
    ) {
        let mut out = Vec::new();
        for (name, data) in events {
            crate::sse::write(&mut out, Some(name), data.to_string().as_bytes());
        }
        check_stream(&out);
    }

    #[test]
    fn likely_events_in_any_order_make_well_formed_pieces(events in vec((select(LIKELY), 0_u8..3), 0..40)) {
        let mut out = Vec::new();
        for (data, index) in events {
            crate::sse::write(&mut out, None, data.replace('#', &index.to_string()).as_bytes());
        }
        check_stream(&out);
    }

    #[test]
    fn no_json_makes_it_panic(value in any_json(KEYS, TEXTS)) {
        feed_everything(value.to_string().as_bytes());
        feed_everything(format!(r#"{{"model":"m","messages":[{value}]}}"#).as_bytes());
        feed_everything(format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{value}]}}],"tools":[{value}]}}"#).as_bytes());
        feed_everything(format!(r#"{{"message":{{"content":[{value}],"citations":[{value}]}},"usage":{value}}}"#).as_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        feed_everything(&bytes);
        check_stream(&bytes);
    }
}
