//! Tests of the format: what they share.

mod errors;
mod properties;
mod replies;
mod requests_read;
mod requests_written;
mod streams;

use paceway_domain::Tokens;

use super::Gemini;
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::formats::{Address, Format, Frame, Target};
use crate::neutral::{Chat, Delta, Opening, Part, PartBody, Piece, Turn};
use crate::sse::Splitter;

fn address() -> Address {
    Address { model: Some("gemini-3.5-flash".into()), stream: Some(false) }
}

fn target(model: &str) -> Target<'_> {
    Target { model, default_max_output: Tokens(8_192), only_max_tokens: false }
}

fn frame() -> Frame {
    Frame { created: 1_700_000_000, request_id: "req-1".into(), model: "asked".into(), ..Frame::default() }
}

/// Reads a request and hands it to `look`, with what was noted as a header tells it.
fn with_chat<R>(body: &str, look: impl FnOnce(&Chat<'_>, String) -> R) -> R {
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let summary = Gemini.summary(&envelope, &address()).unwrap();
    let mut changes = Changes::default();
    let chat = Gemini.read_chat(&envelope, &summary, &mut changes).unwrap();
    look(&chat, changes.to_string())
}

/// What is wrong with a request.
fn refusal(body: &str) -> String {
    let envelope = Envelope::parse(body.as_bytes()).unwrap();
    let summary = match Gemini.summary(&envelope, &address()) {
        Ok(summary) => summary,
        Err(refusal) => return refusal.to_string(),
    };
    Gemini.read_chat(&envelope, &summary, &mut Changes::default()).unwrap_err().to_string()
}

/// A chat as a request, with what was noted.
fn written(chat: &Chat<'_>, model: &str) -> (String, String) {
    let mut changes = Changes::default();
    let body = Gemini.write_chat(chat, target(model), &mut changes).unwrap();
    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
    (String::from_utf8(body.to_vec()).unwrap(), changes.to_string())
}

/// Turns, a line for each part.
fn show(turns: &[Turn<'_>]) -> String {
    let line = |turn: &Turn<'_>, part: &Part<'_>| format!("{:?} {}\n", turn.role, show_part(part));
    turns.iter().flat_map(|turn| turn.parts.iter().map(move |part| line(turn, part))).collect()
}

fn show_part(part: &Part<'_>) -> String {
    match &part.body {
        PartBody::Text { text, .. } => format!("text {text:?}"),
        PartBody::Thinking { text, seal } => format!("thinking {text:?} {}", show_seal(seal.as_ref())),
        PartBody::Redacted(seal) => format!("redacted {}", show_seal(Some(seal))),
        PartBody::ToolCall(call) => {
            let seal = show_seal(call.seal.as_ref());
            format!("call {} {} {} {seal}", call.id, call.name, call.arguments)
        }
        PartBody::ToolResult(result) => {
            let content: Vec<_> = result.content.iter().map(show_part).collect();
            let error = if result.is_error { " error" } else { "" };
            format!("result {} {:?}{error} {content:?}", result.call_id, result.name.as_deref())
        }
        other => format!("{other:?}"),
    }
}

fn show_seal(seal: Option<&crate::neutral::Seal<'_>>) -> String {
    seal.map_or_else(|| "unsealed".into(), |seal| format!("sealed by {} {}", seal.by, seal.data))
}

/// The pieces of a stream that arrives in these pieces, a line for each; texts that follow one another are joined if
/// `joined`.
fn pieces<'b>(chunks: impl IntoIterator<Item = &'b [u8]>, joined: bool) -> Vec<String> {
    let mut reader = Gemini.reader();
    let mut lines: Vec<String> = Vec::new();
    let mut splitter = Splitter::default();
    let mut sink = |piece: Piece<'_>| push_line(&mut lines, &piece, joined);
    for chunk in chunks {
        splitter.push(chunk, |event| reader.event(event, &mut sink).unwrap()).unwrap();
    }
    splitter.finish(|event| reader.event(event, &mut sink).unwrap());
    reader.finish(&mut sink);
    lines
}

fn push_line(lines: &mut Vec<String>, piece: &Piece<'_>, joined: bool) {
    let line = match piece {
        Piece::Delta(Delta::Text(text)) => format!("text {text}"),
        Piece::Delta(Delta::Seal(seal)) => show_seal(Some(seal)),
        Piece::Open(Opening::ToolCall { id, name, seal, .. }) => {
            format!("open call {id} {name} {}", show_seal(seal.as_ref()))
        }
        Piece::Open(Opening::Redacted(seal)) => format!("open redacted {}", show_seal(Some(seal))),
        other => format!("{other:?}"),
    };
    match lines.last_mut() {
        Some(last) if joined && last.starts_with("text ") && line.starts_with("text ") => {
            last.push_str(&line["text ".len()..]);
        }
        _ => lines.push(line),
    }
}

/// Checks that pieces are well-formed: parts strictly one after the other, one beginning, one end.
fn assert_well_formed(lines: &[String]) {
    let mut is_open = false;
    for (place, line) in lines.iter().enumerate() {
        let is_begin = line.starts_with("Begin");
        assert_eq!(is_begin, place == 0 && !line.starts_with("Error"), "{lines:?}");
        if line.starts_with("Open") || line.starts_with("open") {
            assert!(!std::mem::replace(&mut is_open, true), "{lines:?}");
        } else if line == "Close" {
            assert!(std::mem::take(&mut is_open), "{lines:?}");
        } else if line.starts_with("End") {
            assert!(!is_open && place == lines.len() - 1, "{lines:?}");
        } else if !is_begin && !line.starts_with("Error") {
            assert!(is_open, "{lines:?}");
        }
    }
}
