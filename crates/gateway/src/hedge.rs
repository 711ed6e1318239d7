//! Hedging: when an answer is later than is usual at its target, another target is asked too, and the first to answer serves.
//!
//! The one that is too late is given up, and what it likely used is on the bill. A hedge takes from the budget of retries and goes
//! out only where the other target has room at once.

use std::pin::pin;
use std::sync::Arc;

use paceway_policy::fallback::Reason;
use paceway_scheduler::PoolId;
use tokio::sync::futures::Notified;

use crate::Gateway;
use crate::admission::Turn;
use crate::ask::Ask;
use crate::bill::Bill;
use crate::budgets::heard;
use crate::calls::{self, Called, Outcome};
use crate::deployment::Flight;
use crate::journey::{Failed, Hedge, Journey, Leg};

/// Makes the call for one leg, and after a while for another too. The bill is then at the one whose call is returned.
pub(crate) async fn race(
    gateway: &Arc<Gateway>,
    journey: &Journey,
    (place, pool, falls_silent): (usize, PoolId, Notified<'_>),
    hedge: Hedge,
    (ask, bill): (&Ask, &mut Bill),
) -> (usize, Called) {
    let legs = &journey.legs;
    let mut first = pin!(calls::call(gateway, legs[place].plan(), pool));
    tokio::select! {
        biased;
        called = &mut first => return (place, called),
        () = tokio::time::sleep(hedge.after) => {}
    }
    let other = &legs[hedge.place];
    let Some((turn, mut flight)) = enter(gateway, other, ask, bill) else {
        let has_other = || journey.has_free_other(gateway, place);
        return (place, calls::unless(falls_silent, has_other, (first, pool)).await);
    };
    tracing::info!(target = other.target.name(), "an answer is late, and another target is asked too");
    gateway.metrics.hedged(other.target.provider.name());
    let mut second = pin!(calls::call(gateway, other.plan(), turn.pool()));
    tokio::select! {
        biased;
        called = &mut first => {
            if called.is_good() {
                bill.lost(&other.target, turn, Some(flight));
                return (place, called);
            }
            let reason = reason_of(&called, legs, place);
            if let Outcome::Refused(_, refusal) = &called.outcome {
                bill.was_refused(refusal, &called.readings);
            }
            let second = second.await;
            bill.changes_to(&other.target, turn, flight, Some(reason));
            (hedge.place, second)
        }
        called = &mut second => {
            if called.is_good() {
                bill.changes_to(&other.target, turn, flight, None);
                return (hedge.place, called);
            }
            let reason = reason_of(&called, legs, hedge.place);
            bill.tried(&other.target, reason, "while another was asked too".to_owned());
            if let Some(fault) = reason.fault() {
                flight.failed(&gateway.breaker, gateway.clock.now(), fault);
            }
            if let Outcome::Refused(_, refusal) = &called.outcome {
                turn.refused(refusal, &called.readings);
            }
            drop(flight);
            (place, first.await)
        }
    }
}

/// A turn at a target that has room at once, within the budget of retries and those of money.
fn enter(gateway: &Arc<Gateway>, leg: &Leg, ask: &Ask, bill: &mut Bill) -> Option<(Turn, Flight)> {
    let now = gateway.clock.now();
    let turn = gateway.turnstile.at_once(leg.wish)?;
    let flight = leg.target.deployment.enter(&gateway.breaker, now, leg.dice(), bill.is_streamed()).ok()?;
    if !gateway.retries.takes(now, bill.caller()) {
        return None;
    }
    if bill.money.as_mut().is_some_and(|money| !money.holds_more(heard(ask), &leg.target)) {
        return None;
    }
    Some((turn, flight))
}

fn reason_of(called: &Called, legs: &[Leg], place: usize) -> Reason {
    match &called.outcome {
        Outcome::Broken(failure) => Failed::broken(&legs[place].target, failure.clone()).reason,
        Outcome::Refused(_, refusal) => calls::reason_of(refusal),
        Outcome::Error(_) | Outcome::Unreadable(..) | Outcome::Answer(..) => Reason::ServerError,
    }
}
