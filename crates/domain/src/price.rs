//! What is sold, and lines of price lists.
//!
//! Prices are integers: whole pico-dollars for one token, call, picture, minute or character. Nothing is multiplied here;
//! `policy::pricing` does that.

use crate::{Day, PicoUsd, ServiceTier, Tokens};

/// What has a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Uncached input that is not sound.
    Input,
    /// Output, reasoning included, that is neither sound nor pictures.
    Output,
    /// Input read from a cache.
    CacheRead,
    /// Input written to a five-minute cache.
    CacheWrite5m,
    /// Input written to a one-hour cache.
    CacheWrite1h,
    /// Uncached input that is sound.
    AudioInput,
    /// Output that is sound.
    AudioOutput,
    /// Output that is pictures.
    ImageOutput,
    /// Uncached input that is pictures; without a price of its own it costs what other input does.
    ImageInput,
    /// Sound read from a cache; without a price of its own it costs what text read from one does.
    AudioCacheRead,
    /// A search of the web that the provider made.
    WebSearch,
    /// A request for which the provider searched the web, however often.
    GroundedPrompt,
    /// A request, whatever it holds; without a price it costs nothing by itself.
    Request,
    /// A search among documents (reranking).
    RerankSearch,
    /// A picture.
    Image,
    /// A minute of sound.
    AudioMinute,
    /// A character to be spoken.
    Character,
}

impl Kind {
    /// All of them, in the order of a price list's columns.
    pub const ALL: [Self; 17] = [
        Self::Input,
        Self::Output,
        Self::CacheRead,
        Self::CacheWrite5m,
        Self::CacheWrite1h,
        Self::AudioInput,
        Self::AudioOutput,
        Self::ImageOutput,
        Self::ImageInput,
        Self::AudioCacheRead,
        Self::WebSearch,
        Self::GroundedPrompt,
        Self::Request,
        Self::RerankSearch,
        Self::Image,
        Self::AudioMinute,
        Self::Character,
    ];

    /// Its name in price lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::CacheRead => "cache_read",
            Self::CacheWrite5m => "cache_write_5m",
            Self::CacheWrite1h => "cache_write_1h",
            Self::AudioInput => "audio_input",
            Self::AudioOutput => "audio_output",
            Self::ImageOutput => "image_output",
            Self::ImageInput => "image_input",
            Self::AudioCacheRead => "audio_cache_read",
            Self::WebSearch => "web_search",
            Self::GroundedPrompt => "grounded_prompt",
            Self::Request => "request",
            Self::RerankSearch => "rerank_search",
            Self::Image => "image",
            Self::AudioMinute => "audio_minute",
            Self::Character => "character",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// For how many of them a published price is: a million tokens or characters, a thousand calls, one of the others.
    pub const fn priced_per(self) -> u64 {
        match self {
            Self::WebSearch | Self::GroundedPrompt | Self::Request | Self::RerankSearch => 1_000,
            Self::Image | Self::AudioMinute => 1,
            _ => 1_000_000,
        }
    }

    /// What a published price is for.
    pub const fn priced_for(self) -> &'static str {
        match self {
            Self::WebSearch | Self::RerankSearch => "thousand searches",
            Self::GroundedPrompt => "thousand prompts with searches",
            Self::Request => "thousand requests",
            Self::Image => "picture",
            Self::AudioMinute => "minute",
            Self::Character => "million characters",
            _ => "million tokens",
        }
    }

    /// Whether it is counted in tokens.
    pub const fn is_tokens(self) -> bool {
        (self as usize) <= Self::AudioCacheRead as usize
    }

    /// A published price as a price for one. At most six decimals, so that it is exact.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn price_of(self, dollars: &str) -> Result<PicoUsd, String> {
        let micro = micro_dollars(dollars)?;
        Ok(PicoUsd(u128::from(micro) * u128::from(1_000_000 / self.priced_per())))
    }

    /// A price for one as published, in dollars.
    pub fn published(self, price: PicoUsd) -> String {
        let micro = price.0 / u128::from(1_000_000 / self.priced_per());
        let (whole, rest) = (micro / 1_000_000, micro % 1_000_000);
        let decimals = format!("{rest:06}");
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { whole.to_string() } else { format!("{whole}.{decimals}") }
    }
}

/// Dollars with at most six decimals, as micro-dollars. Never rounded.
fn micro_dollars(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected dollars with at most six decimals, as `1.25`, got `{text}`");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 9
        || fraction.len() > 6
        || !are_digits(whole)
        || !are_digits(fraction)
    {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| wrong())?;
    Ok(whole * 1_000_000 + fraction)
}

/// Prices for one of each kind. `None`: not known; it is no price of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates([Option<u64>; Kind::ALL.len()]);

impl Rates {
    /// The price for one of this kind.
    pub fn of(&self, kind: Kind) -> Option<PicoUsd> {
        self.0[kind as usize].map(|price| PicoUsd(u128::from(price)))
    }

    /// These with a price for one of this kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, price: PicoUsd) -> Self {
        self.0[kind as usize] = Some(u64::try_from(price.0).unwrap_or(u64::MAX));
        self
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A line of a price list: prices that hold from a day on, for a tier and for prompts beyond a length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceLine {
    /// The first day; `None`: since ever.
    pub from: Option<Day>,
    /// How a request was served for which it holds.
    pub tier: ServiceTier,
    /// It holds for whole requests whose prompt has more tokens than this; 0: for all that no other line is for.
    pub above: u64,
    /// The prices.
    pub rates: Rates,
    /// Who says so.
    pub source: &'static str,
    /// The day on which they said so.
    pub source_date: Option<Day>,
}

/// The line that holds on a day for a request of a tier whose whole prompt has so many tokens.
pub fn line_for(lines: &[PriceLine], day: Day, tier: ServiceTier, prompt: Tokens) -> Option<&PriceLine> {
    let of_tier =
        || lines.iter().filter(|line| line.tier == tier && line.from.is_none_or(|from| from <= day));
    let newest = of_tier().map(|line| line.from).max()?;
    of_tier()
        .filter(|line| line.from == newest && (line.above == 0 || prompt.get() > line.above))
        .max_by_key(|line| line.above)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(from: Option<&str>, tier: ServiceTier, above: u64) -> PriceLine {
        let from = from.map(|day| day.parse().unwrap());
        PriceLine { from, tier, above, rates: Rates::default(), source: "", source_date: None }
    }

    #[test]
    fn a_published_price_becomes_an_exact_price_for_one() {
        assert_eq!(Kind::Input.price_of("0.05"), Ok(PicoUsd(50_000)));
        assert_eq!(Kind::WebSearch.price_of("10"), Ok(PicoUsd(10_000_000_000)));
        assert_eq!(Kind::Image.price_of("0.039"), Ok(PicoUsd(39_000_000_000)));
        assert_eq!(Kind::Input.published(PicoUsd(50_000)), "0.05");
        assert_eq!(Kind::WebSearch.published(PicoUsd(10_000_000_000)), "10");
    }

    #[test]
    fn a_price_with_more_decimals_than_can_be_kept_is_refused_and_not_rounded() {
        for text in ["0.1234567", "", "-1", ".5", "1e3", "1,5", "1234567890", "+1"] {
            assert!(Kind::Input.price_of(text).unwrap_err().contains("six decimals"), "{text}");
        }
    }

    #[test]
    fn a_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert!(Kind::ImageOutput.is_tokens() && !Kind::WebSearch.is_tokens());
    }

    #[test]
    fn the_newest_line_that_has_begun_holds_with_the_longest_prompt_that_is_exceeded() {
        use ServiceTier::{Batch, Standard};
        let lines = [
            line(None, Standard, 0),
            line(None, Standard, 200_000),
            line(Some("2026-03-13"), Standard, 0),
            line(None, Batch, 0),
        ];
        let found = |day: &str, tier, prompt| {
            let line = line_for(&lines, day.parse().unwrap(), tier, Tokens(prompt));
            line.map(|line| (line.from.map(|day| day.to_string()), line.above))
        };
        assert_eq!(found("2026-03-12", Standard, 200_000), Some((None, 0)));
        assert_eq!(found("2026-03-12", Standard, 200_001), Some((None, 200_000)));
        assert_eq!(found("2026-03-13", Standard, 200_001), Some((Some("2026-03-13".into()), 0)));
        assert_eq!(found("2026-03-13", Batch, 0), Some((None, 0)));
        assert_eq!(found("2026-03-13", ServiceTier::Flex, 0), None);
    }
}
