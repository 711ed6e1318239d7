//! What a request used, as this format tells it.

use paceway_domain::{ServiceTier, Terms, Tokens, Usage};
use serde::Deserialize;

use crate::compose::ObjectWriter;
use crate::lenient;

/// `usage` as Anthropic writes it, whole or in part.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireUsage {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
    #[serde(default, deserialize_with = "lenient::maybe")]
    server_tool_use: Option<ServerTools>,
    /// `standard`, `priority` or `batch`: as it was served, which need not be as it was asked.
    #[serde(default, deserialize_with = "lenient::tier")]
    service_tier: Option<ServiceTier>,
    /// `standard` or `fast`.
    #[serde(default, deserialize_with = "lenient::maybe")]
    speed: Option<String>,
    /// `us`, `global` or `not_available`.
    #[serde(default, deserialize_with = "lenient::maybe")]
    inference_geo: Option<String>,
}

/// What the provider's own tools did. Fetches of pages cost nothing apart.
#[derive(Debug, Default, Deserialize)]
struct ServerTools {
    #[serde(default, deserialize_with = "lenient::count")]
    web_search_requests: u64,
}

#[derive(Debug, Default, Deserialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl WireUsage {
    /// Whether it says how much was answered.
    pub(super) fn tells_output(&self) -> bool {
        self.output_tokens.is_some()
    }

    /// This report laid over an earlier one: in a stream the counts are cumulative, and a later event may repeat or
    /// leave out what an earlier one said.
    pub(super) fn over(&self, earlier: Usage) -> Usage {
        let mut usage = earlier;
        if self.tells_input() {
            if let Some(input) = self.input_tokens {
                usage.input = Tokens(input);
            }
            if let Some(read) = self.cache_read_input_tokens {
                usage.cache_read = Tokens(read);
            }
            self.lay_cache_writes(&mut usage);
        }
        if let Some(output) = self.output_tokens {
            usage.output = Tokens(output);
        }
        if let Some(OutputDetails { thinking_tokens: Some(thinking) }) = self.output_tokens_details {
            usage.reasoning = Tokens(thinking);
        }
        usage.reasoning = usage.reasoning.min(usage.output);
        if let Some(tools) = &self.server_tool_use {
            let searches = u32::try_from(tools.web_search_requests).unwrap_or(u32::MAX);
            usage.web_searches = usage.web_searches.max(searches);
        }
        usage
    }

    /// The terms that this report tells, over those of an earlier one.
    pub(super) fn terms_over(&self, earlier: Terms) -> Terms {
        let is_fast = self.speed.as_deref() == Some("fast");
        let tier = if is_fast { Some(ServiceTier::Fast) } else { self.service_tier };
        let in_us = self.inference_geo.as_deref().map(|place| place == "us");
        // The event at a stream's end tells the level without the speed.
        let tier = tier.filter(|tier| earlier.tier != ServiceTier::Fast || *tier != ServiceTier::Standard);
        Terms { tier: tier.unwrap_or(earlier.tier), in_us: in_us.unwrap_or(earlier.in_us) }
    }

    /// No request is without input: servers that imitate the format send zeros in the event that is not meant to tell it.
    fn tells_input(&self) -> bool {
        let counts = [self.input_tokens, self.cache_read_input_tokens, self.cache_creation_input_tokens];
        counts.into_iter().flatten().any(|count| count > 0)
    }

    fn lay_cache_writes(&self, usage: &mut Usage) {
        let told = self.cache_creation.as_ref();
        let hour = told.and_then(|told| told.ephemeral_1h_input_tokens);
        if let Some(written) = self.cache_creation_input_tokens {
            usage.cache_write_1h = Tokens(hour.unwrap_or(usage.cache_write_1h.0).min(written));
            usage.cache_write_5m = Tokens(written - usage.cache_write_1h.0);
        } else if let Some(told) = told {
            usage.cache_write_1h = Tokens(hour.unwrap_or(0));
            usage.cache_write_5m = Tokens(told.ephemeral_5m_input_tokens.unwrap_or(0));
        }
    }
}

/// Writes `usage` into a message or an event.
pub(super) fn write_usage(object: &mut ObjectWriter<'_>, usage: &Usage) {
    object.object("usage", |fields| {
        fields
            .field("input_tokens", &usage.input)
            .field("cache_creation_input_tokens", &usage.cache_write())
            .field("cache_read_input_tokens", &usage.cache_read)
            .object("cache_creation", |kinds| {
                kinds
                    .field("ephemeral_5m_input_tokens", &usage.cache_write_5m)
                    .field("ephemeral_1h_input_tokens", &usage.cache_write_1h);
            })
            .field("output_tokens", &usage.output);
        if usage.reasoning > Tokens::ZERO {
            fields.object("output_tokens_details", |kinds| {
                kinds.field("thinking_tokens", &usage.reasoning);
            });
        }
        if usage.web_searches > 0 {
            fields.object("server_tool_use", |tools| {
                tools.field("web_search_requests", &usage.web_searches);
            });
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn over(earlier: Usage, json: &str) -> Usage {
        serde_json::from_str::<WireUsage>(json).unwrap().over(earlier)
    }

    #[test]
    fn the_kinds_of_input_are_disjoint() {
        let usage = over(
            Usage::default(),
            r#"{"input_tokens":7,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,
                "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":50,
                "output_tokens_details":{"thinking_tokens":40}}"#,
        );
        let expected = Usage {
            input: Tokens(7),
            cache_read: Tokens(100),
            cache_write_5m: Tokens(10),
            cache_write_1h: Tokens(20),
            output: Tokens(50),
            reasoning: Tokens(40),
            ..Usage::default()
        };
        assert_eq!(usage, expected);
        assert_eq!(over(usage, r#"{"output_tokens":60}"#), Usage { output: Tokens(60), ..expected });
    }

    #[test]
    fn a_later_total_without_its_kinds_keeps_the_hour_that_was_told() {
        let start = over(
            Usage::default(),
            r#"{"input_tokens":1,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_1h_input_tokens":30}}"#,
        );
        let end = over(start, r#"{"input_tokens":1,"cache_creation_input_tokens":30,"output_tokens":2}"#);
        assert_eq!((end.cache_write_1h, end.cache_write_5m), (Tokens(30), Tokens(0)));
    }

    #[test]
    fn an_event_of_zeros_does_not_take_the_input_back() {
        let start = over(Usage::default(), r#"{"input_tokens":12,"output_tokens":1}"#);
        let end = over(start, r#"{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5}"#);
        assert_eq!((end.input, end.output), (Tokens(12), Tokens(5)));
    }

    #[test]
    fn input_that_turns_out_to_be_cached_is_not_counted_twice() {
        let start = over(Usage::default(), r#"{"input_tokens":12}"#);
        let end = over(start, r#"{"input_tokens":0,"cache_read_input_tokens":12,"output_tokens":5}"#);
        assert_eq!((end.input, end.cache_read), (Tokens(0), Tokens(12)));
    }
}
