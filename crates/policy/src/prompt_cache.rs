//! What it is worth to read the beginning of a prompt from its provider's cache.
//!
//! Arithmetic on list prices. It does not say whether an entry is there.

use paceway_domain::price::Kind;
use paceway_domain::{CacheLifetime, MicroUsd, PicoUsd, ServiceTier, Tokens};

use crate::pricing::Offer;

/// Beginnings with fewer tokens are taken not to be cached where the catalogue does not say. OpenAI's bound
/// (developers.openai.com, guides/prompt-caching, read 2026-11).
const LEAST_CACHED: Tokens = Tokens(1_024);

/// Of no model that the catalogue knows are shorter beginnings cached.
pub const LEAST_EVER_CACHED: Tokens = Tokens(512);

/// The shortest beginning that is cached.
pub fn least_cached(offer: &Offer<'_>) -> Tokens {
    offer.profile().cache_min.map_or(LEAST_CACHED, Tokens)
}

/// What a request saves if it reads its first `prefix` tokens from the cache instead of writing them there, or where
/// writing has no price of its own, instead of sending them uncached. `prompt` is the whole of it. `None`: there is
/// nothing to save, or it is not known.
pub fn saved_by_reading(
    offer: &Offer<'_>,
    prompt: Tokens,
    prefix: Tokens,
    lifetime: CacheLifetime,
) -> Option<MicroUsd> {
    if prefix < least_cached(offer) {
        return None;
    }
    let rate = |kind| offer.rate(kind, ServiceTier::Standard, prompt);
    let input = rate(Kind::Input)?;
    let read = rate(Kind::CacheRead).filter(|read| *read < input)?;
    let write = rate(match lifetime {
        CacheLifetime::FiveMinutes => Kind::CacheWrite5m,
        CacheLifetime::OneHour => Kind::CacheWrite1h,
    });
    let saved = PicoUsd(write.unwrap_or(input).0.saturating_sub(read.0)).times(prefix.get());
    let saved = offer.amount(saved);
    (saved > MicroUsd::ZERO).then_some(saved)
}

#[cfg(test)]
mod tests {
    use CacheLifetime::{FiveMinutes, OneHour};
    use paceway_domain::UnixMillis;

    use super::*;
    use crate::pricing::{PriceBook, Product};

    /// 2026-11-28.
    const NOW: UnixMillis = UnixMillis(1_795_824_000_000);

    fn saved_of(
        provider: &str,
        model: &str,
        prompt: u64,
        prefix: u64,
        lifetime: CacheLifetime,
    ) -> Option<u64> {
        let book = PriceBook::default();
        let offer = book.offer(Product { provider, catalogue: provider, model }, NOW);
        saved_by_reading(&offer, Tokens(prompt), Tokens(prefix), lifetime).map(|saved| saved.0)
    }

    fn saved(provider: &str, model: &str, prefix: u64, lifetime: CacheLifetime) -> Option<u64> {
        saved_of(provider, model, prefix, prefix, lifetime)
    }

    #[test]
    fn reading_saves_the_price_of_writing_less_that_of_reading() {
        // Sonnet 5.5: writing costs 2.50 or 4 dollars per million, reading 0.10.
        assert_eq!(saved("anthropic", "claude-sonnet-5-5", 10_000, FiveMinutes), Some(24_000));
        assert_eq!(saved("anthropic", "claude-sonnet-5-5", 10_000, OneHour), Some(39_000));
    }

    #[test]
    fn where_writing_has_no_price_reading_saves_the_uncached_input() {
        // GPT-5: 1.25 dollars per million uncached, 0.125 read.
        assert_eq!(saved("openai", "gpt-5", 10_000, FiveMinutes), Some(11_250));
    }

    #[test]
    fn the_whole_prompt_decides_which_prices_hold() {
        let of = |prompt| saved_of("anthropic", "claude-haiku-5-5", prompt, 10_000, FiveMinutes);
        assert_eq!((of(100_000), of(100_001)), (Some(1_150), Some(5_750)));
    }

    #[test]
    fn nothing_is_saved_on_what_is_too_short_has_no_price_or_is_not_sold_from_a_cache() {
        assert_eq!(saved("openai", "gpt-5", 1_023, FiveMinutes), None);
        assert_eq!(saved("anthropic", "claude-imaginary-9", 10_000, FiveMinutes), None);
        assert_eq!(saved("openai", "gpt-5-pro", 10_000, FiveMinutes), None);
    }

    #[test]
    fn how_much_has_to_be_there_to_be_cached_is_the_models_affair() {
        assert_eq!(saved("anthropic", "claude-opus-4-5", 4_095, FiveMinutes), None);
        assert_eq!(saved("anthropic", "claude-opus-4-5", 4_096, FiveMinutes), Some(23_552));
        assert_eq!(saved("anthropic", "claude-sonnet-5-5", 511, FiveMinutes), None);
        assert!(saved("anthropic", "claude-sonnet-5-5", 512, FiveMinutes).is_some());
        let shortest =
            paceway_domain::CATALOGUE.cards().iter().filter_map(|card| card.profile.cache_min).min();
        assert_eq!(shortest, Some(LEAST_EVER_CACHED.get()));
    }
}
