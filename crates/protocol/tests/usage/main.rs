//! Small answers of every dialect in the shapes that providers are known to give them, whole and streamed, and what each says
//! was sold (`bodies.jsonl`: a line for each, with the body or the events of the stream).

use paceway_domain::{Apart, Dialect, ServiceTier, Sold, Terms, Tokens, Usage};
use paceway_protocol::format_of;
use paceway_protocol::formats::Edit;
use paceway_protocol::sse::Splitter;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    name: String,
    dialect: String,
    body: Option<Value>,
    events: Option<Vec<(String, Value)>>,
    expect: Expected,
}

/// What is not written is zero, or as usual.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Expected {
    input: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    output: u64,
    reasoning: u64,
    audio_input: u64,
    audio_output: u64,
    image_output: u64,
    web_searches: u32,
    rerank_searches: u64,
    image_input: u64,
    audio_cache_read: u64,
    tier: Option<ServiceTier>,
    us: bool,
    r#final: Option<bool>,
}

impl Expected {
    fn sold(&self) -> Sold {
        Sold {
            usage: Usage {
                input: Tokens(self.input),
                cache_read: Tokens(self.cache_read),
                cache_write_5m: Tokens(self.cache_write_5m),
                cache_write_1h: Tokens(self.cache_write_1h),
                output: Tokens(self.output),
                reasoning: Tokens(self.reasoning),
                audio_input: Tokens(self.audio_input),
                audio_output: Tokens(self.audio_output),
                image_output: Tokens(self.image_output),
                web_searches: self.web_searches,
            },
            apart: Apart {
                rerank_searches: self.rerank_searches,
                image_input: Tokens(self.image_input),
                audio_cache_read: Tokens(self.audio_cache_read),
                ..Apart::default()
            },
            terms: Terms { tier: self.tier.unwrap_or_default(), in_us: self.us },
        }
    }
}

#[test]
fn every_answer_says_what_was_sold() {
    let cases: Vec<Case> = include_str!("bodies.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(cases.len() >= 250, "{}", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is wrong with a case.
fn wrong(case: &Case) -> Option<String> {
    let dialect = Dialect::ALL.into_iter().find(|dialect| dialect.name() == case.dialect).expect("a dialect");
    let expected = (Some(case.expect.sold()), case.expect.r#final.unwrap_or(true));
    let got = match (&case.body, &case.events) {
        (Some(body), None) => (format_of(dialect).sold(body.to_string().as_bytes()), true),
        (None, Some(events)) => streamed(dialect, events),
        _ => return Some(format!("{}: neither a body nor events", case.name)),
    };
    (got != expected).then(|| format!("{}: expected {expected:?}, got {got:?}", case.name))
}

/// What is seen of a stream, and whether it is the last word.
fn streamed(dialect: Dialect, events: &[(String, Value)]) -> (Option<Sold>, bool) {
    let mut watch = format_of(dialect).watch(false);
    let mut splitter = Splitter::default();
    for (name, data) in events {
        let data = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
        let name = if name.is_empty() { String::new() } else { format!("event: {name}\n") };
        let event = format!("{name}data: {data}\n\n");
        splitter.push(event.as_bytes(), |event| assert_eq!(watch.event(event), Edit::Pass)).expect("short");
    }
    let seen = watch.seen();
    let sold = Sold { usage: seen.usage, apart: seen.apart, terms: seen.terms };
    (Some(sold), seen.usage_is_final)
}
