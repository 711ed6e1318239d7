//! Bytes cut into events and frames, however they arrive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use paceway_domain::Dialect;
use paceway_fuzz::case::Input;
use paceway_fuzz::{FORMATS, bounds, seeds};
use paceway_protocol::framing::{Framing, Unframing};
use paceway_protocol::{event_stream, sse};

use crate::target;

target!(server_sent_events, FORMATS.into_iter().flat_map(seeds::streams).collect(), events);
target!(amazon_event_streams, frames(), amazon);
target!(unframing, frames(), unframed);
target!(unframing_of_spoilt_events, seeds::streams(Dialect::Converse), spoilt);

fn events(input: &Input) {
    let bytes = &input.bytes;
    bounds::keep(bytes.len(), 64, || {
        let read = |pieces: Vec<&[u8]>| {
            let (mut splitter, mut seen, mut pushed) = (sse::Splitter::default(), Vec::new(), 0);
            let note =
                |event: sse::Event<'_>| (event.name().to_vec(), event.data().map(|data| data.to_vec()));
            for piece in pieces {
                pushed += piece.len();
                splitter.push(piece, |event| seen.push(note(event))).expect("it is short");
                assert!(splitter.partial().len() <= pushed);
            }
            splitter.finish(|event| seen.push(note(event)));
            seen
        };
        assert_eq!(read(input.pieces()), read(vec![bytes]));
    });
}

/// Streams of Bedrock's, the events of Anthropic's that it wraps among them.
fn frames() -> Vec<Vec<u8>> {
    let own = seeds::streams(Dialect::Converse).into_iter().map(|stream| framed(&stream, false));
    own.chain(seeds::streams(Dialect::Anthropic).into_iter().map(|stream| framed(&stream, true))).collect()
}

fn framed(stream: &[u8], is_wrapped: bool) -> Vec<u8> {
    let (mut splitter, mut out) = (sse::Splitter::default(), Vec::new());
    let write = |event: sse::Event<'_>| {
        let (name, data) =
            (String::from_utf8_lossy(event.name()).into_owned(), event.data().unwrap_or_default());
        let wrapped = format!(r#"{{"bytes":"{}","p":"ab"}}"#, STANDARD.encode(&data));
        let (kind, payload) =
            if is_wrapped { ("chunk", wrapped.as_bytes()) } else { (name.as_str(), &*data) };
        let headers =
            [(":message-type", "event"), (":event-type", kind), (":content-type", "application/json")];
        // A name that is too long for a frame is none.
        let _too_long = event_stream::write(&mut out, &headers, payload);
    };
    splitter.push(stream, write).expect("it is short");
    out
}

fn amazon(input: &Input) {
    let bytes = &input.bytes;
    bounds::keep(bytes.len(), 64, || {
        let read = |pieces: Vec<&[u8]>| {
            let (mut splitter, mut seen, mut pushed) = (event_stream::Splitter::default(), Vec::new(), 0);
            for piece in pieces {
                pushed += piece.len();
                let note = |frame: event_stream::Frame<'_>| {
                    let kinds = [
                        frame.message_type(),
                        frame.event_type(),
                        frame.exception_type(),
                        frame.content_type(),
                    ];
                    seen.push((kinds.map(|kind| kind.map(str::to_owned)), frame.payload().to_vec()));
                };
                if splitter.push(piece, note).is_err() {
                    break;
                }
                assert!(splitter.partial().len() <= pushed);
            }
            (splitter.finish(), seen)
        };
        assert_eq!(read(input.pieces()), read(vec![bytes]));
    });
}

/// The events that frames become until they cannot be read on, and whether they could to the end.
fn events_of(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
    let (mut unframing, mut out) = (Unframing::new(Framing::AmazonEventStream), Vec::new());
    for piece in pieces {
        match unframing.push(Bytes::copy_from_slice(piece)) {
            Ok(events) => out.extend_from_slice(&events),
            Err(_) => return (out, false),
        }
    }
    (out, unframing.finish().is_ok())
}

fn unframed(input: &Input) {
    let bytes = &input.bytes;
    bounds::keep(bytes.len(), 64, || {
        let (whole, is_whole) = events_of(&[bytes]);
        let (cut, is_cut_whole) = events_of(&input.pieces());
        assert_eq!(is_whole, is_cut_whole);
        assert!(cut.starts_with(&whole), "whatever could be read of the whole can be of its pieces");
    });
}

/// Frames that are right around payloads that are not.
fn spoilt(input: &Input) {
    let events = &input.bytes;
    let bytes = framed(events, input.choice.is_multiple_of(2));
    bounds::keep(bytes.len(), 64, || {
        let (whole, is_whole) = events_of(&[&bytes]);
        if !is_whole {
            return;
        }
        let count = |bytes: &[u8]| {
            let (mut splitter, mut count) = (sse::Splitter::default(), 0);
            splitter.push(bytes, |_| count += 1).expect("it is short");
            (count, splitter.partial().len())
        };
        let mut frames = 0;
        event_stream::Splitter::default().push(&bytes, |_| frames += 1).expect("its frames are right");
        assert_eq!(count(&whole), (frames, 0), "each frame is one event");
    });
}
