//! The format on recorded shapes: requests, answers, streams, round trips, and input of every wrong kind.

mod answers;
mod any;
mod bad_input;
mod from_neutral;
mod requests;
mod streams_read;
mod streams_written;
mod trips;

use std::fmt::{Debug, Write as _};

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens};

use super::OpenAiResponses;
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::{Address, Format as _, Frame, StreamReader as _, Target};
use crate::neutral::{Chat, Delta, Piece};
use crate::sse::Splitter;

const TARGET: Target<'static> =
    Target { model: "gpt-6-sol", default_max_output: Tokens(4_096), only_max_tokens: false };

/// A request in the neutral form, and what was noted.
fn read(body: &str) -> Result<(Chat<'_>, Changes), Refusal> {
    let envelope = Envelope::parse(body.as_bytes())?;
    let summary = OpenAiResponses.summary(&envelope, &Address::default())?;
    let mut changes = Changes::default();
    let chat = OpenAiResponses.read_chat(&envelope, &summary, &mut changes)?;
    Ok((chat, changes))
}

/// A request with this `input` and nothing else of note.
fn with_input(input: &str) -> String {
    format!(r#"{{"model":"m","input":{input}}}"#)
}

/// A request in the neutral form as a body, and what was noted.
fn write(chat: &Chat<'_>) -> (String, Changes) {
    let mut changes = Changes::default();
    let body = OpenAiResponses.write_chat(chat, TARGET, &mut changes).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), changes)
}

/// JSON for the eye.
fn pretty(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

/// Changes, one a line.
fn told(changes: &Changes) -> String {
    let lines: Vec<_> = changes
        .iter()
        .map(|change| format!("{:?} {}: {}", change.gravity, change.field, change.what))
        .collect();
    lines.join("\n")
}

/// Items of a debug list, one a line.
fn lines(list: &[impl Debug]) -> String {
    let lines: Vec<_> = list.iter().map(|item| format!("{item:?}")).collect();
    lines.join("\n")
}

fn frame(request: &str) -> Frame {
    Frame {
        created: 1_790_000_000,
        request_id: "req-7".into(),
        model: "sonnet".into(),
        wants_usage: true,
        request: Bytes::copy_from_slice(request.as_bytes()),
    }
}

/// Events as a server writes them: `event` and `data` from each JSON's `type`.
fn sse(events: &[&str]) -> Vec<u8> {
    let mut stream = String::new();
    for event in events {
        let value: serde_json::Value = serde_json::from_str(event).unwrap();
        write!(stream, "event: {}\ndata: {event}\n\n", value["type"].as_str().unwrap()).unwrap();
    }
    stream.into_bytes()
}

/// A piece in short; texts that follow each other are one.
fn note(piece: &Piece<'_>, seen: &mut Vec<String>) {
    let line = match piece {
        Piece::Begin { id, model, .. } => format!("begin {id} {model}"),
        Piece::Open(opening) => format!("open {opening:?}"),
        Piece::Delta(Delta::Text(text)) => {
            assert!(!text.is_empty(), "an empty delta");
            if let Some(last) = seen.last_mut().filter(|last| last.starts_with("text ")) {
                last.push_str(text);
                return;
            }
            format!("text {text}")
        }
        Piece::Delta(Delta::Seal(seal)) => format!("seal {} {}", seal.by, seal.data),
        Piece::Delta(Delta::Citation(citation)) => format!("{citation:?}"),
        Piece::Delta(Delta::Logprobs(tokens)) => format!("logprobs {}", tokens.get()),
        Piece::Close => "close".to_owned(),
        Piece::End { finish, usage } => format!(
            "end {finish:?} in {} read {} written {} out {} thought {}",
            usage.input,
            usage.cache_read,
            usage.cache_write(),
            usage.output,
            usage.reasoning
        ),
        Piece::Error(error) => format!("error {error:?}"),
    };
    seen.push(line);
}

/// What the reader makes of a stream that arrives in these pieces.
fn pieces<'b>(chunks: impl IntoIterator<Item = &'b [u8]>) -> Vec<String> {
    let mut reader = super::stream::Reader::default();
    let mut splitter = Splitter::default();
    let mut seen = Vec::new();
    let mut take = |event: crate::sse::Event<'_>| {
        if let Err(why) = reader.event(event, &mut |piece| note(&piece, &mut seen)) {
            seen.push(format!("broken: {why}"));
        }
    };
    for chunk in chunks {
        splitter.push(chunk, &mut take).unwrap();
    }
    splitter.finish(&mut take);
    seen
}
