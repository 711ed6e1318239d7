//! Waiting for a sibling, once; then the only loop: wait for a turn, send, judge, and if the provider refused for its rate
//! or load, wait again.
//!
//! A refusal teaches the scheduler, which says when and where the next attempt may go; nothing sleeps here. Refusals that no
//! wait cures go to another key if there is one, and otherwise to the client as they are. Other errors are answers and are
//! handed on.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use paceway_domain::{Cause, Failure, RateRefusal, Refusal};
use paceway_protocol::limits;
use paceway_scheduler::{Ask as Wish, PoolId};
use paceway_upstream::{Answer, AnswerBody};

use crate::admission::Progress;
use crate::bill::Bill;
use crate::fleet::Plan;
use crate::siblings::Prefix;
use crate::{Gateway, siblings};

/// The largest error that is read to find out why a call was refused, in bytes.
const MAX_ERROR_BYTES: usize = 1 << 20;

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
    if let Some(prefix) = prefix {
        await_sibling(gateway, plan, prefix, &mut wish, bill).await;
    }
    let mut overload_until = None;
    loop {
        let turn =
            gateway.turnstile.wait(wish, progress).await.inspect_err(|_| bill.close("provider_refused"))?;
        let waited = gateway.clock.now().since(asked);
        gateway.metrics.waited(plan.provider.name(), waited);
        let pool = turn.pool();
        bill.goes_out(turn, waited);
        let answer = match call(gateway, plan, pool).await {
            Ok(answer) => answer,
            Err(failure) => {
                bill.close("upstream_failed");
                return Err(Refusal::Upstream { provider: plan.provider.name().to_owned(), failure });
            }
        };
        bill.answered(answer.status, &answer.headers);
        let readings = limits::readings(&answer.headers, gateway.clock.wall());
        if !may_be_refusal(answer.status) {
            bill.learns(&readings);
            return Ok(answer);
        }
        let (answer, refusal) = judged(gateway, answer).await;
        let Some(refusal) = refusal else {
            bill.learns(&readings);
            return Ok(answer);
        };
        gateway.metrics.upstream_refused(plan.provider.name(), refusal.cause);
        tracing::debug!(provider = plan.provider.name(), ?refusal, "a call was refused");
        bill.was_refused(&refusal, &readings);
        // Each key has its attempts: going round them is not trying again.
        if bill.attempts() as usize >= gateway.bounds.max_attempts as usize * plan.lane.targets() {
            return Ok(answer);
        }
        if is_hopeless_here(&refusal) {
            wish.without |= plan.lane.bit_of(pool);
            if wish.without.count_ones() as usize >= plan.lane.targets() {
                return Ok(answer);
            }
        }
        if refusal.cause == Cause::Overload && refusal.wait.is_none() {
            let patience = gateway.clock.now().after(gateway.bounds.max_overload);
            overload_until = Some(overload_until.unwrap_or(patience));
            wish.deadline = wish.deadline.min(overload_until.unwrap_or(patience));
        }
        let wait = gateway.turnstile.expected(&wish);
        if gateway.clock.now().after(wait) > wish.deadline {
            return Ok(with_true_wait(answer, wait));
        }
        asked = gateway.clock.now();
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
    (Answer { status, headers, body: whole(body) }, refusal)
}

fn whole(body: Bytes) -> AnswerBody {
    AnswerBody::full(body)
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
