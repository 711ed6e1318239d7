//! What the provider counts.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Calls for an answer.
    pub calls: u64,
    /// Calls that were admitted.
    pub admitted: u64,
    /// Calls refused with 429.
    pub refused: u64,
    /// Input tokens of admitted calls.
    pub input_tokens: u64,
    /// Output tokens generated.
    pub output_tokens: u64,
    /// Answers whose client hung up before their end.
    pub abandoned: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) admitted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) input_tokens: AtomicU64,
    pub(crate) output_tokens: AtomicU64,
    pub(crate) abandoned: AtomicU64,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            calls: read(&self.calls),
            admitted: read(&self.admitted),
            refused: read(&self.refused),
            input_tokens: read(&self.input_tokens),
            output_tokens: read(&self.output_tokens),
            abandoned: read(&self.abandoned),
        }
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
