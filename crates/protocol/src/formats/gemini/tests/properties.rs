//! What holds for everything: nothing that is read panics, and what is written reads as it was.

use paceway_domain::{Dialect, Usage};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::replies::show_reply;
use super::*;
use crate::neutral::{Finish, Image, Media, Reply, ReplyPart, Role, Seal, Text, ToolCall, ToolResult};

/// Names that are looked for.
const NAMES: &[&str] = &[
    "contents",
    "parts",
    "role",
    "text",
    "thought",
    "thoughtSignature",
    "functionCall",
    "function_call",
    "name",
    "args",
    "id",
    "functionResponse",
    "response",
    "inlineData",
    "mimeType",
    "data",
    "fileData",
    "fileUri",
    "tools",
    "functionDeclarations",
    "parameters",
    "type",
    "properties",
    "items",
    "anyOf",
    "nullable",
    "enum",
    "toolConfig",
    "functionCallingConfig",
    "mode",
    "generationConfig",
    "thinkingConfig",
    "thinkingBudget",
    "responseSchema",
    "candidates",
    "content",
    "finishReason",
    "usageMetadata",
    "promptTokenCount",
    "candidatesTokenCount",
    "groundingMetadata",
    "groundingChunks",
    "groundingSupports",
    "segment",
    "startIndex",
    "endIndex",
    "groundingChunkIndices",
    "web",
    "logprobsResult",
    "chosenCandidates",
    "error",
    "promptFeedback",
    "blockReason",
    "details",
    "systemInstruction",
    "result",
];

/// Any JSON, with names that are looked for.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(NAMES);
    let word = prop_oneof![
        prop::sample::select(vec![
            "user",
            "model",
            "STOP",
            "SAFETY",
            "OBJECT",
            "AUTO",
            "image/png",
            "é\n\"",
            ""
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

/// Everything that reads is given these bytes.
fn read_everything(bytes: &[u8]) {
    let _ = Gemini.read_reply(bytes);
    let _ = Gemini.usage(bytes);
    let _ = Gemini.read_error(400, bytes);
    if let Ok(envelope) = Envelope::parse(bytes)
        && let Ok(summary) = Gemini.summary(&envelope, &address())
        && let Ok(chat) = Gemini.read_chat(&envelope, &summary, &mut Changes::default())
    {
        let _ = Gemini.write_chat(&chat, target("gemini-2.5-flash"), &mut Changes::default());
    }
    let mut event = b"data: ".to_vec();
    event.extend_from_slice(bytes);
    event.extend_from_slice(b"\n\n");
    let (mut reader, mut watch) = (Gemini.reader(), Gemini.watch(false));
    let mut lines = Vec::new();
    let mut splitter = Splitter::default();
    let mut sink = |piece: Piece<'_>| push_line(&mut lines, &piece, false);
    for _ in 0..2 {
        let _ = splitter.push(&event, |event| {
            let _ = reader.event(event, &mut sink);
            watch.event(event);
        });
    }
    reader.finish(&mut sink);
    assert_well_formed(&lines);
}

/// A text that neither is blank nor reads as an object.
fn words() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\ ]{0,8}[a-z]"
}

fn seal() -> impl Strategy<Value = Option<Seal<'static>>> {
    let foreign = "[A-Za-z0-9+/=]{1,9}".prop_map(|data| Seal { by: Dialect::Anthropic, data: data.into() });
    let own = "([A-Za-z0-9+/]{4}){1,3}".prop_map(|data| Seal { by: Dialect::Gemini, data: data.into() });
    prop_oneof![Just(None), foreign.prop_map(Some), own.prop_map(Some)]
}

fn own_seal() -> impl Strategy<Value = Option<Seal<'static>>> {
    seal().prop_map(|seal| seal.filter(|seal| seal.by == Dialect::Gemini))
}

fn arguments() -> impl Strategy<Value = String> {
    prop::collection::btree_map("[a-z]{1,3}", words(), 0..3).prop_map(|fields| json!(fields).to_string())
}

fn user_part() -> impl Strategy<Value = PartBody<'static>> {
    let media = prop_oneof![
        Just(Media::Base64 { media_type: "image/png".into(), data: "AAAA".into() }),
        Just(Media::Url { url: "https://a.com/a.png".into(), media_type: Some("image/png".into()) }),
    ];
    prop_oneof![
        words().prop_map(|text| PartBody::Text { text: text.into(), citations: Vec::new() }),
        media.prop_map(|media| PartBody::Image(Image { media, detail: None })),
    ]
}

/// A question, perhaps a call with its result, and an answer; `place` makes the call's id the one that reading makes up.
fn exchange(place: usize) -> impl Strategy<Value = Vec<Turn<'static>>> {
    let call = (arguments(), own_seal(), words(), any::<bool>());
    (prop::collection::vec(user_part(), 1..3), prop::option::of(call), words(), own_seal()).prop_map(
        move |(question, call, answer, thought)| {
            let turn = |role, bodies: Vec<PartBody<'static>>| Turn {
                role,
                name: None,
                parts: bodies.into_iter().map(Part::new).collect(),
            };
            let mut turns = vec![turn(Role::User, question)];
            if let Some((arguments, seal, result, is_error)) = call {
                let id: Text<'static> = format!("call_{}_0", place + 1).into();
                let call = ToolCall {
                    id: id.clone(),
                    name: "tool".into(),
                    namespace: None,
                    arguments: arguments.into(),
                    is_custom: false,
                    seal,
                };
                let result = ToolResult {
                    call_id: id,
                    name: Some("tool".into()),
                    content: vec![Part::text(result)],
                    is_error,
                    is_custom: false,
                };
                turns.push(turn(Role::Assistant, vec![PartBody::ToolCall(call)]));
                turns.push(turn(Role::User, vec![PartBody::ToolResult(result)]));
            }
            let mut said = Vec::new();
            if thought.is_some() {
                said.push(PartBody::Thinking { text: "so".into(), seal: thought });
            }
            said.push(PartBody::Text { text: answer.into(), citations: Vec::new() });
            turns.push(turn(Role::Assistant, said));
            turns
        },
    )
}

fn reply_part() -> impl Strategy<Value = ReplyPart<'static>> {
    prop_oneof![
        words().prop_map(|text| ReplyPart::Text { text: text.into(), citations: Vec::new() }),
        (words(), seal()).prop_map(|(text, seal)| ReplyPart::Thinking { text: text.into(), seal }),
        (arguments(), seal()).prop_map(|(arguments, seal)| {
            ReplyPart::ToolCall(ToolCall {
                id: "call".into(),
                name: "tool".into(),
                namespace: None,
                arguments: arguments.into(),
                is_custom: false,
                seal,
            })
        }),
        Just(ReplyPart::Redacted(Seal { by: Dialect::Anthropic, data: "x".into() })),
        Just(ReplyPart::Image { media_type: "image/png".into(), data: "AAAA".into() }),
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    (0u64..1_000, 0u64..1_000, 1u64..1_000, 0u64..1_000).prop_map(|(input, cached, said, thought)| Usage {
        input: Tokens(input),
        cache_read: Tokens(cached),
        output: Tokens(said + thought),
        reasoning: Tokens(thought),
        ..Usage::default()
    })
}

/// The pieces that a reply comes to.
fn pieces_of<'a>(reply: &Reply<'a>) -> Vec<Piece<'a>> {
    let begin = Piece::Begin { id: reply.id.clone(), model: reply.model.clone(), usage: Usage::default() };
    let mut pieces = vec![begin];
    for part in &reply.parts {
        match part.clone() {
            ReplyPart::Text { text, .. } => {
                pieces.extend([Piece::Open(Opening::Text), Piece::Delta(Delta::Text(text))]);
            }
            ReplyPart::Thinking { text, seal } => {
                pieces.extend([Piece::Open(Opening::Thinking), Piece::Delta(Delta::Text(text))]);
                pieces.extend(seal.map(|seal| Piece::Delta(Delta::Seal(seal))));
            }
            ReplyPart::ToolCall(ToolCall { id, name, namespace, arguments, is_custom, seal }) => {
                pieces.push(Piece::Open(Opening::ToolCall { id, name, namespace, is_custom, seal }));
                if arguments != "{}" {
                    pieces.push(Piece::Delta(Delta::Text(arguments)));
                }
            }
            ReplyPart::Redacted(seal) => pieces.push(Piece::Open(Opening::Redacted(seal))),
            ReplyPart::Image { media_type, data } => {
                pieces.push(Piece::Open(Opening::Image { media_type, data }));
            }
            ReplyPart::Refusal(_) => {}
        }
        pieces.push(Piece::Close);
    }
    pieces.push(Piece::End { finish: reply.finish.clone(), usage: reply.usage });
    pieces
}

/// What cannot be told apart when it comes in chunks: two parts of one kind without a seal between them.
fn without_neighbours(parts: Vec<ReplyPart<'static>>) -> Vec<ReplyPart<'static>> {
    let mut kept: Vec<ReplyPart<'static>> = Vec::new();
    for part in parts {
        let is_neighbour = matches!(
            (kept.last(), &part),
            (Some(ReplyPart::Text { .. }), ReplyPart::Text { .. })
                | (Some(ReplyPart::Thinking { seal: None, .. }), ReplyPart::Thinking { .. })
        );
        if !is_neighbour {
            kept.push(part);
        }
    }
    kept
}

fn reply() -> impl Strategy<Value = Reply<'static>> {
    (prop::collection::vec(reply_part(), 0..6), usage(), any::<bool>()).prop_map(|(parts, usage, is_cut)| {
        let parts = without_neighbours(parts);
        let has_calls = parts.iter().any(|part| matches!(part, ReplyPart::ToolCall(_)));
        let finish = match (is_cut, has_calls) {
            (true, _) => Finish::Length,
            (false, true) => Finish::ToolCalls,
            (false, false) => Finish::Done,
        };
        Reply { id: "r".into(), model: "m".into(), parts, logprobs: None, finish, usage }
    })
}

proptest! {
    #[test]
    fn any_json_is_read_without_a_panic(json in any_json()) {
        read_everything(json.to_string().as_bytes());
    }

    #[test]
    fn any_contents_are_read_without_a_panic(json in any_json(), config in any_json()) {
        read_everything(json!({"contents": [{"parts": [json]}], "generationConfig": config}).to_string().as_bytes());
    }

    #[test]
    fn any_chunk_is_read_without_a_panic(part in any_json(), rest in any_json()) {
        let chunk = json!({"candidates": [{"content": {"parts": [part]}, "groundingMetadata": rest.clone(),
            "logprobsResult": rest, "finishReason": "STOP"}]});
        read_everything(chunk.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
    }

    #[test]
    fn a_conversation_comes_back_as_it_was_written(first in exchange(0), second in prop::option::of(Just(()))) {
        let mut turns = first;
        if second.is_some() {
            let question = PartBody::Text { text: "more".into(), citations: Vec::new() };
            turns.push(Turn { role: Role::User, name: None, parts: vec![Part::new(question)] });
        }
        let expected = show(&turns);
        let (body, noted) = written(&Chat { turns, ..Chat::default() }, "gemini-2.5-flash");
        prop_assert_eq!(noted, "");
        let read = with_chat(&body, |chat, noted| (show(&chat.turns), noted));
        prop_assert_eq!(read, (expected, String::new()));
    }

    #[test]
    fn an_answer_comes_back_as_it_was_written(reply in reply()) {
        let body = Gemini.write_reply(&reply, &frame());
        let read = Gemini.read_reply(&body).unwrap();
        prop_assert_eq!(show_reply(&read), show_reply(&reply));
    }

    #[test]
    fn a_stream_comes_back_as_it_was_written(reply in reply()) {
        let mut writer = Gemini.writer(frame());
        let (mut out, mut expected) = (Vec::new(), Vec::new());
        for piece in pieces_of(&reply) {
            writer.piece(&piece, &mut out);
            push_line(&mut expected, &piece, true);
        }
        assert_well_formed(&expected);
        // The beginning has the usage of the first chunk, which may be the last.
        prop_assert_eq!(&pieces([&out[..]], true)[1..], &expected[1..]);
    }
}
