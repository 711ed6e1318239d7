//! Prices of all sources; the table of requests computed by hand is in `tests/golden`.

use std::collections::BTreeMap;

use paceway_domain::{Apart, CATALOGUE, ModelCard, Terms, Usage};
use proptest::prelude::*;

use super::*;

/// 2026-11-28.
const NOW: UnixMillis = UnixMillis(1_795_824_000_000);
const HOUR_MS: u64 = 3_600_000;

/// Where catalogue and database differ, and why the catalogue's prices hold. Looked at on 2026-11-28.
const DISAGREE: [(&str, &str, &str); 18] = [
    ("xai/grok-code-fast*", "*", "the database has the price of before the model was renamed"),
    ("deepseek/deepseek-chat", "*", "the database has the prices of before 2025-09, by the time of day"),
    ("deepseek/deepseek-reasoner", "*", "the same"),
    ("deepseek/deepseek-v3.2", "*", "the database has the price of another host"),
    ("mistral/magistral-*-latest", "*", "the name has moved to a newer model"),
    ("mistral/mistral-large-latest", "*", "the same"),
    ("mistral/mistral-medium", "*", "the same"),
    ("mistral/open-mistral-nemo", "*", "the catalogue's source is newer"),
    ("openai/gpt-4o-mini-tts", "output", "the database counts sound as plain output"),
    (
        "openai/gpt-4.1*",
        "web_search",
        "the catalogue has the dearer of OpenAI's two tools, which answers do not tell apart",
    ),
    ("openai/gpt-4o-mini*", "web_search", "the same"),
    ("openai/gpt-5.5-pro*", "input", "the database has no long-context prices of batch"),
    ("openai/gpt-5.5-pro*", "output", "the same"),
    ("openai/gpt-5.6-cyber", "*", "the database has no long-context prices of it"),
    ("openai/gpt-4o-search-preview*", "cache_read", "the database has none and gives that of input"),
    ("gemini/gemini-*", "cache_read", "the same, of some"),
    ("mistral/*", "cache_read", "the same, of some"),
    ("gemini/gemini-2.5-pro-preview-tts", "*", "the same"),
];

fn offer<'b>(book: &'b PriceBook, provider: &'b str, model: &'b str) -> Offer<'b> {
    book.offer(Product { provider, catalogue: provider, model }, NOW)
}

fn tokens(input: u64, output: u64) -> Usage {
    Usage { input: Tokens(input), output: Tokens(output), ..Usage::default() }
}

fn price(provider: &str, model: &str, sold: &Sold) -> Result<MicroUsd, Unpriced> {
    let book = PriceBook::default();
    offer(&book, provider, model).price(sold).map(|priced| priced.amount)
}

#[test]
fn prices_by_the_time_of_day_are_the_databases() {
    let book = PriceBook::default();
    let at = |hours: u64| {
        let product = Product { provider: "deepseek", catalogue: "deepseek", model: "deepseek-v4-pro" };
        let offer = book.offer(product, UnixMillis(NOW.0 + hours * HOUR_MS));
        offer.price(&tokens(1_000, 1_000).into()).unwrap().amount
    };
    // 0.66 and 1.98 dollars per million; twice that from 01:00 to 04:00 and from 06:00 to 10:00.
    assert_eq!([at(0), at(1), at(5), at(9)], [2_640, 5_280, 2_640, 5_280].map(MicroUsd));
}

#[test]
fn a_price_says_where_it_is_from() {
    let book = PriceBook::new(Vec::new(), BTreeMap::from([("groq".to_owned(), 25_000)]));
    let told = |provider, model| {
        offer(&book, provider, model).price(&tokens(1, 1).into()).unwrap().source.to_string()
    };
    assert_eq!(told("openai", "gpt-audio"), "litellm 1.109.1 (2026-11-12)");
    assert_eq!(told("groq", "llama-3.1-8b-instant"), "genai-prices 0.2.1, less 2.5 %");
}

#[test]
fn the_ledger_has_a_short_name_for_each_price_list() {
    let line = PriceLine {
        from: None,
        tier: ServiceTier::Standard,
        above: 0,
        rates: Rates::default().with(Kind::Input, PicoUsd(1)).with(Kind::Output, PicoUsd(1)),
        source: "the operator",
        source_date: None,
    };
    let own = OwnModel {
        provider: "openai".into(),
        model: "mine".into(),
        prices: vec![line],
        profile: Profile::default(),
    };
    let book = PriceBook::new(vec![own], BTreeMap::from([("groq".to_owned(), 25_000)]));
    let code = |provider, model| {
        offer(&book, provider, model)
            .price(&tokens(1, 1).into())
            .map_or_else(|why| why.code(), |priced| priced.source.code())
    };
    assert_eq!(code("openai", "mine"), "file");
    assert_eq!(code("openai", "gpt-audio"), "catalogue 2026-11-12");
    assert_eq!(code("groq", "llama-3.1-8b-instant"), "genai-prices 0.2.1, less 2.5 %");
    assert_eq!(code("nobody", "nothing"), "unknown model");
}

#[test]
fn what_is_unknown_says_why() {
    let why = |provider, model, sold: Sold| price(provider, model, &sold).unwrap_err().to_string();
    let flex = Sold { terms: Terms::at(ServiceTier::Flex), ..Sold::default() };
    assert_eq!(why("nobody", "nothing", Sold::default()), "no price of this model is known");
    assert_eq!(why("openai", "gpt-5-pro", flex), "no price of this model is known for tier `flex`");
    let image = Sold { apart: Apart { images: 1, ..Apart::default() }, ..Sold::default() };
    assert_eq!(why("openai", "gpt-4o", image), "no price of this model is known for `image`");
}

#[test]
fn amounts_end_at_the_largest_instead_of_turning_over() {
    let most = tokens(u64::MAX, u64::MAX);
    assert_eq!(price("openai", "o1-pro", &most.into()), Ok(MicroUsd(u64::MAX)));
}

/// A price of a line that the database gives otherwise: `provider/model`, the kind, and all of it in words.
fn difference(card: &ModelCard, line: &PriceLine, kind: Kind) -> Option<(String, Kind, String)> {
    // In the range of lengths that the line is for.
    let prompt = Tokens(line.above + 1);
    let (provider, model) = (card.provider.as_str(), card.model.as_str());
    let request = database::Request { provider, model, at: NOW, tier: line.tier, prompt };
    request.check().ok()?;
    let (ours, theirs) = (line.rates.of(kind)?, request.rate(kind)?);
    let name = format!("{provider}/{model}");
    let (tier, above) = (line.tier.name(), line.above);
    let prices = format!("{}, the database {}", kind.published(ours), kind.published(theirs));
    let told = format!("{name} {tier} above {above} {}: {prices}", kind.name());
    (ours != theirs).then_some((name, kind, told))
}

#[test]
fn the_catalogue_and_the_database_agree_where_both_know_a_price() {
    let day = Day::of(NOW);
    let holds = |card: &ModelCard, line: &PriceLine| {
        line_for(&card.prices, day, line.tier, Tokens(line.above + 1)) == Some(line)
    };
    let lines = CATALOGUE.cards().iter().flat_map(|card| card.prices.iter().map(move |line| (card, line)));
    let lines: Vec<_> = lines.filter(|(card, line)| holds(card, line)).collect();
    let differences: Vec<_> = lines
        .iter()
        .flat_map(|(card, line)| Kind::ALL.into_iter().filter_map(|kind| difference(card, line, kind)))
        .collect();
    let is_for = |(pattern, of, _): &(&str, &str, &str), (name, kind, _): &(String, Kind, String)| {
        crate::routing::matches(pattern, name) && (*of == "*" || *of == kind.name())
    };
    let unexplained: Vec<&str> = differences
        .iter()
        .filter(|difference| !DISAGREE.iter().any(|exception| is_for(exception, difference)))
        .map(|(_, _, told)| told.as_str())
        .collect();
    let idle = DISAGREE
        .iter()
        .filter(|exception| !differences.iter().any(|difference| is_for(exception, difference)));
    assert!(lines.len() > 700, "{}", lines.len());
    assert!(unexplained.is_empty(), "{}:\n{}", unexplained.len(), unexplained.join("\n"));
    assert_eq!(idle.count(), 0, "an exception is no longer one");
}

/// Models of every source and kind of list.
fn models() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("anthropic", "claude-haiku-5-5"),
        ("anthropic", "claude-opus-5-5"),
        ("openai", "gpt-5.4"),
        ("openai", "gpt-6-astra"),
        ("gemini", "gemini-2.5-pro"),
        ("xai", "grok-4.20"),
        ("groq", "llama-3.1-8b-instant"),
    ])
}

fn usage() -> impl Strategy<Value = Usage> {
    (0..400_000u64, 0..400_000u64, 0..100_000u64).prop_map(|(input, cache_read, output)| Usage {
        cache_read: Tokens(cache_read),
        ..tokens(input, output)
    })
}

proptest! {
    #[test]
    fn more_of_anything_never_costs_less(
        (provider, model) in models(),
        usage in usage(),
        more in (0..1_000u64, 0..1_000u64, 0..1_000u64),
    ) {
        let larger = Usage {
            input: usage.input + Tokens(more.0),
            cache_read: usage.cache_read + Tokens(more.1),
            output: usage.output + Tokens(more.2),
            ..usage
        };
        let (less, more) = (price(provider, model, &usage.into()), price(provider, model, &larger.into()));
        prop_assert!(less.unwrap() <= more.unwrap());
    }

    #[test]
    fn two_requests_cost_together_what_they_cost_apart_but_for_a_rounding_each(
        (provider, model) in models(),
        one in usage(),
        other in usage(),
    ) {
        // In one tier of lengths.
        let fit = |usage: Usage| Usage {
            input: Tokens(usage.input.get() % 20_000),
            cache_read: Tokens(usage.cache_read.get() % 20_000),
            ..usage
        };
        let (one, other) = (fit(one), fit(other));
        let cost = |usage: Usage| price(provider, model, &usage.into()).unwrap().0;
        let apart = cost(one) + cost(other);
        prop_assert!(apart.abs_diff(cost(one + other)) <= 1, "{apart}");
    }

    #[test]
    fn a_model_that_nobody_knows_never_has_a_price(
        provider in "[a-z]{1,8}",
        usage in usage(),
        tier in prop::sample::select(ServiceTier::ALL.to_vec()),
    ) {
        let sold = Sold { usage, terms: Terms::at(tier), ..Sold::default() };
        prop_assert!(price(&provider, "no-such-model-anywhere", &sold).is_err());
    }

    #[test]
    fn a_discount_never_makes_it_dearer(
        (provider, model) in models(),
        usage in usage(),
        discount in 0..=1_000_000u32,
    ) {
        let book = PriceBook::new(Vec::new(), BTreeMap::from([(provider.to_owned(), discount)]));
        let less = offer(&book, provider, model).price(&usage.into()).unwrap().amount;
        let list = price(provider, model, &usage.into()).unwrap();
        prop_assert!(less <= list);
        prop_assert!(discount > 0 || less == list);
    }
}
