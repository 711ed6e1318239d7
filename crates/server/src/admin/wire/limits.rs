//! Limits of a key's own, as JSON.

use paceway_gateway::administration::OwnLimits;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Limits of a key's own; what is absent is not limited
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u64>,
    /// What is read from a provider's cache does not count
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_per_minute: Option<u64>,
    /// Input and output
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_day: Option<u64>,
    /// Input and output
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_day: Option<u64>,
    /// Requests at once
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    /// Seconds of a minute's limit that may be used at once; 1 to 60. Absent: 60
    #[serde(skip_serializing_if = "Option::is_none")]
    burst_s: Option<u64>,
}

impl From<OwnLimits> for KeyLimits {
    fn from(own: OwnLimits) -> Self {
        Self {
            requests_per_minute: own.requests_per_minute,
            input_tokens_per_minute: own.input_tokens_per_minute,
            output_tokens_per_minute: own.output_tokens_per_minute,
            tokens_per_minute: own.tokens_per_minute,
            requests_per_day: own.requests_per_day,
            tokens_per_day: own.tokens_per_day,
            concurrency: own.concurrency,
            burst_s: own.burst_s,
        }
    }
}

impl From<KeyLimits> for OwnLimits {
    fn from(said: KeyLimits) -> Self {
        Self {
            requests_per_minute: said.requests_per_minute,
            input_tokens_per_minute: said.input_tokens_per_minute,
            output_tokens_per_minute: said.output_tokens_per_minute,
            tokens_per_minute: said.tokens_per_minute,
            requests_per_day: said.requests_per_day,
            tokens_per_day: said.tokens_per_day,
            concurrency: said.concurrency,
            burst_s: said.burst_s,
        }
    }
}
