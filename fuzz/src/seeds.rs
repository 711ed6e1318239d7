//! Valid requests, answers and streams of every format, written by the formats themselves from conversations that use
//! what the neutral form has.

use std::borrow::Cow;

use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::fit;
use paceway_protocol::formats::{Frame, Target, format_of};
use paceway_protocol::neutral::{
    AnswerForm, CacheMark, Chat, Citation, Delta, Document, DocumentSource, Effort, Finish, Image, Json,
    Logprobs, Media, Opening, Part, PartBody, Piece, Reasoning, ReasoningMode, Reply, ReplyPart, Role,
    Sampling, Schema, Seal, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn, WebSearch,
};
use serde_json::value::RawValue;

/// The model that requests are written for.
pub const MODEL: &str = "claude-sonnet-5-5";

/// What a provider of any format wants.
pub fn target() -> Target<'static> {
    Target { model: MODEL, default_max_output: Tokens(8_192), only_max_tokens: false }
}

/// What answers are written with.
pub fn frame() -> Frame {
    let request =
        br#"{"model":"m","input":"x","instructions":"y","tools":[],"store":false,"max_output_tokens":9}"#;
    Frame {
        created: 1_790_000_000,
        request_id: "req_pw_1".into(),
        model: "m".into(),
        wants_usage: true,
        request: request.as_slice().into(),
    }
}

/// Requests as this dialect's clients send them.
pub fn requests(dialect: Dialect) -> Vec<Vec<u8>> {
    let write = |mut chat: Chat<'static>| {
        let format = format_of(dialect);
        fit(&mut chat, format.abilities(MODEL), &mut Changes::default());
        let body = format.write_chat(&chat, target(), &mut Changes::default());
        body.expect("every format can say it").to_vec()
    };
    chats(dialect).into_iter().map(write).collect()
}

/// Answers as this dialect's providers give them.
pub fn replies(dialect: Dialect) -> Vec<Vec<u8>> {
    let write = |reply: Reply<'static>| format_of(dialect).write_reply(&reply, &frame()).to_vec();
    answers(dialect).into_iter().map(write).collect()
}

/// Streamed answers as this dialect's providers give them, as server-sent events.
pub fn streams(dialect: Dialect) -> Vec<Vec<u8>> {
    let write = |reply: Reply<'static>| {
        let (mut writer, mut out) = (format_of(dialect).writer(frame()), Vec::new());
        for piece in &pieces(&reply) {
            writer.piece(piece, &mut out);
        }
        out
    };
    answers(dialect).into_iter().map(write).collect()
}

/// The pieces that say an answer, its texts in two deltas each.
pub fn pieces<'r>(reply: &'r Reply<'_>) -> Vec<Piece<'r>> {
    let begin =
        Piece::Begin { id: (*reply.id).into(), model: (*reply.model).into(), usage: Usage::default() };
    let mut pieces = vec![begin];
    for part in &reply.parts {
        let (opening, text, deltas) = match part {
            ReplyPart::Text { text, citations } => {
                (Opening::Text, text.as_ref(), citations.iter().cloned().map(Delta::Citation).collect())
            }
            ReplyPart::Thinking { text, seal } => {
                (Opening::Thinking, text.as_ref(), seal.iter().cloned().map(Delta::Seal).collect::<Vec<_>>())
            }
            ReplyPart::Redacted(seal) => (Opening::Redacted(seal.clone()), "", Vec::new()),
            ReplyPart::ToolCall(call) => {
                let ToolCall { id, name, namespace, is_custom, seal, .. } = call.clone();
                (
                    Opening::ToolCall { id, name, namespace, is_custom, seal },
                    call.arguments.as_ref(),
                    Vec::new(),
                )
            }
            ReplyPart::Refusal(text) => (Opening::Refusal, text.as_ref(), Vec::new()),
            ReplyPart::Image { media_type, data } => {
                (Opening::Image { media_type: media_type.clone(), data: data.clone() }, "", Vec::new())
            }
        };
        pieces.push(Piece::Open(opening));
        let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        let halves = [&text[..half], &text[half..]].into_iter().filter(|half| !half.is_empty());
        pieces.extend(halves.map(|half| Piece::Delta(Delta::Text(half.into()))));
        pieces.extend(deltas.into_iter().map(Piece::Delta));
        pieces.push(Piece::Close);
    }
    pieces.push(Piece::End { finish: reply.finish.clone(), usage: reply.usage });
    pieces
}

fn json(text: &str) -> Json<'static> {
    Cow::Owned(RawValue::from_string(text.to_owned()).expect("it is JSON"))
}

fn turn(role: Role, bodies: Vec<PartBody<'static>>) -> Turn<'static> {
    Turn { role, name: None, parts: bodies.into_iter().map(Part::new).collect() }
}

fn text(text: &'static str) -> PartBody<'static> {
    PartBody::Text { text: text.into(), citations: Vec::new() }
}

fn image() -> PartBody<'static> {
    let media = Media::Base64 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() };
    PartBody::Image(Image { media, detail: None })
}

fn call(id: &'static str, name: &'static str, arguments: &'static str) -> ToolCall<'static> {
    ToolCall {
        id: id.into(),
        name: name.into(),
        namespace: None,
        arguments: arguments.into(),
        is_custom: false,
        seal: None,
    }
}

fn result(call_id: &'static str, name: &'static str, content: Vec<PartBody<'static>>) -> PartBody<'static> {
    let content = content.into_iter().map(Part::new).collect();
    PartBody::ToolResult(ToolResult {
        call_id: call_id.into(),
        name: Some(name.into()),
        content,
        is_error: false,
        is_custom: false,
    })
}

fn tool(name: &'static str, kind: ToolKind<'static>) -> Tool<'static> {
    Tool { name: name.into(), namespace: None, description: Some("Does it.".into()), kind, cache: None }
}

fn function(schema: &str) -> ToolKind<'static> {
    ToolKind::Function { schema: Some(json(schema)), strict: None }
}

fn seal(by: Dialect) -> Seal<'static> {
    let data = if by == Dialect::Responses { "rs_1|Z0FB" } else { "RXFRQkNn" };
    Seal { by, data: data.into() }
}

fn usage() -> Usage {
    Usage {
        input: Tokens(10),
        cache_read: Tokens(5),
        output: Tokens(7),
        reasoning: Tokens(2),
        ..Usage::default()
    }
}

fn chats(dialect: Dialect) -> Vec<Chat<'static>> {
    let plain = Chat {
        turns: vec![
            turn(Role::System, vec![text("Be \"brief\".")]),
            turn(Role::User, vec![text("Hé\n"), image()]),
        ],
        sampling: Sampling {
            temperature: Some(0.5),
            top_p: Some(0.9),
            top_k: Some(4),
            seed: Some(7),
            presence_penalty: Some(0.5),
            frequency_penalty: Some(-0.5),
            logprobs: Some(Logprobs { top: 2 }),
            ..Sampling::default()
        },
        stop: vec!["END".into()],
        max_output: Some(Tokens(100)),
        stream: true,
        user: Some("u1".into()),
        form: AnswerForm::Schema(Schema {
            name: Some("out".into()),
            description: None,
            schema: json(
                r#"{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"],"additionalProperties":false}"#,
            ),
            strict: Some(true),
        }),
        ..Chat::default()
    };
    vec![agent(dialect), plain, documents(), bare()]
}

/// Thoughts, calls in rounds and what came of them.
fn agent(dialect: Dialect) -> Chat<'static> {
    let thought = PartBody::Thinking { text: "Hm.".into(), seal: Some(seal(dialect)) };
    let sealed = ToolCall {
        seal: Some(seal(Dialect::Gemini)),
        ..call("call_2", "look", r#"{"z":1,"a":[null,1.50]}"#)
    };
    let mut cached = Part::new(text("Look at it."));
    cached.cache = Some(CacheMark::OneHour);
    Chat {
        turns: vec![
            turn(Role::System, vec![text("Be careful.")]),
            Turn { role: Role::User, name: None, parts: vec![cached, Part::new(image())] },
            turn(
                Role::Assistant,
                vec![
                    thought,
                    text("I look."),
                    PartBody::ToolCall(call("call_1", "read", "{}")),
                    PartBody::ToolCall(sealed),
                ],
            ),
            turn(
                Role::User,
                vec![
                    result("call_1", "read", vec![text("done"), image()]),
                    result("call_2", "look", vec![text("{\"b\":2}")]),
                ],
            ),
            turn(Role::Assistant, vec![PartBody::Redacted(seal(dialect)), text("So it is.")]),
            turn(Role::User, vec![text("Go on.")]),
        ],
        tools: vec![
            tool(
                "read",
                function(
                    r##"{"type":"object","properties":{"p":{"$ref":"#/$defs/d"}},"$defs":{"d":{"anyOf":[{"type":"string","enum":["x"]},{"type":"null"}]}}}"##,
                ),
            ),
            tool("look", function(r#"{"type":"object","properties":{}}"#)),
            tool("web_search", ToolKind::WebSearch(WebSearch { max_uses: Some(3), ..WebSearch::default() })),
        ],
        tool_choice: Some(ToolChoice::Auto),
        parallel_tools: Some(false),
        reasoning: Some(Reasoning {
            mode: ReasoningMode::On,
            effort: Some(Effort::High),
            budget: Some(Tokens(2_000)),
            is_shown: Some(true),
        }),
        max_output: Some(Tokens(4_000)),
        ..Chat::default()
    }
}

/// Files, instructions in mid-conversation, tools of plain text and in groups.
fn documents() -> Chat<'static> {
    let pdf = Media::Base64 { media_type: "application/pdf".into(), data: "JVBERi0=".into() };
    let document = |source| {
        PartBody::Document(Document {
            source,
            title: Some("a.pdf".into()),
            context: None,
            wants_citations: false,
        })
    };
    let custom = ToolCall { is_custom: true, ..call("call_3", "patch", "*** Begin\n") };
    let grouped = Tool { namespace: Some("files".into()), ..tool("open", function("{}")) };
    Chat {
        turns: vec![
            turn(
                Role::User,
                vec![
                    document(DocumentSource::Media(pdf)),
                    document(DocumentSource::Text("Words.".into())),
                    text("What?"),
                ],
            ),
            turn(Role::System, vec![text("Now in French.")]),
            turn(Role::Assistant, vec![PartBody::ToolCall(custom)]),
            turn(
                Role::User,
                vec![PartBody::ToolResult(ToolResult {
                    call_id: "call_3".into(),
                    name: None,
                    content: vec![Part::text("no")],
                    is_error: true,
                    is_custom: true,
                })],
            ),
        ],
        tools: vec![tool("patch", ToolKind::Custom { format: None }), grouped],
        tool_choice: Some(ToolChoice::Named("patch".into())),
        max_output: Some(Tokens(100)),
        ..Chat::default()
    }
}

fn bare() -> Chat<'static> {
    Chat { turns: vec![turn(Role::User, vec![text("Hi")])], max_output: Some(Tokens(9)), ..Chat::default() }
}

fn answers(dialect: Dialect) -> Vec<Reply<'static>> {
    let reply = |parts, finish| Reply {
        id: "msg_1".into(),
        model: "m".into(),
        parts,
        logprobs: None,
        finish,
        usage: usage(),
    };
    let cited = Citation {
        url: Some("https://a.org".into()),
        title: Some("A".into()),
        quoted: Some("said".into()),
        place: Some((0, 4)),
    };
    let words = |text: &'static str, citations| ReplyPart::Text { text: text.into(), citations };
    let logprobs = json(r#"[{"token":"a","logprob":-1.5,"bytes":[97],"top_logprobs":[]}]"#);
    vec![
        Reply {
            logprobs: Some(logprobs),
            ..reply(vec![words("It was sàid 🌍.", vec![cited])], Finish::Done)
        },
        reply(
            vec![
                ReplyPart::Thinking { text: "Hm, so.".into(), seal: Some(seal(dialect)) },
                words("I look.", Vec::new()),
                ReplyPart::ToolCall(call("call_1", "read", r#"{"path":"a\"b","n":[1,2.50]}"#)),
                ReplyPart::ToolCall(ToolCall {
                    seal: Some(seal(Dialect::Gemini)),
                    ..call("call_2", "look", "{}")
                }),
            ],
            Finish::ToolCalls,
        ),
        reply(vec![ReplyPart::Redacted(seal(dialect)), words("Half of", Vec::new())], Finish::Length),
        reply(vec![ReplyPart::Refusal("I will not.".into())], Finish::Refused),
        reply(
            vec![
                ReplyPart::Image { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() },
                words("Here.", Vec::new()),
            ],
            Finish::StopSequence(Some("END".into())),
        ),
        reply(
            vec![ReplyPart::ToolCall(ToolCall { is_custom: true, ..call("call_3", "patch", "*** Begin\n") })],
            Finish::ToolCalls,
        ),
    ]
}
