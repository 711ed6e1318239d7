//! What holds for every request, answer and stream.

use std::collections::BTreeSet;

use paceway_domain::{Dialect, Tokens};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::any::{Lines, any_chat, any_json, any_reply, as_pieces, json, words};
use super::support::{CLAUDE, Grammar, LLAMA, NOVA, OLD_CLAUDE, pieces, read, write};
use crate::formats::converse::Converse;
use crate::formats::{Format, Frame};
use crate::neutral::{
    AnswerForm, CacheMark, Chat, Document, DocumentSource, Finish, Image, Media, Part, PartBody, Reasoning,
    ReasoningMode, Reply, ReplyPart, Role, Schema, Seal, ServiceTier, Tool, ToolCall, ToolChoice, ToolKind,
    ToolResult, Turn,
};
use crate::sse::Splitter;

/// What Bedrock would refuse in a body, by its service description and by what users of it ran into.
fn faults(body: &Value, is_claude: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let messages = body["messages"].as_array().unwrap();
    let mut names = BTreeSet::new();
    let mut before = "assistant";
    let mut has_calls = false;
    for (place, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap();
        if role == before {
            faults.push(format!("message {place}: {role} again"));
        }
        before = role;
        let blocks = message["content"].as_array().unwrap();
        if blocks.is_empty() {
            faults.push(format!("message {place} is empty"));
        }
        let has = |key: &str| blocks.iter().any(|block| block.get(key).is_some());
        if has("document") && !has("text") {
            faults.push(format!("message {place}: a document without words"));
        }
        has_calls |= has("toolUse") || has("toolResult");
        let results =
            blocks.iter().take_while(|b| b.get("toolResult").is_some() || b.get("cachePoint").is_some());
        if results.count() < blocks.iter().filter(|block| block.get("toolResult").is_some()).count() {
            faults.push(format!("message {place}: results behind words"));
        }
        for (at, block) in blocks.iter().enumerate() {
            block_faults(
                block,
                role,
                at.checked_sub(1).map(|at| &blocks[at]),
                is_claude,
                &mut names,
                &mut faults,
            );
        }
    }
    for block in body["system"].as_array().into_iter().flatten() {
        if block["text"].as_str().is_some_and(|text| text.trim().is_empty()) {
            faults.push("a blank system prompt".into());
        }
    }
    if has_calls && body["toolConfig"]["tools"].as_array().is_none_or(Vec::is_empty) {
        faults.push("calls without tools".into());
    }
    for tool in body["toolConfig"]["tools"].as_array().into_iter().flatten() {
        if tool.get("toolSpec").is_some() && tool["toolSpec"]["inputSchema"]["json"]["type"] != "object" {
            faults.push(format!("a schema of no object: {tool}"));
        }
        if tool["toolSpec"]["description"].as_str().is_some_and(|text| text.trim().is_empty()) {
            faults.push("a blank description".into());
        }
    }
    let config = &body["inferenceConfig"];
    if config["temperature"].as_f64().is_some_and(|temperature| !(0.0..=1.0).contains(&temperature)) {
        faults.push("temperature".into());
    }
    let budget = body["additionalModelRequestFields"]["thinking"]["budget_tokens"].as_u64();
    let max_tokens = config["maxTokens"].as_u64().unwrap_or(0);
    if budget.is_some_and(|budget| budget < 1024 || budget >= max_tokens) {
        faults.push(format!("budget {budget:?} of {max_tokens}"));
    }
    faults
}

fn block_faults(
    block: &Value,
    role: &str,
    before: Option<&Value>,
    is_claude: bool,
    names: &mut BTreeSet<String>,
    faults: &mut Vec<String>,
) {
    let fields = block.as_object().unwrap();
    assert_eq!(fields.len(), 1, "{block}");
    let (kind, content) = fields.iter().next().unwrap();
    let id = |id: &Value| {
        let id = id.as_str().unwrap();
        let is_allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (!is_claude && ".:".contains(c));
        (1..=64).contains(&id.len()) && id.chars().all(is_allowed)
    };
    let is_right = match (kind.as_str(), role) {
        ("text", _) => !content.as_str().unwrap().trim().is_empty(),
        ("toolUse", "assistant") => id(&content["toolUseId"]) && content["input"].is_object(),
        ("toolResult", "user") => {
            let inner = content["content"].as_array().unwrap();
            for block in inner {
                block_faults(block, "user", None, is_claude, names, faults);
            }
            id(&content["toolUseId"]) && !inner.is_empty()
        }
        ("reasoningContent", "assistant") => is_claude,
        ("image" | "video" | "audio", "user") => true,
        ("document", "user") => {
            let name = content["name"].as_str().unwrap();
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || " -()[]".contains(c);
            (1..=200).contains(&name.len())
                && name.chars().all(is_allowed)
                && !name.contains("  ")
                && names.insert(name.to_owned())
        }
        ("cachePoint", _) => before.is_some_and(|before| {
            let is_text_document = before.get("document").is_some_and(|document| document["format"] != "pdf");
            before.get("reasoningContent").is_none() && !is_text_document
        }),
        _ => false,
    };
    if !is_right {
        faults.push(format!("{block} of {role} behind {before:?}"));
    }
}

/// A request that this format can say in full, for a Claude model that thinks by budget.
fn sayable() -> impl Strategy<Value = Chat<'static>> {
    let exchange = (words(), vec(any::<u8>(), 0..4), words(), vec(words(), 0..3));
    let settings = (
        option::of(1024_u64..5000),
        vec(words(), 0..3),
        select(vec![None, Some(ServiceTier::Standard), Some(ServiceTier::Flex), Some(ServiceTier::Priority)]),
        option::of(0_u8..=100),
        option::of(1_u64..500),
    );
    (vec(words(), 0..3), vec(exchange, 1..4), 0_u8..6, option::of(words()), settings).prop_map(
        |(system, exchanges, choice, schema, (budget, stop, service_tier, temperature, top_k))| {
            let mut chat = Chat {
                stop: stop.into_iter().map(Into::into).collect(),
                service_tier,
                max_output: Some(Tokens(6000)),
                ..Chat::default()
            };
            if !system.is_empty() {
                let parts = system.into_iter().map(Part::text).collect();
                chat.turns.push(Turn { role: Role::System, name: None, parts });
            }
            for (place, exchange) in exchanges.into_iter().enumerate() {
                add_exchange(&mut chat, place, exchange);
            }
            choose(&mut chat, choice, schema);
            if budget.is_some() && choice < 2 {
                let mode = ReasoningMode::On;
                chat.reasoning =
                    Some(Reasoning { mode, effort: None, budget: budget.map(Tokens), is_shown: None });
            } else {
                chat.sampling.temperature = temperature.map(|percent| f64::from(percent) / 100.0);
                chat.sampling.top_k = top_k;
            }
            chat
        },
    )
}

fn add_exchange(
    chat: &mut Chat<'static>,
    place: usize,
    (ask, files, thought, calls): (String, Vec<u8>, String, Vec<String>),
) {
    let mut asked = vec![Part::text(ask)];
    asked.extend(files.into_iter().enumerate().map(|(at, file)| any_file(file, &format!("d{place} {at}"))));
    let seal = |data: &'static str| Seal { by: Dialect::Converse, data: data.into() };
    let mut said = vec![
        Part::new(PartBody::Thinking { text: thought.into(), seal: Some(seal("c2ln")) }),
        Part::new(PartBody::Redacted(seal("b3Bh"))),
        Part { cache: Some(CacheMark::OneHour), ..Part::text("said") },
    ];
    let mut answered = Vec::new();
    for (at, text) in calls.into_iter().enumerate() {
        let id = format!("tooluse_{place}-{at}");
        said.push(Part::new(PartBody::ToolCall(ToolCall {
            id: id.clone().into(),
            name: "find".into(),
            namespace: None,
            arguments: serde_json::json!({"b": text, "a": null}).to_string().into(),
            is_custom: false,
            seal: None,
        })));
        answered.push(Part::new(PartBody::ToolResult(ToolResult {
            call_id: id.into(),
            name: None,
            content: vec![Part::text(text), any_file(0, "")],
            is_error: at % 2 == 1,
            is_custom: false,
        })));
    }
    if let Some(before) = chat.turns.last_mut().filter(|turn| turn.role == Role::User) {
        before.parts.extend(asked);
    } else {
        chat.turns.push(Turn { role: Role::User, name: None, parts: asked });
    }
    chat.turns.push(Turn { role: Role::Assistant, name: None, parts: said });
    answered.push(Part::text("go on"));
    chat.turns.push(Turn { role: Role::User, name: None, parts: answered });
}

fn any_file(kind: u8, title: &str) -> Part<'static> {
    let base64 =
        |media_type: &'static str| Media::Base64 { media_type: media_type.into(), data: "aGk=".into() };
    let document = |source, wants_citations: bool| Document {
        source,
        title: Some(title.to_owned().into()),
        context: wants_citations.then(|| "why".into()),
        wants_citations,
    };
    Part::new(match kind % 5 {
        0 => PartBody::Image(Image { media: base64("image/webp"), detail: None }),
        1 => PartBody::Document(document(DocumentSource::Media(base64("application/pdf")), true)),
        2 => PartBody::Document(document(DocumentSource::Text("words".into()), false)),
        3 => {
            PartBody::Document(document(DocumentSource::Parts(vec![Part::text("a"), Part::text("b")]), true))
        }
        _ => PartBody::Image(Image {
            media: Media::Url { url: "s3://bucket/key".into(), media_type: Some("image/gif".into()) },
            detail: None,
        }),
    })
}

fn choose(chat: &mut Chat<'static>, choice: u8, schema: Option<String>) {
    let kind = ToolKind::Function {
        schema: Some(json(r#"{"type": "object"}"#)),
        strict: (choice == 1).then_some(true),
    };
    let tool =
        Tool { name: "find".into(), namespace: None, description: Some("Finds.".into()), kind, cache: None };
    chat.tools =
        vec![tool.clone(), Tool { name: "look".into(), cache: Some(CacheMark::FiveMinutes), ..tool }];
    chat.tool_choice = match choice {
        0 => None,
        1 => Some(ToolChoice::Auto),
        2 => Some(ToolChoice::Any),
        3 => Some(ToolChoice::Named("look".into())),
        4 => {
            chat.parallel_tools = Some(false);
            Some(ToolChoice::Any)
        }
        _ => {
            chat.parallel_tools = Some(false);
            Some(ToolChoice::Named("find".into()))
        }
    };
    if let Some(description) = schema {
        chat.form = AnswerForm::Schema(Schema {
            name: Some("out".into()),
            description: Some(description.into()),
            schema: json(r#"{"type":"object","properties":{"é":{"type":"string"}}}"#),
            strict: None,
        });
    }
}

/// An answer without what this format has no place for.
fn plain(mut reply: Reply<'static>) -> Reply<'static> {
    (reply.id, reply.model) = ("".into(), "".into());
    reply.parts.retain(|part| match part {
        ReplyPart::ToolCall(call) => call.arguments.starts_with('{') && !call.arguments.ends_with("broken"),
        _ => true,
    });
    for part in &mut reply.parts {
        match part {
            ReplyPart::Text { citations, .. } => citations.iter_mut().for_each(|one| one.place = None),
            ReplyPart::ToolCall(call) => call.seal = None,
            ReplyPart::Refusal(text) => {
                *part = ReplyPart::Text { text: std::mem::take(text), citations: vec![] }
            }
            _ => {}
        }
    }
    let has_calls = reply.parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
    if reply.finish == Finish::Paused || (has_calls && reply.finish == Finish::Done) {
        reply.finish = Finish::ToolCalls;
    }
    reply
}

const KEYS: &[&str] = &[
    "messages",
    "system",
    "role",
    "content",
    "text",
    "toolUse",
    "toolResult",
    "toolUseId",
    "name",
    "input",
    "image",
    "format",
    "source",
    "bytes",
    "document",
    "reasoningContent",
    "reasoningText",
    "signature",
    "redactedContent",
    "cachePoint",
    "type",
    "ttl",
    "inferenceConfig",
    "maxTokens",
    "toolConfig",
    "tools",
    "toolSpec",
    "inputSchema",
    "json",
    "toolChoice",
    "any",
    "tool",
    "additionalModelRequestFields",
    "thinking",
    "output",
    "message",
    "stopReason",
    "usage",
    "inputTokens",
    "cacheDetails",
    "delta",
    "start",
    "contentBlockIndex",
    "citation",
    "citationsContent",
    "location",
    "web",
    "url",
    "guardContent",
    "searchResult",
    "s3Location",
    "uri",
    "outputConfig",
    "textFormat",
    "structure",
    "jsonSchema",
    "schema",
    "serviceTier",
    "__type",
];
const TEXTS: &[&str] =
    &["user", "assistant", "default", "1h", "png", "enabled", "json_schema", "{}", "tool_use", "aGk="];
const EVENTS: &[&str] = &[
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "throttlingException",
    "unheard",
    "",
];

fn feed_everything(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok((chat, _)) = read(text)
    {
        for model in [CLAUDE, OLD_CLAUDE, NOVA, LLAMA] {
            if let Ok((body, _)) = write(&chat, model) {
                let body: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(faults(&body, model.contains("claude")), Vec::<String>::new());
            }
        }
    }
    if let Ok(reply) = Converse.read_reply(bytes) {
        Converse.write_reply(&reply, &Frame::default());
    }
    let _usage = Converse.usage(bytes);
    let error = Converse.read_error(400, bytes);
    Converse.write_error(&error, 400, "");
}

proptest! {
    #[test]
    fn nothing_that_is_written_would_be_refused(chat in any_chat()) {
        for model in [CLAUDE, OLD_CLAUDE, "anthropic.claude-3-haiku-20240307-v1:0", NOVA, LLAMA, "openai.gpt-oss-20b-1:0"] {
            if let Ok((body, _)) = write(&chat, model) {
                let value: Value = serde_json::from_str(&body).unwrap();
                prop_assert_eq!(faults(&value, model.contains("claude")), Vec::<String>::new(), "{}", body);
                read(&body).unwrap();
            }
        }
    }

    #[test]
    fn what_is_written_of_a_request_reads_the_same(chat in sayable()) {
        let (body, writing) = write(&chat, OLD_CLAUDE).unwrap();
        let (again, reading) = read(&body).unwrap();
        prop_assert_eq!(format!("{again:#?}"), format!("{chat:#?}"));
        prop_assert!(writing.is_empty() && reading.is_empty(), "{} {}", writing, reading);
    }

    #[test]
    fn what_is_written_of_an_answer_reads_the_same(reply in any_reply().prop_map(plain)) {
        let body = Converse.write_reply(&reply, &Frame::default());
        let again = Converse.read_reply(&body).unwrap();
        prop_assert_eq!(format!("{again:#?}"), format!("{reply:#?}"));
        prop_assert_eq!(Converse.usage(&body), Some(reply.usage));
    }

    #[test]
    fn what_is_written_of_a_stream_reads_the_same(reply in any_reply().prop_map(plain), cut in 0_usize..12) {
        let pieces = as_pieces(&reply, cut);
        let mut writer = Converse.writer(Frame::default());
        let mut out = Vec::new();
        for piece in &pieces {
            writer.piece(piece, &mut out);
        }
        let mut reader = Converse.reader();
        let mut lines = Lines::default();
        Splitter::default()
            .push(&out, |event| reader.event(event, &mut |piece| lines.push(&piece)).unwrap())
            .unwrap();
        let mut expected = Lines::default();
        for piece in &pieces {
            expected.push(piece);
        }
        prop_assert_eq!(lines, expected);
    }

    #[test]
    fn in_whatever_pieces_a_stream_arrives_it_reads_the_same(
        reply in any_reply(), cuts in vec(1_usize..90, 1..30), length in 0_usize..2000,
    ) {
        let mut writer = Converse.writer(Frame::default());
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
    fn likely_events_in_any_order_make_well_formed_pieces(
        events in vec((select(LIKELY), 0_u8..3), 0..40),
    ) {
        let mut out = Vec::new();
        for ((name, data), index) in events {
            crate::sse::write(&mut out, Some(name), data.replace('#', &index.to_string()).as_bytes());
        }
        check_stream(&out);
    }

    #[test]
    fn no_json_makes_it_panic(value in any_json(KEYS, TEXTS)) {
        feed_everything(value.to_string().as_bytes());
        feed_everything(format!(r#"{{"messages":[{{"role":"user","content":[{value}]}}]}}"#).as_bytes());
        feed_everything(format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"x"}}]}}],"toolConfig":{value}}}"#).as_bytes());
        feed_everything(format!(r#"{{"output":{{"message":{{"content":[{value}]}}}},"usage":{value}}}"#).as_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        feed_everything(&bytes);
        check_stream(&bytes);
    }
}

const LIKELY: &[(&str, &str)] = &[
    ("messageStart", r#"{"role":"assistant"}"#),
    ("contentBlockStart", r#"{"start":{"toolUse":{"toolUseId":"a","name":"f"}},"contentBlockIndex":#}"#),
    (
        "contentBlockStart",
        r#"{"start":{"toolUse":{"toolUseId":"a","name":"f","type":"server_tool_use"}},"contentBlockIndex":#}"#,
    ),
    ("contentBlockStart", r#"{"start":{"image":{"format":"png"}},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"text":"x"},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"text":""},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"toolUse":{"input":"{"}},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"reasoningContent":{"text":"t"}},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"reasoningContent":{"signature":"s"}},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"reasoningContent":{"redactedContent":"r"}},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"citation":{"title":"t"}},"contentBlockIndex":#}"#),
    ("contentBlockDelta", r#"{"delta":{"image":{"source":{"bytes":"aGk="}}},"contentBlockIndex":#}"#),
    ("contentBlockStop", r#"{"contentBlockIndex":#}"#),
    ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":2}}"#),
    ("internalServerException", r#"{"message":"m"}"#),
];

/// Reads a stream, checks the form of its pieces and lets every writer and watch see it.
fn check_stream(bytes: &[u8]) {
    let mut grammar = Grammar::default();
    let mut reader = Converse.reader();
    let mut watch = Converse.watch(true);
    let mut splitter = Splitter::default();
    let mut is_wrong = false;
    splitter
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
