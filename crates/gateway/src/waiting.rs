//! A stream whose answer has not begun: its client hears that it is being waited for, instead of silence.
//!
//! The response begins after a while although the provider's has not: from then on what goes wrong is told in the stream.
//! The signs of life are what each dialect ignores: a `ping` event for Anthropic's, a comment for all others.

use std::convert::Infallible;
use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::{Body, Frame};
use paceway_domain::{Dialect, Refusal, RequestId};
use paceway_protocol::neutral::ErrorReport;
use paceway_protocol::{format_of, refusals};
use tokio::time::{Interval, interval, sleep};

use crate::Gateway;
use crate::admission::Progress;
use crate::answer::{Answer, AnswerBody, name_request};

/// An answer on its way.
pub(crate) type Going = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send>>;

/// When and how clients hear that they are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignsOfLife {
    /// After so long without an answer, and again and again.
    pub every: Duration,
    /// Whether they tell the place in the queue.
    pub shows_place: bool,
}

/// The answer if it comes soon, and otherwise one that begins with signs of life.
pub(crate) async fn answer_or_wait(
    gateway: &Arc<Gateway>,
    dialect: Dialect,
    id: &RequestId,
    progress: Arc<Progress>,
    mut going: Going,
) -> Result<Answer, Refusal> {
    let Some(signs) = gateway.bounds.signs_of_life else { return going.await };
    tokio::select! {
        biased;
        answer = &mut going => return answer,
        () = sleep(signs.every) => {}
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    name_request(&mut headers, dialect, id);
    let waiting = Waiting {
        gateway: Arc::clone(gateway),
        dialect,
        id: id.clone(),
        progress,
        signs,
        stage: Stage::Going(going, interval(signs.every)),
    };
    Ok(Answer { status: StatusCode::OK, headers, body: AnswerBody::Late(Box::pin(waiting)) })
}

/// A stream that begins with signs of life. Dropping it gives the request up.
struct Waiting {
    gateway: Arc<Gateway>,
    dialect: Dialect,
    id: RequestId,
    progress: Arc<Progress>,
    signs: SignsOfLife,
    stage: Stage,
}

enum Stage {
    Going(Going, Interval),
    Answering(Box<AnswerBody>),
    /// The answer is an error, told in the stream as far as it has come.
    Failing(StatusCode, Box<AnswerBody>, Vec<u8>),
    Over,
}

impl Waiting {
    /// The next bytes for the client; `None` at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match &mut self.stage {
                Stage::Over => return Poll::Ready(None),
                Stage::Answering(body) => return poll_body(body, cx),
                Stage::Failing(status, body, read) => match poll_body(body, cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(bytes)) => read.extend_from_slice(&bytes),
                    Poll::Ready(None) => {
                        let error = format_of(self.dialect).read_error(status.as_u16(), read);
                        self.stage = Stage::Over;
                        return Poll::Ready(Some(self.error(&error)));
                    }
                },
                Stage::Going(going, clock) => match going.as_mut().poll(cx) {
                    Poll::Ready(Ok(Answer { status, body, .. })) => self.begin(status, body),
                    Poll::Ready(Err(refusal)) => {
                        self.gateway.metrics.refused(self.dialect, refusals::appearance(&refusal).label);
                        tracing::info!(request = %self.id, %refusal, "refused in mid-stream");
                        self.stage = Stage::Over;
                        return Poll::Ready(Some(self.error(&refusals::report(self.dialect, &refusal))));
                    }
                    Poll::Pending => {
                        return clock.poll_tick(cx).map(|_| Some(self.sign()));
                    }
                },
            }
        }
    }

    fn begin(&mut self, status: StatusCode, body: AnswerBody) {
        let is_stream = matches!(body, AnswerBody::Stream(_));
        self.stage = if is_stream {
            Stage::Answering(Box::new(body))
        } else {
            Stage::Failing(status, Box::new(body), Vec::new())
        };
    }

    fn error(&self, error: &ErrorReport) -> Bytes {
        let mut out = Vec::new();
        format_of(self.dialect).write_stream_error(error, &mut out);
        out.into()
    }

    /// A sign of life in the caller's dialect.
    fn sign(&self) -> Bytes {
        let mut text = String::new();
        if let Some(place) = self.place() {
            let _infallible = writeln!(text, ": {place} before this request in the queue");
        }
        match self.dialect {
            Dialect::Anthropic => text.push_str("event: ping\ndata: {\"type\": \"ping\"}\n\n"),
            _ => text.push_str(": waiting\n\n"),
        }
        text.into()
    }

    fn place(&self) -> Option<usize> {
        if self.signs.shows_place { self.gateway.turnstile.place_in_queue(&self.progress) } else { None }
    }
}

fn poll_body(body: &mut AnswerBody, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
    Pin::new(body).poll_frame(cx).map(|frame| match frame {
        None => None,
        Some(Ok(frame)) => frame.into_data().ok(),
        Some(Err(never)) => match never {},
    })
}

impl Body for Waiting {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_next(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
