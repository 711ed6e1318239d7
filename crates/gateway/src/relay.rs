//! A stream on its way from provider to client: passed on as it arrives, read on the way, settled before its last byte.
//!
//! One that breaks in the middle goes on elsewhere where that is allowed (`continuing`), and otherwise ends with an error.

mod attempt;
mod written;

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use paceway_domain::Failure;
use paceway_domain::failure::Phase;
use paceway_protocol::continuation::Translation;
use paceway_protocol::formats::Ending;
use paceway_protocol::framing::Framing;
use paceway_protocol::neutral::{ErrorKind, ErrorReport};
use paceway_protocol::{Format, limits};
use paceway_upstream::{Answer as Response, AnswerBody as ResponseBody};

use crate::ask::Ask;
use crate::bill::{Bill, fault_in, fault_of};
use crate::continuing::{Continuation, Going, Resumed, told};
use crate::crossing::{self, Crossing, same_shore};
use crate::kept::Keeper;
use crate::target::Plan;

use self::attempt::Attempt;
use self::written::{Gathered, Written};

/// Beyond this many bytes, what has been gathered goes out before more is looked for.
const MAX_GATHERED: usize = 64 * 1024;

/// So much longer than a chunk of the provider's is what becomes of it, as a rule; where it is more, it grows.
const ROOM: usize = 256;

/// Events of streams have no status; one that says nothing else is the provider's fault.
const ERROR_IN_STREAM: u16 = 500;

/// A stream being relayed. Dropping it before its end closes the connection to the provider and settles the bill.
pub struct Relay {
    source: Source,
    attempt: Attempt,
    /// Where the dialects differ, or another provider may have to go on: from the provider's events to the caller's.
    translation: Option<Translation>,
    /// The caller's format.
    format: &'static dyn Format,
    /// For an answer that can be gone on from.
    keeper: Option<Keeper>,
    /// Whether the answer is its provider's as it came, which keeps it under the same name.
    is_kept_there: bool,
    /// For a stream that may go on elsewhere if it breaks.
    continuation: Option<Continuation>,
    /// Taken while another provider is asked for the rest.
    bill: Option<Bill>,
    has_ended: bool,
}

/// Where the next bytes come from.
enum Source {
    Provider(ResponseBody),
    /// The one that was there broke off, in this way, and another is being asked.
    Elsewhere(Going, Failure),
}

impl Relay {
    /// `continuation` comes with the time, in Unix seconds, at which its answer is said to be created.
    pub(crate) fn new(
        ask: &Ask,
        plan: Plan,
        (response, framing): (Response, Framing),
        keeper: Option<Keeper>,
        continuation: Option<(Continuation, u64)>,
        bill: Bill,
    ) -> Self {
        let is_passthrough = plan.crossing.is_none();
        let hides_usage = is_passthrough && continuation.is_none() && !ask.summary.wants_stream_usage;
        let attempt = Attempt::new(&plan, &response.headers, framing, hides_usage);
        // What cannot be read cannot be joined to, and what holds sealed thoughts must not be written anew.
        let may_be_joined = |_: &_| attempt.is_readable && !(is_passthrough && crossing::wants_seals(ask));
        let continuation = continuation.filter(may_be_joined);
        let mut translation = match (&continuation, plan.crossing) {
            (None, crossing) => crossing.and_then(Crossing::stream),
            (Some(_), Some(crossing)) => crossing.stream().map(Translation::continuable),
            (Some((_, created)), None) => Some(same_shore(ask, *created).continuable()),
        };
        if let Some(translation) = &mut translation {
            translation.expects(bill.expected_input());
        }
        Self {
            source: Source::Provider(response.body),
            attempt,
            translation,
            format: ask.format(),
            keeper,
            is_kept_there: is_passthrough,
            continuation: continuation.map(|(continuation, _)| continuation),
            bill: Some(bill),
            has_ended: false,
        }
    }

    /// The next bytes for the client, all that have arrived; `None` at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut gathered = Gathered::default();
        while !self.has_ended && gathered.length() < MAX_GATHERED {
            let passed_on = match &mut self.source {
                Source::Provider(body) => match body.poll_chunk(cx) {
                    Poll::Ready(Some(Ok(chunk))) => self.chunk(chunk),
                    Poll::Ready(Some(Err(failure))) => self.falters(failure),
                    Poll::Ready(None) => self.end(),
                    Poll::Pending if gathered.length() == 0 => return Poll::Pending,
                    Poll::Pending => break,
                },
                Source::Elsewhere(going, failure) => match going.as_mut().poll(cx) {
                    Poll::Ready(resumed) => {
                        let failure = failure.clone();
                        self.resume(resumed, &failure)
                    }
                    Poll::Pending if gathered.length() == 0 => return Poll::Pending,
                    Poll::Pending => break,
                },
            };
            gathered.add(passed_on);
        }
        let gathered = gathered.bytes();
        if gathered.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(bill) = &mut self.bill {
            bill.passes_on();
        }
        Poll::Ready(Some(gathered))
    }

    fn bill(&mut self) -> &mut Bill {
        self.bill.as_mut().expect("it is away only while another provider is asked, and then no bytes come")
    }

    /// What has been seen of the running attempt goes onto the bill.
    fn note_seen(&mut self) {
        let seen = self.attempt.watch.seen();
        self.bill().seen(&seen);
    }

    /// What a chunk of the provider's becomes for the client. If it brings the last event, the bill is settled before
    /// that event is passed on.
    fn chunk(&mut self, chunk: Bytes) -> Bytes {
        if !self.attempt.is_readable {
            return chunk;
        }
        let chunk = match self.attempt.unframing.push(chunk) {
            Ok(chunk) => chunk,
            Err(why) => return self.break_off(Failure::Garbled(why)),
        };
        let is_passed_on = self.translation.is_none() && !self.attempt.watch.edits();
        // Its events go out as they came, all at once, unless the first of them began in the chunk before.
        let passes_slice = is_passed_on && self.attempt.splitter.partial().is_empty();
        let mut written = Written::default();
        if !passes_slice {
            written.bytes.reserve(chunk.len() + ROOM);
        }
        let (watch, translation) = (&mut self.attempt.watch, &mut self.translation);
        let (mut refusal, mut error) = (None, None);
        let format = self.attempt.format;
        let split = self.attempt.splitter.push(&chunk, |event| {
            let edit = watch.event(event);
            if watch.seen().ending == Ending::Failed {
                refusal = refusal.or_else(|| limits::refusal_in_stream(&event.data()?));
                error = error.take().or_else(|| Some(format.read_error(ERROR_IN_STREAM, &event.data()?)));
            }
            match translation {
                Some(translation) => written.translate(translation, event),
                None if passes_slice => {}
                None => written.edited(event, edit),
            }
        });
        self.note_seen();
        let garbled = written.garbled.or(split.is_err().then(|| "an event is too long".to_owned()));
        let withheld = || self.translation.as_ref()?.withheld().map(|error| error.message.clone());
        let broken = garbled.map(Failure::Garbled).or_else(|| withheld().map(Failure::Broken));
        if let Some(refusal) = &refusal {
            self.bill().was_broken_off(refusal);
        }
        // An event that is not whole waits: behind half of one, nothing could be told any more.
        let whole = chunk.len() - self.attempt.splitter.partial().len().min(chunk.len());
        let passed_on = if passes_slice { chunk.slice(..whole) } else { written.bytes.into() };
        if let Some(failure) = broken {
            return [passed_on, self.break_off(failure)].concat().into();
        }
        match self.attempt.watch.seen().ending {
            Ending::Open => {}
            Ending::Complete => self.complete(),
            Ending::Failed => self.fail(error),
        }
        passed_on
    }

    /// The provider ended its answer with this error.
    fn fail(&mut self, error: Option<ErrorReport>) {
        let fault = fault_in(error.as_ref().map_or(ErrorKind::Server, |error| error.kind));
        self.bill().ends_in_error(fault, error.map(|error| error.message).unwrap_or_default());
    }

    /// The answer is whole.
    fn complete(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            if self.is_kept_there {
                self.attempt.watch.kept_as().into_iter().for_each(|id| keeper.note(id));
            } else if let Some(answer) = self.translation.as_ref().and_then(Translation::record) {
                keeper.keep(answer);
            }
        }
        self.bill().close("completed");
    }

    /// The provider's connection ended in order. A stream that lacks its last event is a failure all the same: without
    /// a word the client would take half an answer for a whole one.
    fn end(&mut self) -> Bytes {
        if !self.attempt.is_readable {
            self.has_ended = true;
            self.bill().close("completed");
            return Bytes::new();
        }
        if let Err(why) = self.attempt.unframing.finish() {
            return self.break_off(Failure::Garbled(why));
        }
        let mut written = Written::default();
        let (watch, translation) = (&mut self.attempt.watch, &mut self.translation);
        self.attempt.splitter.finish(|event| {
            let edit = watch.event(event);
            match translation {
                Some(translation) => written.translate(translation, event),
                // A mere name is half an event.
                None if event.data().is_none() => {}
                None => written.edited(event, edit),
            }
        });
        if let Some(translation) = &mut self.translation {
            translation.finish(&mut written.bytes);
        }
        self.note_seen();
        let mut out = written.bytes;
        let is_whole_at_end = self.translation.is_none() && self.attempt.watch.is_complete_at_end();
        match self.ending() {
            Ending::Failed => self.fail(None),
            Ending::Complete => self.complete(),
            Ending::Open if is_whole_at_end => self.complete(),
            Ending::Open => {
                let broken = self.break_off(Failure::Broken("it ended before its last event".into()));
                if !out.is_empty() && !out.ends_with(b"\n\n") {
                    // Its empty line never came.
                    out.extend_from_slice(if out.ends_with(b"\n") { b"\n" } else { b"\n\n" });
                }
                out.extend_from_slice(&broken);
                return out.into();
            }
        }
        self.has_ended = true;
        out.into()
    }

    /// What end the client has been told. Where the stream is translated, the provider's last event may have come and not
    /// have been understood.
    fn ending(&self) -> Ending {
        self.translation.as_ref().map_or(self.attempt.watch.seen().ending, Translation::ending)
    }

    /// The stream broke or is too slow. A slow one that can be had from nobody else goes on as it comes: slow words are better
    /// than none.
    fn falters(&mut self, failure: Failure) -> Bytes {
        let is_slow = matches!(failure, Failure::Timeout(Phase::LowSpeed(_), _));
        let heard = self.translation.as_ref().and_then(Translation::heard);
        let continuation = self.continuation.as_ref();
        if is_slow
            && !continuation.zip(heard).is_some_and(|(continuation, heard)| continuation.may_ask(heard))
        {
            self.bill().is_slow(&failure);
            return Bytes::new();
        }
        self.break_off(failure)
    }

    /// The stream broke: it goes on elsewhere if it may, or ends with an error.
    fn break_off(&mut self, failure: Failure) -> Bytes {
        let mut out = Vec::new();
        if self.ending() == Ending::Open
            && let Some(mut continuation) = self.continuation.take()
            && let Some(translation) = &mut self.translation
        {
            // The bytes that did come may show that nothing is missing.
            translation.finish(&mut out);
            if translation.ending() == Ending::Complete {
                self.note_seen();
                self.complete();
                self.has_ended = true;
                return out.into();
            }
            let heard = translation.heard().ok_or("what was told was not followed".to_owned());
            match heard.and_then(|heard| continuation.asks(heard)) {
                Ok(()) => self.go_elsewhere(continuation, failure),
                Err(why) => out.extend_from_slice(&self.give_up(&failure, Some(&why))),
            }
            return out.into();
        }
        self.give_up(&failure, None)
    }

    fn go_elsewhere(&mut self, continuation: Continuation, failure: Failure) {
        tracing::info!(provider = self.attempt.provider, %failure, "a stream broke off and is continued elsewhere");
        self.note_seen();
        self.is_kept_there = false;
        if let Some(mut bill) = self.bill.take() {
            bill.broke_off(&failure);
            bill.part_ends("continued", Some(fault_of(&failure)));
            self.source = Source::Elsewhere(continuation.go(bill), failure);
        }
    }

    /// The rest comes, or there is none.
    fn resume(&mut self, resumed: Resumed, failure: &Failure) -> Bytes {
        // What the part that broke off was asked, where its provider had not counted it yet.
        let expected_input = resumed.expected_input;
        let next_input = resumed.bill.expected_input();
        self.bill = Some(resumed.bill);
        let (plan, response, framing, continuation) = match resumed.outcome {
            Ok(next) => next,
            Err(why) => return self.give_up(failure, Some(&why)),
        };
        self.attempt = Attempt::new(&plan, &response.headers, framing, false);
        let dialect = plan.dialect;
        let way_back = plan.crossing.map(Crossing::way_back).unwrap_or_default();
        let joined = self.translation.as_mut().map(|translation| {
            let used = translation.used(expected_input);
            translation.expects(next_input);
            translation.continue_from(dialect, way_back, used)
        });
        match joined {
            Some(Ok(())) if self.attempt.is_readable => {
                self.source = Source::Provider(response.body);
                self.continuation = Some(continuation);
                Bytes::new()
            }
            _ => self.give_up(failure, Some("the rest cannot be joined to it")),
        }
    }

    /// Ends the stream with an error in the caller's dialect. The half event that came last is left out.
    fn give_up(&mut self, failure: &Failure, why_not: Option<&str>) -> Bytes {
        self.has_ended = true;
        if self.ending() != Ending::Open || !self.attempt.is_readable {
            // It was settled already; what is missing is not worth an error.
            self.bill().cut(failure);
            return Bytes::new();
        }
        self.note_seen();
        self.bill().cut(failure);
        let message = format!("provider `{}`: {}", self.attempt.provider, told(failure, why_not));
        tracing::warn!(provider = self.attempt.provider, %failure, "a stream broke off");
        let mut out = Vec::new();
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
        f.debug_struct("Relay").field("provider", &self.attempt.provider).finish_non_exhaustive()
    }
}
