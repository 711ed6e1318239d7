//! There and back: what is written reads as the same.

use paceway_domain::{Dialect, Usage};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::neutral::{
    AnswerForm, Citation, Detail, Document, DocumentSource, Effort, Finish, Image, Json, Logprobs, Media,
    Opening, Part, PartBody, Reasoning, ReasoningMode, Reply, ReplyPart, Role, Sampling, Schema, Seal,
    ServiceTier, Text, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn, WebSearch,
};

type Owned<T> = BoxedStrategy<T>;

fn words() -> Owned<Text<'static>> {
    "[a-zé\"\\\\\n🌍]{1,12}x".prop_map(Text::from).boxed()
}

fn name() -> Owned<Text<'static>> {
    "[a-zA-Z_][a-zA-Z0-9_-]{0,10}".prop_map(Text::from).boxed()
}

fn json(choices: &'static [&'static str]) -> Owned<Json<'static>> {
    proptest::sample::select(choices)
        .prop_map(|text| std::borrow::Cow::Borrowed(serde_json::from_str::<&RawValue>(text).unwrap()))
        .boxed()
}

fn schema() -> Owned<Json<'static>> {
    json(&[r#"{"type":"object","properties":{"b":1,"a":null}}"#, "{ }"])
}

fn citation() -> Owned<Citation<'static>> {
    (words(), words(), 0_u64..9, 9_u64..99)
        .prop_map(|(url, title, start, end)| Citation {
            url: Some(url),
            title: Some(title),
            quoted: None,
            place: Some((start, end)),
        })
        .boxed()
}

fn media(kinds: &'static [&'static str]) -> Owned<Media<'static>> {
    prop_oneof![
        (proptest::sample::select(kinds), "[A-Za-z0-9+/]{4}")
            .prop_map(|(kind, data)| Media::Base64 { media_type: kind.into(), data: data.into() }),
        name().prop_map(|name| Media::Url { url: format!("https://a.org/{name}").into(), media_type: None }),
        name().prop_map(|id| Media::File { at: Dialect::Responses, id }),
    ]
    .boxed()
}

fn input() -> Owned<Part<'static>> {
    let details = [Detail::Low, Detail::High, Detail::Original, Detail::Auto];
    prop_oneof![
        words().prop_map(|text| PartBody::Text { text, citations: Vec::new() }),
        (media(&["image/png", "image/jpeg"]), of(proptest::sample::select(details.to_vec())))
            .prop_map(|(media, detail)| PartBody::Image(Image { media, detail })),
        (media(&["application/pdf", "text/plain"]), words()).prop_map(|(media, title)| {
            let title = if matches!(media, Media::File { .. }) { None } else { Some(title) };
            let source = DocumentSource::Media(media);
            PartBody::Document(Document { source, title, context: None, wants_citations: false })
        }),
    ]
    .prop_map(Part::new)
    .boxed()
}

fn call() -> Owned<ToolCall<'static>> {
    (name(), name(), of(name()), words(), any::<bool>())
        .prop_map(|(id, name, namespace, text, is_custom)| ToolCall {
            id,
            name,
            namespace,
            arguments: if is_custom { text } else { r#"{"a": 1}"#.into() },
            is_custom,
            seal: None,
        })
        .boxed()
}

fn own_seal() -> Owned<Seal<'static>> {
    (name(), "[A-Za-z0-9=]{1,9}")
        .prop_map(|(id, data)| Seal { by: Dialect::Responses, data: format!("{id}|{data}").into() })
        .boxed()
}

fn said() -> Owned<Part<'static>> {
    prop_oneof![
        (words(), proptest::collection::vec(citation(), 0..2))
            .prop_map(|(text, citations)| PartBody::Text { text, citations }),
        words().prop_map(PartBody::Refusal),
        (words(), own_seal()).prop_map(|(text, seal)| PartBody::Thinking { text, seal: Some(seal) }),
        own_seal().prop_map(PartBody::Redacted),
        call().prop_map(PartBody::ToolCall),
    ]
    .prop_map(Part::new)
    .boxed()
}

fn result() -> Owned<Part<'static>> {
    (name(), proptest::collection::vec(input(), 0..3), any::<bool>())
        .prop_map(|(call_id, content, is_custom)| {
            let result = ToolResult { call_id, name: None, content, is_error: false, is_custom };
            Part::new(PartBody::ToolResult(result))
        })
        .boxed()
}

/// A question, what the model did, what came of it.
fn round() -> Owned<Vec<Turn<'static>>> {
    let list = proptest::collection::vec;
    (of(words()), list(input(), 1..4), list(said(), 0..4), call(), list(result(), 1..3))
        .prop_map(|(system, asked, mut said, call, results)| {
            said.push(Part::new(PartBody::ToolCall(call)));
            let system = system.map(|text| (Role::System, vec![Part::text(text)]));
            let rest = [(Role::User, asked), (Role::Assistant, said), (Role::User, results)];
            system.into_iter().chain(rest).map(|(role, parts)| Turn { role, name: None, parts }).collect()
        })
        .boxed()
}

fn tool() -> Owned<(Option<Text<'static>>, ToolKind<'static>)> {
    let grammar = json(&[r#"{"type":"grammar","syntax":"regex","definition":"a+"}"#]);
    prop_oneof![
        (json(&[r#"{"type":"object","properties":{"b":1,"a":null}}"#]), any::<bool>())
            .prop_map(|(schema, strict)| ToolKind::Function { schema: Some(schema), strict: Some(strict) }),
        of(grammar).prop_map(|format| ToolKind::Custom { format }),
    ]
    .prop_flat_map(|kind| (of(words()), Just(kind)))
    .boxed()
}

/// Tools, some of them in groups, each with a name of its own.
fn tools() -> Owned<Vec<Tool<'static>>> {
    let search = of(of(json(&[r#"{"type":"approximate","city":"Oslo"}"#])));
    (proptest::collection::vec((tool(), any::<bool>()), 1..5), search)
        .prop_map(|(tools, search)| {
            let mut list: Vec<_> = tools
                .into_iter()
                .enumerate()
                .map(|(index, ((description, kind), is_grouped))| Tool {
                    name: format!("t{index}").into(),
                    namespace: is_grouped.then(|| "group".into()),
                    description,
                    kind,
                    cache: None,
                })
                .collect();
            list.extend(search.map(|user_location| Tool {
                name: "web_search".into(),
                namespace: None,
                description: None,
                kind: ToolKind::WebSearch(WebSearch {
                    user_location,
                    allowed_domains: vec!["a.org".into()],
                    ..WebSearch::default()
                }),
                cache: None,
            }));
            list
        })
        .boxed()
}

fn choice() -> Owned<ToolChoice<'static>> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        Just(ToolChoice::Named("t0".into())),
        any::<bool>()
            .prop_map(|is_required| ToolChoice::Among { names: vec!["t0".into(), "t9".into()], is_required }),
    ]
    .boxed()
}

fn form() -> Owned<AnswerForm<'static>> {
    prop_oneof![
        Just(AnswerForm::Text),
        Just(AnswerForm::Json),
        (name(), of(words()), schema(), any::<bool>()).prop_map(|(name, description, schema, strict)| {
            AnswerForm::Schema(Schema { name: Some(name), description, schema, strict: Some(strict) })
        }),
    ]
    .boxed()
}

fn reasoning() -> Owned<Reasoning> {
    let efforts = [Effort::Low, Effort::Medium, Effort::High, Effort::ExtraHigh, Effort::Max];
    let shown = |is_shown: bool| is_shown.then_some(true);
    prop_oneof![
        Just(Reasoning { mode: ReasoningMode::Off, effort: None, budget: None, is_shown: None }),
        Just(Reasoning { mode: ReasoningMode::Adaptive, effort: None, budget: None, is_shown: Some(true) }),
        (proptest::sample::select(efforts.to_vec()), any::<bool>()).prop_map(move |(effort, is_shown)| {
            Reasoning {
                mode: ReasoningMode::On,
                effort: Some(effort),
                budget: None,
                is_shown: shown(is_shown),
            }
        }),
    ]
    .boxed()
}

/// Numbers that every reader of JSON reads alike.
fn quarters(most: u32) -> Owned<f64> {
    (0..=most).prop_map(|count| f64::from(count) / 4.0).boxed()
}

fn chat() -> Owned<Chat<'static>> {
    let tiers = [ServiceTier::Auto, ServiceTier::Standard, ServiceTier::Flex, ServiceTier::Priority];
    let sampling = (of(quarters(8)), of(quarters(4)), of(0_u8..20)).prop_map(|(temperature, top_p, top)| {
        Sampling { temperature, top_p, logprobs: top.map(|top| Logprobs { top }), ..Sampling::default() }
    });
    let settings = (form(), of(reasoning()), sampling, of(16_u64..9_999), of(name()), any::<bool>());
    let more = (of(name()), of(name()), of(proptest::sample::select(tiers.to_vec())));
    let rounds = proptest::collection::vec(round(), 1..3);
    (rounds, tools(), of(choice()), of(any::<bool>()), settings, more)
        .prop_map(|(rounds, tools, tool_choice, parallel_tools, settings, more)| {
            let (form, reasoning, sampling, most, verbosity, stream) = settings;
            let (user, cache_key, service_tier) = more;
            let turns = rounds.into_iter().flatten().collect();
            let max_output = most.map(Tokens);
            Chat {
                turns,
                tools,
                tool_choice,
                parallel_tools,
                form,
                reasoning,
                sampling,
                max_output,
                verbosity,
                user,
                cache_key,
                service_tier,
                stream,
                ..Chat::default()
            }
        })
        .boxed()
}

fn usage() -> Owned<Usage> {
    (0_u64..99, 0_u64..99, 0_u64..99, 0_u64..99)
        .prop_map(|(input, read, written, output)| Usage {
            input: Tokens(input),
            cache_read: Tokens(read),
            cache_write_5m: Tokens(written),
            cache_write_1h: Tokens::ZERO,
            output: Tokens(output),
            reasoning: Tokens(output / 2),
            ..Usage::default()
        })
        .boxed()
}

fn foreign_seal() -> Owned<Seal<'static>> {
    "[A-Za-z0-9=+/.]{1,9}".prop_map(|data| Seal { by: Dialect::Anthropic, data: data.into() }).boxed()
}

fn reply_part() -> Owned<ReplyPart<'static>> {
    prop_oneof![
        (words(), proptest::collection::vec(citation(), 0..2))
            .prop_map(|(text, citations)| ReplyPart::Text { text, citations }),
        (words(), of(foreign_seal())).prop_map(|(text, seal)| ReplyPart::Thinking { text, seal }),
        foreign_seal().prop_map(|seal| ReplyPart::Thinking { text: "".into(), seal: Some(seal) }),
        foreign_seal().prop_map(ReplyPart::Redacted),
        call().prop_map(ReplyPart::ToolCall),
        words().prop_map(ReplyPart::Refusal),
        Just(ReplyPart::Image { media_type: "image/webp".into(), data: "AAAA".into() }),
    ]
    .boxed()
}

fn reply() -> Owned<Reply<'static>> {
    let tokens = of(json(&[r#"[{"token":"a","logprob":-1.5,"bytes":[97],"top_logprobs":[]}]"#]));
    (name(), name(), proptest::collection::vec(reply_part(), 0..6), tokens, any::<bool>(), usage())
        .prop_map(|(id, model, parts, tokens, is_cut_off, usage)| {
            let any = |is: fn(&ReplyPart<'_>) -> bool| parts.iter().any(is);
            let finish = match () {
                () if is_cut_off => Finish::Length,
                () if any(|part| matches!(part, ReplyPart::ToolCall(_))) => Finish::ToolCalls,
                () if any(|part| matches!(part, ReplyPart::Refusal(_))) => Finish::Refused,
                () => Finish::Done,
            };
            let has_text = any(|part| matches!(part, ReplyPart::Text { .. }));
            let logprobs = tokens.filter(|_| has_text);
            Reply { id: format!("resp_x{id}").into(), model, parts, logprobs, finish, usage }
        })
        .boxed()
}

/// The pieces that say a whole answer, its texts in two deltas each.
fn told<'r>(reply: &'r Reply<'_>) -> Vec<Piece<'r>> {
    let mut pieces =
        vec![Piece::Begin { id: (*reply.id).into(), model: (*reply.model).into(), usage: Usage::default() }];
    for part in &reply.parts {
        let (opening, text, deltas) = match part {
            ReplyPart::Text { text, citations } => {
                (Opening::Text, text.as_ref(), citations.iter().cloned().map(Delta::Citation).collect())
            }
            ReplyPart::Thinking { text, seal } => {
                (Opening::Thinking, text.as_ref(), seal.iter().cloned().map(Delta::Seal).collect())
            }
            ReplyPart::Redacted(seal) => (Opening::Redacted(seal.clone()), "", Vec::new()),
            ReplyPart::ToolCall(call) => {
                let ToolCall { id, name, namespace, is_custom, .. } = call.clone();
                (
                    Opening::ToolCall { id, name, namespace, is_custom, seal: None },
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
        let half = text.char_indices().nth(1).map_or(0, |(at, _)| at);
        let halves = [&text[..half], &text[half..]].into_iter().filter(|half| !half.is_empty());
        pieces.extend(halves.map(|half| Piece::Delta(Delta::Text(half.into()))));
        pieces.extend(deltas.into_iter().map(Piece::Delta));
        pieces.push(Piece::Close);
    }
    pieces.push(Piece::End { finish: reply.finish.clone(), usage: reply.usage });
    pieces
}

/// The same with tools of one group together, as they come out.
fn in_groups(mut chat: Chat<'static>) -> Chat<'static> {
    chat.tools.sort_by_key(|tool| tool.namespace.is_some());
    chat
}

proptest! {
    #[test]
    fn a_request_comes_back_as_it_was(chat in chat().prop_map(in_groups)) {
        let (body, changes) = write(&chat);
        prop_assert!(changes.is_empty(), "{}", changes);
        let (back, changes) = read(&body).unwrap();
        // The neutral form does not hold what a group of tools is for.
        prop_assert!(changes.iter().all(|change| change.field.ends_with(".description")), "{}", changes);
        prop_assert_eq!(format!("{back:#?}"), format!("{chat:#?}"));
    }

    #[test]
    fn an_answer_comes_back_as_it_was(reply in reply()) {
        let body = OpenAiResponses.write_reply(&reply, &frame(""));
        let back = OpenAiResponses.read_reply(&body).unwrap();
        prop_assert_eq!(format!("{back:#?}"), format!("{reply:#?}"));
    }

    #[test]
    fn a_stream_comes_back_as_it_was(reply in reply()) {
        let mut writer = OpenAiResponses.writer(frame(""));
        let (mut stream, mut said) = (Vec::new(), Vec::new());
        for piece in told(&reply) {
            writer.piece(&piece, &mut stream);
            note(&piece, &mut said);
        }
        prop_assert_eq!(pieces([stream.as_slice()]), said);
    }
}
