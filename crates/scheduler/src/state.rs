//! What can be seen of the scheduler at one moment, for people, headers and metrics.

use std::time::Duration;

use paceway_domain::{Cause, Dimension};

use crate::meter::Source;

/// One limit.
#[derive(Debug, Clone, PartialEq)]
pub struct MeterState {
    /// What is limited.
    pub dimension: Dimension,
    /// Units per window.
    pub limit: u64,
    /// The most that can be free at once.
    pub burst: u64,
    /// Free whole units; negative when overdrawn.
    pub free: i128,
    /// Where the limit is known from.
    pub source: Source,
    /// Units per second that somebody else takes, as far as it shows.
    pub others_per_second: f64,
    /// Units per second that were used of late.
    pub used_per_second: f64,
    /// When nothing will be free if use goes on as of late; `None` if the refill keeps up with it.
    pub exhausted_in: Option<Duration>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolState {
    /// Its limits.
    pub meters: Vec<MeterState>,
    /// Requests admitted and not yet settled.
    pub in_flight: u32,
    /// The most that may be in flight; `None` if there is no bound.
    pub most_in_flight: Option<u32>,
    /// Why the provider lets nothing through, and for how long.
    pub closed: Option<(Cause, Duration)>,
}
