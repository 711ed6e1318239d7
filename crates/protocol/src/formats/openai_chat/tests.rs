//! The format as a whole: requests, answers and streams as they are on the wire.
#![allow(clippy::unwrap_used)]

mod answers;
mod errors;
mod properties;
mod requests;
mod streams;
mod watched;
mod written;

use paceway_domain::Tokens;

use super::OpenAiChat;
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::{Address, Format, Frame, Target};
use crate::neutral::{Chat, Citation, Delta, Opening, Piece, Seal};
use crate::sse::Splitter;

const TARGET: Target<'static> =
    Target { model: "gpt-x", default_max_output: Tokens(4_096), only_max_tokens: false };

fn frame() -> Frame {
    Frame {
        created: 1_800_000_000,
        request_id: "req_7".into(),
        model: "asked".into(),
        wants_usage: true,
        ..Frame::default()
    }
}

/// A request read, with what was noted.
fn read(body: &str) -> (Chat<'_>, Vec<String>) {
    let mut changes = Changes::default();
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let summary = OpenAiChat.summary(&envelope, &Address::default()).unwrap();
    let chat = OpenAiChat.read_chat(&envelope, &summary, &mut changes).unwrap();
    (chat, notes(&changes))
}

/// Why a request is not read.
fn refusal(body: &str) -> String {
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let read = OpenAiChat
        .summary(&envelope, &Address::default())
        .and_then(|summary| OpenAiChat.read_chat(&envelope, &summary, &mut Changes::default()).map(|_| ()));
    read.unwrap_err().to_string()
}

/// A request with this one message beside a question.
fn with_message(message: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}},{message}]}}"#)
}

/// A request with this one field.
fn with_field(field: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],{field}}}"#)
}

fn notes(changes: &Changes) -> Vec<String> {
    changes.iter().map(|change| format!("{:?} {}: {}", change.gravity, change.field, change.what)).collect()
}

/// A request written, with what was noted.
fn write(chat: &Chat<'_>, target: Target<'_>) -> (String, Vec<String>) {
    let mut changes = Changes::default();
    let body = OpenAiChat.write_chat(chat, target, &mut changes).unwrap();
    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), notes(&changes))
}

/// The pieces of a stream that arrives in these bites, one a line.
fn pieces<'a>(bites: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut splitter = Splitter::default();
    let mut reader = OpenAiChat.reader();
    let mut lines = Vec::new();
    for bite in bites {
        splitter
            .push(bite, |event| reader.event(event, &mut |piece| lines.push(line(&piece))).unwrap())
            .unwrap();
    }
    splitter.finish(|event| reader.event(event, &mut |piece| lines.push(line(&piece))).unwrap());
    reader.finish(&mut |piece| lines.push(line(&piece)));
    lines
}

fn line(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Begin { id, model, .. } => format!("begin {id} {model}"),
        Piece::Open(opening) => format!("open {}", opened(opening)),
        Piece::Delta(Delta::Text(text)) => format!("  {text:?}"),
        Piece::Delta(Delta::Seal(seal)) => format!("  seal {}", sealed(seal)),
        Piece::Delta(Delta::Citation(citation)) => format!("  cites {}", cited(citation)),
        Piece::Delta(Delta::Logprobs(tokens)) => format!("  logprobs {}", tokens.get()),
        Piece::Close => "close".into(),
        Piece::End { finish, usage } => {
            let counts = [usage.input, usage.cache_read, usage.cache_write_5m, usage.output, usage.reasoning];
            format!("end {finish:?} {:?}", counts.map(|tokens| tokens.0))
        }
        Piece::Error(error) => {
            format!("error {:?} {:?} {:?} {}", error.kind, error.field, error.code, error.message)
        }
    }
}

fn opened(opening: &Opening<'_>) -> String {
    match opening {
        Opening::Text => "text".into(),
        Opening::Thinking => "thinking".into(),
        Opening::Refusal => "refusal".into(),
        Opening::Redacted(seal) => format!("redacted {}", sealed(seal)),
        Opening::ToolCall { id, name, is_custom, seal, .. } => {
            let kind = if *is_custom { "custom call" } else { "call" };
            let seal = seal.as_ref().map(|seal| format!(" {}", sealed(seal))).unwrap_or_default();
            format!("{kind} {id} {name}{seal}")
        }
        Opening::Image { media_type, data } => format!("image {media_type} {data}"),
    }
}

fn sealed(seal: &Seal<'_>) -> String {
    format!("{}:{}", seal.by, seal.data)
}

fn cited(citation: &Citation<'_>) -> String {
    format!("{:?} {:?} {:?} {:?}", citation.url, citation.title, citation.quoted, citation.place)
}

/// A stream of these chunks, `[DONE]` behind them.
fn stream(chunks: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks {
        bytes.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
    }
    bytes.extend_from_slice(b"data: [DONE]\n\n");
    bytes
}

/// A stream of chunks whose deltas are these, and an end for this reason.
fn deltas(deltas: &[&str], reason: &str) -> Vec<u8> {
    let mut chunks: Vec<_> = deltas
        .iter()
        .map(|delta| {
            format!(
                r#"{{"id":"chatcmpl-1","model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
            )
        })
        .collect();
    chunks.push(format!(
        r#"{{"id":"chatcmpl-1","model":"m","choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#
    ));
    chunks.push(
        r#"{"id":"chatcmpl-1","model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}"#
            .into(),
    );
    stream(&chunks.iter().map(String::as_str).collect::<Vec<_>>())
}
