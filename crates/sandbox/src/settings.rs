//! What the simulated provider does, all of it adjustable in mid-run.

use serde::{Deserialize, Serialize};

use crate::faults::Faults;

/// All settings. What is left out has its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where chance begins. The same seed and the same conversation give the same answer, streamed or not.
    pub seed: u64,
    /// Limits of each model class for each API key.
    pub limits: Limits,
    /// How long answers take.
    pub latency: Latency,
    /// How long answers are.
    pub output: OutputLength,
    /// What goes wrong.
    pub faults: Faults,
    /// What it does not say.
    pub quiet: Quiet,
    /// Whether parallel tool calls are streamed in turns, a piece of each, where the dialect allows it (OpenAI Chat).
    pub interleave: bool,
}

/// Rate limits, per API key and model class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests per minute.
    pub requests_per_minute: u64,
    /// Uncached input tokens per minute (Anthropic's and Gemini's dialects).
    pub input_tokens_per_minute: u64,
    /// Output tokens per minute (Anthropic's dialect).
    pub output_tokens_per_minute: u64,
    /// Tokens per minute (OpenAI's and Bedrock's dialects).
    pub tokens_per_minute: u64,
    /// Requests at once; 0: no limit.
    pub concurrency: u32,
    /// Seconds of refill that may be used at once, 0 < n ≤ 60.
    pub burst_s: f64,
    /// The share of each limit per minute, from 0 to 1, that somebody else uses up all the time without a word. Full
    /// buckets stay full: their refill is what the other one takes. Not of `concurrency`.
    pub others: f64,
}

impl Default for Limits {
    /// Anthropic's "Start" tier since 2026-06-26 (platform.claude.com/docs/en/api/rate-limits, read 2026-10).
    fn default() -> Self {
        Self {
            requests_per_minute: 1_000,
            input_tokens_per_minute: 2_000_000,
            output_tokens_per_minute: 400_000,
            tokens_per_minute: 2_000_000,
            concurrency: 0,
            burst_s: 60.0,
            others: 0.0,
        }
    }
}

/// How long answers take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// To the first token, in milliseconds.
    pub first_token_ms: u64,
    /// Between tokens, in milliseconds.
    pub per_token_ms: f64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { first_token_ms: 120, per_token_ms: 4.0 }
    }
}

/// How long answers are, before `max_tokens` and stop sequences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputLength {
    /// The shortest, in tokens.
    pub min_tokens: u64,
    /// The longest, in tokens.
    pub max_tokens: u64,
}

impl Default for OutputLength {
    fn default() -> Self {
        Self { min_tokens: 40, max_tokens: 120 }
    }
}

/// What the provider keeps to itself, as Bedrock, Vertex and Ollama do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quiet {
    /// No answer has rate-limit headers.
    pub limit_headers: bool,
    /// A 429 names no limit and no wait, neither in its body nor in its headers.
    pub reasons: bool,
}
