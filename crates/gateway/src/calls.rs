//! One call to a provider, up to the first byte of its answer, and what came of it. Nobody's bill is touched here.

use std::pin::{Pin, pin};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use paceway_domain::{Cause, Failure, LimitReadings, RateRefusal};
use paceway_policy::fallback::Reason;
use paceway_protocol::framing::Framing;
use paceway_protocol::limits;
use paceway_scheduler::PoolId;
use paceway_upstream::{Answer, AnswerBody};

use crate::Gateway;
use crate::crossing::Crossed;
use crate::target::{Plan, Unusable};
use crate::upstream_error::ErrorAnswer;

/// Headers in which providers name a request.
const PROVIDER_ID_HEADERS: [&str; 2] = ["request-id", "x-request-id"];

/// A call that was made.
pub(crate) struct Called {
    /// With a key of this pool.
    pub(crate) pool: PoolId,
    pub(crate) outcome: Outcome,
    /// The status, and the provider's name for the request, if there was an answer.
    pub(crate) said: Option<(StatusCode, Option<String>)>,
    /// What its headers said about limits.
    pub(crate) readings: LimitReadings,
}

/// What came of a call.
pub(crate) enum Outcome {
    /// An answer to hand on, of which the first byte is there; all of it too, if it is not streamed.
    Answer(Answer, Option<Whole>),
    /// The provider refused for its rate, load or account.
    Refused(ErrorAnswer, RateRefusal),
    /// It failed without an answer.
    Broken(Failure),
    /// It answered with this, which cannot be read, and why not.
    Unreadable(Bytes, String),
    /// It answered with an error of its own.
    Error(ErrorAnswer),
}

/// An answer that has come whole.
pub(crate) struct Whole {
    pub(crate) body: Bytes,
    /// The same in the caller's dialect, if that is another.
    pub(crate) crossed: Option<Crossed>,
}

impl Called {
    /// Whether it is an answer that serves.
    pub(crate) fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Answer(..))
    }
}

/// Makes a call as [`call`] does, but gives it up when `falls_silent` comes true and there is another target to go to.
pub(crate) async fn call_unless(
    falls_silent: impl Future<Output = ()>,
    has_other: impl FnOnce() -> bool,
    (gateway, plan, pool): (&Gateway, &Plan, PoolId),
) -> Called {
    unless(falls_silent, has_other, (pin!(call(gateway, plan, pool)), pool)).await
}

/// As [`call_unless`] for a call that is on its way already.
pub(crate) async fn unless<C: Future<Output = Called>>(
    falls_silent: impl Future<Output = ()>,
    has_other: impl FnOnce() -> bool,
    (mut calling, pool): (Pin<&mut C>, PoolId),
) -> Called {
    tokio::select! {
        biased;
        called = &mut calling => return called,
        () = falls_silent => {}
    }
    if !has_other() {
        return calling.await;
    }
    Called {
        pool,
        outcome: Outcome::Broken(Failure::GivenUp),
        said: None,
        readings: LimitReadings::default(),
    }
}

/// Makes a call with a key of a pool whose turn it is. Dropping the future cancels it.
pub(crate) async fn call(gateway: &Gateway, plan: &Plan, pool: PoolId) -> Called {
    let answer = match send(gateway, plan, pool).await {
        Ok(answer) => answer,
        Err(failure) => {
            let readings = LimitReadings::default();
            return Called { pool, outcome: Outcome::Broken(failure), said: None, readings };
        }
    };
    let said = Some((answer.status, id_in(&answer.headers)));
    let readings = limits::readings(&answer.headers, gateway.clock.wall());
    let outcome = if answer.status.is_success() {
        begun(gateway, plan, answer).await.unwrap_or_else(Outcome::Broken)
    } else {
        let error = ErrorAnswer::read(answer).await;
        let wall = gateway.clock.wall();
        match limits::refusal(error.status.as_u16(), &error.headers, &error.body, wall) {
            Some(refusal) => Outcome::Refused(error, refusal),
            None => Outcome::Error(error),
        }
    };
    Called { pool, outcome, said, readings }
}

async fn send(gateway: &Gateway, plan: &Plan, pool: PoolId) -> Result<Answer, Failure> {
    let call = plan.call(pool, &gateway.upstream, gateway.clock.wall()).await?;
    gateway.upstream.call(call).await
}

/// An answer of which something has come: all of one that is whole, the first chunk of a stream.
async fn begun(gateway: &Gateway, plan: &Plan, answer: Answer) -> Result<Outcome, Failure> {
    let Answer { status, headers, body } = answer;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (body, whole) = match Framing::of(kind) {
        Some(_) => (body.begun().await?, None),
        None => {
            let body = body.collect(gateway.bounds.max_answer_bytes).await?;
            let crossed = match plan.cross_back(&body) {
                Ok(crossed) => crossed,
                Err(Unusable::NoJson(why)) => return Err(Failure::Garbled(why)),
                Err(Unusable::Unreadable(why)) => return Ok(Outcome::Unreadable(body, why)),
            };
            (AnswerBody::full(body.clone()), Some(Whole { body, crossed }))
        }
    };
    Ok(Outcome::Answer(Answer { status, headers, body }, whole))
}

fn id_in(headers: &HeaderMap) -> Option<String> {
    let named = PROVIDER_ID_HEADERS.iter().find_map(|name| headers.get(*name));
    named.and_then(|id| id.to_str().ok()).map(str::to_owned)
}

/// What a refusal for rate, load or account is as a reason to go elsewhere.
pub(crate) const fn reason_of(refusal: &RateRefusal) -> Reason {
    match refusal.cause {
        Cause::Overload => Reason::Overload,
        Cause::Billing | Cause::SpendCap => Reason::Quota,
        _ => Reason::RateLimit,
    }
}
