//! What the provider counts.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::limiter::Kind;

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Calls for an answer.
    pub calls: u64,
    /// Calls that were admitted.
    pub admitted: u64,
    /// Calls refused with 429, for whatever reason.
    pub refused: u64,
    /// The same by reason.
    pub refused_for: Refusals,
    /// Calls failed with 5xx.
    pub failed: u64,
    /// Calls that a fault befell, of whatever kind.
    pub struck: u64,
    /// Input tokens of admitted calls.
    pub input_tokens: u64,
    /// Output tokens generated.
    pub output_tokens: u64,
    /// Pieces of streams that went out; a piece is an event.
    pub streamed: u64,
    /// Answers whose client hung up before their end.
    pub abandoned: u64,
    /// Answers under way now.
    pub in_flight: u64,
    /// The most answers that were ever under way at once.
    pub most_in_flight: u64,
}

/// Calls refused with 429, by what refused them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Refusals {
    /// Requests per minute.
    pub requests: u64,
    /// Input tokens per minute.
    pub input: u64,
    /// Output tokens per minute.
    pub output: u64,
    /// Tokens per minute.
    pub tokens: u64,
    /// Requests at once.
    pub concurrency: u64,
    /// A fault; no limit was reached.
    pub fault: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) admitted: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) struck: AtomicU64,
    pub(crate) input_tokens: AtomicU64,
    pub(crate) output_tokens: AtomicU64,
    pub(crate) streamed: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) most_in_flight: AtomicU64,
    pub(crate) faults: AtomicU64,
    for_requests: AtomicU64,
    for_input: AtomicU64,
    for_output: AtomicU64,
    for_tokens: AtomicU64,
    for_concurrency: AtomicU64,
}

impl Counters {
    /// The counter of the calls that a limit refused.
    pub(crate) fn refused_for(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Requests => &self.for_requests,
            Kind::Input => &self.for_input,
            Kind::Output => &self.for_output,
            Kind::Tokens => &self.for_tokens,
            Kind::Concurrency => &self.for_concurrency,
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let refused_for = Refusals {
            requests: read(&self.for_requests),
            input: read(&self.for_input),
            output: read(&self.for_output),
            tokens: read(&self.for_tokens),
            concurrency: read(&self.for_concurrency),
            fault: read(&self.faults),
        };
        let Refusals { requests, input, output, tokens, concurrency, fault } = refused_for;
        Stats {
            calls: read(&self.calls),
            admitted: read(&self.admitted),
            refused: requests + input + output + tokens + concurrency + fault,
            refused_for,
            failed: read(&self.failed),
            struck: read(&self.struck),
            input_tokens: read(&self.input_tokens),
            output_tokens: read(&self.output_tokens),
            streamed: read(&self.streamed),
            abandoned: read(&self.abandoned),
            in_flight: read(&self.in_flight),
            most_in_flight: read(&self.most_in_flight),
        }
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// Takes from a counter what was added to it before.
pub(crate) fn subtract(counter: &AtomicU64, count: u64) {
    counter.fetch_sub(count, Ordering::Relaxed);
}
