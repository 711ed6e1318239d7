//! What a client asks of routing for one request: other models in order, a price that it may cost at most, providers that it wants or
//! does not want. It can choose among what is configured and never go beyond it.
//!
//! In headers for every dialect (`x-paceway-models`, `x-paceway-only`, `x-paceway-ignore`, `x-paceway-strategy`,
//! `x-paceway-max-price`), and in OpenAI's dialect in the fields that users of OpenRouter know (openrouter.ai/docs, guides/routing,
//! read 2026-11): `models`, and of `provider`: `order`, `only`, `ignore`, `allow_fallbacks`, `require_parameters`, `sort` and
//! `max_price`. These fields are taken out before the request goes on, unless it goes to OpenRouter alone, which reads them itself.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use paceway_domain::price::Kind;
use paceway_domain::{Dialect, MicroUsd, Refusal, ServiceTier, Tokens};
use paceway_policy::pricing::Offer;
use paceway_policy::routing::strategy::Strategy;
use paceway_protocol::Envelope;
use serde::Deserialize;

use crate::Fleet;
use crate::ask::Ask;

/// Names that one list may have.
const MOST_NAMES: usize = 16;

/// The fields that are read here.
const FIELDS: [&str; 2] = ["models", "provider"];

/// What a client asks of routing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Overrides {
    /// Other models, after the one that is named.
    pub(crate) models: Vec<String>,
    /// Providers that are preferred, in order.
    pub(crate) order: Vec<String>,
    /// No others than these; empty: all.
    pub(crate) only: Vec<String>,
    /// None of these.
    pub(crate) ignore: Vec<String>,
    /// By what targets are ordered instead.
    pub(crate) strategy: Option<Strategy>,
    /// What the request may be expected to cost at most.
    pub(crate) max_price: Option<MicroUsd>,
    /// What a million tokens may cost at most, in US dollars: of the prompt and of the answer.
    pub(crate) max_rates: (Option<f64>, Option<f64>),
    /// Whether only the first target may serve.
    pub(crate) stays_first: bool,
    /// Whether what a target cannot be told speaks against it.
    pub(crate) requires_parameters: bool,
    /// Whether the body has fields to be taken out.
    pub(crate) has_fields: bool,
}

/// The field `provider` as `OpenRouter` has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Preferences {
    order: Option<Vec<String>>,
    only: Option<Vec<String>>,
    ignore: Option<Vec<String>>,
    allow_fallbacks: Option<bool>,
    require_parameters: Option<bool>,
    sort: Option<String>,
    max_price: Option<BTreeMap<String, serde_json::Value>>,
    data_collection: Option<String>,
    zdr: Option<bool>,
    quantizations: Option<Vec<String>>,
}

impl Preferences {
    /// A wish that nobody here can see to, and that must not be passed over in silence.
    fn unheeded(&self) -> Option<&'static str> {
        let denies = self.data_collection.as_deref().is_some_and(|policy| policy != "allow");
        [
            (denies, "provider.data_collection"),
            (self.zdr == Some(true), "provider.zdr"),
            (self.quantizations.is_some(), "provider.quantizations"),
        ]
        .into_iter()
        .find_map(|(is_wished, field)| is_wished.then_some(field))
    }
}

impl Overrides {
    /// What the headers say, and the fields if the dialect has them.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] with the header's or field's name.
    pub(crate) fn read(fleet: &Fleet, ask: &Ask, envelope: Option<&Envelope<'_>>) -> Result<Self, Refusal> {
        let mut overrides = Self::default();
        overrides.read_headers(&ask.headers)?;
        let reads_them_itself = || {
            fleet.serving(&ask.summary.model).is_ok_and(|(provider, _)| provider.catalogue() == "openrouter")
        };
        let has_any = |envelope: &&Envelope<'_>| {
            FIELDS.iter().any(|name| envelope.raw(name).is_some()) && !reads_them_itself()
        };
        if let Some(envelope) = envelope.filter(|_| ask.dialect == Dialect::OpenAi).filter(has_any) {
            overrides.read_fields(envelope)?;
        }
        Ok(overrides)
    }

    fn read_headers(&mut self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: &'static str| match headers.get(name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(wrong(name, "expected visible characters")),
        };
        let list = |name: &'static str| {
            let names = text(name)?.unwrap_or_default().split(',').map(str::trim);
            bounded(name, names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
        };
        self.models = list("x-paceway-models")?;
        self.only = list("x-paceway-only")?;
        self.ignore = list("x-paceway-ignore")?;
        if let Some(name) = text("x-paceway-strategy")? {
            let strategy = name.parse().map_err(|error| wrong("x-paceway-strategy", format!("{error}")))?;
            self.strategy = Some(strategy);
        }
        if let Some(price) = text("x-paceway-max-price")? {
            let dollars = price.parse().ok().and_then(micro);
            let why = format!("expected US dollars such as 0.02, got `{price}`");
            self.max_price = Some(dollars.ok_or_else(|| wrong("x-paceway-max-price", why))?);
        }
        Ok(())
    }

    fn read_fields(&mut self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        self.has_fields = true;
        if let Some(models) = envelope.field::<Vec<String>>("models", "an array of models' names")? {
            self.models.extend(bounded("models", models)?);
        }
        let what = "an object with `order`, `only`, `ignore`, `allow_fallbacks`, `require_parameters`, `sort` or `max_price`";
        let Some(preferences) = envelope.field::<Preferences>("provider", what)? else { return Ok(()) };
        if let Some(field) = preferences.unheeded() {
            let why = "Paceway does not know this of providers: name those that you trust in `provider.only`";
            return Err(Refusal::Unsupported { field: field.to_owned(), why: why.to_owned() });
        }
        self.order = bounded("provider.order", preferences.order.unwrap_or_default())?;
        self.only.extend(bounded("provider.only", preferences.only.unwrap_or_default())?);
        self.ignore.extend(bounded("provider.ignore", preferences.ignore.unwrap_or_default())?);
        self.stays_first = preferences.allow_fallbacks == Some(false);
        self.requires_parameters = preferences.require_parameters == Some(true);
        self.strategy = match preferences.sort.as_deref() {
            None => self.strategy.take(),
            Some("price") => Some(Strategy::Cheapest),
            Some("latency" | "throughput") => Some(Strategy::LowestLatency),
            Some(other) => {
                return Err(wrong(
                    "provider.sort",
                    format!("expected `price`, `latency` or `throughput`, got `{other}`"),
                ));
            }
        };
        let rates = preferences.max_price.unwrap_or_default();
        self.max_rates = (rate(&rates, "prompt")?, rate(&rates, "completion")?);
        Ok(())
    }

    /// Whether nothing is asked.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Why a target of this provider is not wanted.
    pub(crate) fn speaks_against(&self, provider: &str, model: &str, offer: &Offer<'_>) -> Option<String> {
        let named = |names: &[String]| {
            names.iter().any(|name| name == provider || name.split_once('/') == Some((provider, model)))
        };
        if !self.only.is_empty() && !named(&self.only) {
            return Some("the caller wants other providers only".to_owned());
        }
        if named(&self.ignore) {
            return Some("the caller does not want this provider".to_owned());
        }
        let (prompt, completion) = self.max_rates;
        for (most, what) in [(prompt, "prompt"), (completion, "answer")] {
            let Some(most) = most else { continue };
            let kind = if what == "prompt" { Kind::Input } else { Kind::Output };
            let rate = offer.rate(kind, ServiceTier::Standard, Tokens::ZERO);
            match rate {
                None => {
                    return Some(
                        "its price is not known, and the caller has set the most it may be".to_owned(),
                    );
                }
                // Pico-dollars for a token are micro-dollars for a million.
                Some(rate) if rate.0 as f64 / 1e6 > most => {
                    return Some(format!("a million tokens of its {what} cost more than {most} USD"));
                }
                Some(_) => {}
            }
        }
        None
    }

    /// Why a target with this expected cost is too dear.
    pub(crate) fn is_too_dear(&self, price: Option<MicroUsd>) -> Option<String> {
        let most = self.max_price?;
        match price {
            None => Some("its price is not known, and the caller has set the most it may be".to_owned()),
            Some(price) if price > most => {
                Some(format!("it is expected to cost {price}, more than the caller's {most}"))
            }
            Some(_) => None,
        }
    }

    /// In words, for the record.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut list = |what: &str, names: &[String]| {
            if !names.is_empty() {
                told.push(format!("{what}: {}", names.join(", ")));
            }
        };
        list("other models", &self.models);
        list("providers in order", &self.order);
        list("only", &self.only);
        list("not", &self.ignore);
        told.extend(self.strategy.iter().map(|strategy| format!("strategy: {strategy}")));
        told.extend(self.max_price.iter().map(|most| format!("at most {most}")));
        if self.stays_first {
            told.push("no fallback".to_owned());
        }
        told
    }
}

/// The body without the fields that are read here.
///
/// # Errors
/// None that a body has which was read before.
pub(crate) fn without_fields(envelope: &Envelope<'_>) -> Result<Bytes, Refusal> {
    let [first, second] = FIELDS;
    Ok(Envelope::parse(&envelope.without(first))?.without(second))
}

fn bounded(field: &str, names: Vec<String>) -> Result<Vec<String>, Refusal> {
    if names.len() > MOST_NAMES {
        return Err(wrong(field, format!("expected at most {MOST_NAMES} names, got {}", names.len())));
    }
    Ok(names)
}

/// A price may be a number or, as `OpenRouter` writes it, a string.
fn rate(rates: &BTreeMap<String, serde_json::Value>, name: &str) -> Result<Option<f64>, Refusal> {
    let Some(value) = rates.get(name) else { return Ok(None) };
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    let why = || wrong(&format!("provider.max_price.{name}"), "expected US dollars for a million tokens");
    number.map(Some).ok_or_else(why)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Positive, and below 2⁵³.
fn micro(dollars: f64) -> Option<MicroUsd> {
    (dollars.is_finite() && (0.0..=1e9).contains(&dollars)).then(|| MicroUsd((dollars * 1e6).round() as u64))
}

fn wrong(field: &str, why: impl Into<String>) -> Refusal {
    Refusal::InvalidField { field: field.to_owned(), why: why.into() }
}
