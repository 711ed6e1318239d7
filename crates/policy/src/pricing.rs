//! What a request costs, from list prices.
//!
//! The compiled-in catalogue comes first; models that it does not hold are looked up in the `genai-prices` database,
//! which is decoded only when the first such model is priced (tens of milliseconds, some megabytes). A model that
//! neither knows has no price: it is `None`, never zero.

use genai_prices::{PriceRequest, UsageKey};
use paceway_domain::catalogue::{ModelCard, Rates};
use paceway_domain::{CATALOGUE, MicroUsd, PicoUsd, Tokens, Usage};

/// The list price of `usage` at a model of a provider (named as in the catalogue), to the nearest micro-dollar.
pub fn price(provider: &str, model: &str, usage: &Usage) -> Option<MicroUsd> {
    match CATALOGUE.find(provider, model) {
        Some(card) => price_by_card(card, usage),
        None => price_by_database(provider, model, usage),
    }
}

fn price_by_card(card: &ModelCard, usage: &Usage) -> Option<MicroUsd> {
    let rates = rates(card, usage.input_total());
    let Rates { input, output, cache_read, cache_write_5m, cache_write_1h } = *rates;
    let parts = [
        part(usage.input, Some(input))?,
        part(usage.output, Some(output))?,
        part(usage.cache_read, cache_read)?,
        part(usage.cache_write_5m, cache_write_5m)?,
        part(usage.cache_write_1h, cache_write_1h)?,
    ];
    Some(parts.into_iter().fold(PicoUsd::default(), |sum, part| sum + part).rounded())
}

/// The prices of a request whose whole prompt has so many tokens.
pub(crate) fn rates(card: &ModelCard, prompt: Tokens) -> &Rates {
    match &card.long_context {
        Some((threshold, long)) if prompt.get() > *threshold => long,
        _ => &card.rates,
    }
}

/// `None` when tokens were used for which there is no price.
fn part(tokens: Tokens, rate: Option<PicoUsd>) -> Option<PicoUsd> {
    match rate {
        Some(rate) => Some(rate.times(tokens.get())),
        None if tokens == Tokens::ZERO => Some(PicoUsd::default()),
        None => None,
    }
}

/// `genai-prices` counts cached tokens among the input tokens.
fn price_by_database(provider: &str, model: &str, usage: &Usage) -> Option<MicroUsd> {
    let counts = genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, usage.input_total().get() as f64),
        (UsageKey::CACHE_READ_TOKENS, usage.cache_read.get() as f64),
        (UsageKey::CACHE_WRITE_TOKENS, usage.cache_write().get() as f64),
        (UsageKey::OUTPUT_TOKENS, usage.output.get() as f64),
    ]);
    let request = PriceRequest::new(model, &counts).with_provider_id(database_provider(provider));
    let dollars = genai_prices::calculate(&request).ok()?.total_price;
    from_dollars(dollars)
}

/// The provider's name in that database, where it differs from ours.
fn database_provider(provider: &str) -> &str {
    match provider {
        "gemini" => "google",
        "xai" => "x-ai",
        other => other,
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Bounded on the lines above the cast.
fn from_dollars(dollars: f64) -> Option<MicroUsd> {
    let micro = (dollars * 1e6).round();
    let is_an_amount = micro.is_finite() && (0.0..=1e15).contains(&micro);
    is_an_amount.then_some(MicroUsd(micro as u64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn usage(input: u64, read: u64, write_5m: u64, write_1h: u64, output: u64) -> Usage {
        Usage {
            input: Tokens(input),
            cache_read: Tokens(read),
            cache_write_5m: Tokens(write_5m),
            cache_write_1h: Tokens(write_1h),
            output: Tokens(output),
            reasoning: Tokens::ZERO,
            ..Usage::default()
        }
    }

    #[test]
    fn every_kind_of_token_has_its_own_price() {
        // Sonnet 5.5: 2, 0.10, 2.50, 4 and 10 dollars per million.
        let used = usage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000);
        assert_eq!(price("anthropic", "claude-sonnet-5-5", &used), Some(MicroUsd(18_600_000)));
    }

    #[test]
    fn fractions_of_a_micro_dollar_are_rounded_once_for_the_whole_request() {
        // Haiku 5.5: 0.1 and 0.5 micro-dollars a token: 0.4 + 0.5 = 0.9, which is 1 and not 0 + 1 or 0 + 0.
        assert_eq!(price("anthropic", "claude-haiku-5-5", &usage(4, 0, 0, 0, 1)), Some(MicroUsd(1)));
        assert_eq!(price("anthropic", "claude-haiku-5-5", &usage(4, 0, 0, 0, 0)), Some(MicroUsd(0)));
    }

    #[test]
    fn a_long_prompt_puts_the_whole_request_into_the_long_context_tier() {
        let at = price("anthropic", "claude-haiku-5-5", &usage(100_000, 0, 0, 0, 100)).unwrap();
        let above = price("anthropic", "claude-haiku-5-5", &usage(100_001, 0, 0, 0, 100)).unwrap();
        assert_eq!((at, above), (MicroUsd(10_050), MicroUsd(50_251)));
    }

    #[test]
    fn a_model_outside_the_catalogue_is_priced_by_the_database() {
        assert!(CATALOGUE.find("groq", "llama-3.1-8b-instant").is_none());
        let priced = price("groq", "llama-3.1-8b-instant", &usage(1_000_000, 0, 0, 0, 0)).unwrap();
        assert!(priced > MicroUsd::ZERO);
    }

    #[test]
    fn an_unknown_model_has_no_price_rather_than_a_price_of_nothing() {
        assert_eq!(price("anthropic", "claude-imaginary-9", &usage(10, 0, 0, 0, 10)), None);
        assert_eq!(price("nobody", "nothing", &usage(10, 0, 0, 0, 10)), None);
    }

    #[test]
    fn tokens_of_a_kind_that_is_not_sold_have_no_price() {
        // gpt-4o has no price for writing to a cache.
        assert_eq!(price("openai", "gpt-4o", &usage(1, 0, 1, 0, 1)), None);
    }
}
