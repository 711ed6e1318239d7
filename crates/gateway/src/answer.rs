//! The answer: the provider's, as it arrives, in the caller's dialect, with the bill attached.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use paceway_domain::{Dialect, Failure, Refusal, RequestId};
use paceway_protocol::complaint::{Complaint, complaint};
use paceway_protocol::framing::Framing;
use paceway_protocol::{Finish, format_of};
use paceway_upstream::Answer as Response;

use crate::ask::Ask;
use crate::bill::Bill;
use crate::budgets::Money;
use crate::charging::{charge, sold_in};
use crate::continuing::Continuation;
use crate::crossing::Crossed;
use crate::journey::Sent;
use crate::kept::{Keeper, KeptAt};
use crate::relay::Relay;
use crate::target::Plan;
use crate::{Gateway, headers, limit_headers};

/// By this header Anthropic's and OpenAI's SDKs are told whether to ask again.
pub(crate) const SHOULD_RETRY: &str = "x-should-retry";
/// What every stream that goes to a client is.
pub(crate) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// What goes back to the client.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers, without those that follow from the body.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody,
}

/// An answer's body: whole, or as it arrives. It never fails: what goes wrong in mid-stream is told in the stream.
pub enum AnswerBody {
    /// All of it.
    Full(Bytes),
    /// A stream that is still on its way.
    Stream(Box<Relay>),
    /// A stream that has not begun.
    Late(Pin<Box<dyn Body<Data = Bytes, Error = Infallible> + Send>>),
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full",
            Self::Stream(_) => "Stream",
            Self::Late(_) => "Late",
        })
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(relay) => relay.poll_next(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Self::Late(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_) | Self::Late(_) => SizeHint::default(),
        }
    }
}

/// Hands a provider's response on, whichever of its three kinds it is: an error, a stream or a whole answer.
pub(crate) async fn hand_on(
    gateway: &Arc<Gateway>,
    ask: Ask,
    sent: Sent,
    bill: Bill,
) -> Result<Answer, Refusal> {
    let Sent { plan, wish, answer: response, crossed, rest } = sent;
    let status = response.status;
    let is_passthrough = plan.crossing.is_none();
    let mut headers = if is_passthrough {
        headers::to_client(&response.headers)
    } else {
        translated_headers(&response.headers)
    };
    add_ours(&mut headers, &ask, &plan, &bill);
    limit_headers::add(gateway, &ask, &wish, bill.went(), is_passthrough, &mut headers);
    if status.is_server_error() && bill.attempts() > 1 {
        // It has been asked again already; an SDK's own retries would multiply ours.
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    let framing = framing_of(&response.headers);
    let keeper = Keeper::of(gateway, &ask, bill.key(), kept_at(&plan, &bill));
    let body = if !status.is_success() {
        hand_on_error(gateway, &ask, &plan, response, bill).await?
    } else if let Some(framing) = framing {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
        let continuation = (rest.continues && ask.is_generation())
            .then(|| (Continuation::new(gateway, ask.clone(), rest), gateway.clock.wall().0 / 1_000));
        AnswerBody::Stream(Box::new(Relay::new(&ask, plan, (response, framing), keeper, continuation, bill)))
    } else {
        hand_on_whole(gateway, &ask, &plan, (response, crossed), keeper, bill).await?
    };
    Ok(Answer { status, headers, body })
}

async fn hand_on_error(
    gateway: &Arc<Gateway>,
    ask: &Ask,
    plan: &Plan,
    response: Response,
    mut bill: Bill,
) -> Result<AnswerBody, Refusal> {
    let status = response.status.as_u16();
    let body = collect(gateway, plan, response, &mut bill).await?;
    bill.passes_on();
    bill.close("provider_error");
    tracing::info!(request = %ask.id, provider = plan.target.provider.name(), status, "the provider answered with an error");
    let is_about_our_key = complaint(status, &body) == Some(Complaint::Credentials);
    if plan.crossing.is_none()
        && !is_about_our_key
        && plan.target.provider.settings().platform.speaks_as_its_dialect()
    {
        return Ok(AnswerBody::Full(body));
    }
    let mut error = format_of(plan.dialect).read_error(status, &body);
    if is_about_our_key {
        // In its own words it would seem to be about the client's key.
        let provider = plan.target.provider.name();
        let said = std::mem::take(&mut error.message);
        error.message =
            format!("provider `{provider}` refused the key that Paceway has for it (not yours): {said}");
    }
    Ok(AnswerBody::Full(ask.format().write_error(&error, status, ask.id.as_str())))
}

async fn hand_on_whole(
    gateway: &Arc<Gateway>,
    ask: &Ask,
    plan: &Plan,
    (response, crossed): (Response, Option<Crossed>),
    keeper: Option<Keeper>,
    mut bill: Bill,
) -> Result<AnswerBody, Refusal> {
    let body = collect(gateway, plan, response, &mut bill).await?;
    let (told, length) = (sold_in(ask, plan, &body), body.len());
    let finish = ask.is_generation().then(|| Finish::of(plan.dialect, &body));
    let crossed = match (&plan.crossing, crossed) {
        (None, _) => Ok(Crossed { body, used: None }),
        (Some(_), Some(crossed)) => Ok(crossed),
        // It was kept for want of a better one.
        (Some(crossing), None) => crossing.reply(&body),
    };
    let (body, used) = match crossed {
        Ok(Crossed { body, used }) => (body, told.or(used)),
        Err(why) => {
            charge(ask, told, length, &mut bill);
            bill.close("garbled");
            let provider = plan.target.provider.name().to_owned();
            return Err(Refusal::Upstream { provider, failure: Failure::Garbled(why) });
        }
    };
    charge(ask, used, length, &mut bill);
    if let Some(finish) = finish {
        bill.ended(finish);
    }
    if let Some(keeper) = keeper {
        match plan.crossing {
            Some(_) => keeper.keep(&body),
            None => keeper.note_whole(&body),
        }
    }
    bill.passes_on();
    bill.close("completed");
    Ok(AnswerBody::Full(body))
}

/// Where the answer is kept, if the provider keeps it.
fn kept_at(plan: &Plan, bill: &Bill) -> KeptAt {
    let quota_group = bill.went().map_or("", |pool| plan.target.lane.group_of(pool));
    KeptAt { provider: plan.target.provider.name().to_owned(), quota_group: quota_group.to_owned() }
}

async fn collect(
    gateway: &Arc<Gateway>,
    plan: &Plan,
    response: Response,
    bill: &mut Bill,
) -> Result<Bytes, Refusal> {
    let is_answer = response.status.is_success();
    response.body.collect(gateway.bounds.max_answer_bytes).await.map_err(|failure| {
        if is_answer {
            bill.used_unknown(0);
        }
        bill.cut(&failure);
        Refusal::Upstream { provider: plan.target.provider.name().to_owned(), failure }
    })
}

fn framing_of(headers: &HeaderMap) -> Option<Framing> {
    Framing::of(headers.get(header::CONTENT_TYPE)?.to_str().ok()?)
}

/// A provider's headers belong to its dialect. What every dialect has is carried over: when to come back, and whether
/// this is a stream.
fn translated_headers(theirs: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in ["content-type", "retry-after", "retry-after-ms", "x-should-retry"] {
        if let Some(value) = theirs.get(name) {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// The headers by which Paceway says what it did.
fn add_ours(headers: &mut HeaderMap, ask: &Ask, plan: &Plan, bill: &Bill) {
    name_request(headers, ask.dialect, &ask.id);
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    add("x-paceway-provider", plan.target.provider.name());
    add("x-paceway-model", &plan.target.model);
    add("x-paceway-queued-ms", &bill.queued_ms().to_string());
    if let Some(tried) = bill.all_tried() {
        add("x-paceway-tried", &tried);
    }
    if let Some(reason) = bill.waited_for() {
        add("x-paceway-wait-reason", &reason.to_string());
    }
    let crossed = plan.crossing.as_ref().map(|crossing| crossing.changes.clone());
    let mut changes = crossed.unwrap_or_default();
    if let Some(most) = bill.capped_at(ask) {
        changes.adapted("max_output", format!("{most} tokens, so that it fits a budget"));
    }
    if !changes.is_empty() {
        add("x-paceway-changed", &changes.to_string());
    }
    if let Some(told) = bill.money.as_ref().and_then(Money::told) {
        add("x-paceway-budget", &told);
    }
    if plan.target.provider.is_simulated() {
        add("x-paceway-simulated", "true");
    }
}

/// Names the request as Paceway knows it, and in the dialect's own header too unless the provider has named it there.
pub(crate) fn name_request(headers: &mut HeaderMap, dialect: Dialect, id: &RequestId) {
    let value = HeaderValue::from_str(id.as_str()).expect("an id is made of letters, digits and underscores");
    let own = match dialect {
        Dialect::Anthropic => "request-id",
        Dialect::OpenAi | Dialect::Responses | Dialect::Gemini | Dialect::Cohere => "x-request-id",
        Dialect::Converse => "x-amzn-requestid",
    };
    headers.entry(own).or_insert_with(|| value.clone());
    headers.insert("x-paceway-request-id", value);
}
