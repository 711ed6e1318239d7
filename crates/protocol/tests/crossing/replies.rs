//! Answers: as a provider gives them, read, put back in the caller's words, written for the client, and read there; whole and
//! in pieces.

use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::fit::{Unfitting, WayBack};
use paceway_protocol::formats::format_of;
use paceway_protocol::neutral::{Delta, Finish, Opening, Piece, Reply, ReplyPart, Seal, Text, ToolCall};
use paceway_protocol::sse::Splitter;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::chats::words;
use super::digest::{self, Said};
use super::{few_cases, frame, pairs};

fn call() -> impl Strategy<Value = ReplyPart<'static>> {
    let arguments = select(vec!["{}", r#"{"z":1,"a":[null,2.5,"é\n\"x\""]}"#]);
    (select(vec!["read_file", "look-up"]), arguments).prop_map(|(name, arguments)| {
        ReplyPart::ToolCall(ToolCall {
            id: "".into(),
            name: name.into(),
            namespace: None,
            arguments: arguments.into(),
            is_custom: false,
            seal: None,
        })
    })
}

/// An answer: perhaps a thought, words, then calls; or a refusal. Why it ended fits what it says.
fn reply() -> impl Strategy<Value = Reply<'static>> {
    let text = || words().prop_map(|text| ReplyPart::Text { text: text.into(), citations: Vec::new() });
    let thought = words().prop_map(|text| ReplyPart::Thinking { text: text.into(), seal: None });
    let said = (proptest::option::of(thought), proptest::option::of(text()), vec(call(), 0..3))
        .prop_map(|(thought, text, calls)| thought.into_iter().chain(text).chain(calls).collect::<Vec<_>>());
    let usage = (1_u64..999, 0_u64..99, 1_u64..999).prop_map(|(input, read, output)| Usage {
        input: Tokens(input),
        cache_read: Tokens(read),
        output: Tokens(output),
        ..Usage::default()
    });
    (said, any::<bool>(), usage).prop_map(|(mut parts, is_cut, usage)| {
        if parts.is_empty() {
            parts.push(ReplyPart::Text { text: "Yes.".into(), citations: Vec::new() });
        }
        let mut count = 0;
        for part in &mut parts {
            if let ReplyPart::ToolCall(call) = part {
                call.id = format!("call_{count}").into();
                count += 1;
            }
        }
        let finish = match (count > 0, is_cut) {
            (true, _) => Finish::ToolCalls,
            (false, true) => Finish::Length,
            (false, false) => Finish::Done,
        };
        Reply { id: "msg_1".into(), model: "m".into(), parts, logprobs: None, finish, usage }
    })
}

/// The pieces that say an answer, its texts in two deltas each.
pub(crate) fn pieces<'r>(reply: &'r Reply<'_>) -> Vec<Piece<'r>> {
    let begin =
        Piece::Begin { id: (*reply.id).into(), model: (*reply.model).into(), usage: Usage::default() };
    let mut pieces = vec![begin];
    for part in &reply.parts {
        let (opening, text, seal): (Opening<'_>, &str, Option<Seal<'_>>) = match part {
            ReplyPart::Text { text, .. } => (Opening::Text, text, None),
            ReplyPart::Thinking { text, seal } => (Opening::Thinking, text, seal.clone()),
            ReplyPart::Redacted(seal) => (Opening::Redacted(seal.clone()), "", None),
            ReplyPart::ToolCall(call) => {
                let ToolCall { id, name, namespace, is_custom, seal, .. } = call.clone();
                (Opening::ToolCall { id, name, namespace, is_custom, seal }, &call.arguments, None)
            }
            ReplyPart::Refusal(text) => (Opening::Refusal, text, None),
            ReplyPart::Image { media_type, data } => {
                (Opening::Image { media_type: media_type.clone(), data: data.clone() }, "", None)
            }
        };
        pieces.push(Piece::Open(opening));
        let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        let halves = [&text[..half], &text[half..]].into_iter().filter(|half| !half.is_empty());
        pieces.extend(halves.map(|half| Piece::Delta(Delta::Text(half.into()))));
        pieces.extend(seal.map(|seal| Piece::Delta(Delta::Seal(seal))));
        pieces.push(Piece::Close);
    }
    pieces.push(Piece::End { finish: reply.finish.clone(), usage: reply.usage });
    pieces
}

/// An answer put together again from its pieces.
#[derive(Default)]
struct Gathered {
    parts: Vec<ReplyPart<'static>>,
    end: Option<(String, Usage)>,
}

fn owned(text: &str) -> Text<'static> {
    text.to_owned().into()
}

fn owned_seal(seal: &Seal<'_>) -> Seal<'static> {
    Seal { by: seal.by, data: owned(&seal.data) }
}

impl Gathered {
    fn piece(&mut self, piece: &Piece<'_>) {
        match piece {
            Piece::Open(opening) => self.parts.push(match opening {
                Opening::Text => ReplyPart::Text { text: "".into(), citations: Vec::new() },
                Opening::Thinking => ReplyPart::Thinking { text: "".into(), seal: None },
                Opening::Redacted(seal) => ReplyPart::Redacted(owned_seal(seal)),
                Opening::ToolCall { id, name, seal, .. } => ReplyPart::ToolCall(ToolCall {
                    id: owned(id),
                    name: owned(name),
                    namespace: None,
                    arguments: "".into(),
                    is_custom: false,
                    seal: seal.as_ref().map(owned_seal),
                }),
                Opening::Refusal => ReplyPart::Refusal("".into()),
                Opening::Image { media_type, data } => {
                    ReplyPart::Image { media_type: owned(media_type), data: owned(data) }
                }
            }),
            Piece::Delta(delta) => match (self.parts.last_mut().unwrap(), delta) {
                (ReplyPart::Text { text, .. } | ReplyPart::Thinking { text, .. }, Delta::Text(more)) => {
                    text.push_str(more);
                }
                (ReplyPart::Refusal(text), Delta::Text(more)) => text.push_str(more),
                (ReplyPart::ToolCall(call), Delta::Text(more)) => call.arguments.push_str(more),
                (ReplyPart::Thinking { seal, .. }, Delta::Seal(given)) => *seal = Some(owned_seal(given)),
                _ => {}
            },
            Piece::End { finish, usage } => self.end = Some((format!("{finish:?}"), *usage)),
            Piece::Error(error) => panic!("{error:?}"),
            Piece::Begin { .. } | Piece::Close => {}
        }
    }

    fn reply(self) -> (Vec<Said>, String, (Tokens, Tokens)) {
        let (finish, usage) = self.end.unwrap();
        for part in &self.parts {
            if let ReplyPart::ToolCall(call) = part {
                assert!(call.arguments.is_empty() || call.arguments.starts_with('{'), "{call:?}");
            }
        }
        let parts = self.parts.into_iter().map(|part| match part {
            // No text at all stands for no arguments.
            ReplyPart::ToolCall(call) if call.arguments.is_empty() => {
                ReplyPart::ToolCall(ToolCall { arguments: "{}".into(), ..call })
            }
            part => part,
        });
        let reply = Reply {
            id: "".into(),
            model: "".into(),
            parts: parts.collect(),
            logprobs: None,
            finish: Finish::Done,
            usage,
        };
        (digest::of_reply(&reply), finish, tokens(usage))
    }
}

/// What goes in, cached or not, and what comes out.
fn tokens(usage: Usage) -> (Tokens, Tokens) {
    (usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h, usage.output)
}

fn read_stream(dialect: Dialect, stream: &[u8], mut sink: impl FnMut(&Piece<'_>)) {
    let (mut reader, mut splitter) = (format_of(dialect).reader(), Splitter::default());
    splitter.push(stream, |event| reader.event(event, &mut |piece| sink(&piece)).unwrap()).unwrap();
    reader.finish(&mut |piece| sink(&piece));
}

/// Seals are looked at elsewhere: a thought without one may cross with a mark of its dialect's, or with none.
fn without_seals(said: Vec<Said>) -> Vec<Said> {
    let bare = |one| match one {
        Said::Thought(text, _) => Said::Thought(text, None),
        other => other,
    };
    said.into_iter().map(bare).collect()
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn whole_answers_say_the_same_to_every_client(reply in reply()) {
        for (client, provider) in pairs() {
            let given = format_of(provider).write_reply(&reply, &frame());
            let before = format_of(provider).read_reply(&given).unwrap();
            let shown = format_of(client).write_reply(&WayBack::default().reply(before.clone()), &frame());
            let after = format_of(client).read_reply(&shown).unwrap();
            let told = format!("{client} of {provider}:\n{}\n{}", String::from_utf8_lossy(&given), String::from_utf8_lossy(&shown));
            prop_assert_eq!(without_seals(digest::of_reply(&after)), without_seals(digest::of_reply(&before)), "{}", told);
            prop_assert_eq!(without_seals(digest::of_reply(&before)), without_seals(digest::of_reply(&reply)), "{}", told);
            prop_assert_eq!((&after.finish, tokens(after.usage)), (&reply.finish, tokens(reply.usage)), "{}", told);
        }
    }

    #[test]
    fn streamed_answers_say_the_same_to_every_client(reply in reply()) {
        for (client, provider) in pairs() {
            let (mut given, mut shown) = (Vec::new(), Vec::new());
            let mut writer = format_of(provider).writer(frame());
            for piece in &pieces(&reply) {
 writer.piece(piece, &mut given);
 }
            let (mut unfitting, mut writer) = (Unfitting::new(WayBack::default()), format_of(client).writer(frame()));
            read_stream(provider, &given, |piece| {
                unfitting.piece(piece.clone(), &mut |piece| writer.piece(&piece, &mut shown));
            });
            let mut gathered = Gathered::default();
            read_stream(client, &shown, |piece| gathered.piece(piece));
            let told = format!("{client} of {provider}:\n{}\n{}", String::from_utf8_lossy(&given), String::from_utf8_lossy(&shown));
            let (said, finish, used) = gathered.reply();
            prop_assert_eq!(without_seals(said), without_seals(digest::of_reply(&reply)), "{}", told);
            prop_assert_eq!((finish, used), (format!("{:?}", reply.finish), tokens(reply.usage)), "{}", told);
        }
    }
}
