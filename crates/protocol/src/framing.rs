//! How the events of a stream are framed, and other framings than server-sent events turned into them.
//!
//! So every reader and every eye on a stream sees server-sent events, whatever a provider sends: Amazon Bedrock's binary
//! event streams become events that are named by their type. What is in an event is not looked at, but for the name of
//! one that Bedrock wraps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use crate::event_stream::{self, Frame};
use crate::sse;

/// The framings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Events,
    /// Amazon's binary event stream.
    AmazonEventStream,
}

impl Framing {
    /// The framing of a body of this content type, if it is a stream.
    pub fn of(content_type: &str) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("text/event-stream") {
            Some(Self::Events)
        } else if kind.eq_ignore_ascii_case("application/vnd.amazon.eventstream") {
            Some(Self::AmazonEventStream)
        } else {
            None
        }
    }
}

/// Turns one stream into server-sent events.
#[derive(Debug)]
pub enum Unframing {
    /// It is made of them already.
    Events,
    /// From Amazon's frames.
    AmazonEventStream(event_stream::Splitter),
}

impl Unframing {
    /// For one stream.
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::Events => Self::Events,
            Framing::AmazonEventStream => Self::AmazonEventStream(event_stream::Splitter::default()),
        }
    }

    /// Whether bytes stay as they are.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Events)
    }

    /// The events that a piece of the stream completes. Of server-sent events it is the piece itself.
    ///
    /// # Errors
    /// What is wrong with the stream, as a sentence.
    pub fn push(&mut self, piece: Bytes) -> Result<Bytes, String> {
        let Self::AmazonEventStream(splitter) = self else { return Ok(piece) };
        let mut out = Vec::with_capacity(piece.len());
        let mut wrong = None;
        splitter
            .push(&piece, |frame| {
                if let Err(why) = write_event(frame, &mut out) {
                    wrong.get_or_insert(why);
                }
            })
            .map_err(|error| error.to_string())?;
        wrong.map_or(Ok(out.into()), Err)
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// If it ends within a frame.
    pub fn finish(&mut self) -> Result<(), String> {
        let Self::AmazonEventStream(splitter) = self else { return Ok(()) };
        splitter.finish().map_err(|error| error.to_string())
    }
}

/// What the frames of `invoke-with-response-stream` hold: an event of the model's own format in base64.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    bytes: &'a str,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
}

fn write_event(frame: Frame<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let name = frame.exception_type().or_else(|| frame.event_type()).unwrap_or_default();
    if name.contains(['\n', '\r']) {
        return Err("an event of the event stream has a name of several lines".into());
    }
    if name != "chunk" {
        write_lines(out, Some(name), frame.payload());
        return Ok(());
    }
    let chunk: Chunk<'_> = serde_json::from_slice(frame.payload())
        .map_err(|error| format!("a chunk of the event stream is not what Bedrock sends: {error}"))?;
    let event = STANDARD
        .decode(chunk.bytes)
        .map_err(|error| format!("a chunk of the event stream is not base64: {error}"))?;
    let kind = serde_json::from_slice(&event).ok().map(|typed: Typed<'_>| typed.kind.to_owned());
    write_lines(out, kind.as_deref().filter(|kind| !kind.contains(['\n', '\r'])), &event);
    Ok(())
}

/// Writes an event whose JSON may hold line breaks, as it may between its tokens.
fn write_lines(out: &mut Vec<u8>, name: Option<&str>, json: &[u8]) {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if json.iter().any(is_break) {
        let spaced: Vec<u8> = json.iter().map(|byte| if is_break(byte) { b' ' } else { *byte }).collect();
        sse::write(out, name, &spaced);
    } else {
        sse::write(out, name, json);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        event_stream::write(&mut out, headers, payload).unwrap();
        out
    }

    fn stream() -> Vec<u8> {
        let inner = STANDARD.encode(r#"{"type":"message_stop","x":1}"#);
        let wrapped = format!(r#"{{"bytes":"{inner}","p":"abc"}}"#);
        let event = |name| [(":message-type", "event"), (":event-type", name)];
        [
            frame(&event("messageStart"), br#"{"role":"assistant"}"#),
            frame(&event("chunk"), wrapped.as_bytes()),
            frame(
                &[(":message-type", "exception"), (":exception-type", "throttlingException")],
                br#"{"message":"x"}"#,
            ),
        ]
        .concat()
    }

    const EVENTS: &str = "event: messageStart\ndata: {\"role\":\"assistant\"}\n\nevent: message_stop\ndata: \
        {\"type\":\"message_stop\",\"x\":1}\n\nevent: throttlingException\ndata: {\"message\":\"x\"}\n\n";

    #[test]
    fn frames_become_the_same_events_wherever_they_are_cut() {
        let stream = stream();
        for cut in 0..=stream.len() {
            let mut unframing = Unframing::new(Framing::AmazonEventStream);
            let mut events = unframing.push(Bytes::copy_from_slice(&stream[..cut])).unwrap().to_vec();
            events.extend(unframing.push(Bytes::copy_from_slice(&stream[cut..])).unwrap());
            unframing.finish().unwrap();
            assert_eq!(String::from_utf8(events).unwrap(), EVENTS, "cut at {cut}");
        }
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_an_error() {
        let stream = stream();
        let mut unframing = Unframing::new(Framing::AmazonEventStream);
        unframing.push(Bytes::copy_from_slice(&stream[..stream.len() - 1])).unwrap();
        assert!(unframing.finish().is_err());
    }

    #[test]
    fn a_chunk_that_is_no_base64_is_an_error() {
        let bad = frame(&[(":event-type", "chunk")], br#"{"bytes":"!"}"#);
        let why = Unframing::new(Framing::AmazonEventStream).push(bad.into()).unwrap_err();
        assert!(why.contains("not base64"), "{why}");
    }

    #[test]
    fn a_payload_of_several_lines_is_one_event_still() {
        let pretty = frame(&[(":event-type", "metadata")], b"{\r\n  \"usage\": {}\n\n}");
        let events = Unframing::new(Framing::AmazonEventStream).push(pretty.into()).unwrap();
        assert_eq!(events, "event: metadata\ndata: {    \"usage\": {}  }\n\n");
        let named = frame(&[(":event-type", "metadata\ndata: {}\n")], b"{}");
        let why = Unframing::new(Framing::AmazonEventStream).push(named.into()).unwrap_err();
        assert!(why.contains("several lines"), "{why}");
    }

    #[test]
    fn a_framing_is_known_by_its_content_type() {
        assert_eq!(Framing::of("text/event-stream; charset=utf-8"), Some(Framing::Events));
        assert_eq!(Framing::of("application/vnd.amazon.eventstream"), Some(Framing::AmazonEventStream));
        assert_eq!(Framing::of("application/json"), None);
    }
}
