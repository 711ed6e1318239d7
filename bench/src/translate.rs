//! `just bench translate`: what crossing into another dialect costs beside passing through, in CPU time of this thread.
//!
//! Bodies and streams are made here; both ways of each comparison run by turns in the same process, and the median of the
//! rounds' ratios counts. What whole requests cost, sockets included, is measured in [`crate::crossings`].

use std::borrow::Cow;
use std::hint::black_box;

use bytes::Bytes;
use paceway_domain::{Dialect, Tokens, Usage};
use paceway_protocol::changes::Changes;
use paceway_protocol::fit::{Unfitting, WayBack, fit};
use paceway_protocol::formats::{Address, Edit, Frame, Target, format_of};
use paceway_protocol::neutral::{
    Chat, Delta, Finish, Image, Media, Opening, Part, PartBody, Piece, Role, Tool, ToolCall, ToolKind,
    ToolResult, Turn,
};
use paceway_protocol::sse::Splitter;
use paceway_protocol::{Envelope, estimate};
use rustix::time::{ClockId, clock_gettime};

use crate::allocations::counted;

const ROUNDS: usize = 41;
const BODIES: usize = 20;
/// Deltas in a stream.
const DELTAS: usize = 500;
/// From the client's dialect to the provider's.
const CROSSINGS: [(Dialect, Dialect); 6] = [
    (Dialect::Anthropic, Dialect::OpenAi),
    (Dialect::OpenAi, Dialect::Anthropic),
    (Dialect::Anthropic, Dialect::Responses),
    (Dialect::Responses, Dialect::Anthropic),
    (Dialect::OpenAi, Dialect::Gemini),
    (Dialect::OpenAi, Dialect::Converse),
];
const MODEL: &str = "claude-sonnet-5-5";

/// Measures bodies, streams and copies.
pub(crate) fn translate() {
    println!("Medians of {ROUNDS} rounds of {BODIES}; passing through and crossing over by turns\n");
    println!("{:<44}{:>14}{:>14}{:>8}", "a body of 100 KB, in µs", "passes", "crosses", "ratio");
    for (ours, theirs) in CROSSINGS {
        let body = body_in(ours, "m", &conversation(100_000));
        row(
            ours,
            theirs,
            1e3 * BODIES as f64,
            || (0..BODIES).for_each(|_| drop(black_box(passed(ours, &body)))),
            || (0..BODIES).for_each(|_| drop(black_box(crossed(ours, theirs, &body)))),
        );
    }
    println!("\n{:<44}{:>14}{:>14}{:>8}", "a chunk of a stream, in ns", "passes", "crosses", "ratio");
    for (ours, theirs) in CROSSINGS {
        let events = stream_of(theirs);
        let count = events.len() as f64;
        row(ours, theirs, count, || watched(theirs, &events), || translated(ours, theirs, &events));
    }
    println!("\n{:<44}{:>14}", "a body of 10 MB with an image", "allocated ÷ body");
    for (ours, theirs) in CROSSINGS {
        let body = body_in(ours, "m", &with_image(10_000_000));
        let allocated = match counted(|| drop(black_box(crossed(ours, theirs, &body)))) {
            Some((_, bytes)) => format!("{:.2}", bytes as f64 / body.len() as f64),
            None => "not counted".to_owned(),
        };
        println!("{:<44}{allocated:>14}", name(ours, theirs));
    }
}

fn name(ours: Dialect, theirs: Dialect) -> String {
    format!("{ours} to {theirs}")
}

fn row(ours: Dialect, theirs: Dialect, units: f64, mut passes: impl FnMut(), mut crosses: impl FnMut()) {
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (time(&mut passes), time(&mut crosses))).collect();
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratio = median(&mut rounds.iter().map(|(passes, crosses)| crosses / passes).collect());
    let crosses = median(&mut rounds.iter().map(|(_, crosses)| *crosses).collect());
    let passes = median(&mut rounds.drain(..).map(|(passes, _)| passes).collect());
    println!("{:<44}{:>14.1}{:>14.1}{ratio:>8.2}", name(ours, theirs), passes / units, crosses / units);
}

/// The CPU time of this thread for it, in nanoseconds.
fn time(work: &mut impl FnMut()) -> f64 {
    let before = cpu();
    work();
    cpu() - before
}

fn cpu() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 * 1e9 + spent.tv_nsec as f64
}

fn address() -> Address {
    Address { model: Some("m".into()), stream: Some(false) }
}

/// What the gateway does to a body that passes through: it is read for its summary and its size, and named anew.
fn passed(ours: Dialect, body: &Bytes) -> Bytes {
    let format = format_of(ours);
    let envelope = Envelope::parse(body).expect("it was written here");
    let summary = format.summary(&envelope, &address()).expect("it was written here");
    black_box(estimate::tokens(body));
    format.forward(&envelope, &summary, body, MODEL)
}

/// What the gateway does to a body that crosses over.
fn crossed(ours: Dialect, theirs: Dialect, body: &Bytes) -> Bytes {
    let format = format_of(ours);
    let envelope = Envelope::parse(body).expect("it was written here");
    let summary = format.summary(&envelope, &address()).expect("it was written here");
    black_box(estimate::tokens(body));
    let mut changes = Changes::default();
    let mut chat = format.read_chat(&envelope, &summary, &mut changes).expect("it was written here");
    fit(&mut chat, format_of(theirs).abilities(MODEL), &mut changes);
    format_of(theirs).write_chat(&chat, target(MODEL), &mut changes).expect("every dialect can say it")
}

fn target(model: &str) -> Target<'_> {
    Target { model, default_max_output: Tokens(8_192), only_max_tokens: false }
}

pub(crate) fn body_in(dialect: Dialect, model: &str, chat: &Chat<'_>) -> Bytes {
    format_of(dialect)
        .write_chat(chat, target(model), &mut Changes::default())
        .expect("every dialect can say it")
}

/// An agent's conversation of so many bytes: questions, calls of tools and what they brought.
pub(crate) fn conversation(bytes: usize) -> Chat<'static> {
    let prose = "The quick brown fox jumps over the lazy dog, and \"nothing\" happens.\n".repeat(12);
    let part = |body| vec![Part::new(body)];
    let turn = |role, parts| Turn { role, name: None, parts };
    let mut turns = vec![turn(Role::System, vec![Part::text("You are careful.".repeat(40))])];
    let mut written = 0;
    while written < bytes {
        let id = format!("call_{written}");
        let call = ToolCall {
            id: id.clone().into(),
            name: "read_file".into(),
            namespace: None,
            arguments: r#"{"path":"src/main.rs","from":1,"to":200}"#.into(),
            is_custom: false,
            seal: None,
        };
        let result = ToolResult {
            call_id: id.into(),
            name: Some("read_file".into()),
            content: vec![Part::text(prose.clone())],
            is_error: false,
            is_custom: false,
        };
        turns.push(turn(Role::User, vec![Part::text(prose.clone())]));
        turns.push(turn(Role::Assistant, part(PartBody::ToolCall(call))));
        turns.push(turn(Role::User, part(PartBody::ToolResult(result))));
        turns.push(turn(Role::Assistant, vec![Part::text(prose.clone())]));
        written += 3 * prose.len() + 300;
    }
    turns.push(turn(Role::User, vec![Part::text("Go on.")]));
    let schema = r#"{"type":"object","properties":{"path":{"type":"string"},"from":{"type":"integer"}}}"#;
    let schema = serde_json::value::RawValue::from_string(schema.into()).expect("it is JSON");
    let tool = Tool {
        name: "read_file".into(),
        namespace: None,
        description: Some("Reads a file.".into()),
        kind: ToolKind::Function { schema: Some(Cow::Owned(schema)), strict: None },
        cache: None,
    };
    Chat { turns, tools: vec![tool], max_output: Some(Tokens(1_000)), ..Chat::default() }
}

fn with_image(bytes: usize) -> Chat<'static> {
    let media = Media::Base64 { media_type: "image/png".into(), data: "iVBORw0K".repeat(bytes / 8).into() };
    let image = Part::new(PartBody::Image(Image { media, detail: None }));
    let turn = Turn { role: Role::User, name: None, parts: vec![Part::text("What is this?"), image] };
    Chat { turns: vec![turn], max_output: Some(Tokens(1_000)), ..Chat::default() }
}

/// A stream of words as a provider sends it, event by event.
fn stream_of(dialect: Dialect) -> Vec<Vec<u8>> {
    let mut writer =
        format_of(dialect).writer(Frame { wants_usage: true, model: "m".into(), ..Frame::default() });
    let usage = Usage { input: Tokens(10), output: Tokens(500), ..Usage::default() };
    let delta = || Piece::Delta(Delta::Text(" a few words".into()));
    let begin = Piece::Begin { id: "1".into(), model: "m".into(), usage: Usage::default() };
    let opening = [begin, Piece::Open(Opening::Text)];
    let ending = [Piece::Close, Piece::End { finish: Finish::Done, usage }];
    let pieces = opening.into_iter().chain((0..DELTAS).map(|_| delta())).chain(ending);
    let mut events = Vec::new();
    for piece in pieces {
        let mut event = Vec::new();
        writer.piece(&piece, &mut event);
        events.push(event);
    }
    events
}

fn watched(theirs: Dialect, events: &[Vec<u8>]) {
    let (mut splitter, mut watch) = (Splitter::default(), format_of(theirs).watch(true));
    for chunk in events {
        let mut out = Vec::with_capacity(chunk.len() + 256);
        let split = splitter.push(chunk, |event| match watch.event(event) {
            Edit::Pass => out.extend_from_slice(event.raw()),
            Edit::Hide => {}
            Edit::Replace(bytes) => out = bytes,
        });
        split.expect("events are short");
        black_box((watch.seen(), out));
    }
}

fn translated(ours: Dialect, theirs: Dialect, events: &[Vec<u8>]) {
    let (mut splitter, mut watch) = (Splitter::default(), format_of(theirs).watch(false));
    let mut reader = format_of(theirs).reader();
    let mut writer = format_of(ours).writer(Frame::default());
    let mut unfitting = Unfitting::new(WayBack::default());
    for chunk in events {
        let mut out = Vec::with_capacity(chunk.len() + 256);
        let split = splitter.push(chunk, |event| {
            watch.event(event);
            let sink = &mut |piece: Piece<'_>| {
                unfitting.piece(piece, &mut |piece: Piece<'_>| writer.piece(&piece, &mut out));
            };
            reader.event(event, sink).expect("it was written here");
        });
        split.expect("events are short");
        black_box((watch.seen(), out));
    }
}
