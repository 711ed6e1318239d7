//! A stream on its way from provider to client: passed on as it arrives, read on the way, settled before its last byte.

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header;
use paceway_domain::Failure;
use paceway_protocol::formats::{Edit, Ending, format_of};
use paceway_protocol::framing::{Framing, Unframing};
use paceway_protocol::neutral::{ErrorKind, ErrorReport};
use paceway_protocol::sse::{Event, Splitter};
use paceway_protocol::{Format, StreamWatch, limits};
use paceway_upstream::{Answer as Response, AnswerBody as ResponseBody};

use crate::ask::Ask;
use crate::bill::Bill;
use crate::crossing::{Crossing, Translation};
use crate::kept::Keeper;
use crate::target::Plan;

/// Beyond this many bytes, what has been gathered goes out before more is looked for.
const MAX_GATHERED: usize = 64 * 1024;

/// So much longer than a chunk of the provider's is what becomes of it, as a rule; where it is more, it grows.
const ROOM: usize = 256;

/// A stream being relayed. Dropping it before its end closes the connection to the provider and settles the bill.
pub struct Relay {
    source: ResponseBody,
    unframing: Unframing,
    splitter: Splitter,
    watch: Box<dyn StreamWatch>,
    /// Where the dialects differ: from the provider's events to the caller's.
    translation: Option<Translation>,
    /// The caller's format.
    format: &'static dyn Format,
    provider: String,
    /// Whether the events can be read: not if the provider compressed them unasked.
    is_readable: bool,
    /// For an answer that can be gone on from.
    keeper: Option<Keeper>,
    bill: Bill,
    has_ended: bool,
}

impl Relay {
    pub(crate) fn new(
        ask: &Ask,
        plan: Plan,
        response: Response,
        framing: Framing,
        keeper: Option<Keeper>,
        bill: Bill,
    ) -> Self {
        let is_passthrough = plan.crossing.is_none();
        let encoding = response.headers.get(header::CONTENT_ENCODING);
        Self {
            source: response.body,
            unframing: Unframing::new(framing),
            splitter: Splitter::default(),
            watch: format_of(plan.dialect).watch(is_passthrough && !ask.summary.wants_stream_usage),
            translation: plan.crossing.and_then(Crossing::stream),
            format: ask.format(),
            provider: plan.target.provider.name().to_owned(),
            is_readable: encoding.is_none_or(|encoding| encoding == "identity"),
            keeper,
            bill,
            has_ended: false,
        }
    }

    /// The next bytes for the client, all that have arrived; `None` at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut gathered = Gathered::default();
        while !self.has_ended && gathered.length() < MAX_GATHERED {
            let passed_on = match self.source.poll_chunk(cx) {
                Poll::Ready(Some(Ok(chunk))) => self.chunk(chunk),
                Poll::Ready(Some(Err(failure))) => self.break_off(&failure),
                Poll::Ready(None) => self.end(),
                Poll::Pending if gathered.length() == 0 => return Poll::Pending,
                Poll::Pending => break,
            };
            gathered.add(passed_on);
        }
        let gathered = gathered.bytes();
        if gathered.is_empty() {
            return Poll::Ready(None);
        }
        self.bill.passes_on();
        Poll::Ready(Some(gathered))
    }

    /// What a chunk of the provider's becomes for the client. If it brings the last event, the bill is settled before
    /// that event is passed on.
    fn chunk(&mut self, chunk: Bytes) -> Bytes {
        if !self.is_readable {
            return chunk;
        }
        let chunk = match self.unframing.push(chunk) {
            Ok(chunk) => chunk,
            Err(why) => return self.break_off(&Failure::Garbled(why)),
        };
        let passes_whole = self.translation.is_none() && !self.watch.edits();
        let mut written = Written::default();
        if !passes_whole {
            written.bytes.reserve(chunk.len() + ROOM);
        }
        let (watch, translation) = (&mut self.watch, &mut self.translation);
        let mut refusal = None;
        let split = self.splitter.push(&chunk, |event| {
            let edit = watch.event(event);
            if watch.seen().ending == Ending::Failed {
                refusal = refusal.or_else(|| limits::refusal_in_stream(&event.data()?));
            }
            match translation {
                Some(translation) => written.translate(translation, event),
                None if passes_whole => {}
                None => written.edited(event, edit),
            }
        });
        self.bill.seen(&self.watch.seen());
        let garbled = written.garbled.or(split.is_err().then(|| "an event is too long".to_owned()));
        if let Some(why) = garbled {
            let mut out = written.bytes;
            out.extend_from_slice(&self.break_off(&Failure::Garbled(why)));
            return out.into();
        }
        match self.watch.seen().ending {
            Ending::Open => {}
            Ending::Complete => self.complete(),
            Ending::Failed => {
                if let Some(refusal) = refusal {
                    self.bill.was_broken_off(&refusal);
                }
                self.bill.close("provider_error");
            }
        }
        if passes_whole { chunk } else { written.bytes.into() }
    }

    /// The answer is whole.
    fn complete(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            match (&self.translation, self.watch.kept_as()) {
                (Some(translation), _) => {
                    if let Some(answer) = translation.record() {
                        keeper.keep(answer);
                    }
                }
                (None, Some(id)) => keeper.note(id),
                (None, None) => {}
            }
        }
        self.bill.close("completed");
    }

    /// The provider's connection ended in order. A stream that lacks its last event is a failure all the same: without
    /// a word the client would take half an answer for a whole one.
    fn end(&mut self) -> Bytes {
        if !self.is_readable {
            self.has_ended = true;
            self.bill.close("completed");
            return Bytes::new();
        }
        if let Err(why) = self.unframing.finish() {
            return self.break_off(&Failure::Garbled(why));
        }
        let mut written = Written::default();
        let (watch, translation) = (&mut self.watch, &mut self.translation);
        self.splitter.finish(|event| {
            let edit = watch.event(event);
            match translation {
                Some(translation) => written.translate(translation, event),
                None => written.edited(event, edit),
            }
        });
        if let Some(translation) = &mut self.translation {
            translation.finish(&mut written.bytes);
        }
        self.bill.seen(&self.watch.seen());
        let is_passed_on = self.translation.is_none() && !self.watch.edits();
        let mut out = if is_passed_on { Vec::new() } else { written.bytes };
        match self.ending() {
            Ending::Failed => self.bill.close("provider_error"),
            Ending::Complete => self.complete(),
            Ending::Open if self.translation.is_none() && self.watch.is_complete_at_end() => self.complete(),
            Ending::Open => {
                let broken = self.break_off(&Failure::Broken("it ended before its last event".into()));
                out.extend_from_slice(&broken);
            }
        }
        self.has_ended = true;
        out.into()
    }

    /// What end the client has been told. Where the stream is translated, the provider's last event may have come and not
    /// have been understood.
    fn ending(&self) -> Ending {
        self.translation.as_ref().map_or(self.watch.seen().ending, Translation::ending)
    }

    /// Ends the stream with an error in the caller's dialect, behind whatever half event has been passed on.
    fn break_off(&mut self, failure: &Failure) -> Bytes {
        self.has_ended = true;
        if self.ending() != Ending::Open || !self.is_readable {
            // It was settled already; what is missing is not worth an error.
            self.bill.close("cut");
            return Bytes::new();
        }
        self.bill.seen(&self.watch.seen());
        self.bill.cut(failure);
        let message = format!("provider `{}`: {failure}", self.provider);
        tracing::warn!(provider = self.provider, %failure, "a stream broke off");
        let mut out = Vec::new();
        let has_passed_half =
            self.translation.is_none() && !self.watch.edits() && !self.splitter.partial().is_empty();
        if has_passed_half {
            out.extend_from_slice(b"\n\n");
        }
        let kind =
            if matches!(failure, Failure::Timeout(..)) { ErrorKind::Timeout } else { ErrorKind::Server };
        let error = ErrorReport::new(kind, message);
        match &mut self.translation {
            // It knows what has been said already: events that are open, numbers, ids.
            Some(translation) => translation.error(error, &mut out),
            None => self.format.write_stream_error(&error, &mut out),
        }
        out.into()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Chunks on their way out together: each write to a client costs more than all that is done to a chunk before it.
#[derive(Default)]
struct Gathered {
    /// Alone, it goes out as it came.
    first: Bytes,
    joined: Vec<u8>,
}

impl Gathered {
    fn length(&self) -> usize {
        self.first.len().max(self.joined.len())
    }

    fn add(&mut self, bytes: Bytes) {
        if self.first.is_empty() {
            self.first = bytes;
        } else if !bytes.is_empty() {
            if self.joined.is_empty() {
                self.joined.extend_from_slice(&self.first);
            }
            self.joined.extend_from_slice(&bytes);
        }
    }

    fn bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.into() }
    }
}

/// What a chunk's events have become.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    garbled: Option<String>,
}

impl Written {
    fn edited(&mut self, event: Event<'_>, edit: Edit) {
        match edit {
            Edit::Pass => self.bytes.extend_from_slice(event.raw()),
            Edit::Hide => {}
            Edit::Replace(bytes) => self.bytes.extend_from_slice(&bytes),
        }
    }

    fn translate(&mut self, translation: &mut Translation, event: Event<'_>) {
        if let Err(why) = translation.event(event, &mut self.bytes) {
            self.garbled = Some(why);
        }
    }
}
