//! Conversations, answers and streams of any kind, well-formed as the neutral form demands and otherwise as odd as they
//! come. Other formats' tests use them too.

use paceway_domain::{Dialect, Tokens, Usage};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;

use crate::neutral::{
    AnswerForm, CacheMark, Chat, Citation, Delta, Document, DocumentSource, Effort, Finish, Image, Logprobs,
    Media, Opening, Part, PartBody, Piece, Reasoning, ReasoningMode, Reply, ReplyPart, Role, Sampling,
    Schema, Seal, ServiceTier, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn, WebSearch,
};

/// A text that is not blank, with what JSON escapes and what UTF-8 needs several bytes for.
pub(in crate::formats) fn words() -> impl Strategy<Value = String> {
    "[a-zé🙂\"\\\\\n ]{0,12}[a-z\"]"
}

fn blank_or_words() -> impl Strategy<Value = String> {
    prop_oneof![4 => words(), 1 => "[ \n\t]{0,3}"]
}

fn dialect() -> impl Strategy<Value = Dialect> {
    select(Dialect::ALL.to_vec())
}

pub(in crate::formats) fn seal() -> impl Strategy<Value = Seal<'static>> {
    (dialect(), "[A-Za-z0-9+/]{4}{1,3}").prop_map(|(by, data)| Seal { by, data: data.into() })
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof!["call_[a-c]", "[a-z|:.é ]{0,5}", "[a-z]{70}"]
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => words().prop_map(|text| serde_json::json!({"q": text, "n": 1}).to_string()),
        2 => Just(String::new()),
        1 => Just("{\"broken".to_owned()),
        1 => Just("[1]".to_owned()),
    ]
}

fn media() -> impl Strategy<Value = Media<'static>> {
    const TYPES: [&str; 10] = [
        "image/png",
        "image/jpeg",
        "image/tiff",
        "application/pdf",
        "text/plain",
        "text/csv",
        "video/mp4",
        "audio/wav",
        "application/zip",
        "",
    ];
    let url = select(vec!["https://a.example/a.png", "s3://bucket/a.pdf", "s3://bucket/a", "data:x"]);
    prop_oneof![
        4 => (select(TYPES.to_vec()), "[A-Za-z0-9+/]{4}{1,3}")
            .prop_map(|(media_type, data)| Media::Base64 { media_type: media_type.into(), data: data.into() }),
        1 => (url, option::of(select(TYPES.to_vec())))
            .prop_map(|(url, kind)| Media::Url { url: url.into(), media_type: kind.map(Into::into) }),
        1 => (dialect(), "[a-z]{3}").prop_map(|(at, id)| Media::File { at, id: id.into() }),
    ]
}

fn citation() -> impl Strategy<Value = Citation<'static>> {
    (words(), option::of(words()), option::of(words()), option::of((0_u64..9, 0_u64..9))).prop_map(
        |(url, title, quoted, place)| Citation {
            url: Some(format!("https://{url}").into()),
            title: title.map(Into::into),
            quoted: quoted.map(Into::into),
            place,
        },
    )
}

fn cached(body: impl Strategy<Value = PartBody<'static>>) -> impl Strategy<Value = Part<'static>> {
    let mark = select(vec![None, None, None, Some(CacheMark::FiveMinutes), Some(CacheMark::OneHour)]);
    (body, mark).prop_map(|(body, cache)| Part { body, cache })
}

fn text_body() -> impl Strategy<Value = PartBody<'static>> {
    (blank_or_words(), vec(citation(), 0..2))
        .prop_map(|(text, citations)| PartBody::Text { text: text.into(), citations })
}

fn file_body() -> impl Strategy<Value = PartBody<'static>> {
    let source = prop_oneof![
        media().prop_map(DocumentSource::Media),
        blank_or_words().prop_map(|text| DocumentSource::Text(text.into())),
        vec(cached(text_body()), 0..3).prop_map(DocumentSource::Parts),
    ];
    let document = (source, option::of(blank_or_words()), option::of(words()), any::<bool>()).prop_map(
        |(source, title, context, wants_citations)| {
            PartBody::Document(Document {
                source,
                title: title.map(Into::into),
                context: context.map(Into::into),
                wants_citations,
            })
        },
    );
    prop_oneof![
        media().prop_map(|media| PartBody::Image(Image { media, detail: None })),
        media().prop_map(PartBody::Audio),
        media().prop_map(PartBody::Video),
        document,
    ]
}

fn call() -> impl Strategy<Value = ToolCall<'static>> {
    (id(), select(vec!["find", "look", "undeclared"]), arguments(), option::of(seal())).prop_map(
        |(id, name, arguments, seal)| ToolCall {
            id: id.into(),
            name: name.into(),
            namespace: None,
            arguments: arguments.into(),
            is_custom: false,
            seal,
        },
    )
}

fn part() -> impl Strategy<Value = Part<'static>> {
    let inner = vec(prop_oneof![cached(text_body()), cached(file_body())], 0..3);
    let result = (id(), inner, any::<bool>()).prop_map(|(call_id, content, is_error)| {
        PartBody::ToolResult(ToolResult {
            call_id: call_id.into(),
            name: None,
            content,
            is_error,
            is_custom: false,
        })
    });
    prop_oneof![
        4 => cached(text_body()),
        1 => cached(file_body()),
        2 => cached(call().prop_map(PartBody::ToolCall)),
        2 => cached(result),
        2 => cached((blank_or_words(), option::of(seal()))
            .prop_map(|(text, seal)| PartBody::Thinking { text: text.into(), seal })),
        1 => cached(seal().prop_map(PartBody::Redacted)),
        1 => cached(blank_or_words().prop_map(|text| PartBody::Refusal(text.into()))),
    ]
}

fn turn() -> impl Strategy<Value = Turn<'static>> {
    let role = select(vec![Role::System, Role::User, Role::User, Role::Assistant, Role::Assistant]);
    (role, option::weighted(0.1, words()), vec(part(), 1..5)).prop_map(|(role, name, parts)| Turn {
        role,
        name: name.map(Into::into),
        parts,
    })
}

pub(in crate::formats) fn json(text: &str) -> crate::neutral::Json<'static> {
    std::borrow::Cow::Owned(RawValue::from_string(text.to_owned()).unwrap())
}

fn tool() -> impl Strategy<Value = Tool<'static>> {
    const SCHEMAS: [&str; 4] =
        [r#"{"type":"object","properties":{"q":{"type":"string"}}}"#, r#"{"properties":{}}"#, "{}", "true"];
    let function = (option::of(select(SCHEMAS.to_vec())), option::of(any::<bool>()))
        .prop_map(|(schema, strict)| ToolKind::Function { schema: schema.map(json), strict });
    let kind = prop_oneof![
        6 => function,
        1 => Just(ToolKind::WebSearch(WebSearch::default())),
        1 => Just(ToolKind::Hosted { kind: "code".into() }),
    ];
    let mark = option::of(Just(CacheMark::OneHour));
    (select(vec!["find", "look"]), option::of(blank_or_words()), kind, mark).prop_map(
        |(name, description, kind, cache)| Tool {
            name: name.into(),
            namespace: None,
            description: description.map(Into::into),
            kind,
            cache,
        },
    )
}

fn choice() -> impl Strategy<Value = ToolChoice<'static>> {
    select(vec![
        ToolChoice::Auto,
        ToolChoice::None,
        ToolChoice::Any,
        ToolChoice::Named("find".into()),
        ToolChoice::Among { names: vec!["look".into()], is_required: true },
        ToolChoice::Among { names: vec![], is_required: false },
    ])
}

fn reasoning() -> impl Strategy<Value = Reasoning> {
    let mode = select(vec![ReasoningMode::Off, ReasoningMode::On, ReasoningMode::Adaptive]);
    let effort = select(vec![
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::ExtraHigh,
        Effort::Max,
    ]);
    (mode, option::of(effort), option::of(0_u64..40_000), option::of(any::<bool>())).prop_map(
        |(mode, effort, budget, is_shown)| Reasoning { mode, effort, budget: budget.map(Tokens), is_shown },
    )
}

fn sampling() -> impl Strategy<Value = Sampling<'static>> {
    let number = |range: std::ops::Range<f64>| option::weighted(0.3, range);
    let counts = (
        option::weighted(0.3, 1_u64..900),
        option::weighted(0.3, any::<i64>()),
        option::weighted(0.2, 0_u8..20),
    );
    (number(0.0..2.0), number(0.0..1.0), number(-2.0..2.0), number(-2.0..2.0), counts).prop_map(
        |(temperature, top_p, presence_penalty, frequency_penalty, (top_k, seed, logprobs))| Sampling {
            temperature,
            top_p,
            top_k,
            presence_penalty,
            frequency_penalty,
            seed,
            logit_bias: None,
            logprobs: logprobs.map(|top| Logprobs { top }),
        },
    )
}

fn form() -> impl Strategy<Value = AnswerForm<'static>> {
    let schema = || {
        AnswerForm::Schema(Schema {
            name: Some("out".into()),
            description: None,
            schema: json(r#"{"type":"object"}"#),
            strict: None,
        })
    };
    prop_oneof![3 => Just(AnswerForm::Text), 1 => Just(AnswerForm::Json), 1 => Just(()).prop_map(move |()| schema())]
}

/// A conversation of any kind.
pub(in crate::formats) fn any_chat() -> impl Strategy<Value = Chat<'static>> {
    let tier =
        select(vec![None, Some(ServiceTier::Auto), Some(ServiceTier::Standard), Some(ServiceTier::Priority)]);
    let bounds = (option::of(1_u64..50_000), vec(blank_or_words(), 0..3), tier, any::<bool>());
    let tools = (vec(tool(), 0..3), option::of(choice()), option::of(any::<bool>()));
    (vec(turn(), 0..7), tools, option::of(reasoning()), sampling(), form(), bounds).prop_map(
        |(turns, (tools, tool_choice, parallel_tools), reasoning, sampling, form, bounds)| {
            let (max_output, stop, service_tier, stream) = bounds;
            Chat {
                turns,
                tools,
                tool_choice,
                parallel_tools,
                form,
                reasoning,
                sampling,
                max_output: max_output.map(Tokens),
                stop: stop.into_iter().map(Into::into).collect(),
                service_tier,
                stream,
                ..Chat::default()
            }
        },
    )
}

fn usage() -> impl Strategy<Value = Usage> {
    (0_u64..9000, 0_u64..9000, 0_u64..9000, 0_u64..9000, 0_u64..9000).prop_map(
        |(input, read, minutes, hour, output)| Usage {
            input: Tokens(input),
            cache_read: Tokens(read),
            cache_write_5m: Tokens(minutes),
            cache_write_1h: Tokens(hour),
            output: Tokens(output),
            reasoning: Tokens::ZERO,
            ..Usage::default()
        },
    )
}

fn reply_part() -> impl Strategy<Value = ReplyPart<'static>> {
    prop_oneof![
        3 => (words(), vec(citation(), 0..2))
            .prop_map(|(text, citations)| ReplyPart::Text { text: text.into(), citations }),
        2 => (words(), option::of(seal()))
            .prop_map(|(text, seal)| ReplyPart::Thinking { text: text.into(), seal }),
        1 => seal().prop_map(ReplyPart::Redacted),
        2 => call().prop_map(ReplyPart::ToolCall),
        1 => words().prop_map(|text| ReplyPart::Refusal(text.into())),
        1 => "[A-Za-z0-9+/]{4}".prop_map(|data| ReplyPart::Image { media_type: "image/png".into(), data: data.into() }),
    ]
}

/// An answer of any kind.
pub(in crate::formats) fn any_reply() -> impl Strategy<Value = Reply<'static>> {
    let finish = select(vec![
        Finish::Done,
        Finish::Length,
        Finish::StopSequence(None),
        Finish::StopSequence(Some("END".into())),
        Finish::ToolCalls,
        Finish::Refused,
        Finish::Paused,
    ]);
    ("[a-z0-9]{0,4}", vec(reply_part(), 0..6), finish, usage()).prop_map(|(id, parts, finish, usage)| Reply {
        id: id.into(),
        model: "m".into(),
        parts,
        logprobs: None,
        finish,
        usage,
    })
}

/// An answer as the stream that it could have been, its texts cut at these places.
pub(in crate::formats) fn as_pieces<'r>(reply: &'r Reply<'_>, cut: usize) -> Vec<Piece<'r>> {
    let mut pieces =
        vec![Piece::Begin { id: (*reply.id).into(), model: (*reply.model).into(), usage: Usage::default() }];
    for part in &reply.parts {
        pieces.push(Piece::Open(opening(part)));
        let text: &str = match part {
            ReplyPart::Text { text, .. } | ReplyPart::Thinking { text, .. } | ReplyPart::Refusal(text) => {
                text
            }
            ReplyPart::ToolCall(call) => &call.arguments,
            _ => "",
        };
        let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        for half in [&text[..at], &text[at..]] {
            if !half.is_empty() {
                pieces.push(Piece::Delta(Delta::Text(half.into())));
            }
        }
        match part {
            ReplyPart::Text { citations, .. } => {
                pieces.extend(citations.iter().map(|one| Piece::Delta(Delta::Citation(one.clone()))));
            }
            ReplyPart::Thinking { seal: Some(seal), .. } => {
                pieces.push(Piece::Delta(Delta::Seal(seal.clone())));
            }
            _ => {}
        }
        pieces.push(Piece::Close);
    }
    pieces.push(Piece::End { finish: reply.finish.clone(), usage: reply.usage });
    pieces
}

fn opening<'r>(part: &'r ReplyPart<'_>) -> Opening<'r> {
    match part {
        ReplyPart::Text { .. } => Opening::Text,
        ReplyPart::Thinking { .. } => Opening::Thinking,
        ReplyPart::Redacted(seal) => Opening::Redacted(seal.clone()),
        ReplyPart::Refusal(_) => Opening::Refusal,
        ReplyPart::ToolCall(call) => Opening::ToolCall {
            id: (*call.id).into(),
            name: (*call.name).into(),
            namespace: None,
            is_custom: false,
            seal: call.seal.clone(),
        },
        ReplyPart::Image { media_type, data } => {
            Opening::Image { media_type: (**media_type).into(), data: (**data).into() }
        }
    }
}

/// Pieces as lines, texts that follow one another joined.
#[derive(Debug, Default, PartialEq)]
pub(in crate::formats) struct Lines {
    lines: Vec<String>,
    text: String,
}

impl Lines {
    pub(in crate::formats) fn push(&mut self, piece: &Piece<'_>) {
        if let Piece::Delta(Delta::Text(more)) = piece {
            self.text.push_str(more);
            return;
        }
        if !self.text.is_empty() {
            self.lines.push(format!("Text {:?}", std::mem::take(&mut self.text)));
        }
        self.lines.push(format!("{piece:?}"));
    }
}

/// JSON of these keys and scalars, nested.
pub(in crate::formats) fn any_json(
    keys: &'static [&'static str],
    texts: &'static [&'static str],
) -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        select(texts).prop_map(Into::into),
        words().prop_map(Into::into),
    ];
    leaf.prop_recursive(8, 60, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            vec((select(keys), inner), 0..5)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}
