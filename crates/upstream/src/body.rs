//! An answer's body: chunks as they arrive, within the bounds of their phases.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use paceway_domain::Failure;
use paceway_domain::failure::Phase;
use tokio::time::{Instant, Sleep};

use crate::Timeouts;
use crate::cause::innermost;
use crate::link::{Link, Transport};
use crate::speed::Speedometer;

/// The body of an [`Answer`](crate::Answer).
pub struct AnswerBody(Pin<Box<dyn Body<Data = Bytes, Error = Failure> + Send>>);

impl AnswerBody {
    /// Wraps any body; fakes hand in their own.
    pub fn new(body: impl Body<Data = Bytes, Error = Failure> + Send + 'static) -> Self {
        Self(Box::pin(body))
    }

    /// A body that is there already.
    pub fn full(bytes: Bytes) -> Self {
        Self::new(Full::new(bytes).map_err(|never| match never {}))
    }

    /// The next chunk; `None` at the end. After [`Phase::LowSpeed`] more may come, after any other failure nothing does.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            match ready!(self.0.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(failure)) => return Poll::Ready(Some(Err(failure))),
                // Trailers mean nothing here.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// The body once its first chunk is there, or its end.
    ///
    /// # Errors
    /// What broke it off before that.
    pub async fn begun(mut self) -> Result<Self, Failure> {
        let first = poll_fn(|cx| self.poll_chunk(cx)).await.transpose()?;
        Ok(Self::new(Begun { first, rest: self }))
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Failure::TooLarge`] beyond `most` bytes, or what broke it off.
    pub async fn collect(mut self, most: usize) -> Result<Bytes, Failure> {
        let mut chunks: Vec<Bytes> = Vec::new();
        let mut length = 0;
        while let Some(chunk) = poll_fn(|cx| self.poll_chunk(cx)).await {
            let chunk = chunk?;
            length += chunk.len();
            if length > most {
                return Err(Failure::TooLarge(most));
            }
            chunks.push(chunk);
        }
        // Most answers arrive in one piece, which needs no copy.
        if chunks.len() == 1 { Ok(chunks.remove(0)) } else { Ok(chunks.concat().into()) }
    }
}

/// A body of which the first chunk is there.
struct Begun {
    first: Option<Bytes>,
    rest: AnswerBody,
}

impl Body for Begun {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => self.rest.0.as_mut().poll_frame(cx),
        }
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerBody")
    }
}

/// A body from the network under the timeouts of its phases. Timers run only while nothing is there to read.
pub(crate) struct TimedBody<T: Transport, K> {
    body: Incoming,
    /// What it comes over, until its end; then it is given to `keep`. A body that is dropped earlier closes it.
    link: Option<Box<Link<T>>>,
    keep: Option<K>,
    timeouts: Timeouts,
    /// When the whole call must be over.
    end: Instant,
    /// When the present wait is given up, and why.
    due: (Instant, Phase),
    speed: Option<Speedometer>,
    /// Fires when the next of these is due or earlier: moving a timer takes a lock, so one that chunks have overtaken is moved when it fires.
    alarm: Pin<Box<Sleep>>,
    /// Whether `due` is that of the present wait.
    is_waiting: bool,
}

impl<T: Transport, K: FnOnce(Box<Link<T>>)> TimedBody<T, K> {
    pub(crate) fn new(body: Incoming, link: Box<Link<T>>, keep: K, timeouts: Timeouts, end: Instant) -> Self {
        let due = (after(timeouts.first_byte).min(end), Phase::FirstByte);
        Self {
            body,
            link: Some(link),
            keep: Some(keep),
            timeouts,
            end,
            due,
            speed: timeouts.low_speed.map(Speedometer::new),
            alarm: Box::pin(tokio::time::sleep_until(due.0)),
            is_waiting: true,
        }
    }

    /// The body is over: its connection is free.
    fn end(&mut self) {
        if let (Some(link), Some(keep)) = (self.link.take(), self.keep.take()) {
            keep(link);
        }
    }

    fn poll_timers(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        if !std::mem::replace(&mut self.is_waiting, true) {
            let now = now();
            self.due = ((now + self.timeouts.idle).min(self.end), Phase::Idle);
            if let Some(speed) = &mut self.speed {
                speed.waits(now);
            }
            if self.next_due() < self.alarm.deadline() {
                let next = self.next_due();
                self.alarm.as_mut().reset(next);
            }
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = self.alarm.deadline();
            if now >= self.due.0 {
                return Poll::Ready(self.gave_up(self.due.1));
            }
            if let Some(failure) = self.speed.as_mut().and_then(|speed| speed.failure(now)) {
                // Who reads on in spite of it is not told again.
                self.speed = None;
                return Poll::Ready(failure);
            }
            let next = self.next_due();
            self.alarm.as_mut().reset(next);
        }
        Poll::Pending
    }

    /// When the present wait has to be looked at.
    fn next_due(&self) -> Instant {
        let speed = self.speed.as_ref().and_then(Speedometer::due);
        speed.map_or(self.due.0, |due| due.min(self.due.0))
    }

    fn gave_up(&self, phase: Phase) -> Failure {
        let Timeouts { first_byte, idle, total, .. } = self.timeouts;
        match phase {
            _ if self.due.0 == self.end => Failure::Timeout(Phase::Total, total),
            Phase::FirstByte => Failure::Timeout(phase, first_byte),
            _ => Failure::Timeout(phase, idle),
        }
    }
}

// A timer is set to a moment of the runtime's clock, which only the runtime can tell.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

pub(crate) fn after(bound: Duration) -> Instant {
    now() + bound
}

impl<T: Transport, K: FnOnce(Box<Link<T>>) + Unpin> Body for TimedBody<T, K> {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = &mut *self;
        let Some(link) = &mut this.link else { return Poll::Ready(None) };
        match link.poll_body(cx, &mut this.body) {
            Poll::Ready(frame) => {
                this.is_waiting = false;
                if let (Some(speed), Some(Ok(frame))) = (&mut this.speed, &frame) {
                    speed.comes(now(), frame.data_ref().map_or(0, Bytes::len));
                }
                if frame.is_none() {
                    this.end();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(|error| Failure::Broken(innermost(&error)))))
            }
            Poll::Pending => this.poll_timers(cx).map(|failure| Some(Err(failure))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
