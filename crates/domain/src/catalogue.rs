//! The models that Paceway knows, with their list prices, windows and capabilities.
//!
//! The tables are compiled in and constant. They do not say which models are served here (configuration does), and no
//! price is computed here (`policy::pricing` does).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::price::{Kind, PriceLine, Rates};
use crate::{Day, ServiceTier};

/// The compiled-in catalogue.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(include_str!("catalogue/models.csv"), include_str!("catalogue/prices.csv"))
        .expect("the compiled-in tables are tested")
});

/// One model of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCard {
    /// The provider's name as in configuration.
    pub provider: String,
    /// The model's id as its provider writes it.
    pub model: String,
    /// What it takes and can.
    pub profile: Profile,
    /// List prices; empty: not known here.
    pub prices: Vec<PriceLine>,
}

/// What a model takes and can, its prices apart. `None`: not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Profile {
    /// Tokens that prompt and answer may have together.
    pub context_window: Option<u64>,
    /// Tokens that an answer may have.
    pub max_output: Option<u64>,
    /// The shortest beginning of a prompt that is cached, in tokens.
    pub cache_min: Option<u64>,
    /// By which prices of tokens are multiplied if the request had to stay in the United States, in millionths.
    pub us_multiplier: Option<u32>,
    /// The day on which its provider shuts it down.
    pub retires: Option<Day>,
    /// What it takes and can.
    pub capabilities: Capabilities,
}

impl Profile {
    /// This one, with what another one knows in the place of what it knows.
    #[must_use]
    pub fn under(self, other: Self) -> Self {
        let (mine, over) = (self.capabilities, other.capabilities);
        Self {
            context_window: other.context_window.or(self.context_window),
            max_output: other.max_output.or(self.max_output),
            cache_min: other.cache_min.or(self.cache_min),
            us_multiplier: other.us_multiplier.or(self.us_multiplier),
            retires: other.retires.or(self.retires),
            capabilities: Capabilities {
                vision: over.vision.or(mine.vision),
                documents: over.documents.or(mine.documents),
                audio: over.audio.or(mine.audio),
                tools: over.tools.or(mine.tools),
                structured_output: over.structured_output.or(mine.structured_output),
                reasoning: over.reasoning.or(mine.reasoning),
            },
        }
    }
}

/// What a model takes and can. `None`: not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Takes images.
    pub vision: Option<bool>,
    /// Takes documents (PDF).
    pub documents: Option<bool>,
    /// Takes sound.
    pub audio: Option<bool>,
    /// Calls tools.
    pub tools: Option<bool>,
    /// Answers by a schema.
    pub structured_output: Option<bool>,
    /// Thinks before it answers.
    pub reasoning: Option<bool>,
}

impl Capabilities {
    /// The names of all capabilities, in the order of the table's columns.
    pub const NAMES: [&'static str; 6] =
        ["vision", "documents", "audio", "tools", "structured_output", "reasoning"];

    /// Whether the model has the capability with this name; `None` also where there is none with it.
    pub fn named(&self, name: &str) -> Option<bool> {
        let all =
            [self.vision, self.documents, self.audio, self.tools, self.structured_output, self.reasoning];
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        all[place]
    }
}

/// All cards, by provider and model.
#[derive(Debug, Default)]
pub struct Catalogue {
    cards: Vec<ModelCard>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Catalogue {
    /// Reads the two tables: `#` comments, a header line, then one model or price line a line.
    ///
    /// # Errors
    /// A sentence with the line when it has the wrong shape, or has prices of a model that is not in the other table.
    pub fn parse(models: &str, prices: &'static str) -> Result<Self, String> {
        let mut catalogue = Self::default();
        for (number, line) in rows(models) {
            let wrong = |why: String| format!("models, line {number}: {why}: {line}");
            let card = parse_card(line).map_err(wrong)?;
            if catalogue.find(&card.provider, &card.model).is_some() {
                return Err(wrong("is there twice".to_owned()));
            }
            catalogue.by_name.entry(card.model.clone()).or_default().push(catalogue.cards.len());
            catalogue.cards.push(card);
        }
        for (number, line) in rows(prices) {
            let wrong = |why: String| format!("prices, line {number}: {why}: {line}");
            let (provider, model, price) = parse_price(line).map_err(wrong)?;
            let place = catalogue.place(provider, model).ok_or_else(|| wrong("no such model".to_owned()))?;
            catalogue.cards[place].prices.push(price);
        }
        Ok(catalogue)
    }

    fn place(&self, provider: &str, model: &str) -> Option<usize> {
        self.by_name.get(model)?.iter().copied().find(|&place| self.cards[place].provider == provider)
    }

    /// The card of `model` at `provider`.
    pub fn find(&self, provider: &str, model: &str) -> Option<&ModelCard> {
        self.place(provider, model).map(|place| &self.cards[place])
    }

    /// The card of `model` at whichever provider lists it first.
    pub fn find_anywhere(&self, model: &str) -> Option<&ModelCard> {
        self.by_name.get(model)?.first().map(|&i| &self.cards[i])
    }

    /// Every card of `provider`, in the table's order.
    pub fn of_provider<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a ModelCard> {
        self.cards.iter().filter(move |card| card.provider == provider)
    }

    /// Every card, in the table's order.
    pub fn cards(&self) -> &[ModelCard] {
        &self.cards
    }
}

/// The lines that are neither comments nor the header, with their numbers.
fn rows(table: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = table.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    lines.skip(1).map(|(index, line)| (index + 1, line))
}

fn parse_card(line: &str) -> Result<ModelCard, String> {
    let columns: Vec<&str> = line.split(',').collect();
    let &[provider, model, window, max_output, cache_min, us, ref can @ .., retires] = columns.as_slice()
    else {
        return Err("too few columns".to_owned());
    };
    let can: Vec<Option<bool>> = can.iter().map(|text| claim(text)).collect::<Result<_, _>>()?;
    let &[vision, documents, audio, tools, structured_output, reasoning] = can.as_slice() else {
        return Err("another number of columns".to_owned());
    };
    let us_multiplier = optional(us, |us| Kind::Input.price_of(us))?;
    Ok(ModelCard {
        provider: provider.to_owned(),
        model: model.to_owned(),
        profile: Profile {
            context_window: optional(window, number)?,
            max_output: optional(max_output, number)?,
            cache_min: optional(cache_min, number)?,
            us_multiplier: us_multiplier.and_then(|millionths| u32::try_from(millionths.0).ok()),
            retires: optional(retires, str::parse)?,
            capabilities: Capabilities { vision, documents, audio, tools, structured_output, reasoning },
        },
        prices: Vec::new(),
    })
}

fn parse_price<'t>(line: &'t str) -> Result<(&'t str, &'t str, PriceLine), String>
where
    't: 'static,
{
    let columns: Vec<&'static str> = line.split(',').collect();
    let &[provider, model, from, tier, above, ref prices @ .., source, source_date] = columns.as_slice()
    else {
        return Err("too few columns".to_owned());
    };
    if prices.len() != Kind::ALL.len() {
        return Err("another number of columns".to_owned());
    }
    let mut rates = Rates::default();
    for (kind, text) in Kind::ALL.into_iter().zip(prices) {
        if let Some(price) = optional(text, |text| kind.price_of(text))? {
            rates = rates.with(kind, price);
        }
    }
    let line = PriceLine {
        from: optional(from, str::parse)?,
        tier: ServiceTier::named(tier).ok_or_else(|| format!("no such tier as `{tier}`"))?,
        above: number(above)?,
        rates,
        source,
        source_date: optional(source_date, str::parse)?,
    };
    Ok((provider, model, line))
}

fn optional<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a number, got `{text}`"))
}

/// `yes`, `no`, or nothing where it is not known.
fn claim(text: &str) -> Result<Option<bool>, String> {
    match text {
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        "" => Ok(None),
        other => Err(format!("neither yes nor no: {other}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::price::line_for;
    use crate::{PicoUsd, Tokens};

    #[test]
    fn every_line_of_the_tables_is_read() {
        let count = |table: &str| rows(table).count();
        assert_eq!(CATALOGUE.cards.len(), count(include_str!("catalogue/models.csv")));
        let lines: usize = CATALOGUE.cards.iter().map(|card| card.prices.len()).sum();
        assert_eq!(lines, count(include_str!("catalogue/prices.csv")));
    }

    #[test]
    fn a_price_per_million_becomes_an_exact_price_per_token() {
        let card = CATALOGUE.find("anthropic", "claude-haiku-5-5").unwrap();
        let day = "2026-11-28".parse().unwrap();
        let rate = |prompt, kind| {
            line_for(&card.prices, day, ServiceTier::Standard, Tokens(prompt)).unwrap().rates.of(kind)
        };
        assert_eq!(rate(100_000, Kind::Input), Some(PicoUsd(100_000)));
        assert_eq!(rate(100_000, Kind::CacheRead), Some(PicoUsd(10_000)));
        assert_eq!(rate(100_001, Kind::CacheWrite1h), Some(PicoUsd(1_000_000)));
        assert_eq!(card.profile.us_multiplier, Some(1_100_000));
    }

    #[test]
    fn no_two_price_lines_of_a_model_are_for_the_same_requests() {
        for card in &CATALOGUE.cards {
            let mut keys: Vec<_> =
                card.prices.iter().map(|line| (line.tier, line.from, line.above)).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), card.prices.len(), "{}", card.model);
        }
    }

    #[test]
    fn every_price_line_says_where_it_is_from_and_of_which_day() {
        let lines = CATALOGUE.cards.iter().flat_map(|card| &card.prices);
        assert!(lines.clone().all(|line| !line.source.is_empty() && line.source_date.is_some()));
    }

    #[test]
    fn what_a_model_can_is_yes_no_or_not_known() {
        let card = CATALOGUE.find("openai", "o3-mini").unwrap();
        let Capabilities { vision, audio, tools, .. } = card.profile.capabilities;
        assert_eq!((vision, audio, tools), (Some(false), None, Some(true)));
        assert_eq!(card.profile.capabilities.named("tools"), Some(true));
        assert_eq!(card.profile.capabilities.named("flying"), None);
    }

    #[test]
    fn a_table_with_mistakes_is_refused_with_the_line() {
        let told = |models, prices| Catalogue::parse(models, prices).unwrap_err();
        assert!(told("head\nx,m,,,,,maybe,,,,,,", "").contains("line 2: neither yes nor no"));
        assert!(told("head\nx,m,,,,,,,,,,,\nx,m,,,,,,,,,,,", "").contains("line 3: is there twice"));
        let prices = "head\nx,m,,standard,0,1,2,,,,,,,,,,,,,,,,source,2026-11-12";
        assert!(told("head", prices).contains("prices, line 2: no such model"));
        let prices = "head\nx,m,,cheap,0,1,2,,,,,,,,,,,,,,,,source,2026-11-12";
        assert!(told("head\nx,m,,,,,,,,,,,", prices).contains("no such tier as `cheap`"));
    }

    #[test]
    fn what_another_profile_knows_goes_before_what_this_one_knows() {
        let mine = Profile { context_window: Some(10), max_output: Some(5), ..Profile::default() };
        let over = Profile {
            context_window: Some(20),
            capabilities: Capabilities { vision: Some(true), ..Capabilities::default() },
            ..Profile::default()
        };
        let both = mine.under(over);
        assert_eq!((both.context_window, both.max_output), (Some(20), Some(5)));
        assert_eq!(both.capabilities.vision, Some(true));
    }
}
