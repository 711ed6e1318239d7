//! Streams of every format: read, watched, written in every other, and read again there.

use paceway_domain::Dialect;
use paceway_fuzz::case::Input;
use paceway_fuzz::order::Order;
use paceway_fuzz::{FORMATS, bounds, seeds};
use paceway_protocol::StreamWriter;
use paceway_protocol::formats::{Edit, Ending, format_of};
use paceway_protocol::neutral::{ErrorKind, ErrorReport, Piece};
use paceway_protocol::sse::Splitter;

use crate::target;

target!(streams_anthropic, seeds::streams(Dialect::Anthropic), |input| stream(Dialect::Anthropic, input));
target!(streams_openai, seeds::streams(Dialect::OpenAi), |input| stream(Dialect::OpenAi, input));
target!(streams_responses, seeds::streams(Dialect::Responses), |input| stream(Dialect::Responses, input));
target!(streams_gemini, seeds::streams(Dialect::Gemini), |input| stream(Dialect::Gemini, input));
target!(streams_converse, seeds::streams(Dialect::Converse), |input| stream(Dialect::Converse, input));
target!(streams_cohere, seeds::streams(Dialect::Cohere), |input| stream(Dialect::Cohere, input));

fn stream(dialect: Dialect, input: &Input) {
    let bytes = &input.bytes;
    bounds::keep(bytes.len(), 128, || {
        let whole = Read::of(dialect, &[bytes]);
        assert_eq!(Read::of(dialect, &input.pieces()).written, whole.written, "cut, it reads the same");
        whole.agrees();
        if whole.why.is_none() {
            let shown = Read::of(dialect, &[&shown(dialect, bytes)]);
            assert_eq!(
                (shown.has_ended, shown.has_failed),
                (whole.has_ended, whole.has_failed),
                "usage hidden"
            );
        }
        for (other, written) in FORMATS.into_iter().zip(&whole.written) {
            let there = Read::of(other, &[written]);
            let told = || format!("{other}: {:?}: {}", there.why, String::from_utf8_lossy(written));
            assert!(there.why.is_none(), "{}", told());
            // What broke off ends in an error wherever it is passed on to.
            assert_eq!(
                (there.has_ended, there.has_failed),
                (whole.has_ended, !whole.has_ended),
                "{}",
                told()
            );
            there.agrees();
        }
    });
}

/// What became of a stream.
struct Read {
    /// In each of the formats.
    written: Vec<Vec<u8>>,
    has_ended: bool,
    has_failed: bool,
    /// What was wrong with an event.
    why: Option<String>,
    /// What the eye on it says.
    is_complete: bool,
    ending: Ending,
}

impl Read {
    /// As a relay reads: nothing more after an event that is wrong.
    fn of(dialect: Dialect, pieces: &[&[u8]]) -> Self {
        let (mut reader, mut watch) = (format_of(dialect).reader(), format_of(dialect).watch(false));
        let mut writers: Vec<(Box<dyn StreamWriter>, Vec<u8>)> =
            FORMATS.map(|other| (format_of(other).writer(seeds::frame()), Vec::new())).into();
        let (mut splitter, mut order, mut why) = (Splitter::default(), Order::default(), None);
        let mut write = |piece: Piece<'_>| {
            order.piece(&piece);
            for (writer, out) in &mut writers {
                writer.piece(&piece, out);
            }
        };
        for piece in pieces {
            let split = splitter.push(piece, |event| {
                if why.is_none() && watch.seen().ending == Ending::Open {
                    watch.event(event);
                    why = reader.event(event, &mut write).err();
                }
            });
            split.expect("it is short");
        }
        splitter.finish(|event| {
            if why.is_none() && watch.seen().ending == Ending::Open {
                watch.event(event);
                why = reader.event(event, &mut write).err();
            }
        });
        if why.is_none() {
            reader.finish(&mut write);
        }
        if !order.has_ended && !order.has_failed {
            let broken = Piece::Error(ErrorReport::new(ErrorKind::Server, "it broke off"));
            for (writer, out) in &mut writers {
                writer.piece(&broken, out);
            }
        }
        Self {
            written: writers.into_iter().map(|(_, out)| out).collect(),
            has_ended: order.has_ended,
            has_failed: order.has_failed,
            why,
            is_complete: watch.is_complete_at_end(),
            ending: watch.seen().ending,
        }
    }

    /// Asserts that the eye on the stream and its reader see the same end, or a client would take half an answer for a
    /// whole one.
    fn agrees(&self) {
        if self.why.is_none() {
            assert_eq!((self.is_complete, self.ending == Ending::Failed), (self.has_ended, self.has_failed));
        }
    }
}

/// What a client gets to see that has not asked for the usage.
fn shown(dialect: Dialect, bytes: &[u8]) -> Vec<u8> {
    let (mut watch, mut splitter, mut out) =
        (format_of(dialect).watch(true), Splitter::default(), Vec::new());
    let mut show = |event: paceway_protocol::sse::Event<'_>| match watch.event(event) {
        Edit::Pass => out.extend_from_slice(event.raw()),
        Edit::Hide => {}
        Edit::Replace(new) => out.extend_from_slice(&new),
    };
    splitter.push(bytes, &mut show).expect("it is short");
    splitter.finish(&mut show);
    out
}
