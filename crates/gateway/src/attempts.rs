//! Waiting for a sibling, once; then the only loop: choose a target, wait for a turn there, send, judge; and if it did not serve, go
//! on.
//!
//! A refusal for rate or load teaches the scheduler, which says when and where the next call may go: it waits there, or another
//! target is chosen if one can be had sooner. A target that fails is left out, and the next one is asked at once; when all have
//! failed, those whose failure may pass are asked again after a while within the budgets of `retries`. None of it happens once a
//! byte of an answer has come: until then the client has seen nothing. What is no failure is an answer and is handed on.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use paceway_domain::{Cause, Moment, RateRefusal, Refusal, Tokens};
use paceway_policy::fallback::Reason;
use paceway_policy::retry::may_pass;
use paceway_protocol::complaint::{Complaint, complaint};
use paceway_protocol::limits;
use paceway_scheduler::PoolId;
use paceway_upstream::Answer;

use crate::admission::Progress;
use crate::ask::Ask;
use crate::bill::Bill;
use crate::budgets::Held;
use crate::calls::{self, Called, Outcome};
use crate::crossing::Crossed;
use crate::journey::{End, Failed, Journey, Leg, Sent, is_only_a_wish};
use crate::retries;
use crate::siblings::Prefix;
use crate::upstream_error::ErrorAnswer;
use crate::{Gateway, cascade, charging, hedge, siblings};

/// What comes of a visit to a target.
enum Visit {
    /// An answer to hand on; in the caller's dialect too, if it came whole and had to cross over.
    Answer(Answer, Option<Crossed>),
    Failed(Failed),
    /// It may be asked again as soon as it has a turn.
    Waits,
}

/// Sends a request over its targets until one answers.
pub(crate) async fn send(
    gateway: &Arc<Gateway>,
    ask: &Ask,
    mut journey: Journey,
    prefix: Option<Prefix>,
    progress: &Progress,
    bill: &mut Bill,
) -> Result<Sent, Refusal> {
    gateway.retries.asked(gateway.clock.now(), bill.caller());
    let mut asked = gateway.clock.now();
    if let Some(prefix) = prefix {
        await_sibling(gateway, journey.first_mut(), prefix, bill).await;
    }
    let mut retries = 0;
    let mut bounded = Cow::Borrowed(ask);
    if let Some(most) = bill.capped_at(ask) {
        bounded.to_mut().cap_output(most);
    }
    loop {
        let Some(place) = journey.next(gateway, &bounded) else {
            let Some(wait) = before_another_round(gateway, &journey, retries, bill) else {
                return end(journey, bill);
            };
            retries += 1;
            tokio::time::sleep(wait).await;
            journey.begin_round();
            asked = gateway.clock.now();
            continue;
        };
        match hold(&bounded, &journey.legs[place], bill).await {
            Ok(None) => {}
            Ok(Some(most)) => {
                bounded.to_mut().cap_output(most);
                journey.is_written_anew(place);
                continue;
            }
            Err(refusal) => {
                // Nothing was sent, so that the rules for what has failed do not matter: another target may cost less.
                let failed = Failed::not_paid(refusal);
                note(gateway, &journey.legs[place], &failed, bill);
                journey.fails(place, failed);
                continue;
            }
        }
        let (place, visit) = visit(gateway, &mut journey, place, asked, progress, (&bounded, bill)).await;
        match visit {
            Visit::Answer(answer, crossed) => return Ok(journey.arrives(place, answer, crossed)),
            Visit::Waits => {}
            Visit::Failed(failed) => {
                note(gateway, &journey.legs[place], &failed, bill);
                if journey.goes_on_after(failed.reason) {
                    journey.fails(place, failed);
                } else {
                    journey.stays_at(place);
                    journey.fails(0, failed);
                }
            }
        }
        asked = gateway.clock.now();
    }
}

/// Holds what a call may cost, if a budget counts it; the bound of its output with which it fits, if it does not fit whole.
async fn hold(ask: &Ask, leg: &Leg, bill: &mut Bill) -> Result<Option<Tokens>, Refusal> {
    let Some(money) = &mut bill.money else { return Ok(None) };
    match money.hold(ask, &leg.target, leg.wish.deadline).await? {
        Held::Whole(waited) => {
            if !waited.is_zero() {
                bill.waited_for_budget();
                bill.notes(
                    "waited",
                    format!("{} ms for what running requests held of a budget", waited.as_millis()),
                );
            }
            Ok(None)
        }
        Held::Capped(most) => {
            money.is_capped(most);
            bill.notes("capped", format!("a budget has room for {most} tokens of output"));
            Ok(Some(most))
        }
    }
}

/// Waits for a turn at one target, makes the call and judges what comes back: from there, or from another that was asked too.
async fn visit(
    gateway: &Arc<Gateway>,
    journey: &mut Journey,
    place: usize,
    asked: Moment,
    progress: &Progress,
    (ask, bill): (&Ask, &mut Bill),
) -> (usize, Visit) {
    let is_streamed = bill.is_streamed();
    let target = Arc::clone(&journey.legs[place].target);
    let wish = journey.patient_wish(gateway, place);
    let is_bounded = wish.deadline < journey.legs[place].wish.deadline;
    let told = gateway.turnstile.wait(wish, progress).await;
    let now = gateway.clock.now();
    let waited = now.since(asked);
    journey.has_waited(waited);
    let turn = match told {
        Ok(turn) => turn,
        // The wait has become longer than it looked: perhaps another can be had sooner now.
        Err(Refusal::WaitTooLong { .. }) if is_bounded => {
            journey.leaves_queue();
            return (place, Visit::Waits);
        }
        Err(refusal) => return (place, Visit::Failed(Failed::not_admitted(refusal))),
    };
    if turn.reason().is_some() && journey.leaves(place, now) {
        return (place, Visit::Waits);
    }
    let leg = &journey.legs[place];
    let flight = match target.deployment.enter(&gateway.breaker, now, leg.dice(), is_streamed) {
        Ok(flight) => flight,
        Err(blocked) if is_only_a_wish(blocked) => target.deployment.enter_anyway(now, is_streamed),
        Err(blocked) => return (place, Visit::Failed(Failed::unhealthy(&target, blocked))),
    };
    gateway.metrics.waited(target.provider.name(), waited);
    let pool = turn.pool();
    let falls_silent = target.deployment.falls_silent();
    bill.goes_out(&target, turn, flight, waited);
    let hedge = journey.hedge(gateway, place, is_streamed);
    let (place, called) = match hedge {
        None => {
            let has_other = || journey.has_free_other(gateway, place);
            let call = (&**gateway, journey.legs[place].plan(), pool);
            (place, calls::call_unless(falls_silent, has_other, call).await)
        }
        Some(hedge) => hedge::race(gateway, journey, (place, pool, falls_silent), hedge, (ask, bill)).await,
    };
    (place, judge(gateway, journey, place, called, (ask, bill)))
}

/// What comes of a call that was made for the leg at this place, where the bill is.
fn judge(
    gateway: &Gateway,
    journey: &mut Journey,
    place: usize,
    called: Called,
    (ask, bill): (&Ask, &mut Bill),
) -> Visit {
    let Called { pool, outcome, said, readings } = called;
    let target = Arc::clone(&journey.legs[place].target);
    if let Some((status, id)) = said {
        bill.answered(status, id);
    }
    match outcome {
        Outcome::Answer(answer, whole) => {
            bill.learns(&readings);
            bill.is_served();
            let body = whole.as_ref().map(|whole| &*whole.body);
            match cascade::doubted(journey, place, &answer, body, bill) {
                Some(failed) => Visit::Failed(failed),
                None => Visit::Answer(answer, whole.and_then(|whole| whole.crossed)),
            }
        }
        Outcome::Broken(failure) => {
            let failed = Failed::broken(&target, failure);
            bill.failed(failed.reason);
            Visit::Failed(failed)
        }
        Outcome::Unreadable(body, why) => {
            bill.learns(&readings);
            charging::charge_whole(ask, journey.legs[place].plan(), &body, bill);
            bill.part_ends("garbled", Reason::ServerError.fault());
            bill.failed(Reason::ServerError);
            Visit::Failed(Failed::unreadable(&target, why))
        }
        Outcome::Error(error) => {
            bill.learns(&readings);
            on_error(&mut journey.legs[place], pool, error, bill)
        }
        Outcome::Refused(error, refusal) => {
            gateway.metrics.upstream_refused(target.provider.name(), refusal.cause);
            tracing::debug!(provider = target.provider.name(), ?refusal, "a call was refused");
            bill.was_refused(&refusal, &readings);
            let reason = calls::reason_of(&refusal);
            let said = error.told(journey.legs[place].plan().dialect);
            let refused = Refused { error, refusal: &refusal, pool };
            let visit = refused.judge(gateway, journey, place, bill);
            if matches!(visit, Visit::Waits) {
                bill.tried(&target, reason, said);
            }
            visit
        }
    }
}

/// An error of the provider's own: one that may pass, one that another target might not make, or one to hand on.
fn on_error(leg: &mut Leg, pool: PoolId, error: ErrorAnswer, bill: &mut Bill) -> Visit {
    let reason = match error.status.as_u16() {
        408 | 504 => Reason::Timeout,
        status if may_pass(status) => Reason::ServerError,
        status => match complaint(status, &error.body) {
            Some(Complaint::TooLong) => Reason::Context,
            Some(Complaint::Content) => Reason::Content,
            Some(Complaint::Credentials) => Reason::Credentials,
            Some(Complaint::Missing) => Reason::NotFound,
            None => {
                bill.is_told_off(error.status);
                return Visit::Answer(error.into(), None);
            }
        },
    };
    bill.failed(reason);
    if reason == Reason::Credentials && leg.leaves_key(pool) {
        bill.tried(&leg.target, reason, error.told(leg.plan().dialect));
        return Visit::Waits;
    }
    let may_pass = reason.may_pass() && !retries::forbids(&error.headers);
    Visit::Failed(Failed { reason, what: Ok(error), may_pass })
}

/// How long to wait before those that may have recovered are asked again; `None` if they are not.
fn before_another_round(gateway: &Gateway, journey: &Journey, retries: u32, bill: &Bill) -> Option<Duration> {
    let wall = gateway.clock.wall();
    let stated = |failed: &Failed| {
        let error = failed.what.as_ref().ok()?;
        limits::stated_wait(&error.headers, wall)
    };
    let waits: Vec<Option<Duration>> = journey.passing().map(stated).collect();
    let soonest = waits.iter().min_by_key(|wait| wait.unwrap_or_default())?;
    let failed =
        retries::Failed { caller: bill.caller(), retries, stated: *soonest, deadline: journey.deadline() };
    let wait = gateway.retries.next(gateway.clock.now(), failed)?;
    for leg in journey.legs.iter().filter(|leg| leg.may_pass()) {
        let provider = leg.target.provider.name();
        tracing::info!(provider, ?wait, "a call failed and is made again");
        gateway.metrics.retried(provider);
    }
    Some(wait)
}

fn note(gateway: &Gateway, leg: &Leg, failed: &Failed, bill: &mut Bill) {
    let target = &leg.target;
    let said = match &failed.what {
        Ok(error) => error.told(leg.plan().dialect),
        Err(refusal) => refusal.to_string(),
    };
    tracing::info!(target = target.name(), reason = failed.reason.name(), said, "a target did not serve");
    gateway.metrics.failed_over(target.provider.name(), failed.reason);
    bill.tried(target, failed.reason, said);
}

/// What the client is told where no target served.
fn end(journey: Journey, bill: &mut Bill) -> Result<Sent, Refusal> {
    match journey.end() {
        End::Answer(sent) => {
            bill.ends_with(&sent.plan.target, sent.answer.status);
            Ok(*sent)
        }
        End::Refusal(refusal) => {
            let outcome = match &refusal {
                Refusal::Upstream { .. } if bill.has_answer() => {
                    bill.used_unknown(0);
                    "cut"
                }
                Refusal::Upstream { .. } => "upstream_failed",
                _ => "provider_refused",
            };
            bill.close(outcome);
            Err(refusal)
        }
    }
}

/// A call that was refused for its rate, load or account.
struct Refused<'r> {
    error: ErrorAnswer,
    refusal: &'r RateRefusal,
    pool: PoolId,
}

impl Refused<'_> {
    /// Whether the request waits for its next turn at this target, whose wish says where and until when, goes to another, or ends.
    fn judge(self, gateway: &Gateway, journey: &mut Journey, place: usize, bill: &Bill) -> Visit {
        let Self { error, refusal, pool } = self;
        let reason = calls::reason_of(refusal);
        let failed = |error| Visit::Failed(Failed { reason, what: Ok(error), may_pass: false });
        // Each key has its attempts: going round them is not trying again.
        if bill.attempts() as usize >= gateway.bounds.max_attempts as usize * journey.keys() {
            return failed(error);
        }
        let leg = &mut journey.legs[place];
        if is_hopeless_here(refusal) && !leg.leaves_key(pool) {
            return failed(error);
        }
        if refusal.cause == Cause::Overload && refusal.wait.is_none() {
            let patience = gateway.clock.now().after(gateway.bounds.max_overload);
            let until = *leg.overload_until.get_or_insert(patience);
            leg.wish.deadline = leg.wish.deadline.min(until);
        }
        let wait = gateway.turnstile.expected(&leg.wish);
        if gateway.clock.now().after(wait) > leg.wish.deadline {
            return failed(with_true_wait(error, wait));
        }
        Visit::Waits
    }
}

/// While a sibling writes what this request could read, it waits; then it prefers to go where that can be read.
async fn await_sibling(gateway: &Gateway, leg: &mut Leg, prefix: Prefix, bill: &mut Bill) {
    let claim = siblings::wait(gateway, prefix, &leg.wish).await;
    let place = claim.readable_at().and_then(|pool| leg.target.lane.place_of(pool));
    leg.wish.first = place.unwrap_or(leg.wish.first);
    bill.may_go(claim);
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
fn with_true_wait(mut error: ErrorAnswer, wait: Duration) -> ErrorAnswer {
    if error.status != StatusCode::TOO_MANY_REQUESTS {
        return error;
    }
    let set = |headers: &mut HeaderMap, name: &'static str, value: u128| {
        headers.insert(name, u64::try_from(value).unwrap_or(u64::MAX).into());
    };
    set(&mut error.headers, "retry-after", wait.as_millis().div_ceil(1_000));
    if error.headers.contains_key("retry-after-ms") {
        set(&mut error.headers, "retry-after-ms", wait.as_millis());
    }
    error
}
