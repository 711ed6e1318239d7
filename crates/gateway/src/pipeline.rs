//! The life of a request, top to bottom.
//!
//! Each stage takes what an earlier one made, so that most wrong orders do not compile:
//!
//! 1. **find the caller**: who may not ask costs nothing;
//! 2. **read the ask**: bytes become a typed request in the caller's dialect; the bytes themselves are kept. Its key must be
//!    allowed what it wants and every model that it names. One that goes on
//!    from an earlier answer becomes one that holds the whole conversation, or is held to where that is kept;
//! 3. **choose**: which targets may serve it and in which order, by capability, rules, the caller's wishes and what is known of
//!    each; then **plan the journey**: what it will likely cost, how it stands in the queues, with which priority and until
//!    when, and the request as the first target wants it. No plan, no hold;
//! 4. **open the bill**: from here on the request is settled exactly once, by a drop guard, however it ends;
//! 5. **attempts**: let a sibling write the prompt cache if that is cheaper; then choose a target, wait for a turn, send, judge,
//!    go on. The only loop;
//! 6. **answer**: attach the bill to the answer and hand it on as it arrives. A stream whose answer is long in coming begins
//!    with signs of life.

use std::cell::OnceCell;
use std::pin::Pin;
use std::sync::Arc;

use paceway_domain::{Dialect, Refusal, RequestId};
use paceway_policy::access::Caller;
use paceway_protocol::{Envelope, refusals};
use paceway_scheduler::Priority;
use paceway_store::ledger::Traits;

use crate::admission::Progress;
use crate::answer::Answer;
use crate::ask::Ask;
use crate::bill::Bill;
use crate::budgets::{Effects, Money};
use crate::callers::allow_models;
use crate::choice::{self, Choice, HeldPrefix};
use crate::explain::{Attempt, Decision};
use crate::journey::Journey;
use crate::kept::GoingOn;
use crate::outgoing::Circumstances;
use crate::overrides::{self, Overrides};
use crate::siblings::Prefix;
use crate::{
    Arrival, Gateway, answer, ask, attempts, count, error_answer, kept, several, siblings, traits, waiting,
};

async fn run(gateway: &Arc<Gateway>, arrival: Arrival) -> Result<Answer, Refusal> {
    let ready = match prepare(gateway, arrival)? {
        Prepared::Answered(answer) => return Ok(answer),
        Prepared::Ready(ready) => ready,
    };
    let progress = Arc::new(Progress::default());
    if !ready.ask.is_streamed() {
        return Box::pin(attempt(gateway, *ready, &progress)).await;
    }
    let (dialect, id) = (ready.ask.dialect, ready.ask.id.clone());
    let (house, told) = (Arc::clone(gateway), Arc::clone(&progress));
    let going = Box::pin(async move { attempt(&house, *ready, &told).await });
    waiting::answer_or_wait(gateway, dialect, &id, progress, going).await
}

/// What a request has become before the first wait.
enum Prepared {
    /// Its answer, for which nobody else is needed.
    Answered(Answer),
    /// A request to send.
    Ready(Box<Ready>),
}

/// A request that has been read and planned, and only has to be sent.
struct Ready {
    ask: Ask,
    journey: Journey,
    prefix: Option<Prefix>,
    bill: Bill,
}

/// A request that has been read, and whose way is planned.
struct Planned {
    ask: Ask,
    journey: Journey,
    prefix: Option<Prefix>,
    held: Option<HeldPrefix>,
    money: Option<Money>,
    traits: Traits,
}

/// All stages before the first wait.
fn prepare(gateway: &Arc<Gateway>, arrival: Arrival) -> Result<Prepared, Refusal> {
    let asked_at = gateway.clock.wall();
    let caller = gateway.callers.find(&arrival.headers, asked_at)?;
    let mut decision = Decision::new(&arrival.id, asked_at, "");
    let mut planned = None;
    let counted = match plan(gateway, &caller, arrival, &mut decision, &mut planned) {
        Ok(counted) => counted,
        Err(refusal) => {
            decision.outcome = format!("refused: {refusal}");
            gateway.decisions.keep(decision);
            return Err(refusal);
        }
    };
    let Some(Planned { ask, journey, prefix, held, money, traits }) = planned else {
        return counted
            .map(Prepared::Answered)
            .ok_or_else(|| Refusal::Internal("a request was neither planned nor answered".into()));
    };
    let owed = (money, traits);
    let bill = Bill::open(gateway, &caller, &ask, &journey.first().target, (decision, held), owed);
    Ok(Prepared::Ready(Box::new(Ready { ask, journey, prefix, bill })))
}

/// Reads a request and plans its way; how that was decided is noted even if nothing comes of it. The stages share one reading of
/// the body. An answer is given if nobody else is needed.
fn plan(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    arrival: Arrival,
    decision: &mut Decision,
    planned: &mut Option<Planned>,
) -> Result<Option<Answer>, Refusal> {
    let (body, longer) = (arrival.body.clone(), OnceCell::new());
    let mut envelope = ask::envelope(&arrival, &body)?;
    let mut ask = Ask::read(arrival, envelope.as_ref())?;
    decision.model_asked.clone_from(&ask.summary.model);
    caller.grant.allow_endpoint(ask.endpoint)?;
    allow_models(&gateway.fleet, caller, [&ask.summary.model])?;
    if let Some(counted) = count::estimate(gateway, caller, &ask)? {
        return Ok(Some(counted));
    }
    let mut pin = None;
    match kept::going_on(gateway, &caller.key, &ask, envelope.as_ref())? {
        GoingOn::FromNothing => {}
        GoingOn::At(place) => pin = Some(place),
        GoingOn::With(body) => {
            ask.continue_with(body.clone());
            envelope = Some(Envelope::parse(longer.get_or_init(|| body))?);
        }
    }
    let mut overrides = Overrides::read(&gateway.fleet, &ask, envelope.as_ref())?;
    allow_models(&gateway.fleet, caller, &overrides.models)?;
    if overrides.has_fields
        && let Some(read) = envelope.take()
    {
        let body = overrides::without_fields(&read)?;
        ask.continue_with(body.clone());
        envelope = Some(Envelope::parse(longer.get_or_init(|| body))?);
    }
    let envelope = envelope.as_ref();
    decision.asked = overrides.told();
    let effects = Effects::of(&gateway.budgets, caller, &ask, gateway.clock.wall());
    if let Some(effects) = &effects {
        effects.apply(&mut ask, &mut overrides, decision);
    }
    let chain = gateway.fleet.chain(&ask.summary.model, &overrides.models)?;
    let rules = chain.rules;
    let first = rules.escalation.and_then(|_| chain.stops.first());
    let first = first.map(|stop| format!("{}/{}", stop.provider.name(), stop.model));
    let Choice { mut targets, prefix: held, complexity } =
        choice::order(gateway, caller, (&ask, envelope), (chain, &overrides), decision)?;
    if effects.as_ref().is_some_and(Effects::is_batch) {
        for (_, wish) in &mut targets {
            wish.priority = Priority::Batch;
        }
    }
    let circumstances = circumstances(gateway, &overrides);
    let mut journey =
        Journey::plan(gateway, (&ask, envelope), targets, rules.fallback, pin.as_ref(), circumstances)?;
    journey.continues = ask.may_continue().unwrap_or(rules.continues);
    journey.cascade = choice::cascade(&ask, envelope, rules, first);
    journey.hedges = rules.hedges && ask.is_generation();
    if journey.hedges {
        journey.write_all(&ask, envelope);
    }
    let prefix = siblings::prefix(gateway, &ask, envelope, journey.first().plan());
    let money = effects.map(|effects| Money::of(gateway, effects, &ask, envelope));
    let traits = traits::of(&ask, envelope, journey.first().wish.priority, complexity);
    *planned = Some(Planned { ask, journey, prefix, held, money, traits });
    Ok(None)
}

/// What would become of a request, which is not sent.
///
/// # Errors
/// What the client would be told.
pub fn dry_run(gateway: &Arc<Gateway>, caller: &Caller, arrival: Arrival) -> Result<Decision, Refusal> {
    let mut decision = Decision::new(&arrival.id, gateway.clock.wall(), "");
    let mut planned = None;
    plan(gateway, caller, arrival, &mut decision, &mut planned)?;
    let Some(Planned { journey, .. }) = planned else {
        return Err(Refusal::Internal("this is answered here, without a provider".into()));
    };
    let first = journey.first();
    let wait = gateway.turnstile.expected(&first.wish);
    decision.attempts.push(Attempt {
        target: first.target.name(),
        after_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        result: "would be asked".into(),
        said: String::new(),
    });
    "not sent".clone_into(&mut decision.outcome);
    Ok(decision)
}

fn circumstances(gateway: &Gateway, overrides: &Overrides) -> Circumstances {
    Circumstances {
        created: gateway.clock.wall().0 / 1_000,
        drop_unsupported: gateway.bounds.drop_unsupported && !overrides.requires_parameters,
    }
}

async fn attempt(gateway: &Arc<Gateway>, ready: Ready, progress: &Progress) -> Result<Answer, Refusal> {
    let Ready { ask, journey, prefix, mut bill } = ready;
    let sent = attempts::send(gateway, &ask, journey, prefix, progress, &mut bill).await?;
    answer::hand_on(gateway, ask, sent, bill).await
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
