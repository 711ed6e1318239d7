//! Perfect knowledge: one queue in the order of arrival, and an exact copy of the provider's buckets.
//!
//! It knows limits, changes and output lengths beforehand, which nobody does in earnest.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::books::Books;
use super::scenario::Scenario;
use super::workload::Job;

/// How much later than its own copy the provider may be in what it does, in seconds: calls take time on a busy machine.
const MARGIN_S: f64 = 0.05;
/// How often it looks whether the first in the queue fits.
const LOOK: Duration = Duration::from_millis(4);
const ONE_MISTAKE: Duration = Duration::from_millis(200);

pub(crate) struct Oracle {
    start: Instant,
    /// Tokio's mutex is handed on in the order in which it was asked for: it is the queue.
    turn: tokio::sync::Mutex<()>,
    books: Mutex<Books>,
    last_refusal: Mutex<Option<Instant>>,
}

impl Oracle {
    pub(crate) fn new(scenario: &Scenario, during: f64, start: Instant) -> Self {
        let books = Mutex::new(Books::new(scenario, during, MARGIN_S));
        Self { start, turn: tokio::sync::Mutex::default(), books, last_refusal: Mutex::default() }
    }

    /// Waits until it is this request's turn and it fits.
    pub(crate) async fn admit(&self, job: &Job) {
        let _turn = self.turn.lock().await;
        while !self.take(job) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The provider was later than the margin allows for: it has refilled less than the copy.
    pub(crate) fn refused(&self) {
        let mut last = self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that were sent together are one mistake.
        if last.is_none_or(|last| last.elapsed() > ONE_MISTAKE) {
            *last = Some(self.start + self.start.elapsed());
            self.books().fall_back(MARGIN_S);
        }
    }

    /// The request is over.
    pub(crate) fn ended(&self) {
        self.books().ended();
    }

    fn take(&self, job: &Job) -> bool {
        let now = self.start.elapsed().as_secs_f64();
        self.books().take(now, job)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
