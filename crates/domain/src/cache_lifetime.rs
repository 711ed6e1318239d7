//! How long a provider keeps the beginning of a prompt in its cache.

use std::time::Duration;

/// The lifetime of a prompt cache's entry, counted from its last use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheLifetime {
    /// What is not asked for otherwise.
    FiveMinutes,
    /// Costs more to write.
    OneHour,
}

impl CacheLifetime {
    /// As a span of time.
    pub const fn duration(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_mins(5),
            Self::OneHour => Duration::from_hours(1),
        }
    }
}
