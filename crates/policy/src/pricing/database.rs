//! The `genai-prices` database: two thousand models that the catalogue does not hold.
//!
//! It is decoded when the first such model is priced (tens of milliseconds, some megabytes). It gives no prices, only sums in
//! floating point, so it is asked what a single kind costs, and its answer becomes whole pico-dollars, to the nearest: exact
//! for prices per million tokens with at most six decimals. The sums are ours.

use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{Calculator, PriceCalculation, PriceRequest, Usage, UsageKey};
use paceway_domain::price::Kind;
use paceway_domain::{PicoUsd, ServiceTier, Tokens, UnixMillis};

use super::Unpriced;

/// What it is, with its version.
pub const DATABASE: &str = "genai-prices 0.2.1";

/// As many of a kind are asked for at once, where the prompt's length does not say.
const MANY: f64 = 1e6;

/// A request whose prices are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    pub(super) at: UnixMillis,
    pub(super) tier: ServiceTier,
    /// Its whole length decides which prices hold.
    pub(super) prompt: Tokens,
}

impl Request<'_> {
    /// Whether it has prices.
    pub(super) fn check(&self) -> Result<(), Unpriced> {
        self.ask(&Usage::new()).ok_or(Unpriced::Model)?;
        if self.tier == ServiceTier::Standard {
            return Ok(());
        }
        let standard = Self { tier: ServiceTier::Standard, ..*self };
        let sold = [Kind::Input, Kind::Output].map(|kind| (self.plain_rate(kind), standard.plain_rate(kind)));
        // Where it knows nothing of a tier it gives the usual prices.
        let is_the_usual = sold.iter().all(|(mine, usual)| mine == usual);
        if is_the_usual { Err(Unpriced::Tier(self.tier)) } else { Ok(()) }
    }

    /// The price for one of a kind.
    pub(super) fn rate(&self, kind: Kind) -> Option<PicoUsd> {
        let rate = self.plain_rate(kind)?;
        // What has no price of its own is sold as what it is part of, which may be too cheap: that is not known. What is read
        // from a cache is never dearer than what is not.
        let wholes: &[Kind] = match kind {
            Kind::AudioInput | Kind::ImageInput | Kind::CacheWrite5m => &[Kind::Input],
            Kind::AudioCacheRead => &[Kind::CacheRead, Kind::AudioInput],
            Kind::AudioOutput | Kind::ImageOutput => &[Kind::Output],
            Kind::CacheWrite1h => &[Kind::CacheWrite5m],
            _ => &[],
        };
        let is_borrowed = wholes.iter().any(|whole| self.plain_rate(*whole) == Some(rate));
        (!is_borrowed).then_some(rate)
    }

    fn plain_rate(&self, kind: Kind) -> Option<PicoUsd> {
        let prompt = (self.prompt.get() as f64).max(1.0);
        let input = |keys: &[UsageKey]| (keys.to_vec(), prompt);
        let output = |keys: &[UsageKey]| (keys.to_vec(), MANY);
        let (keys, count) = match kind {
            Kind::Input => input(&[]),
            Kind::CacheRead => input(&[UsageKey::CACHE_READ_TOKENS]),
            Kind::CacheWrite5m => input(&[UsageKey::CACHE_WRITE_TOKENS]),
            Kind::CacheWrite1h => input(&[UsageKey::CACHE_WRITE_TOKENS, UsageKey::CACHE_WRITE_1H_TOKENS]),
            Kind::AudioInput => input(&[UsageKey::INPUT_AUDIO_TOKENS]),
            Kind::ImageInput => input(&[UsageKey::INPUT_IMAGE_TOKENS]),
            Kind::AudioCacheRead => input(&[
                UsageKey::INPUT_AUDIO_TOKENS,
                UsageKey::CACHE_READ_TOKENS,
                UsageKey::CACHE_AUDIO_READ_TOKENS,
            ]),
            Kind::Output => output(&[UsageKey::OUTPUT_TOKENS]),
            Kind::AudioOutput => output(&[UsageKey::OUTPUT_TOKENS, UsageKey::OUTPUT_AUDIO_TOKENS]),
            Kind::ImageOutput => output(&[UsageKey::OUTPUT_TOKENS, UsageKey::OUTPUT_IMAGE_TOKENS]),
            Kind::WebSearch => return self.call_rate(&[UsageKey::WEB_SEARCHES], 1.0),
            Kind::RerankSearch => return self.call_rate(&[UsageKey::RERANK_SEARCHES], 1.0),
            Kind::Character => return self.call_rate(&[UsageKey::INPUT_CHARACTERS], 1.0),
            Kind::AudioMinute => {
                return self.call_rate(&[UsageKey::AUDIO_SECONDS, UsageKey::INPUT_AUDIO_SECONDS], 60.0);
            }
            Kind::Request => return positive(self.ask(&Usage::new())?.total_price),
            Kind::GroundedPrompt | Kind::Image => return None,
        };
        let mut usage = Usage::from([(UsageKey::INPUT_TOKENS, prompt)]);
        for key in keys {
            usage.insert(key, count);
        }
        let priced = self.ask(&usage)?;
        let is_output = matches!(kind, Kind::Output | Kind::AudioOutput | Kind::ImageOutput);
        positive(if is_output { priced.output_price } else { priced.input_price } / count)
    }

    /// The price of one, which is so many of its units. What has no price of its own adds nothing to the sum.
    fn call_rate(&self, keys: &[UsageKey], units: f64) -> Option<PicoUsd> {
        let without = self.ask(&Usage::new())?.total_price;
        let usage: Usage = keys.iter().map(|key| (key.clone(), units)).collect();
        positive(self.ask(&usage)?.total_price - without)
    }

    fn ask(&self, usage: &Usage) -> Option<PriceCalculation> {
        let context = match self.tier {
            ServiceTier::Standard => None,
            ServiceTier::Batch => Some(("processing", "batch")),
            // It knows neither; its `fast` is OpenAI's other name for `priority`.
            ServiceTier::Reserved | ServiceTier::Fast => return None,
            tier => Some(("service_tier", tier.name())),
        };
        let request = PriceRequest::new(self.model, usage)
            .with_provider_id(named_there(self.provider))
            .with_timestamp(UNIX_EPOCH + Duration::from_millis(self.at.0));
        let request = match context {
            Some((key, value)) => request.with_price_context(key, value),
            None => request,
        };
        genai_prices::calculate(&request).ok()
    }
}

/// The providers in it, by our names.
pub fn providers() -> impl Iterator<Item = &'static str> {
    Calculator::bundled().providers().map(|provider| match provider.id() {
        "google" => "gemini",
        "x-ai" => "xai",
        "aws" => "bedrock",
        "moonshotai" => "moonshot",
        "voyageai" => "voyage",
        other => other,
    })
}

/// The models that it prices of a provider: name and context window.
pub fn models_of(provider: &str) -> Vec<(&'static str, Option<u64>)> {
    let found = Calculator::bundled().find_provider(Some(named_there(provider)), None).ok().flatten();
    let models = found.into_iter().flat_map(genai_prices::ProviderInfo::models);
    models.map(|model| (model.id(), model.context_window())).collect()
}

/// The provider's name in that database, where it differs from ours.
fn named_there(provider: &str) -> &str {
    match provider {
        "gemini" | "vertex" => "google",
        "xai" => "x-ai",
        "bedrock" => "aws",
        "moonshot" => "moonshotai",
        "voyage" => "voyageai",
        other => other,
    }
}

/// Dollars as whole pico-dollars, to the nearest. The database has no prices of zero: what comes out as one is not known.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Bounded on the lines above the cast.
fn positive(dollars: f64) -> Option<PicoUsd> {
    let pico = (dollars * 1e12).round();
    let is_a_price = pico.is_finite() && (1.0..=1e18).contains(&pico);
    is_a_price.then_some(PicoUsd(pico as u128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_is_told_is_the_one_that_is_linked() {
        let (name, version) = DATABASE.split_once(' ').unwrap_or_default();
        let locked = format!("name = \"{name}\"\nversion = \"{version}\"");
        assert!(include_str!("../../../../Cargo.lock").contains(&locked), "{DATABASE}");
    }

    #[test]
    fn every_provider_is_found_by_the_name_that_is_told() {
        for provider in providers() {
            assert!(!models_of(provider).is_empty() || provider == "typesafe", "{provider}");
        }
    }
}
