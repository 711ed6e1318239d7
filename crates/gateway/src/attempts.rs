//! Waiting for a sibling, once; then the only loop: wait for a turn, send, judge, and if the provider refused for its rate
//! or load, wait again; if it failed, send again after a while.
//!
//! A refusal teaches the scheduler, which says when and where the next attempt may go. Refusals that no wait cures go to
//! another key if there is one, and otherwise to the client as they are. Failures that may pass (no connection, timeouts,
//! errors of the server) are sent again within the budgets of `retries`, never once a byte of an answer has come: until then the
//! client has seen nothing. Other errors are answers and are handed on.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use paceway_domain::{Cause, Failure, LimitReadings, Moment, RateRefusal, Refusal};
use paceway_policy::retry::may_pass;
use paceway_protocol::framing::Framing;
use paceway_protocol::limits;
use paceway_scheduler::{Ask as Wish, PoolId};
use paceway_upstream::{Answer, AnswerBody};

use crate::admission::Progress;
use crate::bill::Bill;
use crate::fleet::Plan;
use crate::retries::Failed;
use crate::siblings::Prefix;
use crate::{Gateway, siblings};

/// The largest error that is read to find out why a call was refused, in bytes.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// What came of a call.
enum Outcome {
    /// An answer to hand on, of which the first byte is there.
    Answer(Answer),
    /// The provider refused for its rate, load or account.
    Refused(Answer, RateRefusal, LimitReadings),
    /// It failed in a way that may pass: with an answer that says so, or without.
    Failed(Result<Answer, Failure>),
}

/// Sends the planned call when its turn comes and returns the provider's answer.
pub(crate) async fn send(
    gateway: &Arc<Gateway>,
    plan: &Plan,
    prefix: Option<Prefix>,
    mut wish: Wish,
    progress: &Progress,
    bill: &mut Bill,
) -> Result<Answer, Refusal> {
    let mut asked = gateway.clock.now();
    gateway.retries.asked(asked, bill.caller());
    if let Some(prefix) = prefix {
        await_sibling(gateway, plan, prefix, &mut wish, bill).await;
    }
    let (mut overload_until, mut retries) = (None, 0);
    loop {
        let turn =
            gateway.turnstile.wait(wish, progress).await.inspect_err(|_| bill.close("provider_refused"))?;
        let waited = gateway.clock.now().since(asked);
        gateway.metrics.waited(plan.provider.name(), waited);
        let pool = turn.pool();
        bill.goes_out(turn, waited);
        match outcome(gateway, plan, pool, bill).await {
            Outcome::Answer(answer) => return Ok(answer),
            Outcome::Failed(failed) => {
                let Some(wait) = retry_after(gateway, &failed, retries, wish.deadline, bill) else {
                    return given_up(plan, failed, bill);
                };
                let failure = told(&failed);
                tracing::info!(
                    provider = plan.provider.name(),
                    failure,
                    ?wait,
                    "a call failed and is made again"
                );
                gateway.metrics.retried(plan.provider.name());
                bill.failed();
                retries += 1;
                tokio::time::sleep(wait).await;
            }
            Outcome::Refused(answer, refusal, readings) => {
                let refused = Refused { answer, refusal: &refusal, pool };
                bill.was_refused(&refusal, &readings);
                if let Some(answer) = refused.hand_on(gateway, plan, &mut wish, &mut overload_until, bill) {
                    return Ok(answer);
                }
            }
        }
        asked = gateway.clock.now();
    }
}

/// Makes the call and looks at what comes back, up to the first byte of an answer.
async fn outcome(gateway: &Gateway, plan: &Plan, pool: PoolId, bill: &mut Bill) -> Outcome {
    let answer = match call(gateway, plan, pool).await {
        Ok(answer) => answer,
        Err(failure) => return Outcome::Failed(Err(failure)),
    };
    bill.answered(answer.status, &answer.headers);
    let readings = limits::readings(&answer.headers, gateway.clock.wall());
    let status = answer.status;
    if status.is_success() {
        bill.learns(&readings);
        return match begun(gateway, answer).await {
            Ok(answer) => Outcome::Answer(answer),
            Err(failure) => Outcome::Failed(Err(failure)),
        };
    }
    let answer = if may_be_refusal(status) {
        let (answer, refusal) = judged(gateway, answer).await;
        if let Some(refusal) = refusal {
            gateway.metrics.upstream_refused(plan.provider.name(), refusal.cause);
            tracing::debug!(provider = plan.provider.name(), ?refusal, "a call was refused");
            return Outcome::Refused(answer, refusal, readings);
        }
        answer
    } else {
        answer
    };
    bill.learns(&readings);
    if may_pass(status.as_u16()) { Outcome::Failed(Ok(answer)) } else { Outcome::Answer(answer) }
}

/// An answer of which something has come: all of one that is whole, the first chunk of a stream.
async fn begun(gateway: &Gateway, answer: Answer) -> Result<Answer, Failure> {
    let Answer { status, headers, body } = answer;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let body = match Framing::of(kind) {
        Some(_) => body.begun().await?,
        None => AnswerBody::full(body.collect(gateway.bounds.max_answer_bytes).await?),
    };
    Ok(Answer { status, headers, body })
}

/// How long to wait before what failed is sent again; `None` if it is not.
fn retry_after(
    gateway: &Gateway,
    failed: &Result<Answer, Failure>,
    retries: u32,
    deadline: Moment,
    bill: &Bill,
) -> Option<std::time::Duration> {
    // An answer that is too large or garbled will be so again.
    if matches!(failed, Err(Failure::TooLarge(_) | Failure::Garbled(_))) {
        return None;
    }
    let headers = failed.as_ref().ok().map(|answer| &answer.headers);
    let failed = Failed { caller: bill.caller(), retries, headers, deadline };
    gateway.retries.next(gateway.clock.now(), gateway.clock.wall(), failed)
}

fn told(failed: &Result<Answer, Failure>) -> String {
    match failed {
        Ok(answer) => format!("status {}", answer.status.as_u16()),
        Err(failure) => failure.to_string(),
    }
}

/// What failed, as it is.
fn given_up(plan: &Plan, failed: Result<Answer, Failure>, bill: &mut Bill) -> Result<Answer, Refusal> {
    failed.map_err(|failure| {
        if bill.has_answer() {
            bill.used_unknown(0);
            bill.close("cut");
        } else {
            bill.close("upstream_failed");
        }
        Refusal::Upstream { provider: plan.provider.name().to_owned(), failure }
    })
}

/// A call that was refused for its rate, load or account.
struct Refused<'r> {
    answer: Answer,
    refusal: &'r RateRefusal,
    pool: PoolId,
}

impl Refused<'_> {
    /// The answer for the client if waiting is of no use; otherwise the wish says where and until when it waits.
    fn hand_on(
        self,
        gateway: &Gateway,
        plan: &Plan,
        wish: &mut Wish,
        overload_until: &mut Option<Moment>,
        bill: &Bill,
    ) -> Option<Answer> {
        let Self { answer, refusal, pool } = self;
        // Each key has its attempts: going round them is not trying again.
        if bill.attempts() as usize >= gateway.bounds.max_attempts as usize * plan.lane.targets() {
            return Some(answer);
        }
        if is_hopeless_here(refusal) {
            wish.without |= plan.lane.bit_of(pool);
            if wish.without.count_ones() as usize >= plan.lane.targets() {
                return Some(answer);
            }
        }
        if refusal.cause == Cause::Overload && refusal.wait.is_none() {
            let patience = gateway.clock.now().after(gateway.bounds.max_overload);
            let until = *overload_until.get_or_insert(patience);
            wish.deadline = wish.deadline.min(until);
        }
        let wait = gateway.turnstile.expected(wish);
        let comes_too_late = gateway.clock.now().after(wait) > wish.deadline;
        comes_too_late.then(|| with_true_wait(answer, wait))
    }
}

async fn call(gateway: &Gateway, plan: &Plan, pool: PoolId) -> Result<Answer, Failure> {
    let call = plan.call(pool, &gateway.upstream, gateway.clock.wall()).await?;
    gateway.upstream.call(call).await
}

/// While a sibling writes what this request could read, it waits; then it prefers to go where that can be read.
async fn await_sibling(gateway: &Gateway, plan: &Plan, prefix: Prefix, wish: &mut Wish, bill: &mut Bill) {
    let claim = siblings::wait(gateway, prefix, wish).await;
    let place = claim.readable_at().and_then(|pool| plan.lane.place_of(pool));
    wish.first = place.unwrap_or(wish.first);
    bill.may_go(claim);
}

/// Statuses behind which a refusal for rate, load or account can be.
fn may_be_refusal(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 402 | 403 | 429 | 503 | 529)
}

/// The answer again, and why it is a refusal if it is one. An error too large to be read is handed on unread.
async fn judged(gateway: &Gateway, answer: Answer) -> (Answer, Option<RateRefusal>) {
    let Answer { status, headers, body } = answer;
    let body = body.collect(MAX_ERROR_BYTES).await.unwrap_or_default();
    let refusal = limits::refusal(status.as_u16(), &headers, &body, gateway.clock.wall());
    (Answer { status, headers, body: AnswerBody::full(body) }, refusal)
}

/// Whether asking the same key again is of no use.
fn is_hopeless_here(refusal: &RateRefusal) -> bool {
    let is_too_large = match (refusal.cause, refusal.requested, refusal.limit) {
        (Cause::Limit { .. }, Some(requested), Some(limit)) => requested > limit,
        _ => false,
    };
    refusal.is_final || !refusal.cause.is_curable() || is_too_large
}

/// A refusal for its rate that is handed on says when the next request may really go, wherever that is.
fn with_true_wait(mut answer: Answer, wait: std::time::Duration) -> Answer {
    if answer.status != StatusCode::TOO_MANY_REQUESTS {
        return answer;
    }
    let set = |headers: &mut HeaderMap, name: &'static str, value: u128| {
        headers.insert(name, u64::try_from(value).unwrap_or(u64::MAX).into());
    };
    set(&mut answer.headers, "retry-after", wait.as_millis().div_ceil(1_000));
    if answer.headers.contains_key("retry-after-ms") {
        set(&mut answer.headers, "retry-after-ms", wait.as_millis());
    }
    answer
}
