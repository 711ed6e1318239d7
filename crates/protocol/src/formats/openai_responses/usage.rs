//! `usage`, read and written. It prices nothing.

use paceway_domain::{ServiceTier, Sold, Terms, Tokens, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;
use crate::lenient;

/// `usage` as OpenAI writes it. `input_tokens` includes what was read from and written to the cache.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireUsage {
    input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
    /// xAI's count of what its own tools did (docs.x.ai, tools).
    #[serde(default, deserialize_with = "lenient::maybe")]
    server_side_tool_usage_details: Option<ServerTools>,
}

#[derive(Debug, Default, Deserialize)]
struct ServerTools {
    #[serde(default, deserialize_with = "lenient::count")]
    web_search_calls: u64,
}

/// Searches of the web among the items of an answer. Opening a page, or looking something up in one, is no search.
pub(super) fn searches(output: &[&RawValue]) -> u32 {
    #[derive(Deserialize)]
    struct Item {
        r#type: String,
        #[serde(default, deserialize_with = "lenient::maybe")]
        action: Option<Action>,
    }
    #[derive(Deserialize)]
    struct Action {
        r#type: String,
    }
    let is_search = |raw: &&&RawValue| {
        raw.get().contains("web_search_call")
            && serde_json::from_str::<Item>(raw.get()).is_ok_and(|item| {
                item.r#type == "web_search_call" && item.action.is_none_or(|action| action.r#type == "search")
            })
    };
    u32::try_from(output.iter().filter(is_search).count()).unwrap_or(u32::MAX)
}

/// What a response, whole or at the end of a stream, says was sold.
#[derive(Deserialize)]
pub(super) struct WireSold<'a> {
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    output: Vec<&'a RawValue>,
    #[serde(default, deserialize_with = "lenient::tier")]
    service_tier: Option<ServiceTier>,
}

impl WireSold<'_> {
    pub(super) fn read(&self) -> Option<Sold> {
        let usage = self.usage.as_ref()?.read_with(searches(&self.output));
        Some(Sold { usage, terms: Terms::at(self.service_tier.unwrap_or_default()), ..Sold::default() })
    }
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
    /// The usage, its kinds made disjoint, in an answer with so many searches of the web.
    pub(super) fn read_with(&self, searches: u32) -> Usage {
        let counted = self.server_side_tool_usage_details.as_ref().map_or(0, |tools| tools.web_search_calls);
        let counted = u32::try_from(counted).unwrap_or(u32::MAX);
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
            web_searches: searches.max(counted),
            ..Usage::default()
        }
    }
}

/// What an answer's body says was sold.
pub(super) fn of_body(body: &[u8]) -> Option<Sold> {
    serde_json::from_slice::<WireSold<'_>>(body).ok()?.read()
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
