//! What is limited, and what a request costs in each dimension.

use paceway_domain::{Tokens, Usage};

/// A quota that refills continuously.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units refilled per minute.
    pub per_minute: u64,
    /// The most that can be free at once.
    pub burst: u64,
}

impl Rate {
    /// `per_minute` units a minute, with a burst of what refills in `burst_seconds` (at least one unit).
    pub fn per_minute(per_minute: u64, burst_seconds: u64) -> Self {
        Self { per_minute, burst: (per_minute.saturating_mul(burst_seconds) / 60).max(1) }
    }
}

/// A kind of quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Requests per minute.
    Requests,
    /// Uncached input tokens per minute.
    Input,
    /// Output tokens per minute.
    Output,
    /// Input and output tokens together per minute.
    Total,
}

impl Dimension {
    /// All of them, in the order in which they are checked.
    pub const ALL: [Self; 4] = [Self::Requests, Self::Input, Self::Output, Self::Total];

    /// The name used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests per minute",
            Self::Input => "input tokens per minute",
            Self::Output => "output tokens per minute",
            Self::Total => "tokens per minute",
        }
    }
}

/// How a provider charges output against its token limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charging {
    /// As it is generated; `max_tokens` does not matter (Anthropic).
    AsGenerated,
    /// At admission, as the most that the request may generate; not returned when less is generated (OpenAI).
    Reserved,
}

/// The limits of one pool. An absent limit does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests per minute.
    pub requests: Option<Rate>,
    /// Uncached input tokens per minute.
    pub input: Option<Rate>,
    /// Output tokens per minute.
    pub output: Option<Rate>,
    /// Input and output tokens together per minute.
    pub total: Option<Rate>,
    /// Requests in flight at once.
    pub concurrency: Option<u32>,
    /// How output is charged.
    pub charging: Charging,
}

impl Limits {
    /// No limit at all.
    pub const NONE: Self = Self {
        requests: None,
        input: None,
        output: None,
        total: None,
        concurrency: None,
        charging: Charging::AsGenerated,
    };

    pub(crate) fn rate(&self, dimension: Dimension) -> Option<Rate> {
        match dimension {
            Dimension::Requests => self.requests,
            Dimension::Input => self.input,
            Dimension::Output => self.output,
            Dimension::Total => self.total,
        }
    }
}

/// What a request costs, or is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Input tokens that count towards limits.
    pub input: Tokens,
    /// Output tokens: expected before, generated after.
    pub output: Tokens,
}

impl Cost {
    /// What a finished request counts for: input read from a cache is free towards limits (Anthropic's rule; see
    /// platform.claude.com/docs/en/api/rate-limits, "cache-aware ITPM").
    pub fn of(usage: &Usage) -> Self {
        Self { input: usage.input + usage.cache_write(), output: usage.output }
    }

    pub(crate) fn in_dimension(self, dimension: Dimension, charging: Charging) -> u64 {
        match dimension {
            Dimension::Requests => 1,
            Dimension::Input => self.input.get(),
            Dimension::Output => self.output.get(),
            // OpenAI: "the maximum of max_tokens and the estimated number of tokens based on the character count"
            // (platform.openai.com/docs/guides/rate-limits, read 2026-10).
            Dimension::Total if charging == Charging::Reserved => self.input.max(self.output).get(),
            Dimension::Total => (self.input + self.output).get(),
        }
    }
}
