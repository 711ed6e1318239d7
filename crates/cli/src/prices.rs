//! The operator's prices, read from the file that the configuration names, and what is worth a warning about prices at a start.
//!
//! What the file may say is in `prices/file.rs`; what becomes of it is `policy::pricing`'s.

mod file;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use paceway_domain::price::Kind;
use paceway_domain::{Day, ServiceTier, Tokens, UnixMillis};
use paceway_gateway::provider::ProviderSettings;
use paceway_policy::pricing::{PriceBook, Product};
use paceway_policy::routing::routes;

use crate::config::{Config, Problems};

/// The largest file of prices, in bytes.
const MOST_BYTES: u64 = 4 << 20;

/// Every price that is known under a configuration.
///
/// # Errors
/// [`Problems`] of the file, each with its line, key, value and what to write instead.
pub(crate) fn load(config: &Config) -> Result<PriceBook, Problems> {
    let name = &config.prices.file;
    if name.is_empty() {
        return Ok(PriceBook::default());
    }
    let text =
        read(Path::new(name)).map_err(|why| Problems(vec![format!("prices.file: `{name}`: {why}")]))?;
    let providers: BTreeSet<&str> = config.providers.keys().map(String::as_str).collect();
    file::parse(&text, &providers)
        .map_err(|problems| Problems(problems.into_iter().map(|what| format!("{name}: {what}")).collect()))
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(file).map_err(|error| error.to_string())?;
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if read as u64 > MOST_BYTES { Err(format!("is longer than {MOST_BYTES} bytes")) } else { Ok(text) }
}

/// Sentences about models that the configuration names and that have no known price, or are shut down or soon will be.
pub(crate) fn warnings(
    config: &Config,
    providers: &[ProviderSettings],
    book: &PriceBook,
    now: UnixMillis,
) -> Vec<String> {
    let candidates: Vec<_> = providers.iter().map(|provider| provider.candidate.clone()).collect();
    let named_by_aliases = config.aliases.values().flat_map(|alias| alias.rules().targets);
    let named_by_providers = providers.iter().flat_map(|provider| {
        let name = &provider.candidate.name;
        let exact = provider.candidate.serves.iter().filter(|model| !model.contains('*'));
        exact.map(move |model| format!("{name}/{model}"))
    });
    let names: BTreeSet<String> =
        named_by_aliases.map(|target| target.model().to_owned()).chain(named_by_providers).collect();
    let mut sentences = Vec::new();
    for name in names {
        for route in routes(&candidates, &name).unwrap_or_default() {
            let candidate = &candidates[route.candidate];
            let product =
                Product { provider: &candidate.name, catalogue: &candidate.catalogue, model: &route.model };
            let shown = format!("{}/{}", candidate.name, route.model);
            let offer = book.offer(product, now);
            match offer.profile().retires {
                Some(day) if day <= Day::of(now) => {
                    sentences.push(format!("`{shown}` was to be shut down on {day}: choose another model"));
                }
                _ => {}
            }
            if offer.rate(Kind::Input, ServiceTier::Standard, Tokens::ZERO).is_none() {
                sentences.push(format!(
                    "no price of `{shown}` is known: its requests are told as unpriced; [prices] file may say one"
                ));
            }
        }
    }
    sentences
}
