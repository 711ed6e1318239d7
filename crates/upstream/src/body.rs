//! An answer's body: chunks as they arrive, within the bounds of their phases.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use paceway_domain::Failure;
use paceway_domain::failure::Phase;
use tokio::time::{Instant, Sleep};

use crate::Timeouts;

/// The body of an [`Answer`](crate::Answer).
pub struct AnswerBody(Pin<Box<dyn Body<Data = Bytes, Error = Failure> + Send>>);

impl AnswerBody {
    /// Wraps any body; fakes hand in their own.
    pub fn new(body: impl Body<Data = Bytes, Error = Failure> + Send + 'static) -> Self {
        Self(Box::pin(body))
    }

    /// The next chunk; `None` at the end.
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

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerBody")
    }
}

/// A body from the network under the timeouts of its phases. Timers run only while nothing is there to read.
pub(crate) struct TimedBody {
    body: Incoming,
    timeouts: Timeouts,
    pause: Pin<Box<Sleep>>,
    /// Whether `pause` runs for the present wait.
    is_waiting: bool,
    has_begun: bool,
    total: Pin<Box<Sleep>>,
}

impl TimedBody {
    pub(crate) fn new(body: Incoming, timeouts: Timeouts, total: Sleep) -> Self {
        let pause = Box::pin(tokio::time::sleep(timeouts.first_byte));
        Self { body, timeouts, pause, is_waiting: true, has_begun: false, total: Box::pin(total) }
    }

    fn poll_timers(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        let (phase, bound) = if self.has_begun {
            (Phase::Idle, self.timeouts.idle)
        } else {
            (Phase::FirstByte, self.timeouts.first_byte)
        };
        if !std::mem::replace(&mut self.is_waiting, true) {
            self.pause.as_mut().reset(after(bound));
        }
        if self.pause.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Failure::Timeout(phase, bound));
        }
        self.total.as_mut().poll(cx).map(|()| Failure::Timeout(Phase::Total, self.timeouts.total))
    }
}

// A timer is set to a moment of the runtime's clock, which only the runtime can tell.
#[allow(clippy::disallowed_methods)]
fn after(bound: std::time::Duration) -> Instant {
    Instant::now() + bound
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.is_waiting = false;
                self.has_begun = true;
                Poll::Ready(frame.map(|frame| frame.map_err(|error| Failure::Broken(innermost(&error)))))
            }
            Poll::Pending => self.poll_timers(cx).map(|failure| Some(Err(failure))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The text of an error's first cause, which is the one that says something.
fn innermost(error: &hyper::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
