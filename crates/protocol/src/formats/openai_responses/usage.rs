//! `usage`, read and written. It prices nothing.

use paceway_domain::{Tokens, Usage};
use serde::Deserialize;

use crate::compose::ObjectWriter;

/// `usage` as OpenAI writes it. `input_tokens` includes what was read from and written to the cache.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireUsage {
    input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    /// Written to a cache of 30 minutes or 12 hours, at one price: it is counted as the shorter kind.
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl WireUsage {
    /// The usage, its kinds made disjoint.
    pub(super) fn read(&self) -> Usage {
        let input = self.input_tokens.unwrap_or(0);
        let output = self.output_tokens.unwrap_or(0);
        let details = self.input_tokens_details.as_ref();
        let cached = details.and_then(|d| d.cached_tokens).unwrap_or(0).min(input);
        let written = details.and_then(|d| d.cache_write_tokens).unwrap_or(0).min(input - cached);
        let reasoning = self.output_tokens_details.as_ref().and_then(|d| d.reasoning_tokens).unwrap_or(0);
        Usage {
            input: Tokens(input - cached - written),
            cache_read: Tokens(cached),
            cache_write_5m: Tokens(written),
            cache_write_1h: Tokens::ZERO,
            output: Tokens(output),
            reasoning: Tokens(reasoning.min(output)),
            ..Usage::default()
        }
    }
}

/// The usage in an answer's body.
pub(super) fn of_body(body: &[u8]) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Body {
        usage: WireUsage,
    }
    serde_json::from_slice(body).ok().map(|body: Body| body.usage.read())
}

/// Writes it as the field `usage`.
pub(super) fn write(usage: &Usage, response: &mut ObjectWriter<'_>) {
    response.object("usage", |fields| {
        fields.field("input_tokens", &usage.input_total());
        fields.object("input_tokens_details", |details| {
            details.field("cached_tokens", &usage.cache_read);
            details.field("cache_write_tokens", &usage.cache_write());
        });
        fields.field("output_tokens", &usage.output);
        fields.object("output_tokens_details", |details| {
            details.field("reasoning_tokens", &usage.reasoning);
        });
        fields.field("total_tokens", &(usage.input_total() + usage.output));
    });
}
