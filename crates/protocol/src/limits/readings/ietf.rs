//! The IETF's structured fields, of all drafts: `RateLimit-Policy: "burst";q=100;w=60`, `RateLimit: "burst";r=50;t=30`.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers, versions 03 to 10. Read tolerantly, not as RFC 9651 has it: strings
//! without escapes. Left out: partition keys, and quotas of what is neither requests nor tokens.

use http::HeaderMap;
use paceway_domain::{Counted, LimitReading};

use super::drafts::{Drafts, Reset};
use super::name::{Kind, Scheme};
use crate::limits::{duration, number, window};

/// So many items of one header are read: no provider has more limits.
const MOST_ITEMS: usize = 8;

/// A name and its parameters.
#[derive(Debug, Clone, Copy)]
struct Item<'h> {
    name: &'h str,
    parameters: &'h str,
}

impl<'h> Item<'h> {
    fn parameter(&self, name: &str) -> Option<&'h str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches('"'))
        })
    }
}

/// What drafts 03 to 07 say, whose limits have no names: windows in policies (`100;w=60`), and all three parts in one
/// header (`limit=100, remaining=50, reset=5`).
pub(super) fn read_old(headers: &HeaderMap, drafts: &mut Drafts<'_>) {
    let kind = Kind::Known { scheme: Scheme::Bare, counted: Counted::Requests, window: None };
    for item in items(headers, "ratelimit") {
        let Some((key, value)) = item.name.split_once('=') else { continue };
        let value = value.trim();
        match key.trim() {
            "limit" => drafts.limit(kind, number::count(value)),
            "remaining" => drafts.remaining(kind, number::count(value)),
            "reset" => drafts.reset(kind, duration::seconds(value).map(Reset::rounded)),
            _ => {}
        }
    }
    for item in items(headers, "ratelimit-policy") {
        let window = item.parameter("w").and_then(number::count).and_then(window::exactly);
        if let (Some(limit), Some(window)) = (number::count(item.name), window) {
            drafts.policy(limit, window);
        }
    }
}

/// What drafts from 08 on say: a reading for every named limit, with the window and the size from its policy. A policy
/// alone is a reading too, of which nothing more is known.
pub(super) fn read(headers: &HeaderMap, readings: &mut Vec<LimitReading>) {
    let states = || items(headers, "ratelimit").filter(|item| item.parameter("r").is_some());
    let policies = || items(headers, "ratelimit-policy").filter(|item| item.parameter("q").is_some());
    for state in states() {
        let policy = policies().find(|policy| policy.name == state.name);
        readings.extend(reading(policy, Some(state)));
    }
    for policy in policies().filter(|policy| states().all(|state| state.name != policy.name)) {
        readings.extend(reading(Some(policy), None));
    }
}

fn reading(policy: Option<Item<'_>>, state: Option<Item<'_>>) -> Option<LimitReading> {
    let stated = |item: Option<Item<'_>>, name| item?.parameter(name).and_then(number::count);
    let counted = match policy.and_then(|policy| policy.parameter("qu")) {
        None | Some("requests" | "request") => Counted::Requests,
        Some("tokens" | "token") => Counted::Total,
        Some(_) => return None,
    };
    let limit = stated(policy, "q");
    if limit == Some(0) {
        return None;
    }
    let most = limit.unwrap_or(u64::MAX);
    let remaining = stated(state, "r").map(|free| (free.min(most), free.min(most)));
    let reset = state.and_then(|state| state.parameter("t")).and_then(duration::seconds).map(Reset::rounded);
    let reading = LimitReading {
        counted,
        window: stated(policy, "w").and_then(window::exactly),
        limit,
        remaining,
        full_in: reset.and_then(|reset| reset.from(0)),
    };
    (limit.is_some() || remaining.is_some()).then_some(reading)
}

/// The items of all headers of this name.
fn items<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = Item<'h>> + use<'h> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let items = values.flat_map(unquoted_commas).filter_map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let name = name.trim().trim_matches('"');
        (!name.is_empty()).then_some(Item { name, parameters })
    });
    items.take(MOST_ITEMS)
}

/// The text split at its commas, but for those within quotes.
fn unquoted_commas(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_within_quotes_divides_nothing() {
        let parts: Vec<_> = unquoted_commas(r#""a,b";q=1, "c";q=2"#).collect();
        assert_eq!(parts, [r#""a,b";q=1"#, r#" "c";q=2"#]);
    }
}
