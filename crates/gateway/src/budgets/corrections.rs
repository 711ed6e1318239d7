//! What providers' accounts corrected, for the budgets that count everybody: a command of another process writes it, so it is looked at
//! again and again.
//!
//! It writes no corrections; those are `paceway usage reconcile`'s.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::Clock;
use paceway_store::{Reports, StoreError};

use super::Budgets;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);

/// What corrections are looked at with.
pub struct Corrections {
    budgets: Arc<Budgets>,
    reports: Arc<dyn Reports>,
    clock: Arc<dyn Clock>,
}

impl Corrections {
    /// Of these budgets, in this ledger.
    pub fn new(budgets: Arc<Budgets>, reports: Arc<dyn Reports>, clock: Arc<dyn Clock>) -> Self {
        Self { budgets, reports, clock }
    }

    /// Looks on and on. Runs without end: its owner spawns it once and aborts it.
    pub async fn follow(self: Arc<Self>) {
        let mut is_away = false;
        loop {
            tokio::time::sleep(EVERY).await;
            let this = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || this.look()).await {
                Ok(Err(error)) if !is_away => {
                    tracing::warn!(%error, "corrections cannot be read: budgets go on with those that are known");
                    is_away = true;
                }
                Ok(Ok(())) => is_away = false,
                _ => {}
            }
        }
    }

    /// Looks once. It blocks.
    ///
    /// # Errors
    /// When the database cannot be read; what was known before stays.
    pub fn look(&self) -> Result<(), StoreError> {
        for (budget, span) in self.budgets.of_everyone(self.clock.wall()) {
            let amount = self.reports.corrected(span.from, span.to)?;
            self.budgets.correct(&budget, span, amount, self.clock.wall());
        }
        Ok(())
    }
}
