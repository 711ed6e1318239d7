//! What a pool is limited to, and what a request costs in each dimension.

use paceway_domain::{Counted, Tokens, Usage};

use crate::bucket::Rate;

/// More than any request can cost: an absurd `max_tokens` must not overflow sums.
const MOST: u64 = 1 << 40;

/// How a provider charges requests against its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charging {
    /// Output as it is generated; `max_tokens` does not matter, and refused calls are free (Anthropic).
    AsGenerated,
    /// At admission, as the most that the request may generate; not returned when less is generated, and refused calls
    /// count as requests (OpenAI, Azure).
    Reserved,
    /// At admission, as the most that the request may generate; what was not generated is returned (Bedrock).
    ReservedThenSettled,
}

impl Charging {
    /// Whether a call that the provider refuses counts as a request there.
    pub fn charges_refused_calls(self) -> bool {
        self == Self::Reserved
    }
}

/// What may be learned about a pool's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learning {
    /// Nothing: the limits are ours, or the operator wants exactly these.
    Nothing,
    /// Everything. What is declared is where to begin.
    Everything,
    /// Everything, but no rate above a declared one.
    UpToDeclared,
}

/// The limits of one pool. What is not limited is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rates, at most one for each dimension.
    pub rates: Vec<(Counted, Rate)>,
    /// Requests in flight at once.
    pub concurrency: Option<u32>,
    /// How requests are charged.
    pub charging: Charging,
    /// What may be learned.
    pub learning: Learning,
}

impl Limits {
    /// No limit at all, and none will be learned.
    pub fn none() -> Self {
        Self {
            rates: Vec::new(),
            concurrency: None,
            charging: Charging::AsGenerated,
            learning: Learning::Nothing,
        }
    }

    /// No limit is known yet.
    pub fn unknown(charging: Charging) -> Self {
        Self { charging, learning: Learning::Everything, ..Self::none() }
    }
}

/// What a request costs, or is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Input tokens that count towards limits.
    pub input: Tokens,
    /// Output tokens: expected before, generated after.
    pub output: Tokens,
    /// The most output tokens that it may generate; what providers that reserve charge.
    pub max_output: Tokens,
}

impl Cost {
    /// What a finished request counts for: input read from a cache is free towards limits (Anthropic's rule; see
    /// platform.claude.com/docs/en/api/rate-limits, "cache-aware ITPM").
    pub fn of(usage: &Usage) -> Self {
        Self { input: usage.input + usage.cache_write(), output: usage.output, max_output: usage.output }
    }

    /// Units taken at admission; at most [`MOST`].
    pub(crate) fn at_admission(&self, counted: Counted, charging: Charging) -> u64 {
        let output = match charging {
            Charging::AsGenerated => self.output,
            Charging::Reserved | Charging::ReservedThenSettled => self.max_output.max(self.output),
        };
        match counted {
            Counted::Requests => 1,
            Counted::Input => self.input.get(),
            Counted::Output => output.get(),
            // OpenAI: "the maximum of max_tokens and the estimated number of tokens based on the character count"
            // (platform.openai.com/docs/guides/rate-limits, read 2026-10).
            Counted::Total if charging == Charging::Reserved => self.input.max(output).get(),
            Counted::Total => (self.input + output).get(),
        }
        .min(MOST)
    }

    /// Units that a finished request has used, where the truth replaces what was taken.
    pub(crate) fn at_settlement(&self, counted: Counted) -> u64 {
        match counted {
            Counted::Requests => 1,
            Counted::Input => self.input.get(),
            Counted::Output => self.output.get(),
            Counted::Total => (self.input + self.output).get(),
        }
        .min(MOST)
    }

    /// The part of what is taken at admission that the provider charges only as it is generated.
    pub(crate) fn charged_later(&self, counted: Counted, charging: Charging) -> u64 {
        match (counted, charging) {
            (Counted::Output | Counted::Total, Charging::AsGenerated) => self.output.get().min(MOST),
            _ => 0,
        }
    }
}
