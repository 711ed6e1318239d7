//! What is written reads back as what it was, as far as the format can say it.

use std::borrow::Cow;

use paceway_domain::{Dialect, Tokens, Usage};
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{pieces, read, target};
use crate::changes::Changes;
use crate::formats::{Frame, format_of};
use crate::neutral::{
    AnswerForm, CacheMark, Chat, Citation, Delta, Document, DocumentSource, Effort, Finish, Image, Json,
    Media, Opening, Part, PartBody, Piece, Reasoning, ReasoningMode, Reply, ReplyPart, Role, Sampling,
    Schema, Seal, ServiceTier, Text, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn, WebSearch,
};

fn words() -> impl Strategy<Value = Text<'static>> + Clone {
    "[a-zé\"\\\\\n{}]{0,8}[a-z]".prop_map(Text::from)
}

fn name() -> impl Strategy<Value = Text<'static>> + Clone {
    "[a-zA-Z0-9_-]{1,12}".prop_map(Text::from)
}

fn json() -> impl Strategy<Value = Json<'static>> {
    prop::sample::select(vec![r#"{"type":"object"}"#, r#"{"z":null,"type":["object"],"a":1.50}"#])
        .prop_map(|text| Cow::Owned(RawValue::from_string(text.to_owned()).unwrap()))
}

/// Objects of answers say that they have no other fields, or are told to.
fn answer_schema() -> impl Strategy<Value = Json<'static>> {
    let closed = r#"{"type":"object","additionalProperties":false,"a":1.50}"#;
    prop::sample::select(vec![closed, r#"{"z":null,"type":["string"],"a":1.50}"#])
        .prop_map(|text| Cow::Owned(RawValue::from_string(text.to_owned()).unwrap()))
}

fn seal(by: Dialect) -> impl Strategy<Value = Seal<'static>> {
    "[A-Za-z0-9+/=]{1,12}".prop_map(move |data| Seal { by, data: data.into() })
}

fn any_dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.to_vec())
}

fn cache() -> impl Strategy<Value = Option<CacheMark>> {
    // Rarely, so that there are no more than the API takes.
    prop_oneof![
        60 => Just(None),
        1 => Just(Some(CacheMark::FiveMinutes)),
        1 => Just(Some(CacheMark::OneHour)),
    ]
}

fn text_part() -> impl Strategy<Value = Part<'static>> {
    (words(), cache()).prop_map(|(text, cache)| Part { cache, ..Part::text(text) })
}

fn image_part() -> impl Strategy<Value = Part<'static>> {
    let media = prop_oneof![
        Just(Media::Base64 { media_type: "image/png".into(), data: "AA==".into() }),
        Just(Media::Url { url: "https://e.x/a.png".into(), media_type: None }),
        Just(Media::File { at: Dialect::Anthropic, id: "file_1".into() }),
    ];
    media.prop_map(|media| Part::new(PartBody::Image(Image { media, detail: None })))
}

fn document_part() -> impl Strategy<Value = Part<'static>> {
    let pdf = Media::Base64 { media_type: "application/pdf".into(), data: "JVBE".into() };
    let source = prop_oneof![
        Just(DocumentSource::Media(pdf)),
        words().prop_map(DocumentSource::Text),
        prop::collection::vec(prop_oneof![text_part(), image_part()], 1..3).prop_map(DocumentSource::Parts),
    ];
    (source, prop::option::of(words()), prop::option::of(words()), any::<bool>()).prop_map(
        |(source, title, context, wants_citations)| {
            Part::new(PartBody::Document(Document { source, title, context, wants_citations }))
        },
    )
}

fn assistant_part() -> impl Strategy<Value = Part<'static>> {
    prop_oneof![
        text_part(),
        (words(), seal(Dialect::Anthropic))
            .prop_map(|(text, seal)| Part::new(PartBody::Thinking { text, seal: Some(seal) })),
        seal(Dialect::Anthropic).prop_map(|seal| Part::new(PartBody::Redacted(seal))),
        (name(), name(), prop::sample::select(vec!["{}", r#"{"z":null,"a":1.50}"#])).prop_map(
            |(id, name, arguments)| {
                Part::new(PartBody::ToolCall(ToolCall {
                    id,
                    name,
                    namespace: None,
                    arguments: arguments.into(),
                    is_custom: false,
                    seal: None,
                }))
            }
        ),
    ]
}

fn result_part() -> impl Strategy<Value = Part<'static>> {
    let content = prop::collection::vec(prop_oneof![text_part(), image_part(), document_part()], 0..3);
    (name(), content, any::<bool>()).prop_map(|(call_id, content, is_error)| {
        Part::new(PartBody::ToolResult(ToolResult {
            call_id,
            name: None,
            content,
            is_error,
            is_custom: false,
        }))
    })
}

/// A user's turn, results first, maybe instructions, and the assistant's.
fn exchange() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let said = prop::collection::vec(prop_oneof![text_part(), image_part(), document_part()], 1..3);
    (
        prop::collection::vec(result_part(), 0..2),
        said,
        prop::option::of(prop::collection::vec(text_part(), 1..3)),
        prop::collection::vec(assistant_part(), 1..4),
    )
        .prop_map(|(mut user, said, system, assistant)| {
            user.extend(said);
            let turn = |role, parts| Turn { role, name: None, parts };
            let mut turns = vec![turn(Role::User, user)];
            turns.extend(system.map(|parts| turn(Role::System, parts)));
            turns.push(turn(Role::Assistant, assistant));
            turns
        })
}

fn tools() -> impl Strategy<Value = Vec<Tool<'static>>> {
    let kind = prop_oneof![
        (json(), prop::option::of(Just(true)))
            .prop_map(|(schema, strict)| ToolKind::Function { schema: Some(schema), strict }),
        (prop::option::of(1u64..9), prop::collection::vec(words(), 0..2)).prop_map(
            |(max_uses, allowed_domains)| {
                ToolKind::WebSearch(WebSearch { max_uses, allowed_domains, ..WebSearch::default() })
            }
        ),
    ];
    let tool = (name(), prop::option::of(words()), kind).prop_map(|(name, description, kind)| match kind {
        ToolKind::WebSearch(_) => {
            Tool { name: "web_search".into(), namespace: None, description: None, kind, cache: None }
        }
        _ => Tool { name, namespace: None, description, kind, cache: None },
    });
    prop::collection::vec(tool, 1..4)
}

fn reasoning() -> impl Strategy<Value = Reasoning> {
    let effort = prop::sample::select(vec![Effort::Low, Effort::Medium, Effort::High]);
    let mode = prop::sample::select(vec![ReasoningMode::Adaptive, ReasoningMode::Off]);
    (mode, prop::option::of(effort), prop::option::of(any::<bool>())).prop_map(|(mode, effort, is_shown)| {
        let is_shown = is_shown.filter(|_| mode == ReasoningMode::Adaptive);
        Reasoning { mode, effort, budget: None, is_shown }
    })
}

fn chats() -> impl Strategy<Value = Chat<'static>> {
    let turns =
        (prop::option::of(prop::collection::vec(text_part(), 1..3)), prop::collection::vec(exchange(), 1..4));
    let asked = (
        prop::option::of(tools()),
        prop::option::of(reasoning()),
        prop::option::of(prop::sample::select(vec![0.0, 0.25, 0.7])),
        prop::option::of(words()),
        prop::sample::select(vec![None, Some(ServiceTier::Auto), Some(ServiceTier::Standard)]),
        prop::option::of(answer_schema()),
        any::<bool>(),
        1u64..100_000,
    );
    (turns, asked).prop_map(|((system, exchanges), asked)| {
        let (tools, reasoning, temperature, user, service_tier, schema, stream, max_output) = asked;
        let mut turns: Vec<Turn<'static>> =
            system.into_iter().map(|parts| Turn { role: Role::System, name: None, parts }).collect();
        turns.extend(exchanges.into_iter().flatten());
        let thinks = reasoning.is_some_and(|reasoning| reasoning.mode == ReasoningMode::Adaptive);
        let temperature = temperature.filter(|_| !thinks);
        let form = schema.map_or(AnswerForm::Text, |schema| {
            AnswerForm::Schema(Schema { name: None, description: None, schema, strict: Some(true) })
        });
        Chat {
            turns,
            tool_choice: tools.as_ref().map(|_| ToolChoice::Auto),
            parallel_tools: tools.as_ref().map(|_| false),
            tools: tools.unwrap_or_default(),
            form,
            reasoning,
            sampling: Sampling { temperature, ..Sampling::default() },
            max_output: Some(Tokens(max_output)),
            stop: user.iter().cloned().collect(),
            user,
            service_tier,
            stream,
            ..Chat::default()
        }
    })
}

fn reply_part() -> impl Strategy<Value = ReplyPart<'static>> {
    let citation = (words(), prop::option::of(words()), prop::option::of(words()))
        .prop_map(|(url, title, quoted)| Citation { url: Some(url), title, quoted, place: None });
    prop_oneof![
        (words(), prop::collection::vec(citation, 0..3))
            .prop_map(|(text, citations)| ReplyPart::Text { text, citations }),
        (words(), any_dialect().prop_flat_map(seal))
            .prop_map(|(text, seal)| ReplyPart::Thinking { text, seal: Some(seal) }),
        any_dialect().prop_flat_map(seal).prop_map(ReplyPart::Redacted),
        (name(), name(), prop::sample::select(vec!["{}", r#"{"z":null,"a":1.50}"#])).prop_map(
            |(id, name, arguments)| {
                ReplyPart::ToolCall(ToolCall {
                    id,
                    name,
                    namespace: None,
                    arguments: arguments.into(),
                    is_custom: false,
                    seal: None,
                })
            }
        ),
    ]
}

fn usage() -> impl Strategy<Value = Usage> {
    (1u64..99, 0u64..99, 0u64..99, 0u64..99, 50u64..99, 0u64..50).prop_map(
        |(input, read, write_5m, write_1h, output, reasoning)| Usage {
            input: Tokens(input),
            cache_read: Tokens(read),
            cache_write_5m: Tokens(write_5m),
            cache_write_1h: Tokens(write_1h),
            output: Tokens(output),
            reasoning: Tokens(reasoning),
            ..Usage::default()
        },
    )
}

fn replies() -> impl Strategy<Value = Reply<'static>> {
    let finish = prop_oneof![
        Just(Finish::Length),
        Just(Finish::ToolCalls),
        Just(Finish::Refused),
        Just(Finish::Paused),
        words().prop_map(|text| Finish::StopSequence(Some(text))),
    ];
    (prop::collection::vec(reply_part(), 0..5), finish, usage()).prop_map(|(parts, finish, usage)| Reply {
        id: "msg_1".into(),
        model: "m".into(),
        parts,
        logprobs: None,
        finish,
        usage,
    })
}

/// The pieces of a reply that is streamed.
fn streamed(reply: &Reply<'_>) -> Vec<Piece<'static>> {
    let own = |text: &Text<'_>| Text::from(text.to_string());
    let own_seal = |seal: &Seal<'_>| Seal { by: seal.by, data: own(&seal.data) };
    let usage = reply.usage;
    let mut pieces = vec![Piece::Begin { id: own(&reply.id), model: own(&reply.model), usage }];
    for part in &reply.parts {
        match part {
            ReplyPart::Text { text, citations } => {
                pieces.push(Piece::Open(Opening::Text));
                pieces.push(Piece::Delta(Delta::Text(own(text))));
                pieces.extend(citations.iter().map(|citation| {
                    Piece::Delta(Delta::Citation(Citation {
                        url: citation.url.as_ref().map(own),
                        title: citation.title.as_ref().map(own),
                        quoted: citation.quoted.as_ref().map(own),
                        place: None,
                    }))
                }));
            }
            ReplyPart::Thinking { text, seal } => {
                pieces.push(Piece::Open(Opening::Thinking));
                pieces.push(Piece::Delta(Delta::Text(own(text))));
                pieces.extend(seal.as_ref().map(|seal| Piece::Delta(Delta::Seal(own_seal(seal)))));
            }
            ReplyPart::Redacted(seal) => pieces.push(Piece::Open(Opening::Redacted(own_seal(seal)))),
            ReplyPart::ToolCall(call) => {
                pieces.push(Piece::Open(Opening::ToolCall {
                    id: own(&call.id),
                    name: own(&call.name),
                    namespace: None,
                    is_custom: false,
                    seal: None,
                }));
                pieces.push(Piece::Delta(Delta::Text(own(&call.arguments))));
            }
            _ => unreachable!("no reply of these tests has others"),
        }
        pieces.push(Piece::Close);
    }
    let finish = match &reply.finish {
        Finish::StopSequence(text) => Finish::StopSequence(text.as_ref().map(own)),
        Finish::Length => Finish::Length,
        Finish::ToolCalls => Finish::ToolCalls,
        Finish::Refused => Finish::Refused,
        _ => Finish::Paused,
    };
    pieces.push(Piece::End { finish, usage });
    pieces
}

fn marks(chat: &Chat<'_>) -> usize {
    format!("{chat:?}").matches("cache: Some").count()
}

proptest! {
    #[test]
    fn a_conversation_reads_back_as_it_was_written(chat in chats()) {
        prop_assume!(marks(&chat) <= 4);
        let mut changes = Changes::default();
        let body = format_of(Dialect::Anthropic)
            .write_chat(&chat, target("claude-opus-5"), &mut changes)
            .unwrap();
        prop_assert!(changes.is_empty(), "{}", changes);
        let back = read(&body, &mut changes).unwrap();
        prop_assert!(changes.is_empty(), "{}", changes);
        prop_assert_eq!(format!("{back:#?}"), format!("{chat:#?}"));
    }

    #[test]
    fn an_answer_reads_back_as_it_was_written(reply in replies()) {
        let body = format_of(Dialect::Anthropic).write_reply(&reply, &Frame::default());
        let back = format_of(Dialect::Anthropic).read_reply(&body).unwrap();
        prop_assert_eq!(format!("{back:#?}"), format!("{reply:#?}"));
    }

    #[test]
    fn a_stream_reads_back_as_it_was_written(reply in replies()) {
        let sent = streamed(&reply);
        let mut writer = format_of(Dialect::Anthropic).writer(Frame::default());
        let mut out = Vec::new();
        for piece in &sent {
            writer.piece(piece, &mut out);
        }
        let expected: Vec<String> = sent.iter().map(|piece| format!("{piece:?}")).collect();
        prop_assert_eq!(pieces([&out[..]]), expected);
    }
}
