//! Nodes that share a database share their budgets: this one leases what it gives out.
//!
//! One task says every second what this node has spent and holds, and at once when somebody waits. While the database is away the node
//! goes on with what it has leased; who needs more waits until it is back, or until the request's own deadline. A lease is taken from
//! the budget until it is given back: a node that stops gives back what is idle, one that is killed keeps it until the window ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use paceway_domain::Clock;
use paceway_policy::budget::{Claim, Grant};
use paceway_store::{Leases, StoreError};

use super::Budgets;

/// How often a node says how it stands.
const EVERY: Duration = Duration::from_secs(1);
/// The least time between two leases: those that come meanwhile are asked for together.
const GATHER: Duration = Duration::from_millis(5);

/// What this node leases by.
pub struct Leasing {
    budgets: Arc<Budgets>,
    leases: Arc<dyn Leases>,
    /// The name of this node since it started: one that starts again is another.
    node: String,
    clock: Arc<dyn Clock>,
    /// One lease after the other: an older grant in the place of a newer one would give out what was given back.
    one_at_a_time: Mutex<()>,
}

impl Leasing {
    /// For a node of this name.
    pub fn new(budgets: Arc<Budgets>, leases: Arc<dyn Leases>, node: &str, clock: Arc<dyn Clock>) -> Self {
        let node = format!("{node}/{:016x}", fastrand::u64(..));
        Self { budgets, leases, node, clock, one_at_a_time: Mutex::default() }
    }

    /// Leases on and on. Runs without end: its owner spawns it once and aborts it.
    pub async fn follow(self: Arc<Self>) {
        let mut is_away = false;
        loop {
            let this = Arc::clone(&self);
            let done = tokio::task::spawn_blocking(move || this.lease(false)).await;
            match done {
                Ok(Err(error)) if !is_away => {
                    tracing::warn!(%error, "budgets cannot be leased: this node goes on with what it has");
                    is_away = true;
                }
                Ok(Ok(())) if std::mem::take(&mut is_away) => tracing::info!("budgets are leased again"),
                _ => {}
            }
            tokio::time::sleep(GATHER).await;
            let asked = async {
                // Who waits meanwhile is not asked for again and again.
                if is_away {
                    std::future::pending::<()>().await;
                }
                self.budgets.asked.notified().await;
            };
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = asked => {}
            }
        }
    }

    /// Gives back what is idle, before the node stops. It blocks.
    pub fn give_back(&self) {
        if let Err(error) = self.lease(true) {
            tracing::warn!(%error, "what this node has leased of budgets stays taken until their windows end");
        }
    }

    fn lease(&self, gives_all_back: bool) -> Result<(), StoreError> {
        let _one_at_a_time = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = self.budgets.claims(self.clock.wall(), gives_all_back);
        if claims.is_empty() {
            return Ok(());
        }
        let grants = self.leases.lease(&self.node, &claims)?;
        if !gives_all_back {
            let grants: Vec<(Claim, Grant)> = claims.into_iter().zip(grants).collect();
            self.budgets.allot(&grants, self.clock.wall());
        }
        Ok(())
    }
}
