//! What is let go when it is old: kept responses, entries of the audit log. By the bounds of the configuration in force.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::UnixMillis;
use paceway_domain::day::DAY_MS;
use paceway_gateway::Administration;
use paceway_store::{Responses, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{self, Config};

/// How often it is looked for.
const SWEEP: Duration = Duration::from_hours(1);

/// How long things are kept, for the tasks that let them go.
pub(super) struct Kept {
    responses: watch::Sender<config::Responses>,
    /// The audit log, in days.
    audit: watch::Sender<u64>,
}

impl Kept {
    /// As another configuration says.
    pub(super) fn replace(&self, config: &Config) {
        self.responses.send_replace(config.responses.clone());
        self.audit.send_replace(config.admin.audit_keep_days);
    }
}

/// Begins to let things go; what is spawned runs without end.
pub(super) fn begin(
    config: &Config,
    store: &Store,
    administration: &Arc<Administration>,
) -> (Kept, [JoinHandle<()>; 2]) {
    let (responses, responses_kept) = watch::channel(config.responses.clone());
    let (audit, audit_kept) = watch::channel(config.admin.audit_keep_days);
    let sweeping = sweep_responses(Arc::clone(&store.responses), responses_kept);
    let trimming = trim_audit(Arc::clone(administration), audit_kept);
    (Kept { responses, audit }, [tokio::spawn(sweeping), tokio::spawn(trimming)])
}

/// Forgets responses that are too old or too many.
async fn sweep_responses(responses: Arc<dyn Responses>, mut bounds: watch::Receiver<config::Responses>) {
    loop {
        let bounds_now = bounds.borrow_and_update().clone();
        let before = UnixMillis(super::wall_clock().0.saturating_sub(bounds_now.keep_days * DAY_MS));
        let store = Arc::clone(&responses);
        let swept = tokio::task::spawn_blocking(move || store.sweep(before, bounds_now.keep_at_most)).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "kept responses could not be swept");
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {}
            changed = bounds.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Lets old entries of the audit log go, now and every hour.
async fn trim_audit(administration: Arc<Administration>, mut keep_days: watch::Receiver<u64>) {
    loop {
        let days = *keep_days.borrow_and_update();
        if days > 0 {
            let administration = Arc::clone(&administration);
            let trimmed = tokio::task::spawn_blocking(move || administration.trim_audit(days)).await;
            if let Ok(Err(error)) = trimmed {
                tracing::warn!(%error, "old entries of the audit log could not be deleted");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {}
            changed = keep_days.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}
