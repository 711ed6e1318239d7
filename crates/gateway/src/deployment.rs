//! A deployment: a model at a provider, and how it has been doing.
//!
//! Its breaker says whether it is asked; how quickly it answers, how many calls it has in hand and what it likely has in its
//! prompt cache is remembered here. It knows no request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use paceway_domain::Moment;
use paceway_policy::breaker::{Blocked, Breaker, BreakerRules, Fault, Pass, State};
use paceway_policy::routing::latency::PeakEwma;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Deployments of one provider that are told apart; models beyond it share one, so that invented names cannot fill memory.
const MOST_KNOWN: usize = 2_000;

/// Beginnings of prompts that a deployment is remembered to have in its cache; beyond it all but the freshest are forgotten.
const MOST_HELD: usize = 4_096;

/// A model at a provider.
#[derive(Debug)]
pub(crate) struct Deployment {
    health: Mutex<Health>,
    in_flight: AtomicU32,
    awaiting: AtomicU32,
    falls_silent: Notify,
}

#[derive(Debug)]
struct Health {
    breaker: Breaker,
    /// Times to the first byte of streamed answers and of whole ones, which are not alike.
    streamed: PeakEwma,
    whole: PeakEwma,
    /// Beginnings of prompts, by fingerprint, and until when they are in its cache.
    held: HashMap<u64, Moment>,
}

/// How a deployment answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// The expected time to the first byte; `None`: not known.
    pub(crate) first_byte: Option<Duration>,
    /// Whether it may be tried although nothing is known.
    pub(crate) may_explore: bool,
    /// Within this, 95 of 100 had their first byte; `None` while they are few.
    pub(crate) p95: Option<Duration>,
    /// Calls without a first byte.
    pub(crate) awaiting: u32,
    /// Calls in hand.
    pub(crate) in_flight: u32,
}

impl Deployment {
    fn new(rules: &BreakerRules) -> Self {
        let health = Health {
            breaker: Breaker::new(rules, Moment::ZERO),
            streamed: PeakEwma::default(),
            whole: PeakEwma::default(),
            held: HashMap::new(),
        };
        Self {
            health: Mutex::new(health),
            in_flight: AtomicU32::new(0),
            awaiting: AtomicU32::new(0),
            falls_silent: Notify::new(),
        }
    }

    /// Why a call would not go now.
    pub(crate) fn refuses(&self, rules: &BreakerRules, now: Moment, dice: f64) -> Option<Blocked> {
        self.health().breaker.refuses(rules, now, dice)
    }

    /// A call goes out if the breaker lets it.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn enter(
        self: &Arc<Self>,
        rules: &BreakerRules,
        now: Moment,
        dice: f64,
        is_streamed: bool,
    ) -> Result<Flight, Blocked> {
        let pass = self.health().breaker.ask(rules, now, dice)?;
        Ok(self.flight(Some(pass), now, is_streamed))
    }

    /// A call goes out whatever the breaker says, since there is nowhere else to go.
    pub(crate) fn enter_anyway(self: &Arc<Self>, now: Moment, is_streamed: bool) -> Flight {
        self.flight(None, now, is_streamed)
    }

    fn flight(self: &Arc<Self>, pass: Option<Pass>, began: Moment, is_streamed: bool) -> Flight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.awaiting.fetch_add(1, Ordering::Relaxed);
        Flight {
            deployment: Arc::clone(self),
            pass,
            began,
            is_streamed,
            is_awaiting: true,
            has_begun: false,
            told: None,
        }
    }

    /// Calls in hand.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// How it answers streamed or whole.
    pub(crate) fn pulse(&self, now: Moment, is_streamed: bool) -> Pulse {
        let health = self.health();
        let latency = if is_streamed { &health.streamed } else { &health.whole };
        Pulse {
            first_byte: latency.get(now),
            may_explore: latency.may_explore(now),
            p95: latency.p95(),
            awaiting: self.awaiting.load(Ordering::Relaxed),
            in_flight: self.in_flight(),
        }
    }

    /// Where its breaker stands, because of what, and how often it has opened.
    pub(crate) fn state(&self, rules: &BreakerRules, now: Moment) -> (State, Option<Fault>, u32) {
        let breaker = &self.health().breaker;
        let (state, because) = breaker.state(rules, now);
        (state, because, breaker.times_opened())
    }

    /// Whether a call has failed lately and none since has come to a good end.
    pub(crate) fn is_shaky(&self, now: Moment) -> bool {
        self.health().breaker.is_shaky(now)
    }

    /// Until its breaker opens because of timeouts, counted from now.
    pub(crate) fn falls_silent(&self) -> Notified<'_> {
        self.falls_silent.notified()
    }

    /// Its provider answers again.
    pub(crate) fn may_be_probed(&self, now: Moment) {
        self.health().breaker.may_be_probed(now);
    }

    /// A beginning of this fingerprint is in its cache for so long.
    pub(crate) fn holds_now(&self, now: Moment, fingerprint: u64, lifetime: Duration) {
        let held = &mut self.health().held;
        if held.len() >= MOST_HELD {
            held.retain(|_, until| *until > now);
        }
        if held.len() >= MOST_HELD {
            held.clear();
        }
        held.insert(fingerprint, now.after(lifetime));
    }

    /// Whether a beginning of this fingerprint is likely in its cache.
    pub(crate) fn holds(&self, now: Moment, fingerprint: u64) -> bool {
        self.health().held.get(&fingerprint).is_some_and(|until| *until > now)
    }

    /// No panic can leave it half changed.
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call in hand. What comes of it is told once; one that is dropped says nothing of the deployment.
#[derive(Debug)]
pub(crate) struct Flight {
    deployment: Arc<Deployment>,
    pass: Option<Pass>,
    began: Moment,
    is_streamed: bool,
    is_awaiting: bool,
    /// Whether the head of an answer has come.
    has_begun: bool,
    /// What came of it, once it was told: whether that was good.
    told: Option<bool>,
}

impl Flight {
    /// The head of an answer is there.
    pub(crate) fn begins(&mut self) {
        self.has_begun = true;
    }

    /// The deployment answered well, and its first byte is there.
    pub(crate) fn succeeded(&mut self, rules: &BreakerRules, now: Moment) {
        let health = &mut *self.deployment.health();
        let latency = if self.is_streamed { &mut health.streamed } else { &mut health.whole };
        latency.observe(now, now.since(self.began));
        if let Some(pass) = self.pass {
            health.breaker.succeeded(rules, now, pass);
        }
        self.told = Some(true);
        if std::mem::replace(&mut self.is_awaiting, false) {
            self.deployment.awaiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Its answer is whole. That says nothing good of one that failed before.
    pub(crate) fn finished(&self) {
        if let Some(pass) = self.pass.filter(|_| self.told != Some(false)) {
            self.deployment.health().breaker.finished(pass);
        }
    }

    /// It answered, with an error that is the request's own: that says that it is there, and nothing of how quick it is.
    pub(crate) fn is_there(&mut self, rules: &BreakerRules, now: Moment) {
        if let Some(pass) = self.pass {
            let breaker = &mut self.deployment.health().breaker;
            breaker.succeeded(rules, now, pass);
            breaker.finished(pass);
        }
        self.told = Some(true);
    }

    /// It failed, perhaps after its answer had begun; one that is only slow may go on all the same, and if it breaks off later
    /// that is not another failure.
    pub(crate) fn failed(&mut self, rules: &BreakerRules, now: Moment, fault: Fault) {
        if self.told == Some(false) {
            return;
        }
        self.was_silent(now);
        if let Some(pass) = self.pass {
            let breaker = &mut self.deployment.health().breaker;
            let times_opened = breaker.times_opened();
            if self.has_begun {
                breaker.broke_off(rules, now, pass, fault);
            } else {
                breaker.failed(rules, now, pass, fault);
            }
            if fault == Fault::Timeout && breaker.times_opened() > times_opened {
                self.deployment.falls_silent.notify_waiters();
            }
        }
        self.told = Some(false);
    }

    /// It is given up because another was sooner: so long at least it would have taken.
    pub(crate) fn given_up(self, now: Moment) {
        self.was_silent(now);
    }

    /// If nothing has come of it, its latency is at least so long.
    fn was_silent(&self, now: Moment) {
        if self.is_awaiting {
            let health = &mut *self.deployment.health();
            let latency = if self.is_streamed { &mut health.streamed } else { &mut health.whole };
            latency.ended_silent(now, now.since(self.began));
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.deployment.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.is_awaiting {
            self.deployment.awaiting.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(pass) = self.pass.filter(|_| self.told.is_none()) {
            self.deployment.health().breaker.forgets(pass);
        }
    }
}

/// The deployments of one provider, as requests have come to need them.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    by_model: RwLock<HashMap<String, Arc<Deployment>>>,
    /// Whether the last active check had no answer.
    is_silent: AtomicBool,
}

impl Deployments {
    /// The deployment of a model.
    pub(crate) fn of(&self, model: &str, rules: &BreakerRules) -> Arc<Deployment> {
        let known = self.by_model.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(deployment) = known.get(model) {
            return Arc::clone(deployment);
        }
        drop(known);
        let mut known = self.by_model.write().unwrap_or_else(PoisonError::into_inner);
        let name = if known.len() < MOST_KNOWN { model } else { "other models" };
        let made = known.entry(name.to_owned()).or_insert_with(|| Arc::new(Deployment::new(rules)));
        Arc::clone(made)
    }

    /// An active check was answered, or not; returns whether the one before was, or there was none.
    pub(crate) fn answers_checks(&self, is_well: bool) -> bool {
        !self.is_silent.swap(!is_well, Ordering::Relaxed)
    }

    /// All that there are, with their models' names, in their order.
    pub(crate) fn all(&self) -> Vec<(String, Arc<Deployment>)> {
        let known = self.by_model.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            known.iter().map(|(model, deployment)| (model.clone(), Arc::clone(deployment))).collect();
        drop(known);
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}
