//! A deployment: a model at a provider, and how it has been doing.
//!
//! Its breaker says whether it is asked; how many calls it has in hand is counted here. It knows no request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use paceway_domain::Moment;
use paceway_policy::breaker::{Blocked, Breaker, BreakerRules, Fault, Pass, State};

/// Deployments of one provider that are told apart; models beyond it share one, so that invented names cannot fill memory.
const MOST_KNOWN: usize = 2_000;

/// A model at a provider.
#[derive(Debug)]
pub(crate) struct Deployment {
    breaker: Mutex<Breaker>,
    in_flight: AtomicU32,
}

impl Deployment {
    fn new(rules: &BreakerRules) -> Self {
        Self { breaker: Mutex::new(Breaker::new(rules, Moment::ZERO)), in_flight: AtomicU32::new(0) }
    }

    /// Why a call would not go now.
    pub(crate) fn refuses(&self, rules: &BreakerRules, now: Moment, dice: f64) -> Option<Blocked> {
        self.breaker().refuses(rules, now, dice)
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
    ) -> Result<Flight, Blocked> {
        let pass = self.breaker().ask(rules, now, dice)?;
        Ok(self.flight(Some(pass)))
    }

    /// A call goes out whatever the breaker says, since there is nowhere else to go.
    pub(crate) fn enter_anyway(self: &Arc<Self>) -> Flight {
        self.flight(None)
    }

    fn flight(self: &Arc<Self>, pass: Option<Pass>) -> Flight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Flight { deployment: Arc::clone(self), pass, is_told: false }
    }

    /// Calls in hand.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Where its breaker stands, because of what, and how often it has opened.
    pub(crate) fn state(&self, rules: &BreakerRules, now: Moment) -> (State, Option<Fault>, u32) {
        let breaker = self.breaker();
        let (state, because) = breaker.state(rules, now);
        (state, because, breaker.times_opened())
    }

    /// No panic can leave it half changed.
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call in hand. What comes of it is told once; one that is dropped says nothing of the deployment.
#[derive(Debug)]
pub(crate) struct Flight {
    deployment: Arc<Deployment>,
    pass: Option<Pass>,
    is_told: bool,
}

impl Flight {
    /// The deployment answered, whatever it said.
    pub(crate) fn succeeded(&mut self, rules: &BreakerRules, now: Moment) {
        self.is_told = true;
        if let Some(pass) = self.pass {
            self.deployment.breaker().succeeded(rules, now, pass);
        }
    }

    /// It failed, perhaps after its answer had begun.
    pub(crate) fn failed(&mut self, rules: &BreakerRules, now: Moment, fault: Fault) {
        self.is_told = true;
        if let Some(pass) = self.pass {
            self.deployment.breaker().failed(rules, now, pass, fault);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.deployment.in_flight.fetch_sub(1, Ordering::Relaxed);
        if let Some(pass) = self.pass.filter(|_| !self.is_told) {
            self.deployment.breaker().forgets(pass);
        }
    }
}

/// The deployments of one provider, as requests have come to need them.
#[derive(Debug, Default)]
pub(crate) struct Deployments(RwLock<HashMap<String, Arc<Deployment>>>);

impl Deployments {
    /// The deployment of a model.
    pub(crate) fn of(&self, model: &str, rules: &BreakerRules) -> Arc<Deployment> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(deployment) = known.get(model) {
            return Arc::clone(deployment);
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let name = if known.len() < MOST_KNOWN { model } else { "other models" };
        let made = known.entry(name.to_owned()).or_insert_with(|| Arc::new(Deployment::new(rules)));
        Arc::clone(made)
    }

    /// All that there are, with their models' names, in their order.
    pub(crate) fn all(&self) -> Vec<(String, Arc<Deployment>)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            known.iter().map(|(model, deployment)| (model.clone(), Arc::clone(deployment))).collect();
        drop(known);
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}
