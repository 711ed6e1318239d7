//! What the tests of this format share.

use paceway_domain::{Refusal, Tokens};

use crate::changes::{Changes, Gravity};
use crate::envelope::Envelope;
use crate::formats::converse::Converse;
use crate::formats::{Address, Format, Summary, Target};
use crate::neutral::{Chat, Delta, Piece};
use crate::sse::Splitter;

pub(super) const OLD_CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
pub(super) const CLAUDE: &str = "us.anthropic.claude-opus-5";
pub(super) const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
pub(super) const LLAMA: &str = "meta.llama3-1-70b-instruct-v1:0";

pub(super) fn address() -> Address {
    Address { model: Some(CLAUDE.into()), stream: Some(false) }
}

pub(super) fn summary(body: &str) -> Result<Summary, Refusal> {
    Converse.summary(&Envelope::parse(body.as_bytes())?, &address())
}

/// The request in the neutral form, and what changed.
pub(super) fn read(body: &str) -> Result<(Chat<'_>, Changes), Refusal> {
    let envelope = Envelope::parse(body.as_bytes())?;
    let summary = Converse.summary(&envelope, &address())?;
    let mut changes = Changes::default();
    let chat = Converse.read_chat(&envelope, &summary, &mut changes)?;
    Ok((chat, changes))
}

/// The body for a model, and what changed.
pub(super) fn write(chat: &Chat<'_>, model: &str) -> Result<(String, Changes), Refusal> {
    let target = Target { model, default_max_output: Tokens(4096), only_max_tokens: false };
    let mut changes = Changes::default();
    let body = Converse.write_chat(chat, target, &mut changes)?;
    let body = String::from_utf8(body.to_vec()).unwrap();
    serde_json::from_str::<serde_json::Value>(&body).unwrap();
    Ok((body, changes))
}

/// A request of this format read and written again, and what changed on either way.
pub(super) fn through(body: &str, model: &str) -> String {
    let (chat, reading) = read(body).unwrap();
    let (body, writing) = write(&chat, model).unwrap();
    told(&body, &[&reading, &writing])
}

/// A body with a line for each change.
pub(in crate::formats) fn told(body: &str, changes: &[&Changes]) -> String {
    let mut lines = vec![body.to_owned()];
    for change in changes.iter().flat_map(|changes| changes.iter()) {
        let gravity = match change.gravity {
            Gravity::Adapted => "adapted",
            Gravity::Hint => "hint",
            Gravity::Lost => "LOST",
        };
        lines.push(format!("{gravity} {}: {}", change.field, change.what));
    }
    lines.join("\n")
}

/// What a stream reads as when it arrives in these pieces: one line each, an error of the reader's as the last.
pub(super) fn pieces<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut reader = Converse.reader();
    let mut splitter = Splitter::default();
    let mut seen = Vec::new();
    let mut wrong = None;
    for chunk in chunks {
        let taken = splitter.push(chunk, |event| {
            if wrong.is_none() {
                wrong = reader.event(event, &mut |piece| seen.push(format!("{piece:?}"))).err();
            }
        });
        taken.unwrap();
    }
    splitter.finish(|event| {
        if wrong.is_none() {
            wrong = reader.event(event, &mut |piece| seen.push(format!("{piece:?}"))).err();
        }
    });
    match wrong {
        Some(wrong) => seen.push(format!("wrong: {wrong}")),
        None => reader.finish(&mut |piece| seen.push(format!("{piece:?}"))),
    }
    seen
}

/// Whether pieces, as far as they go, are well-formed.
#[derive(Default)]
pub(in crate::formats) struct Grammar {
    has_begun: bool,
    is_open: bool,
    pub(in crate::formats) is_over: bool,
}

impl Grammar {
    pub(in crate::formats) fn check(&mut self, piece: &Piece<'_>) {
        assert!(!self.is_over, "{piece:?} after the end");
        let is_inside = self.has_begun && self.is_open;
        let is_between = self.has_begun && !self.is_open;
        match piece {
            Piece::Begin { .. } => assert!(!std::mem::replace(&mut self.has_begun, true)),
            Piece::Open(_) => {
                assert!(is_between, "{piece:?}");
                self.is_open = true;
            }
            Piece::Delta(delta) => {
                assert!(is_inside, "{piece:?}");
                assert!(!matches!(delta, Delta::Text(text) if text.is_empty()), "an empty text");
            }
            Piece::Close => {
                assert!(is_inside, "{piece:?}");
                self.is_open = false;
            }
            Piece::End { .. } => {
                assert!(is_between, "{piece:?}");
                self.is_over = true;
            }
            Piece::Error(_) => self.is_over = true,
        }
    }
}

/// A stream of these events.
pub(in crate::formats) fn stream(events: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, data) in events {
        crate::sse::write(&mut out, Some(name), data.as_bytes());
    }
    out
}
