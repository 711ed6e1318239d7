//! What a request costs.
//!
//! Prices come from three places, one before the other: the operator's own file, the compiled-in catalogue, and the
//! `genai-prices` database. They are whole pico-dollars for one token or call; the sum of a request is exact and is rounded
//! once, to the nearest micro-dollar, halves up. What has no price is told so and never costs zero. Nothing is read from
//! disk here, and no time is taken: both are handed in.

mod book;
mod database;
mod resolved;

use std::fmt;
use std::sync::Arc;

use paceway_domain::catalogue::Profile;
use paceway_domain::price::{Kind, PriceLine, Rates, line_for};
use paceway_domain::{Day, MicroUsd, PicoUsd, ServiceTier, Sold, Tokens, UnixMillis};

pub use book::{OwnModel, PriceBook, Product};
pub use database::{DATABASE, models_of as database_models, providers as database_providers};

use self::resolved::Resolved;

/// One, in millionths.
const WHOLE: u32 = 1_000_000;
/// Prices of a minute are counted in seconds.
const SECONDS: u128 = 60;

/// What a request cost, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    /// The amount.
    pub amount: MicroUsd,
    /// Whose prices they are.
    pub source: Source,
}

/// One of the price lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceList {
    /// The operator's own file.
    Own,
    /// The compiled-in catalogue.
    Catalogue,
    /// The `genai-prices` database.
    Database,
}

/// Whose prices they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// On which list they stand.
    pub list: PriceList,
    /// Who says so.
    pub name: &'static str,
    /// The day on which they said so, where they say it.
    pub date: Option<Day>,
    /// The operator's discount, in millionths.
    pub discount: u32,
}

impl Source {
    /// As the ledger keeps it: `catalogue 2026-11-12`.
    pub fn code(&self) -> String {
        let mut code = match (self.list, self.date) {
            (PriceList::Own, _) => "file".to_owned(),
            (PriceList::Catalogue, Some(date)) => format!("catalogue {date}"),
            (PriceList::Catalogue, None) => "catalogue".to_owned(),
            (PriceList::Database, _) => DATABASE.to_owned(),
        };
        if self.discount > 0 {
            code += &less(self.discount);
        }
        code
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(date) = self.date {
            write!(f, " ({date})")?;
        }
        if self.discount > 0 {
            f.write_str(&less(self.discount))?;
        }
        Ok(())
    }
}

/// A discount, for what stands before it.
fn less(discount: u32) -> String {
    format!(", less {} %", Kind::Input.published(PicoUsd(u128::from(discount) * 100)))
}

/// Why no price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpriced {
    /// Nobody knows the model.
    Model,
    /// Nobody says what it costs when it is served so.
    Tier(ServiceTier),
    /// Nobody says what this costs.
    Kind(Kind),
    /// The answer did not say what was used.
    Unsaid,
}

impl Unpriced {
    /// As the ledger keeps it: `unknown kind: image`.
    pub fn code(&self) -> String {
        match self {
            Self::Model => "unknown model".to_owned(),
            Self::Tier(tier) => format!("unknown tier: {}", tier.name()),
            Self::Kind(kind) => format!("unknown kind: {}", kind.name()),
            Self::Unsaid => "unknown usage".to_owned(),
        }
    }
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => f.write_str("no price of this model is known"),
            Self::Tier(tier) => write!(f, "no price of this model is known for tier `{}`", tier.name()),
            Self::Kind(kind) => write!(f, "no price of this model is known for `{}`", kind.name()),
            Self::Unsaid => f.write_str("the answer does not say what was used"),
        }
    }
}

/// The prices of one model at one time.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'b> {
    list: List<'b>,
    profile: Profile,
    /// Off the list price, in millionths.
    discount: u32,
    at: UnixMillis,
}

/// Where the prices stand.
#[derive(Debug, Clone, Copy)]
enum List<'b> {
    Own(&'b [PriceLine]),
    Catalogue(&'b [PriceLine]),
    Database { provider: &'b str, model: &'b str, resolved: &'b Resolved },
}

/// The prices that hold for one request.
#[derive(Debug, Clone)]
enum Held<'b> {
    Line(&'b PriceLine),
    Database(Arc<Rates>),
}

impl Held<'_> {
    fn of(&self, kind: Kind) -> Option<PicoUsd> {
        match self {
            Self::Line(line) => line.rates.of(kind),
            Self::Database(rates) => rates.of(kind),
        }
    }

    /// A kind, if it has a price of its own, or else the one that it is part of.
    fn own_or(&self, kind: Kind, whole: Kind) -> Kind {
        if self.of(kind).is_some() { kind } else { whole }
    }

    /// What so many cost, in pico-dollars; for a minute they are seconds, and the amount is a sixtieth.
    fn part(&self, kind: Kind, count: u64) -> Result<u128, Unpriced> {
        if count == 0 {
            return Ok(0);
        }
        let rate = self.of(kind).ok_or(Unpriced::Kind(kind))?;
        Ok(rate.times(count).0)
    }
}

impl<'b> Offer<'b> {
    /// What it takes and can.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The list price for one of this kind in a request with so long a prompt, before any discount.
    pub fn rate(&self, kind: Kind, tier: ServiceTier, prompt: Tokens) -> Option<PicoUsd> {
        self.held(tier, prompt).ok()?.of(kind)
    }

    /// Whose prices hold for a request with so long a prompt.
    ///
    /// # Errors
    /// Why none are known.
    pub fn source(&self, tier: ServiceTier, prompt: Tokens) -> Result<Source, Unpriced> {
        let held = self.held(tier, prompt)?;
        Ok(self.source_of(&held))
    }

    /// The prompt lengths beyond which other prices hold, as far as lists say.
    pub fn thresholds(&self, tier: ServiceTier) -> Vec<u64> {
        let (List::Own(lines) | List::Catalogue(lines)) = self.list else { return Vec::new() };
        let day = Day::of(self.at);
        let mut all: Vec<u64> = lines.iter().map(|line| line.above).filter(|above| *above > 0).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|above| {
            line_for(lines, day, tier, Tokens(above + 1)).is_some_and(|line| line.above == *above)
        });
        all
    }

    /// What this costs.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn price(&self, sold: &Sold) -> Result<Priced, Unpriced> {
        let Sold { usage, apart, terms } = sold;
        let held = self.held(terms.tier, usage.input_total())?;
        let audio_input = usage.audio_input.min(usage.input);
        let audio_output = usage.audio_output.min(usage.output);
        let image_output = usage.image_output.min(usage.output.saturating_sub(audio_output));
        let image_input = apart.image_input.min(usage.input.saturating_sub(audio_input));
        let audio_cached = apart.audio_cache_read.min(usage.cache_read);
        let tokens = [
            (Kind::Input, usage.input.saturating_sub(audio_input).saturating_sub(image_input)),
            (Kind::AudioInput, audio_input),
            (held.own_or(Kind::ImageInput, Kind::Input), image_input),
            (Kind::CacheRead, usage.cache_read.saturating_sub(audio_cached)),
            (held.own_or(Kind::AudioCacheRead, Kind::CacheRead), audio_cached),
            (Kind::CacheWrite5m, usage.cache_write_5m),
            (Kind::CacheWrite1h, usage.cache_write_1h),
            (Kind::Output, usage.output.saturating_sub(audio_output).saturating_sub(image_output)),
            (Kind::AudioOutput, audio_output),
            (Kind::ImageOutput, image_output),
        ];
        let tokens = sum(tokens.map(|(kind, count)| held.part(kind, count.get())))?;
        let searches = u64::from(usage.web_searches);
        let searches = match held.of(Kind::GroundedPrompt).filter(|_| searches > 0) {
            Some(_) => held.part(Kind::GroundedPrompt, 1)?,
            None => held.part(Kind::WebSearch, searches)?,
        };
        let calls = sum([
            Ok(searches),
            held.part(Kind::RerankSearch, apart.rerank_searches),
            held.part(Kind::Image, apart.images),
            held.part(Kind::Character, apart.characters),
            Ok(held.of(Kind::Request).map_or(0, |fee| fee.0)),
        ])?;
        let minutes = held.part(Kind::AudioMinute, apart.audio_seconds)?;
        let place = if terms.in_us { self.profile.us_multiplier.unwrap_or(WHOLE) } else { WHOLE };
        let sixtieths = tokens.saturating_mul(SECONDS).saturating_mul(u128::from(place)).saturating_add(
            calls.saturating_mul(SECONDS).saturating_add(minutes).saturating_mul(u128::from(WHOLE)),
        );
        let source = self.source_of(&held);
        Ok(Priced { amount: rounded(sixtieths, source.discount), source })
    }

    /// This much of the list price, less the discount.
    pub(crate) fn amount(&self, list_price: PicoUsd) -> MicroUsd {
        rounded(list_price.0.saturating_mul(SECONDS).saturating_mul(u128::from(WHOLE)), self.discount)
    }

    fn held(&self, tier: ServiceTier, prompt: Tokens) -> Result<Held<'b>, Unpriced> {
        match self.list {
            List::Own(lines) | List::Catalogue(lines) => {
                let line = line_for(lines, Day::of(self.at), tier, prompt).ok_or(Unpriced::Tier(tier))?;
                if line.rates.is_empty() { Err(Unpriced::Tier(tier)) } else { Ok(Held::Line(line)) }
            }
            List::Database { provider, model, resolved } => {
                let request = database::Request { provider, model, at: self.at, tier, prompt };
                resolved.rates(&request).map(Held::Database)
            }
        }
    }

    fn source_of(&self, held: &Held<'_>) -> Source {
        let (name, date) = match held {
            Held::Line(line) => (line.source, line.source_date),
            Held::Database(_) => (DATABASE, None),
        };
        let list = match self.list {
            List::Own(_) => PriceList::Own,
            List::Catalogue(_) => PriceList::Catalogue,
            List::Database { .. } => PriceList::Database,
        };
        Source { list, name, date, discount: self.discount }
    }
}

fn sum<const N: usize>(parts: [Result<u128, Unpriced>; N]) -> Result<u128, Unpriced> {
    parts.into_iter().try_fold(0u128, |sum, part| Ok(sum.saturating_add(part?)))
}

/// The one rounding: to the nearest micro-dollar, halves up. `sixtieths` are of pico-dollars, in millionths.
fn rounded(sixtieths: u128, discount: u32) -> MicroUsd {
    const MICRO: u128 = SECONDS * (WHOLE as u128) * (WHOLE as u128) * (WHOLE as u128);
    let share = u128::from(WHOLE - discount.min(WHOLE));
    let paid = sixtieths.checked_mul(share).and_then(|paid| paid.checked_add(MICRO / 2));
    MicroUsd(paid.and_then(|paid| u64::try_from(paid / MICRO).ok()).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
