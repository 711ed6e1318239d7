//! What a refusal's message says in words: why, which limit, how much of it, how long to wait.
//!
//! Numbers and units count only where they stand as providers write them ("30,000 input tokens per minute", "Limit
//! 30000, Used 29000"), because the same messages also advise on tokens and requests in general. Not here: codes.

use std::time::Duration;

use paceway_domain::{Cause, Counted, Window};

use crate::limits::{duration, number};

/// An account that may spend no more.
const SPEND_CAP: [&str; 8] = [
    "you have reached your specified",
    "spend limit",
    "spending limit",
    "spend cap",
    "billing hard limit",
    "budget has been exceeded",
    "key limit exceeded",
    "monthly usage limit",
];
/// An account that has nothing left to spend.
const BILLING: [&str; 5] = [
    "your credit balance is too low",
    "insufficient credits",
    "insufficient balance",
    "out of credits",
    "your account is not active",
];
const CONCURRENCY: [&str; 5] =
    ["concurrent", "concurrency", "too many connections", "simultaneous requests", "parallel requests"];
const ACCELERATION: [&str; 4] = ["acceleration limit", "usage increase rate", "more gradually", "ramp up"];
const OVERLOAD: [&str; 6] =
    ["high demand", "overloaded", "capacity", "temporarily unable to process", "server is busy", "peak load"];
/// A provider behind an aggregator.
const UPSTREAM: [&str; 2] = ["rate-limited upstream", "error from provider ("];
/// A limit, though not which.
const LIMIT: [&str; 4] = ["rate limit", "rate-limit", "ratelimit", "quota exceeded"];

/// What a message said.
#[derive(Debug, Default)]
pub(super) struct Said {
    text: String,
    counted: Option<Counted>,
    window: Option<Window>,
    pub(super) limit: Option<u64>,
    pub(super) used: Option<u64>,
    pub(super) requested: Option<u64>,
    pub(super) wait: Option<Duration>,
}

impl Said {
    pub(super) fn by(message: &str) -> Self {
        let text = message.to_ascii_lowercase();
        let words: Vec<&str> = words(&text).collect();
        let rate = rate(&words);
        let labelled = |label: &[&str]| labelled(&words, label);
        Self {
            counted: rate.counted,
            window: rate.window,
            limit: labelled(&["limit"]).or(rate.limit).filter(|limit| *limit > 0),
            used: labelled(&["used", "current"]),
            requested: labelled(&["requested"]),
            wait: wait(&words),
            text,
        }
    }

    /// Why, as far as the words tell. `is_throttle`: the words are Amazon's, who means what it counts; elsewhere "too
    /// many requests" is only the name of the status.
    pub(super) fn cause(&self, is_throttle: bool) -> Option<Cause> {
        let table: [(&[&str], Cause); 5] = [
            (&SPEND_CAP, Cause::SpendCap),
            (&BILLING, Cause::Billing),
            (&CONCURRENCY, Cause::Concurrency),
            (&ACCELERATION, Cause::Acceleration),
            (&OVERLOAD, Cause::Overload),
        ];
        if let Some((_, cause)) = table.into_iter().find(|(phrases, _)| self.says(phrases)) {
            return Some(cause);
        }
        let counts_requests = is_throttle || self.says(&["please wait before trying again"]);
        let counted = match self.counted {
            None if counts_requests && self.says(&["too many requests"]) => Some(Counted::Requests),
            counted => counted,
        };
        let is_limit = counted.is_some() || self.window.is_some() || self.says(&LIMIT);
        is_limit.then_some(Cause::Limit { counted, window: self.window })
    }

    /// The account's cause if the message begins with it: a message about a bad request may quote the request, in which
    /// anything can stand further on.
    pub(super) fn opens_with_account(&self) -> Option<Cause> {
        let opens =
            |phrases: &[&str]| phrases.iter().any(|phrase| self.text.trim_start().starts_with(phrase));
        if opens(&SPEND_CAP) {
            return Some(Cause::SpendCap);
        }
        opens(&BILLING).then_some(Cause::Billing)
    }

    /// The refusal is that of a provider behind the one that was asked.
    pub(super) fn is_upstreams(&self) -> bool {
        self.says(&UPSTREAM)
    }

    fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.text.contains(phrase))
    }
}

/// "30,000 input tokens per minute", in whole or in part.
#[derive(Debug, Default, Clone, Copy)]
struct Rate {
    limit: Option<u64>,
    counted: Option<Counted>,
    window: Option<Window>,
}

/// The first rate among the words: `… per …`, else `token rate limit`, else `too many tokens`, else `tpm`.
fn rate(words: &[&str]) -> Rate {
    let per = words.iter().enumerate().find_map(|(place, word)| {
        let window = window(words.get(place + 1).filter(|_| *word == "per")?)?;
        let (counted, length) = unit_before(&words[..place]);
        let limit = words[..place - length].last().and_then(|word| number::count_in_prose(word));
        Some(Rate { limit: limit.filter(|_| length > 0), counted, window: Some(window) })
    });
    let before_limit = || {
        let place = words.windows(2).position(|pair| pair == ["rate", "limit"])?;
        let counted = unit_before(&words[..place]).0?;
        Some(Rate { counted: Some(counted), ..Rate::default() })
    };
    let too_many = || {
        let place = words.windows(3).position(|three| three == ["too", "many", "tokens"])?;
        Some(Rate { counted: unit_before(&words[..place + 3]).0, ..Rate::default() })
    };
    per.or_else(before_limit)
        .or_else(too_many)
        .or_else(|| words.iter().find_map(|word| abbreviated(word)))
        .unwrap_or_default()
}

/// What the words that end here count, and how many of the words say so.
fn unit_before(words: &[&str]) -> (Option<Counted>, usize) {
    match words {
        [.., "input" | "prompt", "tokens" | "token"] => (Some(Counted::Input), 2),
        [.., "output" | "completion", "tokens" | "token"] => (Some(Counted::Output), 2),
        [.., "total", "tokens" | "token"] => (Some(Counted::Total), 2),
        [.., "tokens" | "token"] => (Some(Counted::Total), 1),
        [.., "requests" | "request" | "call" | "calls" | "models"] => (Some(Counted::Requests), 1),
        _ => (None, 0),
    }
}

fn window(word: &str) -> Option<Window> {
    match word {
        "second" | "sec" => Some(Window::Second),
        "minute" | "min" => Some(Window::Minute),
        "hour" => Some(Window::Hour),
        "day" => Some(Window::Day),
        "month" => Some(Window::Month),
        _ => None,
    }
}

/// `tpm`, `rpd`, `itpm` and so on.
fn abbreviated(word: &str) -> Option<Rate> {
    let (counted, window) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let counted = match counted {
        "rp" => Counted::Requests,
        "tp" => Counted::Total,
        "itp" => Counted::Input,
        "otp" => Counted::Output,
        _ => return None,
    };
    let window = match window {
        "s" => Window::Second,
        "m" => Window::Minute,
        "h" => Window::Hour,
        "d" => Window::Day,
        _ => return None,
    };
    Some(Rate { limit: None, counted: Some(counted), window: Some(window) })
}

/// The number right behind one of these words.
fn labelled(words: &[&str], labels: &[&str]) -> Option<u64> {
    words.windows(2).find_map(|pair| {
        let number = number::count_in_prose(pair[1])?;
        labels.contains(&pair[0]).then_some(number)
    })
}

/// "try again in 41.724s", "retry after 7 seconds", "retry in 20s", "wait 5 seconds".
fn wait(words: &[&str]) -> Option<Duration> {
    (0..words.len()).find_map(|place| {
        let (["again" | "retry" | "retrying", "in" | "after", rest @ ..]
        | ["wait", "for", rest @ ..]
        | ["wait", rest @ ..]) = &words[place..]
        else {
            return None;
        };
        duration::spoken(rest.iter().copied())
    })
}

/// Words of letters and digits; a point or a comma between two digits belongs to the number.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let is_digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    let belongs = move |place: usize, c: char| {
        c.is_alphanumeric()
            || matches!(c, '.' | ',') && place > 0 && is_digit(place - 1) && is_digit(place + 1)
    };
    let mut places = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, _) = places.find(|(place, c)| belongs(*place, *c))?;
        let mut end = text.len();
        for (place, c) in places.by_ref() {
            if !belongs(place, c) {
                end = place;
                break;
            }
        }
        Some(&text[start..end])
    })
}
