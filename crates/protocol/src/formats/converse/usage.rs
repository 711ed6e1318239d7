//! `usage`, read and written. It prices nothing.

use paceway_domain::{ServiceTier, Sold, Terms, Tokens, Usage};
use serde::Deserialize;

use crate::compose::{self, ObjectWriter};
use crate::lenient;

/// `TokenUsage`. `inputTokens` leaves out what was read from or written to a cache
/// (docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_details: Option<Vec<CacheDetail>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CacheDetail {
    ttl: Option<String>,
    input_tokens: Option<u64>,
}

impl WireUsage {
    pub(super) fn read(&self) -> Usage {
        let details = self.cache_details.as_deref().unwrap_or_default();
        let of_details = |hour: bool| -> u64 {
            let of_ttl = details.iter().filter(|detail| (detail.ttl.as_deref() == Some("1h")) == hour);
            of_ttl.filter_map(|detail| detail.input_tokens).fold(0, u64::saturating_add)
        };
        let (hour, minutes) = (of_details(true), of_details(false));
        let written = self.cache_write_input_tokens.unwrap_or(hour.saturating_add(minutes));
        let hour = hour.min(written);
        Usage {
            input: Tokens(self.input_tokens.unwrap_or(0)),
            cache_read: Tokens(self.cache_read_input_tokens.unwrap_or(0)),
            cache_write_5m: Tokens(written - hour),
            cache_write_1h: Tokens(hour),
            output: Tokens(self.output_tokens.unwrap_or(0)),
            reasoning: Tokens::ZERO,
            ..Usage::default()
        }
    }
}

/// What a whole answer, or the event that ends a stream, says was sold (API_runtime_Converse, `serviceTier`,
/// `performanceConfig`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireSold {
    usage: WireUsage,
    #[serde(default, deserialize_with = "lenient::maybe")]
    service_tier: Option<WireTier>,
    #[serde(default, deserialize_with = "lenient::maybe")]
    performance_config: Option<WirePerformance>,
}

#[derive(Deserialize)]
struct WireTier {
    r#type: String,
}

#[derive(Deserialize)]
struct WirePerformance {
    latency: String,
}

impl WireSold {
    pub(super) fn read(&self) -> Sold {
        let is_fast = self.performance_config.as_ref().is_some_and(|config| config.latency == "optimized");
        let told = self.service_tier.as_ref().map(|tier| lenient::tier_named(&tier.r#type));
        let tier = if is_fast { ServiceTier::Fast } else { told.unwrap_or_default() };
        Sold { usage: self.usage.read(), terms: Terms::at(tier), ..Sold::default() }
    }
}

/// What a whole answer says was sold.
pub(super) fn of_answer(body: &[u8]) -> Option<Sold> {
    serde_json::from_slice(body).ok().map(|sold: WireSold| sold.read())
}

/// Writes the fields of `usage`.
pub(super) fn write(usage: &Usage, fields: &mut ObjectWriter<'_>) {
    fields.field("inputTokens", &usage.input).field("outputTokens", &usage.output);
    fields.field("totalTokens", &(usage.input_total() + usage.output));
    fields.field("cacheReadInputTokens", &usage.cache_read);
    fields.field("cacheWriteInputTokens", &usage.cache_write());
    if usage.cache_write() == Tokens::ZERO {
        return;
    }
    fields.array("cacheDetails", |details| {
        for (ttl, tokens) in [("1h", usage.cache_write_1h), ("5m", usage.cache_write_5m)] {
            if tokens > Tokens::ZERO {
                details.object(|detail| {
                    detail.field("ttl", ttl).field("inputTokens", &tokens);
                });
            }
        }
    });
}

/// `{"usage":{…},"metrics":{…}}`, the event that ends a stream. How long the provider took is not known here.
pub(super) fn write_metadata(usage: &Usage) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    compose::object(&mut out, |event| {
        event.object("usage", |fields| write(usage, fields));
        event.object("metrics", |metrics| {
            metrics.field("latencyMs", &0);
        });
    });
    out
}
