//! The life of a request, top to bottom.
//!
//! Each stage takes what an earlier one made, so that most wrong orders do not compile:
//!
//! 1. **find the caller**: who may not ask costs nothing;
//! 2. **read the ask**: bytes become a typed request in the caller's dialect; the bytes themselves are kept. One that goes on
//!    from an earlier answer becomes one that holds the whole conversation, or is held to where that is kept;
//! 3. **plan**: which provider and model, what it will likely cost, and the request as that provider wants it. No plan, no
//!    hold; then the **wish**: how it stands in the queue, with which priority and until when;
//! 4. **open the bill**: from here on the request is settled exactly once, by a drop guard, however it ends;
//! 5. **attempts**: let a sibling write the prompt cache if that is cheaper; then wait for a turn, send, judge, wait again.
//!    The only loop;
//! 6. **answer**: attach the bill to the answer and hand it on as it arrives. A stream whose answer is long in coming begins
//!    with signs of life.

use std::pin::Pin;
use std::sync::Arc;

use paceway_domain::{Dialect, Refusal, RequestId};
use paceway_protocol::refusals;
use paceway_scheduler::Ask as Wish;

use crate::admission::Progress;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::bill::Bill;
use crate::fleet::Plan;
use crate::outgoing::Circumstances;
use crate::{
    Arrival, Gateway, answer, attempts, count, error_answer, kept, several, siblings, waiting, wish,
};

async fn run(gateway: &Arc<Gateway>, arrival: Arrival) -> Result<Answer, Refusal> {
    let caller = gateway.callers.find(&arrival.headers)?;
    let mut ask = Ask::read(arrival)?;
    if let Some(counted) = count::estimate(gateway, &caller, &ask)? {
        return Ok(counted);
    }
    let pin = kept::expand(gateway, &caller.key, &mut ask)?;
    let plan = gateway.fleet.plan(&caller, &ask, &gateway.calibration, circumstances(gateway))?;
    let mut wish = wish::of(gateway, &caller, &ask, &plan);
    pin.map_or(Ok(()), |pin| pin.hold(&plan, &mut wish))?;
    let bill = Bill::open(gateway, &caller, &ask, &plan);
    let progress = Arc::new(Progress::default());
    if !ask.is_streamed() {
        return Box::pin(attempt(gateway, ask, plan, wish, &progress, bill)).await;
    }
    let (dialect, id) = (ask.dialect, ask.id.clone());
    let (house, told) = (Arc::clone(gateway), Arc::clone(&progress));
    let going = Box::pin(async move { attempt(&house, ask, plan, wish, &told, bill).await });
    waiting::answer_or_wait(gateway, dialect, &id, progress, going).await
}

fn circumstances(gateway: &Gateway) -> Circumstances {
    Circumstances {
        created: gateway.clock.wall().0 / 1_000,
        drop_unsupported: gateway.bounds.drop_unsupported,
    }
}

async fn attempt(
    gateway: &Arc<Gateway>,
    ask: Ask,
    plan: Plan,
    wish: Wish,
    progress: &Progress,
    mut bill: Bill,
) -> Result<Answer, Refusal> {
    let prefix = siblings::prefix(gateway, &ask, &plan);
    let response = attempts::send(gateway, &plan, prefix, wish, progress, &mut bill).await?;
    answer::hand_on(gateway, ask, plan, &wish, response, bill).await
}

/// One of several requests that a client's has become.
fn serve_one<'g>(
    gateway: &'g Arc<Gateway>,
    arrival: Arrival,
) -> Pin<Box<dyn Future<Output = Answer> + Send + 'g>> {
    Box::pin(serve(gateway, arrival))
}

/// Answers a request. A refusal is an answer too: it comes in the caller's dialect.
pub async fn serve(gateway: &Arc<Gateway>, arrival: Arrival) -> Answer {
    let (dialect, id) = (arrival.dialect, arrival.id.clone());
    let answer = match several::wanted(gateway, &arrival) {
        Ok(None) => run(gateway, arrival).await,
        // Rare, and large: other requests should not carry its state.
        Ok(Some(count)) => {
            Box::pin(several::serve(gateway, arrival, count, |one| serve_one(gateway, one))).await
        }
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(answer) => answer,
        Err(refusal) => refuse(gateway, dialect, &id, &refusal),
    }
}

/// Says no, and counts it.
pub fn refuse(gateway: &Gateway, dialect: Dialect, id: &RequestId, refusal: &Refusal) -> Answer {
    gateway.metrics.refused(dialect, refusals::appearance(refusal).label);
    tracing::info!(request = %id, %refusal, "refused");
    error_answer::refused(dialect, id, refusal, gateway.clock.wall())
}
