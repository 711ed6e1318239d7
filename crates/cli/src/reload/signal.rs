//! Loading at SIGHUP.

use std::sync::Arc;

use tokio::signal::unix::Signal;

use super::{Reloader, attempt};

/// Loads the configuration at each signal. Runs without end: its owner spawns it once and aborts it.
pub(crate) async fn at_signal(reloader: Arc<Reloader>, mut hang_up: Signal) {
    while hang_up.recv().await.is_some() {
        attempt(&reloader, "signal").await;
    }
}
