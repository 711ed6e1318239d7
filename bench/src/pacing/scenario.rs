//! The loads and the providers that pacing is tried with.

use serde_json::{Value, json};

use super::bucket::{Capacity, Phase};
use crate::upstream::Dialect;

/// How long the overload episode is, in seconds.
const EPISODE_S: f64 = 20.0;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dimension {
    Requests,
    Input,
    Output,
    Tokens,
    /// Requests at once, as seconds of one place.
    Places,
}

impl Dimension {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Input => "input tokens",
            Self::Output => "output tokens",
            Self::Tokens => "tokens",
            Self::Places => "requests at once",
        }
    }
}

/// When requests arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Arrivals {
    /// At this multiple of the attainable rate, at random.
    Poisson(f64),
    /// At this multiple for 20 s, then not at all for 40 s, and again.
    OnOff(f64),
    /// All at once, worth so many minutes of quota.
    Batch(f64),
}

/// How large requests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    AsDrawn,
    /// Short prompts, long answers.
    OutputBound,
    /// Short prompts, short answers.
    RequestBound,
    /// A tenth of the prompts takes a quarter to a half of the bucket of input tokens, the others are small.
    LargePrompts,
}

/// One load and one provider.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // Each is a circumstance of its own; none is a state.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) arrivals: Arrivals,
    pub(crate) shape: Shape,
    /// Whether one tenant sends nearly everything, and the others half of their share.
    pub(crate) is_flooded: bool,
    /// Whether half of the prompts are Chinese and half JSON, or all English.
    pub(crate) is_exotic: bool,
    pub(crate) burst_s: f64,
    pub(crate) concurrency: u32,
    pub(crate) per_token_ms: f64,
    pub(crate) others: f64,
    pub(crate) no_limit_headers: bool,
    pub(crate) no_reasons: bool,
    pub(crate) refused_by_chance: f64,
    /// What changes on the way.
    pub(crate) event: Event,
    /// How much longer than asked for requests arrive: a bucket of a minute bears a slight overload for minutes.
    pub(crate) stretch: f64,
}

/// What changes on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Nothing,
    /// Limits halve after a third of the time and return after two thirds.
    Cut,
    /// The provider refuses everything for a while after a third of the time.
    Overload,
}

impl Scenario {
    pub(crate) const REQUESTS_PER_MINUTE: f64 = 200.0;
    pub(crate) const INPUT_PER_MINUTE: f64 = 200_000.0;
    pub(crate) const OUTPUT_PER_MINUTE: f64 = 30_000.0;
    /// OpenAI's, in and out together.
    pub(crate) const TOKENS_PER_MINUTE: f64 = 200_000.0;
    pub(crate) const FIRST_TOKEN_MS: f64 = 120.0;

    fn at(name: &'static str, load: f64) -> Self {
        Self {
            name,
            dialect: Dialect::Anthropic,
            arrivals: Arrivals::Poisson(load),
            shape: Shape::AsDrawn,
            is_flooded: false,
            is_exotic: false,
            burst_s: 60.0,
            concurrency: 0,
            per_token_ms: 4.0,
            others: 0.0,
            no_limit_headers: false,
            no_reasons: false,
            refused_by_chance: 0.0,
            event: Event::Nothing,
            stretch: 1.0,
        }
    }

    pub(crate) fn all() -> Vec<Self> {
        let silent = |name| Self { no_limit_headers: true, ..Self::at(name, 2.0) };
        vec![
            Self::at("0.8x", 0.8),
            Self { stretch: 2.0, ..Self::at("1.5x", 1.5) },
            Self::at("3x", 3.0),
            Self { arrivals: Arrivals::Batch(3.3), ..Self::at("batch", 0.0) },
            Self { arrivals: Arrivals::OnOff(3.0), ..Self::at("on-off", 0.0) },
            Self { burst_s: 10.0, ..Self::at("tight-burst", 2.0) },
            Self { shape: Shape::OutputBound, ..Self::at("output-bound", 2.0) },
            Self { shape: Shape::RequestBound, ..Self::at("request-bound", 2.0) },
            Self { is_flooded: true, ..Self::at("flood", 3.0) },
            Self { is_exotic: true, ..Self::at("chinese-json", 2.0) },
            Self { event: Event::Cut, ..Self::at("limit-cut", 2.0) },
            Self { others: 0.3, ..Self::at("silent-user", 2.0) },
            silent("no-headers"),
            Self { no_reasons: true, ..silent("no-signals") },
            Self { refused_by_chance: 0.02, ..Self::at("faults", 0.8) },
            Self { event: Event::Overload, ..Self::at("overload", 0.8) },
            Self { concurrency: 8, per_token_ms: 40.0, ..Self::at("concurrency-8", 2.0) },
            Self { dialect: Dialect::OpenAi, ..Self::at("openai", 2.0) },
            Self { shape: Shape::LargePrompts, ..Self::at("large-prompts", 2.0) },
        ]
    }

    /// What is in force when, if requests arrive for so many seconds.
    pub(crate) fn phases(&self, during: f64) -> Vec<Phase> {
        let phase = |from: f64, factor: f64, is_closed: bool| Phase { from, factor, is_closed };
        let third = during / 3.0;
        let mut phases = vec![phase(0.0, 1.0, false)];
        match self.event {
            Event::Nothing => {}
            Event::Cut => phases.extend([phase(third, 0.5, false), phase(2.0 * third, 1.0, false)]),
            Event::Overload => {
                phases.extend([phase(third, 1.0, true), phase(third + EPISODE_S, 1.0, false)]);
            }
        }
        phases
    }

    /// Every limit that holds.
    pub(crate) fn dimensions(&self) -> Vec<Dimension> {
        let mut dimensions = match self.dialect {
            Dialect::Anthropic => vec![Dimension::Requests, Dimension::Input, Dimension::Output],
            Dialect::OpenAi => vec![Dimension::Requests, Dimension::Tokens],
        };
        if self.concurrency > 0 {
            dimensions.push(Dimension::Places);
        }
        dimensions
    }

    /// What is left of a limit by others.
    pub(crate) fn capacity(&self, dimension: Dimension, during: f64) -> Capacity {
        let mut phases = self.phases(during);
        let per_minute = match dimension {
            Dimension::Requests => Self::REQUESTS_PER_MINUTE,
            Dimension::Input => Self::INPUT_PER_MINUTE,
            Dimension::Output => Self::OUTPUT_PER_MINUTE,
            Dimension::Tokens => Self::TOKENS_PER_MINUTE,
            Dimension::Places => {
                for phase in &mut phases {
                    phase.factor = 1.0;
                }
                return Capacity { rate: f64::from(self.concurrency), burst: 0.0, phases };
            }
        };
        let per_second = per_minute / 60.0;
        Capacity { rate: per_second * (1.0 - self.others), burst: per_second * self.burst_s, phases }
    }

    /// The sandbox's settings in this phase.
    #[allow(clippy::cast_possible_truncation)] // Limits are small whole numbers.
    pub(crate) fn settings(&self, phase: Phase, seed: u64) -> Value {
        let limit = |per_minute: f64| json!((per_minute * phase.factor).round() as i64);
        json!({
            "seed": seed,
            "limits": {
                "requests_per_minute": limit(Self::REQUESTS_PER_MINUTE),
                "input_tokens_per_minute": limit(Self::INPUT_PER_MINUTE),
                "output_tokens_per_minute": limit(Self::OUTPUT_PER_MINUTE),
                "tokens_per_minute": limit(Self::TOKENS_PER_MINUTE),
                "concurrency": self.concurrency,
                "burst_s": self.burst_s,
                "others": self.others,
            },
            "latency": {"first_token_ms": Self::FIRST_TOKEN_MS as i64, "per_token_ms": self.per_token_ms},
            "faults": {
                "rate_limited": if phase.is_closed { 0.0 } else { self.refused_by_chance },
                "overloaded": if phase.is_closed { 1.0 } else { 0.0 },
            },
            "quiet": {"limit_headers": self.no_limit_headers, "reasons": self.no_reasons},
        })
    }
}
