//! What a request is expected to cost at a target, before it is sent: what strategy `cheapest` compares.
//!
//! Arithmetic on list prices. Whether a target holds a prefix in its cache, and how long answers are, is handed in.

use paceway_domain::{CacheLifetime, MicroUsd, Tokens, Usage};

use crate::pricing::Offer;
use crate::prompt_cache;

/// A request as far as its price depends on it. Estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The whole prompt.
    pub prompt: Tokens,
    /// As much of its beginning as the caller marks for the provider's cache, or as the provider caches by itself.
    pub prefix: Tokens,
    /// How long an entry of the cache is asked to live; `None` where the provider caches by itself.
    pub lifetime: Option<CacheLifetime>,
    /// The expected answer.
    pub output: Tokens,
}

/// The expected cost of `ask` on this offer, the prefix read from the cache if the target holds it and written there if
/// not. `None`: the price is not known.
pub fn expected_cost(offer: &Offer<'_>, ask: &Ask, holds_prefix: bool) -> Option<MicroUsd> {
    let price = |usage: Usage| offer.price(&usage.into()).ok().map(|priced| priced.amount);
    let plain = Usage { input: ask.prompt, output: ask.output, ..Usage::default() };
    let prefix = ask.prefix.min(ask.prompt);
    if prefix < prompt_cache::least_cached(offer) {
        return price(plain);
    }
    let mut cached = Usage { input: Tokens(ask.prompt.get() - prefix.get()), ..plain };
    match (holds_prefix, ask.lifetime) {
        (true, _) => cached.cache_read = prefix,
        (false, Some(CacheLifetime::FiveMinutes)) => cached.cache_write_5m = prefix,
        (false, Some(CacheLifetime::OneHour)) => cached.cache_write_1h = prefix,
        (false, None) => cached = plain,
    }
    // A model without a price for a cache has no cache: the prefix is input like the rest.
    price(cached).or_else(|| price(plain))
}

#[cfg(test)]
mod tests {
    use paceway_domain::UnixMillis;

    use super::*;
    use crate::pricing::{PriceBook, Product};

    fn cost(provider: &str, model: &str, prefix: u64, holds_prefix: bool) -> Option<u64> {
        let ask = Ask {
            prompt: Tokens(100_000),
            prefix: Tokens(prefix),
            lifetime: (provider == "anthropic").then_some(CacheLifetime::FiveMinutes),
            output: Tokens(1_000),
        };
        let (book, now) = (PriceBook::default(), UnixMillis(1_795_824_000_000));
        let offer = book.offer(Product { provider, catalogue: provider, model }, now);
        expected_cost(&offer, &ask, holds_prefix).map(|cost| cost.0)
    }

    #[test]
    fn what_a_target_holds_is_read_and_what_it_does_not_hold_is_written() {
        // Sonnet 5.5: 2 in, 0.10 read, 2.50 written, 10 out, per million.
        assert_eq!(cost("anthropic", "claude-sonnet-5-5", 90_000, true), Some(20_000 + 9_000 + 10_000));
        assert_eq!(cost("anthropic", "claude-sonnet-5-5", 90_000, false), Some(20_000 + 225_000 + 10_000));
    }

    #[test]
    fn the_dearer_model_is_the_cheaper_one_where_it_holds_the_prefix() {
        // Opus 5.5 (4 in, 0.20 read, 20 out) with its cache against Sonnet 5.5 without.
        let dear = cost("anthropic", "claude-opus-5-5", 90_000, true);
        assert_eq!(dear, Some(40_000 + 18_000 + 20_000));
        assert!(dear < cost("anthropic", "claude-sonnet-5-5", 90_000, false));
    }

    #[test]
    fn a_prefix_that_is_not_cached_there_is_input() {
        let uncached = cost("openai", "gpt-4-turbo", 0, false);
        assert_eq!(uncached, Some(1_000_000 + 30_000));
        assert_eq!(cost("openai", "gpt-4-turbo", 90_000, true), uncached);
        assert_eq!(cost("anthropic", "claude-sonnet-5-5", 511, true), Some(210_000));
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        assert_eq!(cost("nobody", "nothing", 90_000, true), None);
    }
}
