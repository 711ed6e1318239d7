//! What providers limit, and what a response says about it.
//!
//! Only nouns: who reads them off the wire is `protocol::limits`, what follows from them is the scheduler's.

use std::fmt;
use std::time::Duration;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counted {
    /// Requests.
    Requests,
    /// Input tokens that count towards limits: those read from a cache do not, where the provider says so.
    Input,
    /// Output tokens.
    Output,
    /// Input and output tokens together.
    Total,
}

/// The time over which a limit is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// 30 days.
    Month,
}

impl Window {
    /// All of them, shortest first.
    pub const ALL: [Self; 5] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Month];

    /// Its length.
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Month => 30 * 86_400,
        })
    }

    /// `second`, `minute`, `hour`, `day` or `month`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// A kind of limit: requests per minute, tokens per day and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension {
    /// What is counted.
    pub counted: Counted,
    /// Over which time.
    pub window: Window,
}

impl Dimension {
    /// A limit of `counted` per minute.
    pub const fn per_minute(counted: Counted) -> Self {
        Self { counted, window: Window::Minute }
    }
}

impl Counted {
    /// `requests`, `input tokens`, `output tokens` or `tokens`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Input => "input tokens",
            Self::Output => "output tokens",
            Self::Total => "tokens",
        }
    }
}

impl fmt::Display for Dimension {
    /// `input tokens per minute`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.counted.name(), self.window.name())
    }
}

/// What a response's headers said about one limit. Times count from the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReading {
    /// What is counted.
    pub counted: Counted,
    /// Over which time; `None` where the provider does not say, so that it has to be inferred.
    pub window: Option<Window>,
    /// The limit.
    pub limit: Option<u64>,
    /// What is free: at least and at most so much, as far as rounding lets it be known.
    pub remaining: Option<(u64, u64)>,
    /// When all is free again, at the earliest and at the latest.
    pub full_in: Option<(Duration, Duration)>,
}

/// Everything that a response's headers said about limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitReadings {
    /// Limits of known kinds.
    pub limits: Vec<LimitReading>,
    /// A limit of a kind that is not known here is used up, for this long.
    pub closed_for: Option<Duration>,
}

/// Why a provider refused a call for its rate, its load or its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A limit that refills; which one, as far as the refusal says.
    Limit {
        /// What is counted.
        counted: Option<Counted>,
        /// Over which time.
        window: Option<Window>,
    },
    /// Too many calls at once.
    Concurrency,
    /// Use rose too fast.
    Acceleration,
    /// The provider has too much to do, for everybody.
    Overload,
    /// A spend cap is reached: no wait of minutes helps.
    SpendCap,
    /// The account has no credit or is not in order.
    Billing,
    /// The refusal is that of a provider behind an aggregator, not of our account there.
    Elsewhere,
    /// It does not say.
    Unknown,
}

impl Cause {
    /// Whether waiting and asking again can help.
    pub const fn is_curable(self) -> bool {
        !matches!(self, Self::SpendCap | Self::Billing)
    }

    /// The value in logs, metrics and explanations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit { window: Some(Window::Hour | Window::Day | Window::Month), .. } => "long_limit",
            Self::Limit { .. } => "limit",
            Self::Concurrency => "concurrency",
            Self::Acceleration => "acceleration",
            Self::Overload => "overload",
            Self::SpendCap => "spend_cap",
            Self::Billing => "billing",
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "unknown",
        }
    }
}

/// A provider's refusal of a call, as far as it explains itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRefusal {
    /// Why.
    pub cause: Cause,
    /// The limit that was reached.
    pub limit: Option<u64>,
    /// What was used of it.
    pub used: Option<u64>,
    /// What the call needed.
    pub requested: Option<u64>,
    /// How long to wait, where that is stated. Never clamped: a stated wait is a fact.
    pub wait: Option<Duration>,
    /// Whether the provider says that asking again is of no use (`x-should-retry: false`).
    pub is_final: bool,
}
