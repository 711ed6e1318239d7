//! Points in time, and the one trait through which time enters.
//!
//! Deliberately absent: any call to a system clock. Pure code is handed a [`Moment`]; only a [`Clock`] makes one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on a monotonic clock, in nanoseconds since an arbitrary start (of the process, or of a simulation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The clock's start.
    pub const ZERO: Self = Self(0);
    /// Later than every other moment; used as "no deadline".
    pub const FAR: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the clock's start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to `self`; zero if `earlier` is in fact later, so that a clock that steps back is harmless.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `wait` later, at most [`Moment::FAR`].
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Wall-clock time in milliseconds since 1970-01-01T00:00:00Z, for records that people and other machines read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The monotonic present.
    fn now(&self) -> Moment;
    /// The wall-clock present.
    fn wall(&self) -> UnixMillis;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_steps_back_yields_zero_and_not_a_panic() {
        assert_eq!(Moment::from_nanos(5).since(Moment::from_nanos(9)), Duration::ZERO);
    }

    #[test]
    fn a_wait_beyond_the_end_of_time_is_the_end_of_time() {
        assert_eq!(Moment::from_nanos(1).after(Duration::MAX), Moment::FAR);
    }
}
