//! What can be seen of the scheduler at one moment, for people, headers and metrics.

use std::fmt;
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

/// Why a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A limit of our own has nothing free for it; `None` is the number of requests at once.
    OwnLimit(Option<Dimension>),
    /// The provider's limit has nothing free for it.
    Limit(Dimension),
    /// As many are in flight as may be.
    InFlight,
    /// The provider lets nothing through.
    Closed(Cause),
    /// It fits, and others are before it.
    Queue,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnLimit(Some(dimension)) => write!(f, "own limit: {dimension}"),
            Self::OwnLimit(None) => f.write_str("own limit: requests at once"),
            Self::Limit(dimension) => write!(f, "{dimension}"),
            Self::InFlight => f.write_str("requests at once"),
            Self::Closed(cause) => write!(f, "provider closed: {}", cause.name()),
            Self::Queue => f.write_str("others first"),
        }
    }
}
