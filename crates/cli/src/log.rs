//! The log: lines on standard error, at a level that may change while we run.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The level of the log that was started.
pub(crate) struct Level(Box<dyn Fn(EnvFilter) + Send + Sync>);

impl Level {
    /// From now on this level or filter, which was checked.
    pub(crate) fn set(&self, level: &str) {
        (self.0)(EnvFilter::new(level));
    }
}

/// Starts it, without colours where nobody looks.
pub(crate) fn start(level: &str) -> Level {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_filter_reloading();
    let filter = log.reload_handle();
    log.init();
    Level(Box::new(move |to| {
        if let Err(error) = filter.reload(to) {
            tracing::warn!(%error, "the level of the log could not be changed");
        }
    }))
}
