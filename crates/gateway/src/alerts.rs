//! Alerts at work: what happens is told to the rules, the rules are asked again and again, and what they say is sent.
//!
//! The rules are `policy::alerts`. Here is what they are told, and who is told by them. Nothing is kept on disk: what a rule has
//! counted comes back from the ledger after a start, a message that is on its way at the end of the process is lost.

mod courier;
mod destination;
mod message;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceway_domain::day::DAY_MS;
use paceway_domain::{MicroUsd, UnixMillis};
use paceway_policy::alerts::{Alerts, Ended, Happening, Notice, Readings, Rule};
use paceway_policy::breaker::State;
use paceway_store::reports::Filter;
use paceway_store::{Reports, Row, StoreError};
use tokio::task::JoinSet;

use crate::{Current, Gateway};

pub use self::courier::{Undelivered, deliver_once};
pub use self::destination::{Destination, Shape};

/// How often rules are asked.
const EVERY: Duration = Duration::from_secs(10);
/// Messages that may be on their way, or wait to be tried again. What comes on top is dropped, and said to be.
const MOST_IN_HAND: usize = 256;
/// So far back the ledger is read after a start: what is usual at an hour needs a week.
const REMEMBERED_MS: u64 = 8 * DAY_MS;

/// Rules, and who can be told.
#[derive(Debug, Default)]
pub struct AlertDesk {
    rules: Mutex<Alerts>,
    /// So that where there are no rules nothing has to be told.
    has_rules: AtomicBool,
    destinations: Mutex<BTreeMap<String, Arc<Destination>>>,
}

impl AlertDesk {
    /// Puts other rules and destinations in force. Rules that are the same as before keep what they have counted.
    pub fn configure(&self, rules: Vec<Rule>, destinations: BTreeMap<String, Arc<Destination>>) {
        let mut held = self.rules();
        held.configure(rules);
        self.has_rules.store(!held.is_empty(), Ordering::Relaxed);
        *self.destinations.lock().unwrap_or_else(PoisonError::into_inner) = destinations;
    }

    /// Tells the rules what the ledger remembers of the time before this. It blocks.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn remember(&self, ledger: &dyn Reports, before: UnixMillis) -> Result<(), StoreError> {
        if !self.has_rules.load(Ordering::Relaxed) {
            return Ok(());
        }
        let from = UnixMillis(before.0.saturating_sub(REMEMBERED_MS));
        // How often a request of back then was refused on its way is not in the ledger.
        let filter = Filter { from: Some(from), to: Some(before), ..Filter::default() };
        ledger.export(&filter, &mut |row| {
            self.settled(&row, 0);
            ControlFlow::Continue(())
        })
    }

    /// A row went to the ledger, of a request that was refused so often without its client's seeing it.
    pub(crate) fn settled(&self, row: &Row, absorbed: u64) {
        if !self.has_rules.load(Ordering::Relaxed) {
            return;
        }
        let is_request = row.part == 0;
        self.rules().happened(&Happening {
            at: row.arrived_at,
            organisation: &row.owner.organisation,
            team: &row.owner.team,
            project: &row.owner.project,
            key: &row.key.0,
            provider: &row.provider,
            model: &row.model,
            spent: row.cost.unwrap_or(MicroUsd::ZERO),
            tokens: (row.usage.input_total() + row.usage.output).get(),
            ended: is_request.then(|| Ended { is_error: is_error(row), queued_ms: row.queued_ms }),
            absorbed,
        });
    }

    fn ask(&self, now: UnixMillis, readings: &Readings) -> Vec<Notice> {
        self.rules().ask(now, readings)
    }

    fn newly_full(&self) -> Vec<String> {
        self.rules().newly_full()
    }

    fn destination(&self, name: &str) -> Option<Arc<Destination>> {
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Counters that a panic leaves half changed are still counters.
    fn rules(&self) -> MutexGuard<'_, Alerts> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request failed, and not by its own fault or its client's.
fn is_error(row: &Row) -> bool {
    match row.outcome.as_str() {
        "cut" | "garbled" | "upstream_failed" | "provider_refused" => true,
        "provider_error" => row.status == 429 || row.status >= 500 || (200..300).contains(&row.status),
        _ => false,
    }
}

/// Asks the rules and sends what they say. Runs without end: its owner spawns it once and aborts it, and with it what is on its way.
pub async fn follow(current: Arc<Current>) {
    let mut in_hand = JoinSet::new();
    loop {
        tokio::time::sleep(EVERY).await;
        while in_hand.try_join_next().is_some() {}
        let gateway = current.gateway();
        for notice in gateway.alerts.ask(gateway.clock.wall(), &readings(&gateway)) {
            tracing::warn!(rule = notice.rule, change = notice.change.name(), "{}", notice.text);
            send(&gateway, &notice, &mut in_hand);
        }
        for rule in gateway.alerts.newly_full() {
            tracing::warn!(
                rule,
                "an alert follows as many teams, projects or keys as it can, and others not"
            );
        }
    }
}

fn readings(gateway: &Gateway) -> Readings {
    let (now, today) = (gateway.clock.now(), gateway.clock.wall());
    let deployments = gateway.fleet.deployments();
    let open = deployments.iter().filter(|(_, _, it)| it.state(&gateway.breaker, now).0 == State::Open);
    let open_breakers = open.map(|(provider, model, _)| (provider.clone(), model.clone())).collect();
    let retirements = deployments.iter().filter_map(|(name, model, _)| {
        let provider = gateway.fleet.providers().find(|provider| provider.name() == name)?;
        let retires = gateway.prices.profile(provider.product(model)).retires?;
        let days = retires.begins().0.saturating_sub(today.0).div_ceil(DAY_MS);
        Some((name.clone(), model.clone(), days))
    });
    let budgets = gateway.budgets.report(today).into_iter().map(|standing| match standing.account.as_str() {
        "" => (standing.budget, standing.percent * 100),
        account => (format!("{}: {account}", standing.budget), standing.percent * 100),
    });
    Readings { open_breakers, budgets: budgets.collect(), retirements: retirements.collect() }
}

fn send(gateway: &Arc<Gateway>, notice: &Notice, in_hand: &mut JoinSet<()>) {
    for name in &notice.to {
        let Some(destination) = gateway.alerts.destination(name) else { continue };
        if in_hand.len() >= MOST_IN_HAND {
            tracing::error!(
                destination = name,
                rule = notice.rule,
                "an alert is dropped: too many are on their way"
            );
            gateway.metrics.alerted(name, "dropped");
            continue;
        }
        let (clock, metrics) = (Arc::clone(&gateway.clock), Arc::clone(&gateway.metrics));
        in_hand.spawn(courier::deliver(destination, notice.clone(), clock, metrics));
    }
}
