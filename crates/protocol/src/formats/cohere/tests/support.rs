//! What the tests of this format share.

use paceway_domain::{Refusal, Tokens};

use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::cohere::Cohere;
use crate::formats::converse::tests::support::told;
use crate::formats::{Address, Format, Target};
use crate::neutral::Chat;
use crate::sse::Splitter;

pub(super) const THINKING: &str = "command-a-reasoning-08-2025";
pub(super) const PLANNING: &str = "command-a-03-2025";

/// The request in the neutral form, and what changed.
pub(super) fn read(body: &str) -> Result<(Chat<'_>, Changes), Refusal> {
    let envelope = Envelope::parse(body.as_bytes())?;
    let summary = Cohere.summary(&envelope, &Address::default())?;
    let mut changes = Changes::default();
    let chat = Cohere.read_chat(&envelope, &summary, &mut changes)?;
    Ok((chat, changes))
}

/// The body for a model, and what changed.
pub(super) fn write(chat: &Chat<'_>, model: &str) -> Result<(String, Changes), Refusal> {
    let target = Target { model, default_max_output: Tokens(4096), only_max_tokens: false };
    let mut changes = Changes::default();
    let body = Cohere.write_chat(chat, target, &mut changes)?;
    let body = String::from_utf8(body.to_vec()).unwrap();
    serde_json::from_str::<serde_json::Value>(&body).unwrap();
    Ok((body, changes))
}

pub(super) fn written(chat: &Chat<'_>, model: &str) -> String {
    let (body, changes) = write(chat, model).unwrap();
    told(&body, &[&changes])
}

/// What a stream reads as when it arrives in these pieces: one line each, an error of the reader's as the last.
pub(super) fn pieces<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut reader = Cohere.reader();
    let mut splitter = Splitter::default();
    let mut seen = Vec::new();
    let mut wrong = None;
    for chunk in chunks {
        splitter
            .push(chunk, |event| {
                if wrong.is_none() {
                    wrong = reader.event(event, &mut |piece| seen.push(format!("{piece:?}"))).err();
                }
            })
            .unwrap();
    }
    splitter.finish(|event| {
        if wrong.is_none() {
            wrong = reader.event(event, &mut |piece| seen.push(format!("{piece:?}"))).err();
        }
    });
    reader.finish(&mut |piece| seen.push(format!("{piece:?}")));
    seen.extend(wrong.map(|wrong| format!("wrong: {wrong}")));
    seen
}
