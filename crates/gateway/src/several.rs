//! Several answers to one request from a provider that gives one at a time: as many requests, each with a turn and a bill of
//! its own, and their answers joined.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use http_body::{Body, Frame};
use paceway_domain::{Failure, Refusal};
use paceway_protocol::several::{Joining, join};
use paceway_protocol::sse::Splitter;
use paceway_protocol::{Envelope, format_of, several};

use crate::answer::{Answer, AnswerBody};
use crate::{Arrival, Endpoint, Gateway};

/// The most answers to one request.
const MOST: u32 = 16;

/// How many requests this one becomes; `None` if it goes as it is.
///
/// # Errors
/// [`Refusal::InvalidField`] if it wants more than are given, and what reading it brings up.
pub(crate) fn wanted(gateway: &Gateway, arrival: &Arrival) -> Result<Option<u32>, Refusal> {
    let dialect = arrival.dialect;
    if arrival.endpoint != Endpoint::Generate || !several::may_want(dialect, &arrival.body) {
        return Ok(None);
    }
    let envelope = Envelope::parse(&arrival.body)?;
    let count = several::wanted(dialect, &envelope);
    if count <= 1 {
        return Ok(None);
    }
    let summary = format_of(dialect).summary(&envelope, &arrival.address)?;
    let (provider, _) = gateway.fleet.serving(&summary.model)?;
    if provider.way_for(dialect).dialect == dialect {
        return Ok(None);
    }
    if count > MOST {
        return Err(Refusal::InvalidField {
            field: "n".into(),
            why: format!(
                "this model's provider gives one answer at a time, and at most {MOST} are asked for: got {count}"
            ),
        });
    }
    Ok(Some(count))
}

/// Asks so many times and joins the answers. The first that fails is the answer.
pub(crate) async fn serve<F: Future<Output = Answer>>(
    gateway: &Gateway,
    arrival: Arrival,
    count: u32,
    serve_one: impl Fn(Arrival) -> F,
) -> Result<Answer, Refusal> {
    let dialect = arrival.dialect;
    let body = several::for_one(dialect, &Envelope::parse(&arrival.body)?);
    let one = |place: u32| {
        let id = if place == 0 { arrival.id.clone() } else { gateway.new_request_id() };
        serve_one(Arrival { id, body: body.clone(), ..arrival.clone() })
    };
    let mut answers = join_all((0..count).map(one)).await;
    if let Some(failed) = answers.iter().position(|answer| answer.status != StatusCode::OK) {
        return Ok(answers.swap_remove(failed));
    }
    let (status, headers) = (answers[0].status, answers[0].headers.clone());
    let is_whole = answers.iter().all(|answer| matches!(answer.body, AnswerBody::Full(_)));
    let body = if is_whole {
        let whole =
            |answer: Answer| if let AnswerBody::Full(bytes) = answer.body { bytes } else { Bytes::new() };
        let whole: Vec<Bytes> = answers.into_iter().map(whole).collect();
        let failed =
            |why| Refusal::Upstream { provider: "several answers".into(), failure: Failure::Garbled(why) };
        AnswerBody::Full(join(dialect, &whole).map_err(failed)?)
    } else {
        let parts = answers.into_iter().map(|answer| Some((answer.body, Splitter::default()))).collect();
        AnswerBody::Late(Box::pin(Joined { parts, joining: Joining::new(dialect), is_over: false }))
    };
    Ok(Answer { status, headers, body })
}

/// Streams on their way as one.
struct Joined {
    /// Those that go on.
    parts: Vec<Option<(AnswerBody, Splitter)>>,
    joining: Joining,
    is_over: bool,
}

impl Body for Joined {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { parts, joining, is_over } = &mut *self;
        let mut out = Vec::new();
        for (place, part) in parts.iter_mut().enumerate() {
            while let Some((body, splitter)) = part {
                match Pin::new(body).poll_frame(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Some(Ok(frame))) => {
                        let bytes = frame.into_data().unwrap_or_default();
                        // Our own events are never too long.
                        let _bounded = splitter.push(&bytes, |event| joining.event(place, event, &mut out));
                    }
                    Poll::Ready(_) => *part = None,
                }
            }
        }
        if parts.iter().all(Option::is_none) && !std::mem::replace(is_over, true) {
            joining.finish(&mut out);
        }
        match out.is_empty() {
            false => Poll::Ready(Some(Ok(Frame::data(out.into())))),
            true if *is_over => Poll::Ready(None),
            true => Poll::Pending,
        }
    }
}
