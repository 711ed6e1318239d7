//! A table of requests and what they cost, computed by hand from published prices (`golden/prices.csv`).

use std::collections::BTreeMap;

use paceway_domain::price::Kind;
use paceway_domain::{Apart, Day, ServiceTier, Sold, Terms, Tokens, Usage};
use paceway_policy::pricing::{PriceBook, Product, Unpriced};

#[test]
fn every_request_of_the_table_costs_what_was_computed_by_hand() {
    let cases: Vec<&str> =
        include_str!("golden/prices.csv").lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert!(cases.len() >= 100, "{}", cases.len());
    let wrong: Vec<String> = cases.into_iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is wrong with a line of the table.
fn wrong(line: &str) -> Option<String> {
    let columns: Vec<&str> = line.split('|').collect();
    let [provider, model, day, tier, terms, used, expected, _] = columns.as_slice() else {
        return Some(format!("{line}: another number of columns"));
    };
    let day: Day = day.parse().expect("a day");
    let (place, discount) = terms.strip_suffix(" %").map_or((*terms, None), |terms| {
        let (place, discount) = terms.rsplit_once(' ').unwrap_or(("", terms));
        (place, Some(discount))
    });
    // A price of a dollar is a million pico-dollars for a token; per cent of a whole are ten thousand millionths.
    let millionths = discount.map(|percent| Kind::Input.price_of(percent).expect("a number").0 / 100);
    let millionths = millionths.map(|millionths| u32::try_from(millionths).expect("at most 100 %"));
    let discounts: BTreeMap<String, u32> =
        millionths.map(|millionths| ((*provider).to_owned(), millionths)).into_iter().collect();
    let book = PriceBook::new(Vec::new(), discounts);
    let tier = ServiceTier::named(tier).expect("a tier");
    let sold = Sold { terms: Terms { tier, in_us: place == "us" }, ..sold(used) };
    let offer = book.offer(Product { provider, catalogue: provider, model }, day.begins());
    let got = match offer.price(&sold) {
        Ok(priced) => priced.amount.0.to_string(),
        Err(Unpriced::Model) => "unknown model".to_owned(),
        Err(Unpriced::Tier(_)) => "unknown tier".to_owned(),
        Err(Unpriced::Kind(kind)) => format!("unknown {}", kind.name()),
        Err(Unpriced::Unsaid) => "unknown: not said".to_owned(),
    };
    (got != *expected).then(|| format!("{line}: got {got}"))
}

fn sold(used: &str) -> Sold {
    let (mut usage, mut apart) = (Usage::default(), Apart::default());
    for pair in used.split_whitespace() {
        let (name, count) = pair.split_once('=').expect("name=count");
        let count: u64 = count.parse().expect("a number");
        match name {
            "input" => usage.input = Tokens(count),
            "cache_read" => usage.cache_read = Tokens(count),
            "cache_write_5m" => usage.cache_write_5m = Tokens(count),
            "cache_write_1h" => usage.cache_write_1h = Tokens(count),
            "output" => usage.output = Tokens(count),
            "reasoning" => usage.reasoning = Tokens(count),
            "audio_input" => usage.audio_input = Tokens(count),
            "audio_output" => usage.audio_output = Tokens(count),
            "image_output" => usage.image_output = Tokens(count),
            "web_searches" => usage.web_searches = u32::try_from(count).expect("few"),
            "rerank_searches" => apart.rerank_searches = count,
            "images" => apart.images = count,
            "audio_seconds" => apart.audio_seconds = count,
            "image_input" => apart.image_input = Tokens(count),
            "audio_cache_read" => apart.audio_cache_read = Tokens(count),
            "characters" => apart.characters = count,
            _ => panic!("{name}"),
        }
    }
    Sold { usage, apart, terms: Terms::default() }
}
