//! How a bill ends: its parts and the whole priced, settled with the scheduler, and appended to the ledger.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::{Failure, MicroUsd, Sold, Tokens, Usage};
use paceway_policy::breaker::Fault;
use paceway_policy::fallback::Reason;
use paceway_policy::pricing::{Priced, Unpriced};
use paceway_protocol::neutral::ErrorKind;
use paceway_scheduler::Cost;
use paceway_store::Row;

use super::Bill;
use crate::Endpoint;
use crate::admission::Turn;
use crate::calibration::Subject;
use crate::deployment::Flight;
use crate::target::Target;

/// In the place of a price list, of what costs nothing because nothing is sold: a count of tokens, an error.
const NOT_SOLD: &str = "not sold";

impl Bill {
    /// Its answer broke off in the middle.
    pub(crate) fn cut(&mut self, failure: &Failure) {
        if self.is_open {
            self.lands(Some(fault_of(failure)));
        }
        self.close("cut");
    }

    /// The provider ended its answer with an error, of which this is to be held against it, if anything is.
    pub(crate) fn ends_in_error(&mut self, fault: Option<Fault>, said: String) {
        let has_happened = fault.is_some();
        self.lands(fault);
        let result = if has_happened { "broke off" } else { "ended with an error" };
        self.notes(result, said);
        self.close("provider_error");
    }

    /// A part of what was asked is over and was paid for, and the request goes on: the part has a row of its own.
    pub(crate) fn part_ends(&mut self, outcome: &str, fault: Option<Fault>) {
        if let (None, Some(flight)) = (fault, &self.flight) {
            flight.finished();
        }
        self.lands(fault);
        if let Some(turn) = self.turn.take() {
            turn.settle(Cost::of(&self.row.usage));
        }
        if self.row.usage == Usage::default() {
            return;
        }
        let (cost, price_source) = self.price();
        let row = Row { cost, price_source, ..self.part(outcome) };
        if let Some(money) = &mut self.money {
            money.charge(row.cost);
        }
        self.append(row);
        self.row.usage = Usage::default();
        self.row.usage_is_estimated = false;
        self.sold = None;
    }

    /// The row of the next part, with what the request itself has in it so far.
    fn part(&mut self, outcome: &str) -> Row {
        self.parts += 1;
        Row { part: self.parts, outcome: outcome.to_owned(), total_ms: self.elapsed_ms(), ..self.row.clone() }
    }

    /// Two targets were asked at once, and this one was too late: it is given up, and likely used so much.
    pub(crate) fn lost(&mut self, target: &Target, turn: Turn, flight: Option<Flight>) {
        if let Some(flight) = flight {
            flight.given_up(self.gateway.clock.now());
        }
        let usage = Usage { input: self.expected_input, ..Usage::default() };
        turn.settle(Cost::of(&usage));
        let (provider, model) = (target.provider.name().to_owned(), target.model.clone());
        let (cost, price_source) = told(self.price_at(target, &usage.into()));
        let row = Row {
            provider,
            model,
            usage,
            usage_is_estimated: true,
            cost,
            price_source,
            status: 0,
            ..self.part("hedge_lost")
        };
        if let Some(money) = &mut self.money {
            money.charge(row.cost);
        }
        self.append(row);
        self.record.notes(self.elapsed_ms(), &target.name(), "given up: the other was sooner", String::new());
    }

    /// Of two targets that were asked at once the second is what goes on: the first was too late, or has failed.
    pub(crate) fn changes_to(
        &mut self,
        target: &Arc<Target>,
        turn: Turn,
        flight: Flight,
        first: Option<Reason>,
    ) {
        let before = Arc::clone(&self.target);
        match (first, self.turn.take()) {
            (None, Some(late)) => {
                let flight = self.flight.take();
                self.lost(&before, late, flight);
            }
            (Some(reason), turn) => {
                self.turn = turn;
                self.failed(reason);
                self.tried(&before, reason, "while another was asked too".to_owned());
            }
            (None, None) => {}
        }
        self.goes_out(target, turn, flight, Duration::ZERO);
    }

    /// What the usage so far costs, and who says so or why nobody does.
    fn price(&self) -> (Option<MicroUsd>, String) {
        // An error is not sold.
        let is_error = self.row.status >= 400 && self.row.usage == Usage::default();
        if self.endpoint == Endpoint::CountTokens || is_error {
            return (Some(MicroUsd::ZERO), NOT_SOLD.to_owned());
        }
        told(self.priced())
    }

    fn priced(&self) -> Result<Priced, Unpriced> {
        match self.endpoint {
            Endpoint::CountTokens | Endpoint::Generate | Endpoint::Embeddings => {
                let sold = Sold { usage: self.row.usage, ..self.sold.unwrap_or_default() };
                self.price_at(&self.target, &sold)
            }
            // What they are sold by is not told by every answer, and a guess at their tokens is no price.
            Endpoint::Rerank | Endpoint::Images | Endpoint::Transcription | Endpoint::Speech => {
                self.price_at(&self.target, &self.sold.ok_or(Unpriced::Unsaid)?)
            }
        }
    }

    fn price_at(&self, target: &Target, sold: &Sold) -> Result<Priced, Unpriced> {
        let product = target.provider.product(&target.model);
        let offer = self.gateway.prices.offer(product, self.row.arrived_at);
        offer.price(sold)
    }

    fn append(&self, row: Row) {
        self.gateway.metrics.settled(&row);
        let absorbed = if row.part == 0 && self.has_answer() { self.refusals } else { 0 };
        self.gateway.alerts.settled(&row, absorbed);
        let id = row.request_id.clone();
        if let Err(error) = self.gateway.ledger.append(row) {
            tracing::error!(request = %id, %error, "a ledger row is kept in memory only");
        }
    }

    /// Settles the request. What comes later changes nothing.
    pub(crate) fn close(&mut self, outcome: &str) {
        if !std::mem::replace(&mut self.is_open, false) {
            return;
        }
        self.gateway.metrics.in_flight.dec();
        if outcome == "completed" {
            self.answer_begins();
            if let Some(flight) = &self.flight {
                flight.finished();
            }
        }
        self.claim = None;
        self.flight = None;
        self.gateway.decisions.keep(self.record.ends(outcome, self.elapsed_ms()));
        let mut money = self.money.take();
        if self.row.attempts == 0 {
            return;
        }
        outcome.clone_into(&mut self.row.outcome);
        self.row.total_ms = self.elapsed_ms();
        (self.row.cost, self.row.price_source) = self.price();
        if let Some(turn) = self.turn.take() {
            turn.settle(Cost::of(&self.row.usage));
        }
        self.calibrate();
        if let Some(money) = &mut money {
            money.settle(self.row.cost.unwrap_or_default());
        }
        self.append(self.row.clone());
    }

    /// What the provider counted corrects the next estimates. What was estimated itself teaches nothing.
    fn calibrate(&self) {
        let usage = &self.row.usage;
        if self.endpoint == Endpoint::Generate && !self.row.usage_is_estimated && usage.output > Tokens::ZERO
        {
            let (provider, model) = (self.target.provider.name(), self.row.model.as_str());
            let subject = Subject { provider, model, caller: self.caller };
            let counted = usage.input + usage.cache_write();
            self.gateway.calibration.learn(subject, self.expected_input, counted, usage.output);
        }
    }
}

impl Drop for Bill {
    /// Nobody closed it, so the client has hung up (its task was dropped).
    fn drop(&mut self) {
        if self.is_open {
            // A call that the provider refused, or is about to, has used nothing.
            let may_have_used = self.turn.is_some() && matches!(self.row.status, 0 | 200..300);
            if may_have_used && self.row.usage == Usage::default() && self.endpoint == Endpoint::Generate {
                self.used_unknown(0);
            }
            self.close("client_gone");
        }
    }
}

/// For the row.
fn told(priced: Result<Priced, Unpriced>) -> (Option<MicroUsd>, String) {
    match priced {
        Ok(Priced { amount, source }) => (Some(amount), source.code()),
        Err(why) => (None, why.code()),
    }
}

/// What a break in mid-answer says of the deployment.
pub(crate) fn fault_of(failure: &Failure) -> Fault {
    match failure {
        Failure::Timeout(..) | Failure::GivenUp => Fault::Timeout,
        Failure::Garbled(_) | Failure::TooLarge(_) => Fault::Server,
        Failure::Connect(_) | Failure::Broken(_) => Fault::Connection,
    }
}

/// What an error in the middle of an answer says of the deployment; `None`: it is the request's own, or a matter of limits.
pub(crate) const fn fault_in(error: ErrorKind) -> Option<Fault> {
    match error {
        ErrorKind::Server => Some(Fault::Server),
        ErrorKind::Timeout => Some(Fault::Timeout),
        ErrorKind::Overloaded => Some(Fault::Overload),
        _ => None,
    }
}
