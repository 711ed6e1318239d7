//! Continuations of which something is special, piece by piece.

use std::fmt::Write as _;

use paceway_domain::{Dialect, Tokens};
use serde_json::value::RawValue;

use super::*;
use crate::neutral::{Finish, Seal};

const TOLD: &str = "The capital of Norway is Os";

fn words(text: &str) -> Piece<'_> {
    Piece::Delta(Delta::Text(text.into()))
}

fn begin(id: &str) -> Piece<'_> {
    Piece::Begin { id: id.into(), model: "m".into(), usage: Usage::default() }
}

fn end(input: u64, output: u64) -> Piece<'static> {
    Piece::End { finish: Finish::Done, usage: usage(input, output) }
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input: Tokens(input), output: Tokens(output), ..Usage::default() }
}

fn call() -> Piece<'static> {
    let (id, name) = ("call_1".into(), "f".into());
    Piece::Open(Opening::ToolCall { id, name, namespace: None, is_custom: false, seal: None })
}

fn cited(start: u64, end: u64) -> Piece<'static> {
    let citation = Citation { url: Some("u".into()), place: Some((start, end)), ..Citation::default() };
    Piece::Delta(Delta::Citation(citation))
}

fn logprobs() -> Piece<'static> {
    Piece::Delta(Delta::Logprobs(Cow::Owned(RawValue::from_string("[1]".into()).expect("a literal"))))
}

/// What the client is told of `rest` after `told`.
fn spliced(told: &[Piece<'_>], rest: &[Piece<'_>]) -> String {
    let mut heard = Heard::default();
    for piece in told {
        heard.piece(piece);
    }
    let mut splice = Splice::new(&heard, usage(100, 7));
    let mut out = String::new();
    for piece in rest {
        splice.piece(piece.clone(), &mut |piece| {
            let line = match piece {
                Piece::Begin { id, .. } => format!("begin {id}"),
                Piece::Open(Opening::ToolCall { id, .. }) => format!("open call {id}"),
                Piece::Open(opening) => format!("open {opening:?}"),
                Piece::Delta(Delta::Text(text)) => format!("{text:?}"),
                Piece::Delta(Delta::Citation(citation)) => format!("cited {:?}", citation.place),
                Piece::Delta(Delta::Logprobs(_)) => "logprobs".to_owned(),
                Piece::Delta(Delta::Seal(seal)) => format!("seal {}", seal.data),
                Piece::Close => "close".to_owned(),
                Piece::End { usage, .. } => format!("end {} {}", usage.input, usage.output),
                Piece::Error(error) => format!("error {}", error.message),
            };
            writeln!(out, "{line}").expect("a string takes all");
        });
    }
    out
}

fn open_text() -> [Piece<'static>; 3] {
    [begin("1"), Piece::Open(Opening::Text), words(TOLD)]
}

fn thought() -> [Piece<'static>; 4] {
    let seal = Seal { by: Dialect::Anthropic, data: "s".into() };
    [Piece::Open(Opening::Thinking), words("Hm."), Piece::Delta(Delta::Seal(seal)), Piece::Close]
}

fn text<'t>(pieces: &[&'t str]) -> Vec<Piece<'t>> {
    let deltas = pieces.iter().map(|text| words(text));
    [Piece::Open(Opening::Text)].into_iter().chain(deltas).chain([Piece::Close]).collect()
}

fn of<'t>(parts: &[&[Piece<'t>]]) -> Vec<Piece<'t>> {
    parts.concat()
}

#[test]
fn the_open_text_goes_on_without_what_is_repeated_and_with_one_end() {
    let rest =
        of(&[&[begin("2")], &thought(), &text(&["The capital of Norway", " is Oslo", "."]), &[end(120, 5)]]);
    insta::assert_snapshot!(spliced(&open_text(), &rest), @r#"
    "lo"
    "."
    close
    end 220 12
    "#);
}

#[test]
fn a_text_that_was_closed_is_followed_by_another() {
    let told = of(&[&open_text(), &[Piece::Close]]);
    let rest = of(&[&[begin("2")], &text(&["lo."]), &text(&[" Yes."]), &[end(1, 1)]]);
    insta::assert_snapshot!(spliced(&told, &rest), @r#"
    open Text
    "lo."
    close
    open Text
    " Yes."
    close
    end 101 8
    "#);
}

#[test]
fn where_nothing_was_missing_nothing_is_begun() {
    let told = of(&[&open_text(), &[Piece::Close]]);
    let rest = of(&[&[begin("2")], &text(&[TOLD]), &[end(1, 1)]]);
    insta::assert_snapshot!(spliced(&told, &rest), @"end 101 8");
    insta::assert_snapshot!(spliced(&open_text(), &rest), @"
    close
    end 101 8
    ");
}

#[test]
fn an_open_thought_is_closed_and_all_that_follows_is_told() {
    let told = [begin("1"), Piece::Open(Opening::Thinking), words("Hm")];
    let rest = of(&[&[begin("2")], &thought(), &text(&["Oslo."]), &[end(1, 1)]]);
    insta::assert_snapshot!(spliced(&told, &rest), @r#"
    close
    open Thinking
    "Hm."
    seal s
    close
    open Text
    "Oslo."
    close
    end 101 8
    "#);
}

#[test]
fn where_nothing_was_told_everything_is() {
    let rest = of(&[&[begin("2")], &text(&["Oslo."]), &[end(1, 1)]]);
    insta::assert_snapshot!(spliced(&[], &rest), @r#"
    begin 2
    open Text
    "Oslo."
    close
    end 101 8
    "#);
}

#[test]
fn a_call_closes_the_open_text_and_thoughts_after_new_words_are_told() {
    let calls = [call(), words("{}"), Piece::Close];
    insta::assert_snapshot!(spliced(&open_text(), &of(&[&[begin("2")], &thought(), &calls, &[end(1, 1)]])), @r#"
    close
    open call call_1
    "{}"
    close
    end 101 8
    "#);
    let rest = of(&[&[begin("2")], &text(&["lo."]), &thought(), &calls, &[end(1, 1)]]);
    insta::assert_snapshot!(spliced(&open_text(), &rest), @r#"
    "lo."
    close
    open Thinking
    "Hm."
    seal s
    close
    open call call_1
    "{}"
    close
    end 101 8
    "#);
}

#[test]
fn sources_count_from_where_the_continuation_begins_and_those_of_repeated_words_are_left_out() {
    let length = TOLD.len() as u64;
    let rest = [
        Piece::Open(Opening::Text),
        words(TOLD),
        cited(4, 11),
        logprobs(),
        words("lo."),
        cited(25, length + 2),
    ];
    insta::assert_snapshot!(spliced(&open_text(), &rest), @r#"
    "lo."
    cited Some((27, 29))
    "#);
    let rest = [Piece::Open(Opening::Text), words("lo."), cited(0, 2), logprobs()];
    insta::assert_snapshot!(spliced(&open_text(), &rest), @r#"
    "lo."
    cited Some((27, 29))
    logprobs
    "#);
}

#[test]
fn what_is_said_of_words_that_wait_waits_with_them() {
    let rest = [Piece::Open(Opening::Text), words("The capital"), logprobs(), cited(0, 3), words(" city")];
    insta::assert_snapshot!(spliced(&open_text(), &rest), @r#"
    "The capital city"
    logprobs
    cited Some((27, 30))
    "#);
}

#[test]
fn an_error_is_told_as_it_is() {
    let error = Piece::Error(crate::neutral::ErrorReport::new(crate::neutral::ErrorKind::Server, "down"));
    insta::assert_snapshot!(spliced(&open_text(), &[begin("2"), error]), @"error down");
}
