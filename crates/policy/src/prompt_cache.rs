//! What it is worth to read the beginning of a prompt from its provider's cache.
//!
//! Arithmetic on list prices of the compiled-in catalogue. It does not say whether an entry is there.

use paceway_domain::{CATALOGUE, CacheLifetime, MicroUsd, PicoUsd, Tokens};

use crate::pricing;

/// Beginnings with fewer tokens are taken not to be cached. OpenAI's bound (developers.openai.com, guides/prompt-caching,
/// read 2026-11). Anthropic's is 512 to 4,096 by model, and what is said of the newest models is not the same everywhere.
pub const LEAST_CACHED: Tokens = Tokens(1_024);

/// What a request saves if it reads its first `prefix` tokens from the cache instead of writing them there, or where
/// writing has no price of its own, instead of sending them uncached. `prompt` is the whole of it. `None`: there is
/// nothing to save, or it is not known.
pub fn saved_by_reading(
    provider: &str,
    model: &str,
    prompt: Tokens,
    prefix: Tokens,
    lifetime: CacheLifetime,
) -> Option<MicroUsd> {
    if prefix < LEAST_CACHED {
        return None;
    }
    let rates = pricing::rates(CATALOGUE.find(provider, model)?, prompt);
    let read = rates.cache_read.filter(|read| *read < rates.input)?;
    let write = match lifetime {
        CacheLifetime::FiveMinutes => rates.cache_write_5m,
        CacheLifetime::OneHour => rates.cache_write_1h,
    };
    let saved = PicoUsd(write.unwrap_or(rates.input).0.saturating_sub(read.0)).times(prefix.get()).rounded();
    (saved > MicroUsd::ZERO).then_some(saved)
}

#[cfg(test)]
mod tests {
    use CacheLifetime::{FiveMinutes, OneHour};

    use super::*;

    fn saved(provider: &str, model: &str, prefix: u64, lifetime: CacheLifetime) -> Option<u64> {
        let prefix = Tokens(prefix);
        saved_by_reading(provider, model, prefix, prefix, lifetime).map(|saved| saved.0)
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
        let of = |prompt| {
            saved_by_reading("anthropic", "claude-haiku-5-5", Tokens(prompt), Tokens(10_000), FiveMinutes)
        };
        assert_eq!((of(100_000), of(100_001)), (Some(MicroUsd(1_150)), Some(MicroUsd(5_750))));
    }

    #[test]
    fn nothing_is_saved_on_what_is_too_short_has_no_price_or_is_not_sold_from_a_cache() {
        assert_eq!(saved("anthropic", "claude-sonnet-5-5", 1_023, FiveMinutes), None);
        assert_eq!(saved("anthropic", "claude-imaginary-9", 10_000, FiveMinutes), None);
        assert_eq!(saved("openai", "gpt-5-pro", 10_000, FiveMinutes), None);
    }
}
