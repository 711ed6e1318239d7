//! The provider's state: settings in force, the limiter's books, cached prompts and counts.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::ask::Ask;
use crate::limiter::{Account, Limiter, Refused, Rules};
use crate::settings::Settings;
use crate::shelf::Shelf;
use crate::stats::{Counters, add, subtract};

/// The state of a provider.
pub(crate) struct Provider {
    settings: RwLock<InForce>,
    limiter: Mutex<Limiter>,
    cached_prompts: Mutex<HashSet<(String, u64)>>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) stats: Counters,
    start: Instant,
    serial: AtomicU64,
}

/// The settings in force, since when, and how many requests have come since.
struct InForce {
    settings: Arc<Settings>,
    since: Instant,
    come: AtomicUsize,
}

impl InForce {
    #[allow(clippy::disallowed_methods)] // A server of its own, it has a clock of its own.
    fn from_now(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), since: Instant::now(), come: AtomicUsize::new(0) }
    }
}

impl Provider {
    #[allow(clippy::disallowed_methods)] // A server of its own, it has a clock of its own.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: RwLock::new(InForce::from_now(settings)),
            limiter: Mutex::default(),
            cached_prompts: Mutex::default(),
            shelf: Arc::default(),
            stats: Counters::default(),
            start: Instant::now(),
            serial: AtomicU64::new(1),
        }
    }

    /// The settings in force.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner).settings)
    }

    /// A request comes: how many came before it since the settings in force were put, and how long ago that was.
    pub(crate) fn comes(&self) -> (usize, Duration) {
        let in_force = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        (in_force.come.fetch_add(1, Ordering::Relaxed), in_force.since.elapsed())
    }

    pub(crate) fn set(&self, settings: Settings) {
        let mut in_force = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        self.limiter(|limiter, now| limiter.change(now, &in_force.settings.limits, &settings.limits));
        *in_force = InForce::from_now(settings);
    }

    /// Does something with the limiter, at the present second.
    pub(crate) fn limiter<T>(&self, with: impl FnOnce(&mut Limiter, f64) -> T) -> T {
        let now = self.start.elapsed().as_secs_f64();
        with(&mut self.limiter.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    pub(crate) fn charge_output(&self, account: &Account, tokens: u64) {
        add(&self.stats.output_tokens, tokens);
        let limits = &self.settings().limits;
        self.limiter(|limiter, now| limiter.generated(now, account, limits, tokens));
    }

    pub(crate) fn begin(&self) {
        let before = self.stats.in_flight.fetch_add(1, Ordering::Relaxed);
        self.stats.most_in_flight.fetch_max(before + 1, Ordering::Relaxed);
    }

    /// A request ended, and so much of what was reserved for it was not generated.
    pub(crate) fn end(&self, account: &Account, given_back: u64) {
        subtract(&self.stats.in_flight, 1);
        let limits = &self.settings().limits;
        self.limiter(|limiter, now| limiter.ended(now, account, limits, given_back));
    }

    /// A number that no other answer has.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Admits a request and gives the output that is reserved for it, or says why not.
    pub(crate) fn admit(
        &self,
        account: &Account,
        rules: Rules,
        ask: &Ask,
        settings: &Settings,
    ) -> Result<u64, Refused> {
        let cached = ask.cacheable.map_or(0, |(hash, tokens, _)| {
            let prompts = self.cached_prompts.lock().unwrap_or_else(PoisonError::into_inner);
            if prompts.contains(&(account.0.clone(), hash)) { tokens } else { 0 }
        });
        let charged = (ask.input_tokens - cached.min(ask.input_tokens), ask.max_tokens.unwrap_or(0));
        self.limiter(|limiter, now| limiter.admit(now, account, &settings.limits, rules, charged))
    }

    /// Tokens read from and written to the prompt cache. Entries do not expire.
    pub(crate) fn cache(&self, key: &str, ask: &Ask) -> (u64, u64) {
        let Some((hash, tokens, _)) = ask.cacheable else { return (0, 0) };
        let is_new =
            self.cached_prompts.lock().unwrap_or_else(PoisonError::into_inner).insert((key.to_owned(), hash));
        if is_new { (0, tokens) } else { (tokens, 0) }
    }
}
