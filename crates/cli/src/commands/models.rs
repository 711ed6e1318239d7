//! `paceway models`: what can be asked, what it costs and what it can, from the prices in force.
//!
//! It asks nobody: neither a running Paceway nor providers.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use paceway_domain::catalogue::{Capabilities, Profile};
use paceway_domain::price::Kind;
use paceway_domain::{CATALOGUE, Day, PicoUsd, ServiceTier, Tokens, UnixMillis};
use paceway_policy::pricing::{Offer, PriceBook, Product, Unpriced, database_models, database_providers};
use serde_json::{Map, Value, json};

use super::{Common, say};
use crate::{house, prices, providers};

#[derive(Debug, Default, Args)]
pub(super) struct Options {
    /// Only models of this provider (its name in configuration)
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only models whose names have this in them
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only models that are known to have this: vision, documents, audio, tools, structured_output or reasoning; may be repeated
    #[arg(long, value_name = "WHAT")]
    capability: Vec<String>,
    /// Only models whose input is known to cost at most this, in dollars per million tokens
    #[arg(long, value_name = "DOLLARS")]
    max_input_price: Option<String>,
    /// Prices of requests that are served so: standard, batch, flex, priority or fast
    #[arg(long, value_name = "TIER", default_value = "standard")]
    tier: String,
    /// Prices on this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DAY")]
    day: Option<String>,
    /// All models that are known, not only those of providers with a key
    #[arg(long)]
    all: bool,
    /// As JSON, one array
    #[arg(long)]
    json: bool,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<()> {
    let filter = Filter::read(options)?;
    let config = common.load()?;
    let book = prices::load(&config)?;
    let in_use: Vec<(String, String)> = providers::in_use(&config)?
        .into_iter()
        .map(|provider| (provider.candidate.name, provider.candidate.catalogue))
        .collect();
    let is_everything = options.all || options.provider.is_some() || in_use.is_empty();
    let named = config
        .providers
        .iter()
        .map(|(name, provider)| (name.clone(), provider.catalogue.clone().unwrap_or_else(|| name.clone())));
    let sellers = if is_everything { sellers(named) } else { in_use };
    if let Some(name) = &options.provider
        && !sellers.iter().any(|(seller, _)| seller == name)
    {
        bail!("no provider is called `{name}`; `paceway config show` lists those of the configuration");
    }
    let models = sellers.iter().flat_map(|seller| models_of(&book, seller));
    let offers: Vec<Listed<'_>> =
        models.map(|(product, window)| Listed::new(&book, product, window, filter.at)).collect();
    let wanted: Vec<&Listed<'_>> = offers.iter().filter(|listed| filter.wants(listed)).collect();
    if options.json {
        let all: Vec<Value> = wanted.iter().map(|listed| listed.json(filter.tier)).collect();
        say(serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "PROVIDER",
        "MODEL",
        "INPUT",
        "CACHED",
        "OUTPUT",
        "WINDOW",
        "MOST OUTPUT",
        "CAN",
        "RETIRES",
        "PRICES FROM",
    ]);
    for listed in &wanted {
        table.add_row(listed.row(&filter));
    }
    if !wanted.is_empty() {
        say(table);
    }
    let whose = if is_everything { "known models" } else { "models of providers with a key (--all: of all)" };
    say(format_args!(
        "{} of {} {whose}. Prices in US dollars per million tokens.",
        wanted.len(),
        offers.len()
    ));
    Ok(())
}

/// Every provider whose models are known, with the name of its list prices.
fn sellers(named: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = named.collect();
    let known: BTreeSet<String> = all.iter().map(|(name, _)| name.clone()).collect();
    let others = database_providers().filter(|name| !known.contains(*name));
    all.extend(others.map(|name| (name.to_owned(), name.to_owned())));
    all
}

/// The models of a provider that the operator, the catalogue or the database knows, each once; with the database's window.
fn models_of<'m>(
    book: &'m PriceBook,
    (name, catalogue): &'m (String, String),
) -> Vec<(Product<'m>, Option<u64>)> {
    let own = book.own().iter().filter(|own| own.provider == *name && !own.model.contains('*'));
    let own = own.map(|own| (own.model.as_str(), None));
    let cards = CATALOGUE.of_provider(catalogue).map(|card| (card.model.as_str(), None));
    let mut seen = BTreeSet::new();
    own.chain(cards)
        .chain(database_models(catalogue))
        .filter(|(model, _)| seen.insert(*model))
        .map(|(model, window)| (Product { provider: name, catalogue, model }, window))
        .collect()
}

/// What is asked for.
struct Filter<'o> {
    options: &'o Options,
    tier: ServiceTier,
    at: UnixMillis,
    max_input: Option<PicoUsd>,
}

impl<'o> Filter<'o> {
    fn read(options: &'o Options) -> Result<Self> {
        for name in &options.capability {
            if !Capabilities::NAMES.contains(&name.as_str()) {
                bail!("--capability: expected one of {}, got `{name}`", Capabilities::NAMES.join(", "));
            }
        }
        let Some(tier) = ServiceTier::named(&options.tier) else {
            let names = ServiceTier::ALL.map(ServiceTier::name).join(", ");
            bail!("--tier: expected one of {names}, got `{}`", options.tier);
        };
        let told = |option: &'static str| move |why: String| anyhow::anyhow!("{option}: {why}");
        let day = options.day.as_deref().map(str::parse::<Day>).transpose().map_err(told("--day"))?;
        let most = options.max_input_price.as_deref().map(|dollars| Kind::Input.price_of(dollars));
        let max_input = most.transpose().map_err(told("--max-input-price"))?;
        Ok(Self { options, tier, at: day.map_or_else(house::wall_clock, Day::begins), max_input })
    }

    fn wants(&self, listed: &Listed<'_>) -> bool {
        let Options { provider, search, capability, .. } = self.options;
        let is_cheap = |most: PicoUsd| listed.rate(self.tier, Kind::Input).is_some_and(|price| price <= most);
        let text = |text: &String| listed.product.model.to_lowercase().contains(&text.to_lowercase());
        provider.as_deref().is_none_or(|name| name == listed.product.provider)
            && search.as_ref().is_none_or(text)
            && capability.iter().all(|name| listed.profile.capabilities.named(name) == Some(true))
            && self.max_input.is_none_or(is_cheap)
    }
}

/// A model and its prices.
struct Listed<'b> {
    product: Product<'b>,
    offer: Offer<'b>,
    profile: Profile,
}

impl<'b> Listed<'b> {
    fn new(book: &'b PriceBook, product: Product<'b>, window: Option<u64>, at: UnixMillis) -> Self {
        let offer = book.offer(product, at);
        let known = *offer.profile();
        let profile = Profile { context_window: known.context_window.or(window), ..known };
        Self { product, offer, profile }
    }

    fn rate(&self, tier: ServiceTier, kind: Kind) -> Option<PicoUsd> {
        self.offer.rate(kind, tier, Tokens::ZERO)
    }

    /// Whose prices they are, or why there are none.
    fn told_source(&self, tier: ServiceTier) -> String {
        match self.offer.source(tier, Tokens::ZERO) {
            Ok(source) => source.to_string(),
            Err(Unpriced::Model) => "unknown".to_owned(),
            Err(why) => format!("unknown: {why}"),
        }
    }

    fn row(&self, filter: &Filter<'_>) -> [String; 10] {
        let price = |kind: Kind| {
            let long = self.offer.thresholds(filter.tier).into_iter().filter_map(|above| {
                let price = self.offer.rate(kind, filter.tier, Tokens(above + 1))?;
                Some(format!(", {} above {}k", kind.published(price), (above + 1) / 1_000))
            });
            let usual = self.rate(filter.tier, kind).map(|price| kind.published(price));
            usual.map(|usual| usual + &long.collect::<String>())
        };
        let apart = || {
            let mut sold = Kind::ALL.into_iter().filter(|kind| !kind.is_tokens());
            sold.find_map(|kind| {
                let price = kind.published(self.rate(filter.tier, kind)?);
                let per = match kind.priced_per() {
                    1 => String::new(),
                    many => format!("{many} of "),
                };
                Some(format!("{price} for {per}{}", kind.name()))
            })
        };
        let none = || "-".to_owned();
        let input = price(Kind::Input).or_else(apart).unwrap_or_else(|| "unknown".to_owned());
        let number = |number: Option<u64>| number.map_or_else(none, |number| number.to_string());
        let can = Capabilities::NAMES
            .into_iter()
            .filter(|name| self.profile.capabilities.named(name) == Some(true));
        [
            self.product.provider.to_owned(),
            self.product.model.to_owned(),
            input,
            price(Kind::CacheRead).unwrap_or_else(none),
            price(Kind::Output).unwrap_or_else(none),
            number(self.profile.context_window),
            number(self.profile.max_output),
            can.collect::<Vec<_>>().join(" "),
            self.profile.retires.map_or_else(none, |day| day.to_string()),
            self.told_source(filter.tier),
        ]
    }

    /// Prices as decimal strings, so that no reader rounds them; what is not known is `null`.
    fn json(&self, tier: ServiceTier) -> Value {
        let prices = |prompt: u64| -> Map<String, Value> {
            let known = Kind::ALL.into_iter().filter_map(|kind| {
                let price = self.offer.rate(kind, tier, Tokens(prompt))?;
                Some((kind.name().to_owned(), kind.published(price).into()))
            });
            known.collect()
        };
        let source = self.offer.source(tier, Tokens::ZERO);
        let long = self
            .offer
            .thresholds(tier)
            .into_iter()
            .map(|above| json!({ "above_tokens": above, "prices": prices(above + 1) }));
        let can =
            Capabilities::NAMES.map(|name| (name.to_owned(), json!(self.profile.capabilities.named(name))));
        json!({
            "provider": self.product.provider,
            "model": self.product.model,
            "tier": tier.name(),
            "prices": source.as_ref().ok().map(|_| prices(0)),
            "long_context": long.collect::<Vec<_>>(),
            "source": source.as_ref().ok().map(|source| source.name),
            "source_date": source.as_ref().ok().and_then(|source| source.date).map(|day| day.to_string()),
            "discount_millionths": source.as_ref().ok().map(|source| source.discount),
            "unknown_because": source.err().map(|why| why.to_string()),
            "context_window": self.profile.context_window,
            "max_output": self.profile.max_output,
            "cache_min": self.profile.cache_min,
            "us_multiplier_millionths": self.profile.us_multiplier,
            "retires": self.profile.retires.map(|day| day.to_string()),
            "capabilities": Map::from_iter(can),
        })
    }
}
