//! The models that Paceway knows, with their list prices and windows.
//!
//! The table is compiled in and constant. It does not say which models are served here (configuration does) and it does
//! not compute a price (`policy::pricing` does).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::PicoUsd;

/// The compiled-in catalogue.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(include_str!("catalogue.csv")).expect("the compiled-in table is tested")
});

/// Prices per token of one kind of model, in pico-dollars. `None`: the provider does not sell that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Uncached input.
    pub input: PicoUsd,
    /// Output, reasoning included.
    pub output: PicoUsd,
    /// Input read from a cache.
    pub cache_read: Option<PicoUsd>,
    /// Input written to a five-minute cache.
    pub cache_write_5m: Option<PicoUsd>,
    /// Input written to a one-hour cache.
    pub cache_write_1h: Option<PicoUsd>,
}

/// One model of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCard {
    /// The provider's name as in configuration.
    pub provider: String,
    /// The model's id as its provider writes it.
    pub model: String,
    /// List prices.
    pub rates: Rates,
    /// Prices for the whole request when its prompt is longer than this many tokens.
    pub long_context: Option<(u64, Rates)>,
    /// Tokens that prompt and answer may have together.
    pub context_window: Option<u64>,
    /// Tokens that an answer may have.
    pub max_output: Option<u64>,
    /// What it takes and can.
    pub capabilities: Capabilities,
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
}

/// All cards, by provider and model.
#[derive(Debug, Default)]
pub struct Catalogue {
    cards: Vec<ModelCard>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Catalogue {
    /// Reads the table: `#` comments, a header line, then one model a line (see `catalogue.csv`).
    ///
    /// # Errors
    /// A sentence with the line's number when a line has the wrong shape.
    pub fn parse(table: &str) -> Result<Self, String> {
        let mut catalogue = Self::default();
        let lines = table.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
        for (number, line) in lines.skip(1) {
            let card = parse_card(line).ok_or_else(|| format!("line {}: {line}", number + 1))?;
            catalogue.by_name.entry(card.model.clone()).or_default().push(catalogue.cards.len());
            catalogue.cards.push(card);
        }
        Ok(catalogue)
    }

    /// The card of `model` at `provider`.
    pub fn find(&self, provider: &str, model: &str) -> Option<&ModelCard> {
        self.by_name.get(model)?.iter().map(|&i| &self.cards[i]).find(|card| card.provider == provider)
    }

    /// The card of `model` at whichever provider lists it first.
    pub fn find_anywhere(&self, model: &str) -> Option<&ModelCard> {
        self.by_name.get(model)?.first().map(|&i| &self.cards[i])
    }

    /// Every card of `provider`, in the table's order.
    pub fn of_provider<'a>(&'a self, provider: &'a str) -> impl Iterator<Item = &'a ModelCard> {
        self.cards.iter().filter(move |card| card.provider == provider)
    }
}

fn parse_card(line: &str) -> Option<ModelCard> {
    let columns: Vec<&str> = line.split(',').collect();
    let &[
        provider,
        model,
        input,
        output,
        read,
        write_5m,
        write_1h,
        threshold,
        tier_input,
        tier_output,
        tier_read,
        tier_write,
        window,
        max_output,
        vision,
        documents,
        audio,
        tools,
        structured_output,
    ] = columns.as_slice()
    else {
        return None;
    };
    let rates = Rates {
        input: price(input)?,
        output: price(output)?,
        cache_read: price(read),
        cache_write_5m: price(write_5m),
        cache_write_1h: price(write_1h),
    };
    let long_context = match threshold.strip_suffix('k') {
        None if threshold.is_empty() => None,
        None => return None,
        Some(thousands) => Some((
            thousands.parse::<u64>().ok()? * 1_000,
            Rates {
                input: price(tier_input)?,
                output: price(tier_output)?,
                cache_read: price(tier_read),
                cache_write_5m: price(tier_write),
                cache_write_1h: rates.cache_write_1h,
            },
        )),
    };
    Some(ModelCard {
        provider: provider.to_owned(),
        model: model.to_owned(),
        rates,
        long_context,
        context_window: window.parse().ok(),
        max_output: max_output.parse().ok(),
        capabilities: Capabilities {
            vision: claim(vision).ok()?,
            documents: claim(documents).ok()?,
            audio: claim(audio).ok()?,
            tools: claim(tools).ok()?,
            structured_output: claim(structured_output).ok()?,
        },
    })
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

/// Dollars per million tokens, at most six decimals, as pico-dollars per token.
fn price(dollars: &str) -> Option<PicoUsd> {
    let (whole, fraction) = dollars.split_once('.').unwrap_or((dollars, ""));
    if fraction.len() > 6 {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let fraction: u128 = format!("{fraction:0<6}").parse().ok()?;
    Some(PicoUsd(whole * 1_000_000 + fraction))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("catalogue.csv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(CATALOGUE.cards.len(), lines - 1);
    }

    #[test]
    fn a_price_per_million_becomes_an_exact_price_per_token() {
        let card = CATALOGUE.find("anthropic", "claude-haiku-5-5").unwrap();
        assert_eq!(card.rates.input, PicoUsd(100_000));
        assert_eq!(card.rates.cache_read, Some(PicoUsd(10_000)));
        let (threshold, long) = card.long_context.unwrap();
        assert_eq!((threshold, long.output), (100_000, PicoUsd(2_500_000)));
    }

    #[test]
    fn what_a_model_can_is_yes_no_or_not_known() {
        let card = CATALOGUE.find("openai", "o3-mini").unwrap();
        let Capabilities { vision, audio, tools, .. } = card.capabilities;
        assert_eq!((vision, audio, tools), (Some(false), None, Some(true)));
        assert!(Catalogue::parse("head\nx,m,1,2,,,,,,,,,,,maybe,,,,").is_err());
    }

    #[test]
    fn a_price_with_more_decimals_than_can_be_kept_is_refused_and_not_rounded() {
        assert_eq!(price("0.1234567"), None);
        assert_eq!(price("0.05"), Some(PicoUsd(50_000)));
        assert_eq!(price(""), None);
    }
}
