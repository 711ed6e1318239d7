//! What holds of every request, answer and stream: nothing panics, and what is written reads as the same.

use std::borrow::Cow;

use paceway_domain::{Dialect, Tokens, Usage};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{OpenAiChat, TARGET, deltas, frame, pieces};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::{Address, Format, Summary};
use crate::neutral::{
    AnswerForm, Chat, Citation, Delta, Detail, Document, DocumentSource, Effort, Finish, Image, Json,
    Logprobs, Media, Opening, Part, PartBody, Piece, Reasoning, ReasoningMode, Reply, ReplyPart, Role,
    Sampling, Schema, Seal, ServiceTier, Text, Tool, ToolCall, ToolChoice, ToolKind, ToolResult, Turn,
};
use crate::sse::Splitter;

/// Names that the format knows, so that random JSON gets past the first look.
const NAMES: &[&str] = &[
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "id",
    "custom",
    "input",
    "image_url",
    "url",
    "file",
    "file_data",
    "tools",
    "tool_choice",
    "choices",
    "delta",
    "message",
    "index",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "error",
    "code",
    "reasoning_details",
    "reasoning",
    "thinking_blocks",
    "annotations",
    "url_citation",
    "logprobs",
    "images",
    "response_format",
    "json_schema",
    "schema",
    "stop",
    "thinking",
    "tool_call_id",
    "x_groq",
    "function_call",
    "extra_content",
    "format",
    "grammar",
];
const WORDS: &[&str] = &[
    "user",
    "assistant",
    "tool",
    "system",
    "function",
    "custom",
    "text",
    "image_url",
    "file",
    "stop",
    "error",
    "length",
    "reasoning.text",
    "reasoning.encrypted",
    "thinking",
    "data:image/png;base64,AA",
    "data:,",
    "data:;base64,",
    "auto",
    "allowed_tools",
    "json_schema",
    "",
    "é\"\\",
    "call__pw_",
    "paceway.x",
    "{}",
    "{\"a\":",
];

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i32>().prop_map(|value| value.to_string()),
        Just("1e999".to_owned()),
        (0..WORDS.len()).prop_map(|word| serde_json::to_string(WORDS[word]).unwrap()),
    ];
    leaf.prop_recursive(6, 48, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            vec((0..NAMES.len(), inner), 0..5).prop_map(|fields| {
                let fields: Vec<_> =
                    fields.into_iter().map(|(name, value)| format!("\"{}\":{value}", NAMES[name])).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// Feeds bytes into everything that reads.
fn read_everything(bytes: &[u8]) {
    if let Ok(envelope) = Envelope::parse(bytes) {
        let _any = OpenAiChat.summary(&envelope, &Address::default());
        let mut changes = Changes::default();
        if let Ok(chat) = OpenAiChat.read_chat(&envelope, &summary(), &mut changes) {
            let _any = OpenAiChat.write_chat(&chat, TARGET, &mut changes);
        }
    }
    if let Ok(reply) = OpenAiChat.read_reply(bytes) {
        OpenAiChat.write_reply(&reply, &frame());
    }
    OpenAiChat.usage(bytes);
    OpenAiChat.read_error(500, bytes);
}

/// Feeds the events of a stream into everything that reads them.
fn read_stream(bytes: &[u8]) {
    let mut splitter = Splitter::default();
    let mut reader = OpenAiChat.reader();
    let mut watch = OpenAiChat.watch(true);
    let mut writer = OpenAiChat.writer(frame());
    let mut out = Vec::new();
    splitter
        .push(bytes, |event| {
            watch.event(event);
            let _any = reader.event(event, &mut |piece| writer.piece(&piece, &mut out));
        })
        .unwrap();
    reader.finish(&mut |piece| writer.piece(&piece, &mut out));
}

fn summary() -> Summary {
    Summary { model: "m".into(), stream: true, max_output: None, wants_stream_usage: false }
}

/// Whether pieces are `Begin (Open Delta* Close)* End`, or the beginning of that.
fn is_well_formed(lines: &[String]) -> bool {
    let mut is_open = false;
    for (place, line) in lines.iter().enumerate() {
        let is_right = match line.split(' ').next().unwrap() {
            "begin" => place == 0,
            "open" => place > 0 && !std::mem::replace(&mut is_open, true),
            "close" => std::mem::replace(&mut is_open, false),
            "" => is_open,
            "end" => !is_open && place + 1 == lines.len(),
            "error" => place + 1 == lines.len(),
            _ => false,
        };
        if !is_right {
            return false;
        }
    }
    true
}

fn raw(text: &str) -> Json<'static> {
    Cow::Owned(RawValue::from_string(text.to_owned()).unwrap())
}

/// A text that is not blank.
fn words() -> impl Strategy<Value = Text<'static>> {
    "[a-zé\"\\\\\n\u{1F600} ]{0,12}[a-z]".prop_map(Text::from)
}

fn name() -> impl Strategy<Value = Text<'static>> {
    "[A-Za-z0-9_-]{1,12}".prop_map(Text::from)
}

fn arguments() -> impl Strategy<Value = Text<'static>> {
    vec(("[a-z]{1,3}", words()), 0..3).prop_map(|fields| {
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| {
                format!(
                    "{}: {}",
                    serde_json::to_string(&name).unwrap(),
                    serde_json::to_string(&*value).unwrap()
                )
            })
            .collect();
        format!("{{{}}}", fields.join(", ")).into()
    })
}

fn seal() -> impl Strategy<Value = Seal<'static>> {
    ((0..Dialect::ALL.len()), "[A-Za-z0-9+/]{1,12}={0,2}")
        .prop_map(|(by, data)| Seal { by: Dialect::ALL[by], data: data.into() })
}

fn media(kind: &'static str, scheme: &'static str) -> impl Strategy<Value = Media<'static>> {
    prop_oneof![
        "[A-Za-z0-9+/]{4,8}"
            .prop_map(move |data| Media::Base64 { media_type: kind.into(), data: data.into() }),
        "[a-z]{1,8}"
            .prop_map(move |path| Media::Url { url: format!("{scheme}://{path}").into(), media_type: None }),
    ]
}

fn picture() -> impl Strategy<Value = PartBody<'static>> {
    let detail = prop_oneof![Just(Detail::Low), Just(Detail::High), Just(Detail::Auto)];
    (media("image/png", "https"), option::of(detail))
        .prop_map(|(media, detail)| PartBody::Image(Image { media, detail }))
}

fn document() -> impl Strategy<Value = PartBody<'static>> {
    let of = |source, title| Document { source, title, context: None, wants_citations: false };
    prop_oneof![
        ("[A-Za-z0-9+/]{4,8}", words()).prop_map(move |(data, title)| {
            let media = Media::Base64 { media_type: "application/pdf".into(), data: data.into() };
            PartBody::Document(of(DocumentSource::Media(media), Some(title)))
        }),
        name().prop_map(move |id| {
            PartBody::Document(of(DocumentSource::Media(Media::File { at: Dialect::OpenAi, id }), None))
        }),
    ]
}

fn recording() -> impl Strategy<Value = PartBody<'static>> {
    let kind = prop_oneof![Just("audio/wav"), Just("audio/mpeg")];
    (kind, "[A-Za-z0-9+/]{4,8}").prop_map(|(kind, data)| {
        PartBody::Audio(Media::Base64 { media_type: kind.into(), data: data.into() })
    })
}

fn text_part() -> impl Strategy<Value = Part<'static>> {
    words().prop_map(Part::text)
}

fn turn(role: Role, name: Option<Text<'static>>, parts: Vec<Part<'static>>) -> Turn<'static> {
    Turn { role, name, parts }
}

fn user_turn() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let medium = prop_oneof![picture(), document(), recording()].prop_map(Part::new);
    let mixed = (medium, vec(prop_oneof![text_part(), picture().prop_map(Part::new)], 0..3)).prop_map(
        |(first, mut rest)| {
            rest.insert(0, first);
            rest
        },
    );
    let parts = prop_oneof![text_part().prop_map(|part| vec![part]), mixed];
    (option::of(name()), parts).prop_map(|(name, parts)| vec![turn(Role::User, name, parts)])
}

fn system_turn() -> impl Strategy<Value = Vec<Turn<'static>>> {
    (option::of(name()), text_part()).prop_map(|(name, part)| vec![turn(Role::System, name, vec![part])])
}

/// An answer with calls, and their results.
fn assistant_turns() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let call = (any::<bool>(), name(), arguments(), any::<bool>(), option::of(words()));
    (option::of(words()), option::of(words()), vec(call, 0..4), any::<u32>()).prop_map(
        |(said, refusal, calls, salt)| {
            let mut parts: Vec<_> = said.into_iter().map(Part::text).collect();
            parts.extend(refusal.map(|text| Part::new(PartBody::Refusal(text))));
            let mut results = Vec::new();
            for (place, (is_custom, name, arguments, is_sealed, content)) in calls.into_iter().enumerate() {
                let id: Text<'static> = format!("call_{salt}_{place}").into();
                let seal = is_sealed.then(|| Seal { by: Dialect::OpenAi, data: "CiQ=".into() });
                let call = ToolCall { id: id.clone(), name, namespace: None, arguments, is_custom, seal };
                parts.push(Part::new(PartBody::ToolCall(call)));
                let content = content.into_iter().map(Part::text).collect();
                let result = ToolResult { call_id: id, name: None, content, is_error: false, is_custom };
                results.push(Part::new(PartBody::ToolResult(result)));
            }
            let turns = [(Role::Assistant, parts), (Role::User, results)];
            turns
                .into_iter()
                .filter(|(_, parts)| !parts.is_empty())
                .map(|(role, parts)| turn(role, None, parts))
                .collect()
        },
    )
}

fn tools() -> impl Strategy<Value = Vec<Tool<'static>>> {
    let kind = prop_oneof![
        option::of(any::<bool>()).prop_map(|strict| {
            let schema = r#"{"type":"object","properties":{"b":{"type":"string"},"a":{}}}"#;
            ToolKind::Function { schema: Some(raw(schema)), strict }
        }),
        Just(ToolKind::Custom { format: None }),
        Just(ToolKind::Custom {
            format: Some(raw(r#"{"type":"grammar","syntax":"regex","definition":"a\"b"}"#))
        }),
    ];
    vec((kind, option::of(words())), 0..4).prop_map(|tools| {
        let tool = |(place, (kind, description))| Tool {
            name: format!("tool_{place}").into(),
            namespace: None,
            description,
            kind,
            cache: None,
        };
        tools.into_iter().enumerate().map(tool).collect()
    })
}

fn choice() -> impl Strategy<Value = ToolChoice<'static>> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        Just(ToolChoice::Named("tool_0".into())),
        any::<bool>().prop_map(|is_required| ToolChoice::Among { names: vec!["tool_0".into()], is_required }),
    ]
}

fn form() -> impl Strategy<Value = AnswerForm<'static>> {
    prop_oneof![
        Just(AnswerForm::Text),
        Just(AnswerForm::Json),
        (name(), option::of(words()), option::of(any::<bool>())).prop_map(|(name, description, strict)| {
            let schema = raw(r#"{"type":"object","properties":{}}"#);
            AnswerForm::Schema(Schema { name: Some(name), description, schema, strict })
        }),
    ]
}

fn reasoning() -> impl Strategy<Value = Reasoning> {
    let efforts = [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::ExtraHigh];
    option::of(0..efforts.len()).prop_map(move |effort| Reasoning {
        mode: if effort.is_some() { ReasoningMode::On } else { ReasoningMode::Off },
        effort: effort.map(|effort| efforts[effort]),
        budget: None,
        is_shown: None,
    })
}

fn sampling() -> impl Strategy<Value = Sampling<'static>> {
    let tenth = |most: u32| option::of((1..=most).prop_map(|tenths| f64::from(tenths) / 10.0));
    let bias = option::of(Just(())).prop_map(|is_there| is_there.map(|()| raw(r#"{"17":-100}"#)));
    (tenth(20), tenth(10), tenth(20), tenth(20), option::of(any::<i64>()), bias, option::of(0..=20_u8))
        .prop_map(|(temperature, top_p, presence_penalty, frequency_penalty, seed, logit_bias, top)| {
            Sampling {
                temperature,
                top_p,
                top_k: None,
                presence_penalty,
                frequency_penalty,
                seed,
                logit_bias,
                logprobs: top.map(|top| Logprobs { top }),
            }
        })
}

fn chat() -> impl Strategy<Value = Chat<'static>> {
    let tiers = [ServiceTier::Auto, ServiceTier::Standard, ServiceTier::Flex, ServiceTier::Priority];
    let turns = vec(prop_oneof![system_turn(), user_turn(), assistant_turns()], 0..5);
    let more = (
        option::of(choice()),
        option::of(Just(false)),
        option::of(1..99_999_u64),
        vec(words(), 0..4),
        option::of(words()),
        option::of(words()),
        option::of(0..tiers.len()),
        any::<bool>(),
    );
    (user_turn(), turns, tools(), form(), option::of(reasoning()), sampling(), more).prop_map(
        move |(first, turns, tools, form, reasoning, sampling, more)| {
            let (choice, parallel, most, stop, user, cache_key, tier, stream) = more;
            let has_tools = !tools.is_empty();
            Chat {
                turns: first.into_iter().chain(turns.into_iter().flatten()).collect(),
                tools,
                tool_choice: choice.filter(|_| has_tools),
                parallel_tools: parallel.filter(|_| has_tools),
                form,
                reasoning,
                sampling,
                max_output: most.map(Tokens),
                stop,
                answers: None,
                verbosity: Some("high".into()),
                user,
                cache_key,
                service_tier: tier.map(|tier| tiers[tier]),
                stream,
            }
        },
    )
}

fn citation() -> impl Strategy<Value = Citation<'static>> {
    (words(), words(), option::of(words()), 0..9_u64).prop_map(|(url, title, quoted, start)| Citation {
        url: Some(url),
        title: Some(title),
        quoted,
        place: Some((start, start + 1)),
    })
}

fn thought_part() -> impl Strategy<Value = ReplyPart<'static>> {
    prop_oneof![
        (words(), option::of(seal())).prop_map(|(text, seal)| ReplyPart::Thinking { text, seal }),
        seal().prop_map(|seal| ReplyPart::Thinking { text: "".into(), seal: Some(seal) }),
        seal().prop_map(ReplyPart::Redacted),
    ]
}

fn call_part() -> impl Strategy<Value = ReplyPart<'static>> {
    (any::<bool>(), name(), name(), arguments()).prop_map(|(is_custom, id, name, arguments)| {
        let id = format!("call_{id}").into();
        ReplyPart::ToolCall(ToolCall { id, name, namespace: None, arguments, is_custom, seal: None })
    })
}

fn image_part() -> impl Strategy<Value = ReplyPart<'static>> {
    "[A-Za-z0-9+/]{4,8}"
        .prop_map(|data| ReplyPart::Image { media_type: "image/webp".into(), data: data.into() })
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..9_u64, 0..9_u64, 0..9_u64, 0..99_u64).prop_map(|(input, read, written, output)| Usage {
        input: Tokens(input),
        cache_read: Tokens(read),
        cache_write_5m: Tokens(written),
        cache_write_1h: Tokens::ZERO,
        output: Tokens(output),
        reasoning: Tokens(output / 2),
        ..Usage::default()
    })
}

fn finish(parts: &[ReplyPart<'_>], is_cut: bool) -> Finish<'static> {
    let has = |is_it: fn(&ReplyPart<'_>) -> bool| parts.iter().any(is_it);
    if is_cut {
        Finish::Length
    } else if has(|part| matches!(part, ReplyPart::Refusal(_))) {
        Finish::Refused
    } else if has(|part| matches!(part, ReplyPart::ToolCall(_))) {
        Finish::ToolCalls
    } else {
        Finish::Done
    }
}

/// An answer in the order that the format's whole answers have.
fn reply() -> impl Strategy<Value = Reply<'static>> {
    let text =
        (words(), vec(citation(), 0..3)).prop_map(|(text, citations)| ReplyPart::Text { text, citations });
    let said = (option::of(text), option::of(words().prop_map(ReplyPart::Refusal)));
    let logprobs = option::of(Just(())).prop_map(|is_there| is_there.map(|()| raw(r#"[{"token":"a"}]"#)));
    (
        name(),
        vec(thought_part(), 0..4),
        said,
        vec(image_part(), 0..2),
        vec(call_part(), 0..3),
        usage(),
        any::<bool>(),
        logprobs,
    )
        .prop_map(|(id, thoughts, (text, refusal), images, calls, usage, is_cut, logprobs)| {
            let parts: Vec<_> =
                thoughts.into_iter().chain(text).chain(refusal).chain(images).chain(calls).collect();
            let finish = finish(&parts, is_cut);
            Reply { id: format!("chatcmpl-{id}").into(), model: "m".into(), parts, logprobs, finish, usage }
        })
}

/// The parts of a stream in any order, but no two of one kind that would run together.
fn parts() -> impl Strategy<Value = Vec<ReplyPart<'static>>> {
    let text =
        (words(), vec(citation(), 0..2)).prop_map(|(text, citations)| ReplyPart::Text { text, citations });
    let part =
        prop_oneof![thought_part(), text, words().prop_map(ReplyPart::Refusal), call_part(), image_part(),];
    vec(part, 0..7).prop_map(|mut parts| {
        parts.dedup_by(|a, b| {
            let is_words = matches!(a, ReplyPart::Text { .. } | ReplyPart::Refusal(_));
            is_words && std::mem::discriminant(a) == std::mem::discriminant(b)
        });
        let mut ids = std::collections::HashSet::new();
        parts.retain(|part| match part {
            ReplyPart::ToolCall(call) => ids.insert(call.id.to_string()),
            _ => true,
        });
        parts
    })
}

/// The pieces of a stream with these parts; texts in bites of at most `bite` characters.
fn streamed<'a>(parts: &'a [ReplyPart<'a>], usage: Usage, bite: usize) -> Vec<Piece<'a>> {
    let mut pieces =
        vec![Piece::Begin { id: "chatcmpl-1".into(), model: "m".into(), usage: Usage::default() }];
    let seal = |seal: &'a Seal<'a>| Seal { by: seal.by, data: Text::from(&*seal.data) };
    let texts = |text: &'a str, pieces: &mut Vec<Piece<'a>>| {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.char_indices().nth(bite).map_or(rest.len(), |(end, _)| end);
            pieces.push(Piece::Delta(Delta::Text(Text::from(&rest[..end]))));
            rest = &rest[end..];
        }
    };
    for part in parts {
        match part {
            ReplyPart::Text { text, citations } => {
                pieces.push(Piece::Open(Opening::Text));
                texts(text, &mut pieces);
                pieces
                    .extend(citations.iter().map(|citation| Piece::Delta(Delta::Citation(citation.clone()))));
            }
            ReplyPart::Refusal(text) => {
                pieces.push(Piece::Open(Opening::Refusal));
                texts(text, &mut pieces);
            }
            ReplyPart::Thinking { text, seal: sealed } => {
                pieces.push(Piece::Open(Opening::Thinking));
                texts(text, &mut pieces);
                pieces.extend(sealed.as_ref().map(|sealed| Piece::Delta(Delta::Seal(seal(sealed)))));
            }
            ReplyPart::Redacted(sealed) => pieces.push(Piece::Open(Opening::Redacted(seal(sealed)))),
            ReplyPart::ToolCall(call) => {
                pieces.push(Piece::Open(Opening::ToolCall {
                    id: Text::from(&*call.id),
                    name: Text::from(&*call.name),
                    namespace: None,
                    is_custom: call.is_custom,
                    seal: None,
                }));
                texts(&call.arguments, &mut pieces);
            }
            ReplyPart::Image { media_type, data } => pieces.push(Piece::Open(Opening::Image {
                media_type: Text::from(&**media_type),
                data: Text::from(&**data),
            })),
        }
        pieces.push(Piece::Close);
    }
    pieces.push(Piece::End { finish: finish(parts, false), usage });
    pieces
}

/// Pieces one a line, texts that follow each other joined.
fn joined(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for line in lines {
        match (line.strip_prefix("  \""), joined.last_mut().filter(|last| last.starts_with("  \""))) {
            (Some(more), Some(last)) => {
                last.pop();
                last.push_str(more);
            }
            _ => joined.push(line),
        }
    }
    joined
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
        read_stream(&[b"data: ", &bytes[..], b"\n\n"].concat());
    }

    #[test]
    fn no_json_makes_a_reader_panic(values in vec(json(), 1..6)) {
        let mut stream = String::new();
        for value in &values {
            read_everything(value.as_bytes());
            stream.extend(["data: ", value, "\n\n"]);
        }
        read_stream(stream.as_bytes());
        let list = values.join(",");
        read_everything(format!(r#"{{"model":"m","messages":[{list}]}}"#).as_bytes());
        read_everything(format!(r#"{{"model":"m","messages":[],"tools":[{list}]}}"#).as_bytes());
        for value in &values {
            read_everything(format!(r#"{{"messages":[{{"role":"user","content":[{value}]}}]}}"#).as_bytes());
            read_everything(format!(r#"{{"messages":[{{"role":"assistant","tool_calls":[{value}]}}]}}"#).as_bytes());
            read_everything(format!(r#"{{"choices":[{{"message":{value},"finish_reason":"stop"}}]}}"#).as_bytes());
        }
    }

    #[test]
    fn whatever_deltas_come_the_pieces_are_well_formed(values in vec(json(), 0..8), calls in vec(json(), 0..4)) {
        let mut list: Vec<String> = values;
        list.extend(calls.iter().map(|call| format!(r#"{{"tool_calls":[{call}]}}"#)));
        let is_object = |delta: &&String| delta.starts_with('{');
        let chunks: Vec<&str> = list.iter().filter(is_object).map(String::as_str).collect();
        let bytes = deltas(&chunks, "stop");
        let mut splitter = Splitter::default();
        let mut reader = OpenAiChat.reader();
        let mut lines = Vec::new();
        splitter.push(&bytes, |event| {
            let _any = reader.event(event, &mut |piece| lines.push(super::line(&piece)));
        }).unwrap();
        prop_assert!(is_well_formed(&lines), "{lines:#?}");
    }

    #[test]
    fn interleaved_calls_come_out_whole_and_in_order(
        calls in vec(arguments(), 1..5),
        order in vec((0..5_usize, 1..6_usize), 0..60),
    ) {
        let mut rests: Vec<&str> = calls.iter().map(|arguments| &**arguments).collect();
        let mut chunks = Vec::new();
        for place in 0..calls.len() {
            chunks.push(format!(r#"{{"tool_calls":[{{"index":{place},"id":"c{place}","function":{{"name":"f","arguments":""}}}}]}}"#));
        }
        let everything = (0..calls.len()).map(|place| (place, usize::MAX));
        for (place, length) in order.into_iter().chain(everything) {
            let Some(rest) = rests.get_mut(place).filter(|rest| !rest.is_empty()) else { continue };
            let end = rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end);
            let piece = serde_json::to_string(&rest[..end]).unwrap();
            chunks.push(format!(r#"{{"tool_calls":[{{"index":{place},"function":{{"arguments":{piece}}}}}]}}"#));
            *rest = &rest[end..];
        }
        let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
        let read = joined(pieces([&deltas(&chunks, "tool_calls")[..]]));
        let expected = calls.iter().enumerate().flat_map(|(place, arguments)| {
            [format!("open call c{place} f"), format!("  {arguments:?}"), "close".to_owned()]
        });
        let expected: Vec<_> = expected.collect();
        prop_assert_eq!(&read[1..read.len() - 1], &expected[..]);
    }

    #[test]
    fn a_request_that_is_written_reads_as_the_same(chat in chat()) {
        let mut changes = Changes::default();
        let body = OpenAiChat.write_chat(&chat, TARGET, &mut changes).unwrap();
        prop_assert!(changes.is_empty(), "{changes}");
        let envelope = Envelope::parse(&body).unwrap();
        let summary = OpenAiChat.summary(&envelope, &Address::default()).unwrap();
        let read = OpenAiChat.read_chat(&envelope, &summary, &mut changes).unwrap();
        prop_assert!(changes.is_empty(), "{changes}");
        prop_assert_eq!(format!("{read:#?}"), format!("{chat:#?}"));
    }

    #[test]
    fn an_answer_that_is_written_reads_as_the_same(reply in reply()) {
        let body = OpenAiChat.write_reply(&reply, &frame());
        let read = OpenAiChat.read_reply(&body).unwrap();
        prop_assert_eq!(format!("{read:#?}"), format!("{reply:#?}"));
        prop_assert_eq!(OpenAiChat.usage(&body), Some(reply.usage));
    }

    #[test]
    fn a_stream_that_is_written_reads_as_the_same_in_whatever_bites(
        parts in parts(),
        usage in usage(),
        bite in 1..5_usize,
        cut in 1..40_usize,
    ) {
        let list = streamed(&parts, usage, bite);
        let mut writer = OpenAiChat.writer(frame());
        let mut out = Vec::new();
        for piece in &list {
            writer.piece(piece, &mut out);
        }
        let read = pieces(out.chunks(cut));
        prop_assert!(is_well_formed(&read));
        prop_assert_eq!(joined(read), joined(list.iter().map(super::line)));
    }
}
