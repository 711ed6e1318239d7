//! The operator's file of prices: TOML with discounts and models (docs/prices.md shows one).
//!
//! It is read strictly: what is not understood is a mistake, told with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use paceway_domain::catalogue::{Capabilities, Profile};
use paceway_domain::price::{Kind, PriceLine, Rates};
use paceway_domain::{Day, ServiceTier};
use paceway_policy::pricing::{OwnModel, PriceBook};
use serde::Deserialize;
use toml::{Spanned, Value};

/// The most models that a file may have.
const MOST_MODELS: usize = 10_000;
/// Who says so.
const SOURCE: &str = "the operator's prices";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    #[serde(default)]
    discounts: BTreeMap<Spanned<String>, Spanned<Value>>,
    #[serde(default)]
    models: Vec<Spanned<WireModel>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireModel {
    provider: Spanned<String>,
    model: Spanned<String>,
    #[serde(default)]
    prices: Vec<Spanned<BTreeMap<Spanned<String>, Spanned<Value>>>>,
    context_window: Option<u64>,
    max_output: Option<u64>,
    cache_min: Option<u64>,
    us_multiplier: Option<Spanned<Value>>,
    retires: Option<Spanned<String>>,
    vision: Option<bool>,
    documents: Option<bool>,
    audio: Option<bool>,
    tools: Option<bool>,
    structured_output: Option<bool>,
    reasoning: Option<bool>,
}

/// Reads a file; `providers` are the names in configuration.
///
/// # Errors
/// A sentence for each mistake, which begins with its line.
pub(super) fn parse(text: &str, providers: &BTreeSet<&str>) -> Result<PriceBook, Vec<String>> {
    let file: WireFile = toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![format!("line {}: {}", line_of(text, at), error.message())]
    })?;
    let mut reading = Reading { text, providers, problems: Vec::new() };
    let discounts = reading.discounts(&file.discounts);
    if file.models.len() > MOST_MODELS {
        reading.problems.push(format!("expected at most {MOST_MODELS} models, got {}", file.models.len()));
    }
    let mut seen = BTreeSet::new();
    let mut models = Vec::new();
    for (index, wire) in file.models.iter().enumerate() {
        let key = format!("models[{index}]");
        let at = wire.span().start;
        let wire = wire.get_ref();
        if !seen.insert((wire.provider.get_ref(), wire.model.get_ref())) {
            let name = wire.model.get_ref();
            reading.say(at, &key, format_args!("`{name}` is there twice: only the first would count"));
        }
        models.push(reading.model(&key, wire));
    }
    if reading.problems.is_empty() { Ok(PriceBook::new(models, discounts)) } else { Err(reading.problems) }
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

struct Reading<'t> {
    text: &'t str,
    providers: &'t BTreeSet<&'t str>,
    problems: Vec<String>,
}

impl Reading<'_> {
    fn say(&mut self, at: usize, key: &str, what: impl Display) {
        self.problems.push(format!("line {}: {key}: {what}", line_of(self.text, at)));
    }

    /// What was read, or nothing and a problem.
    fn take<T>(&mut self, at: usize, key: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.say(at, key, why)).ok()
    }

    fn provider(&mut self, at: usize, key: &str, name: &str) {
        if self.providers.contains(name) {
            return;
        }
        let hint = nearest(name, self.providers.iter().copied());
        self.say(at, key, format_args!("no provider of the configuration is called `{name}`{hint}"));
    }

    fn discounts(&mut self, wire: &BTreeMap<Spanned<String>, Spanned<Value>>) -> BTreeMap<String, u32> {
        let mut discounts = BTreeMap::new();
        for (name, value) in wire {
            let (at, name) = (name.span().start, name.get_ref());
            let key = format!("discounts.{name}");
            self.provider(at, &key, name);
            if let Some(discount) = self.take(at, &key, percent(value.get_ref())) {
                discounts.insert(name.clone(), discount);
            }
        }
        discounts
    }

    fn model(&mut self, key: &str, wire: &WireModel) -> OwnModel {
        let (provider, model) = (wire.provider.get_ref().clone(), wire.model.get_ref().clone());
        self.provider(wire.provider.span().start, &format!("{key}.provider"), &provider);
        if model.is_empty() {
            self.say(
                wire.model.span().start,
                &format!("{key}.model"),
                "expected a model's name, or a pattern with *",
            );
        }
        let mut prices: Vec<PriceLine> = Vec::new();
        for (index, line) in wire.prices.iter().enumerate() {
            let key = format!("{key}.prices[{index}]");
            let at = line.span().start;
            let line = self.line(at, &key, line.get_ref());
            let is_same = |other: &PriceLine| {
                (other.tier, other.from, other.above) == (line.tier, line.from, line.above)
            };
            if prices.iter().any(is_same) {
                self.say(at, &key, "another line has the same `tier`, `from` and `above`");
            }
            prices.push(line);
        }
        let multiplier = wire.us_multiplier.as_ref().and_then(|value| {
            let read = millionths(value.get_ref()).and_then(|millionths| {
                u32::try_from(millionths).map_err(|_| "expected less than 4000".to_owned())
            });
            self.take(value.span().start, &format!("{key}.us_multiplier"), read)
        });
        let retires = wire
            .retires
            .as_ref()
            .and_then(|day| self.take(day.span().start, &format!("{key}.retires"), day.get_ref().parse()));
        let &WireModel { vision, documents, audio, tools, structured_output, reasoning, .. } = wire;
        let profile = Profile {
            context_window: wire.context_window,
            max_output: wire.max_output,
            cache_min: wire.cache_min,
            us_multiplier: multiplier,
            retires,
            capabilities: Capabilities { vision, documents, audio, tools, structured_output, reasoning },
        };
        OwnModel { provider, model, prices, profile }
    }

    fn line(&mut self, at: usize, key: &str, wire: &BTreeMap<Spanned<String>, Spanned<Value>>) -> PriceLine {
        let mut line = PriceLine {
            from: None,
            tier: ServiceTier::Standard,
            above: 0,
            rates: Rates::default(),
            source: SOURCE,
            source_date: None,
        };
        for (name, value) in wire {
            let (at, name) = (name.span().start, name.get_ref().as_str());
            let key = format!("{key}.{name}");
            let text = text_of(value.get_ref());
            match name {
                "from" => line.from = self.take(at, &key, text.parse::<Day>()),
                "tier" => {
                    let read = ServiceTier::named(&text).ok_or_else(|| {
                        let names = ServiceTier::ALL.map(ServiceTier::name).join(", ");
                        format!("expected one of {names}, got `{text}`")
                    });
                    line.tier = self.take(at, &key, read).unwrap_or_default();
                }
                "above" => {
                    let read = text.parse().map_err(|_| format!("expected a number of tokens, got `{text}`"));
                    line.above = self.take(at, &key, read).unwrap_or_default();
                }
                _ => match Kind::named(name) {
                    Some(kind) => {
                        if let Some(price) = self.take(at, &key, kind.price_of(&text)) {
                            line.rates = line.rates.with(kind, price);
                        }
                    }
                    None => {
                        let names = Kind::ALL.map(Kind::name);
                        let hint = nearest(name, names.into_iter().chain(["from", "tier", "above"]));
                        self.say(at, &key, format_args!("nothing has this name{hint}"));
                    }
                },
            }
        }
        if line.rates.is_empty() {
            self.say(at, key, "expected at least one price: `input = 0` says that input costs nothing");
        }
        line
    }
}

fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let found = names
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    found.map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}

/// A number as it was written; of one with a fraction the shortest text that reads as the same number, which is what was written.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}

/// A number with at most six decimals, in millionths.
fn millionths(value: &Value) -> Result<u64, String> {
    let text = text_of(value);
    let read = Kind::Input.price_of(&text).ok().and_then(|millionths| u64::try_from(millionths.0).ok());
    read.ok_or_else(|| format!("expected a number with at most six decimals, got `{text}`"))
}

/// Per cent with at most four decimals, as millionths of the whole.
fn percent(value: &Value) -> Result<u32, String> {
    let wrong =
        || format!("expected per cent, 0 to 100, with at most four decimals, got `{}`", text_of(value));
    let millionths = millionths(value).map_err(|_| wrong())?;
    let is_good = millionths.is_multiple_of(100) && millionths <= 100_000_000;
    u32::try_from(millionths / 100).ok().filter(|_| is_good).ok_or_else(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paceway_domain::{MicroUsd, Sold, Terms, Tokens, UnixMillis, Usage};
    use paceway_policy::pricing::Product;

    use super::*;

    /// 2026-11-28 and a week later.
    const NOW: UnixMillis = UnixMillis(1_795_824_000_000);
    const LATER: UnixMillis = UnixMillis(1_796_428_800_000);

    const FILE: &str = r#"
[discounts]
anthropic = 12.5
openai = "0.25"

[[models]]
provider = "vllm"
model = "llama-*"
context_window = 131072
vision = false
[[models.prices]]
input = 0
output = 0

[[models]]
provider = "openai"
model = "gpt-5.4"
[[models.prices]]
input = 2.1
cache_read = 0.000001
output = "13"
[[models.prices]]
above = 200000
input = 4
output = 20
[[models.prices]]
from = "2026-12-01"
input = 1
output = 2
[[models.prices]]
tier = "flex"
input = 0.5
"#;

    fn book() -> PriceBook {
        parse(FILE, &["anthropic", "openai", "vllm"].into()).unwrap()
    }

    fn price(provider: &str, model: &str, at: UnixMillis, tier: ServiceTier, input: u64) -> Option<MicroUsd> {
        let book = book();
        let usage = Usage { input: Tokens(input), ..Usage::default() };
        let sold = Sold { usage, terms: Terms::at(tier), ..Sold::default() };
        let offer = book.offer(Product { provider, catalogue: provider, model }, at);
        offer.price(&sold).ok().map(|priced| priced.amount)
    }

    #[test]
    fn prices_of_ones_own_go_before_list_prices_with_their_days_tiers_and_lengths() {
        use ServiceTier::{Flex, Priority, Standard};
        assert_eq!(price("openai", "gpt-5.4", NOW, Standard, 1_000), Some(MicroUsd(2_100)));
        assert_eq!(price("openai", "gpt-5.4", NOW, Standard, 200_001), Some(MicroUsd(800_004)));
        assert_eq!(price("openai", "gpt-5.4", LATER, Standard, 200_001), Some(MicroUsd(200_001)));
        assert_eq!(price("openai", "gpt-5.4", NOW, Flex, 1_000), Some(MicroUsd(500)));
        assert_eq!(price("openai", "gpt-5.4", NOW, Priority, 1_000), None);
    }

    #[test]
    fn a_price_of_zero_is_one_that_somebody_has_said() {
        assert_eq!(price("vllm", "llama-4-scout", NOW, ServiceTier::Standard, 1_000), Some(MicroUsd(0)));
        assert_eq!(price("vllm", "mixtral", NOW, ServiceTier::Standard, 1_000), None);
    }

    #[test]
    fn a_discount_is_off_the_list_prices_and_not_off_ones_own() {
        let standard = ServiceTier::Standard;
        assert_eq!(price("anthropic", "claude-sonnet-5-5", NOW, standard, 1_000), Some(MicroUsd(1_750)));
        assert_eq!(price("openai", "gpt-5", NOW, standard, 1_000_000), Some(MicroUsd(1_246_875)));
        assert_eq!(price("openai", "gpt-5.4", NOW, standard, 1_000), Some(MicroUsd(2_100)));
    }

    #[test]
    fn windows_and_capabilities_are_taken_over() {
        let book = book();
        let profile = book.profile(Product { provider: "vllm", catalogue: "vllm", model: "llama-4-scout" });
        assert_eq!((profile.context_window, profile.capabilities.vision), (Some(131_072), Some(false)));
    }

    #[test]
    fn each_mistake_is_told_with_its_line_key_value_and_what_to_write() {
        let told = |text: &str| parse(text, &["anthropic", "openai"].into()).unwrap_err().join("\n");
        let one = |line: &str| {
            told(&format!("[[models]]\nprovider = \"openai\"\nmodel = \"m\"\n[[models.prices]]\n{line}"))
        };
        assert!(one("input = \"cheap\"").contains("line 5: models[0].prices[0].input: expected dollars"));
        assert!(one("input = 0.1234567").contains("got `0.1234567`"));
        assert!(one("input = -1").contains("got `-1`"));
        assert!(
            one("inptu = 1")
                .contains("line 5: models[0].prices[0].inptu: nothing has this name; did you mean `input`?")
        );
        assert!(
            one("input = 1\nfrom = \"1 May\"").contains("line 6")
                && one("from = \"1 May\"").contains("YYYY-MM-DD")
        );
        assert!(one("input = 1\ntier = \"cheap\"").contains("expected one of standard, batch, flex"));
        assert!(one("tier = \"flex\"").contains("line 4: models[0].prices[0]: expected at least one price"));
        assert!(
            one("input = 1\n[[models.prices]]\ninput = 2")
                .contains("line 6: models[0].prices[1]: another line")
        );
        assert!(told("[discounts]\nantropic = 5").contains("line 2: discounts.antropic: no provider"));
        assert!(told("[discounts]\nantropic = 5").contains("did you mean `anthropic`?"));
        assert!(
            told("[discounts]\nopenai = 101").contains("0 to 100")
                && told("[discounts]\nopenai = 0.00001").contains("four")
        );
        assert!(
            told("[[models]]\nprovider = \"openai\"").contains("line 1")
                && told("prices = 1").contains("unknown field")
        );
        let twice = "[[models]]\nprovider = \"openai\"\nmodel = \"m\"\n";
        assert!(told(&format!("{twice}{twice}")).contains("line 4: models[1]: `m` is there twice"));
    }
}
