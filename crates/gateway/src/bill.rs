//! The bill of one request: opened before anything is sent, settled exactly once, however the request ends.
//!
//! Early return, error, client hang-up and the end of the answer all end in [`Bill::close`], by name or by `Drop`. Closing
//! is synchronous: one lock at the turnstile, one `write` to the ledger's journal. It happens before the last byte of
//! the answer leaves.

mod settling;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use paceway_domain::{
    Cause, Failure, KeyId, LimitReadings, Moment, Owner, RateRefusal, ServiceTier, Sold, Tokens, Usage,
};
use paceway_policy::access::Caller;
use paceway_policy::breaker::Fault;
use paceway_policy::fallback::Reason;
use paceway_protocol::{Finish, Seen};
use paceway_scheduler::{Cost, PoolId, Reason as WaitReason};
use paceway_store::Row;
use paceway_store::ledger::Traits;

use crate::admission::Turn;
use crate::ask::Ask;
use crate::budgets::Money;
use crate::choice::HeldPrefix;
use crate::deployment::Flight;
use crate::explain::{Decision, Record};
use crate::siblings::Claim;
use crate::target::Target;

pub(crate) use self::settling::fault_of;
use crate::{Endpoint, Gateway, rule_facts};

/// How many bytes of generated text make a token, for answers whose count never came.
const BYTES_PER_TOKEN: u64 = 4;

/// Why a request had to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    Turn(WaitReason),
    Sibling,
    Budget,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(reason) => reason.fmt(f),
            Self::Sibling => f.write_str("another request is writing the same cached prefix"),
            Self::Budget => f.write_str("running requests held what is left of a budget"),
        }
    }
}

pub(crate) struct Bill {
    gateway: Arc<Gateway>,
    /// Where it goes now.
    target: Arc<Target>,
    caller: u64,
    row: Row,
    arrived: Moment,
    /// The likely input, for a request that ends before its input was counted.
    expected_input: Tokens,
    endpoint: Endpoint,
    turn: Option<Turn>,
    flight: Option<Flight>,
    /// What was decided so far.
    record: Record,
    /// The beginning that the target which serves it will have in its cache.
    held: Option<HeldPrefix>,
    /// Until its answer begins: siblings may wait for that.
    claim: Option<Claim>,
    /// Where it went last, and why it last had to wait.
    went: Option<PoolId>,
    waited_for: Option<Wait>,
    /// What the provider says was sold; `None`: it has said nothing. The row has its usage and tier.
    sold: Option<Sold>,
    /// Parts that have rows of their own.
    parts: u32,
    /// What its budgets hold for it; `None` where no budget counts it.
    pub(crate) money: Option<Money>,
    /// How often a provider refused it for rate or load.
    refusals: u64,
    /// What is handed on is on the bill already.
    is_paid: bool,
    is_open: bool,
}

impl Bill {
    pub(crate) fn open(
        gateway: &Arc<Gateway>,
        caller: &Caller,
        ask: &Ask,
        target: &Arc<Target>,
        (decision, held): (Decision, Option<HeldPrefix>),
        (money, traits): (Option<Money>, Traits),
    ) -> Self {
        let row = Row {
            request_id: ask.id.clone(),
            part: 0,
            arrived_at: gateway.clock.wall(),
            key: caller.key.clone(),
            owner: Owner::clone(&caller.owner),
            tags: rule_facts::ledger_tags(&ask.headers),
            endpoint: ask.endpoint.name().to_owned(),
            dialect: ask.dialect,
            streamed: ask.is_streamed(),
            model_asked: ask.summary.model.clone(),
            provider: target.provider.name().to_owned(),
            model: target.model.clone(),
            provider_request_id: None,
            usage: Usage::default(),
            tier: ServiceTier::default(),
            usage_is_estimated: false,
            cost: None,
            price_source: String::new(),
            status: 0,
            outcome: "client_gone".into(),
            attempts: 0,
            queued_ms: 0,
            first_byte_ms: None,
            total_ms: 0,
            traits,
        };
        gateway.metrics.in_flight.inc();
        Self {
            gateway: Arc::clone(gateway),
            target: Arc::clone(target),
            caller: caller.number,
            row,
            arrived: gateway.clock.now(),
            expected_input: ask.input,
            endpoint: ask.endpoint,
            turn: None,
            flight: None,
            record: Record::new(decision),
            held,
            claim: None,
            went: None,
            waited_for: None,
            sold: None,
            parts: 0,
            money,
            refusals: 0,
            is_paid: false,
            is_open: true,
        }
    }

    /// Its siblings let it go.
    pub(crate) fn may_go(&mut self, claim: Claim) {
        self.waited_for = claim.has_waited().then_some(Wait::Sibling);
        self.claim = Some(claim);
    }

    /// It has waited for running requests to give back what they hold of a budget.
    pub(crate) fn waited_for_budget(&mut self) {
        self.waited_for = Some(Wait::Budget);
    }

    /// The bound that a budget has set to its output, if it has.
    pub(crate) fn capped_at(&self, ask: &Ask) -> Option<Tokens> {
        self.money.as_ref().and_then(Money::cap).or(ask.output_cap)
    }

    /// Its turn has come, after this wait: a call goes out.
    pub(crate) fn goes_out(&mut self, target: &Arc<Target>, turn: Turn, flight: Flight, waited: Duration) {
        self.is_at(target);
        self.flight = Some(flight);
        self.went = Some(turn.pool());
        self.waited_for = turn.reason().map(Wait::Turn).or(self.waited_for);
        self.turn = Some(turn);
        self.row.attempts += 1;
        self.row.queued_ms += millis(waited);
    }

    /// The answer has begun, and its headers said this of limits.
    pub(crate) fn learns(&self, readings: &LimitReadings) {
        if let Some(turn) = &self.turn {
            turn.answered(readings);
        }
    }

    fn is_at(&mut self, target: &Arc<Target>) {
        if !Arc::ptr_eq(&self.target, target) {
            self.target = Arc::clone(target);
            target.provider.name().clone_into(&mut self.row.provider);
            self.row.model.clone_from(&target.model);
        }
    }

    /// A target did not serve, and said this.
    pub(crate) fn tried(&mut self, target: &Target, reason: Reason, said: String) {
        let after_ms = self.elapsed_ms();
        self.record.tried(after_ms, &target.name(), reason, said);
    }

    /// Targets that did not serve, and why.
    pub(crate) fn all_tried(&self) -> Option<String> {
        self.record.all_tried()
    }

    /// What this target said before is the end. If it was an answer, it is on the bill already.
    pub(crate) fn ends_with(&mut self, target: &Arc<Target>, status: StatusCode) {
        self.is_at(target);
        self.row.status = status.as_u16();
        self.is_paid = status.is_success();
    }

    /// The target serves it: its answer has begun.
    pub(crate) fn is_served(&mut self) {
        let (rules, now) = (self.gateway.breaker, self.gateway.clock.now());
        if let Some(flight) = &mut self.flight {
            flight.succeeded(&rules, now);
        }
        if let Some(held) = self.held {
            self.target.deployment.holds_now(now, held.fingerprint, held.lifetime.duration());
        }
        self.record.notes(self.elapsed_ms(), &self.target.name(), "served", String::new());
    }

    /// The target has answered with an error that is the request's own.
    pub(crate) fn is_told_off(&mut self, status: StatusCode) {
        let (rules, now) = (self.gateway.breaker, self.gateway.clock.now());
        if let Some(flight) = &mut self.flight {
            flight.is_there(&rules, now);
        }
        let said = format!("status {}", status.as_u16());
        self.record.notes(self.elapsed_ms(), &self.target.name(), "refused the request", said);
    }

    fn lands(&mut self, fault: Option<Fault>) {
        let (rules, now) = (self.gateway.breaker, self.gateway.clock.now());
        if let (Some(mut flight), Some(fault)) = (self.flight.take(), fault) {
            flight.failed(&rules, now, fault);
        }
    }

    /// The provider refused the call: its turn is over.
    pub(crate) fn was_refused(&mut self, refusal: &RateRefusal, readings: &LimitReadings) {
        self.refusals += 1;
        self.lands((refusal.cause == Cause::Overload).then_some(Fault::Overload));
        if let Some(turn) = self.turn.take() {
            turn.refused(refusal, readings);
        }
    }

    /// The call failed: its turn is over, and another may follow.
    pub(crate) fn failed(&mut self, reason: Reason) {
        self.lands(reason.fault());
        if let Some(turn) = self.turn.take() {
            turn.settle(Cost::default());
        }
        self.row.status = 0;
    }

    /// The likely input of what is asked.
    pub(crate) fn expected_input(&self) -> Tokens {
        self.expected_input
    }

    /// Its answer broke off in this way, and another target goes on.
    pub(crate) fn broke_off(&mut self, failure: &Failure) {
        let reason = match fault_of(failure) {
            Fault::Timeout => Reason::Timeout,
            Fault::Connection => Reason::Connection,
            Fault::Server | Fault::Overload | Fault::Rejected => Reason::ServerError,
        };
        let target = Arc::clone(&self.target);
        self.tried(&target, reason, format!("its answer broke off: {failure}"));
    }

    /// Whether a stream is asked for.
    pub(crate) fn is_streamed(&self) -> bool {
        self.row.streamed
    }

    /// Who asked, as a number.
    pub(crate) fn caller(&self) -> u64 {
        self.caller
    }

    /// Whether an answer that is no error had begun.
    pub(crate) fn has_answer(&self) -> bool {
        (200..300).contains(&self.row.status)
    }

    /// Response headers have come, in which the provider names the request.
    pub(crate) fn answered(&mut self, status: StatusCode, provider_id: Option<String>) {
        self.row.status = status.as_u16();
        self.row.provider_request_id = provider_id;
    }

    /// Something to be told of where it is now.
    pub(crate) fn notes(&mut self, result: &str, said: String) {
        self.record.notes(self.elapsed_ms(), &self.target.name(), result, said);
    }

    /// A piece of the answer goes to the client.
    pub(crate) fn passes_on(&mut self) {
        if self.row.first_byte_ms.is_none() {
            self.row.first_byte_ms = Some(self.elapsed_ms());
        }
        if (200..300).contains(&self.row.status) {
            self.answer_begins();
        }
    }

    fn answer_begins(&mut self) {
        if let (Some(claim), Some(pool)) = (self.claim.take(), self.went) {
            claim.answer_begins(self.gateway.clock.now(), pool);
        }
    }

    /// The key of who asked.
    pub(crate) fn key(&self) -> &KeyId {
        &self.row.key
    }

    /// How often a call went out.
    pub(crate) fn attempts(&self) -> u32 {
        self.row.attempts
    }

    /// How long it has waited for its turns, in milliseconds.
    pub(crate) fn queued_ms(&self) -> u64 {
        self.row.queued_ms
    }

    /// Where it went last.
    pub(crate) fn went(&self) -> Option<PoolId> {
        self.went
    }

    /// Why it last had to wait, if it had.
    pub(crate) fn waited_for(&self) -> Option<Wait> {
        self.waited_for
    }

    /// The provider broke its answer off with this refusal.
    pub(crate) fn was_broken_off(&self, refusal: &RateRefusal) {
        if let Some(turn) = &self.turn {
            turn.broken_off(refusal);
        }
    }

    /// What the provider says was sold.
    pub(crate) fn used(&mut self, sold: Sold) {
        if self.is_paid {
            return;
        }
        self.row.usage = sold.usage;
        self.row.tier = sold.terms.tier;
        self.row.usage_is_estimated = false;
        self.sold = Some(sold);
    }

    /// What has been seen of a stream, with estimates in the place of what has not been said.
    pub(crate) fn seen(&mut self, seen: &Seen) {
        if self.is_paid {
            return;
        }
        self.ended(seen.finish);
        self.row.usage = seen.usage;
        self.row.tier = seen.terms.tier;
        self.row.usage_is_estimated = !seen.usage_is_final;
        self.sold = Some(Sold { apart: seen.apart, terms: seen.terms, ..Sold::default() });
        if !seen.usage_is_final {
            let generated = Tokens((seen.output_bytes as u64).div_ceil(BYTES_PER_TOKEN));
            self.row.usage.output = self.row.usage.output.max(generated);
            if self.row.usage.input_total() == Tokens::ZERO {
                self.row.usage.input = self.expected_input;
            }
        }
    }

    /// How its answer ended, as far as it has come.
    pub(crate) fn ended(&mut self, finish: Finish) {
        self.row.traits.is_cut = finish.is_cut;
        self.row.traits.tools_called = finish.tools_called;
    }

    /// Nothing is known of what an answer used: its input is estimated.
    pub(crate) fn used_unknown(&mut self, output_bytes: usize) {
        self.seen(&Seen { output_bytes, ..Seen::default() });
        self.sold = None;
    }

    fn elapsed_ms(&self) -> u64 {
        millis(self.gateway.clock.now().since(self.arrived))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
