//! What rules see of a request: its attributes, gathered from what was read of it.

use http::HeaderMap;
use paceway_domain::day::DAY_MS;
use paceway_domain::{Priority, Tags, UnixMillis};
use paceway_policy::access::Caller;
use paceway_policy::routing::rules::{Attributes, Rule, TAG_PREFIX};
use paceway_protocol::wants::Wants;

use crate::ask::Ask;

/// 1 January 1970 was a Thursday, the fourth day of a week that begins on Monday.
const FIRST_WEEKDAY: u64 = 4;

/// The tags that a client has sent.
pub(crate) fn tags(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let tags = headers.iter().filter(|(name, _)| name.as_str().starts_with(TAG_PREFIX));
    tags.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
}

/// The tags that a client has sent, as the ledger keeps them: without the prefix of their headers, and no more than it takes.
pub(crate) fn ledger_tags(headers: &HeaderMap) -> Tags {
    let mut kept = Tags::default();
    for (name, value) in tags(headers) {
        kept.set(name.trim_start_matches(TAG_PREFIX), value);
    }
    kept
}

/// The attributes of a request.
pub(crate) fn attributes<'a>(
    ask: &'a Ask,
    caller: &'a Caller,
    priority: Priority,
    (wants, complexity, headers): (&Wants, f64, &'a [(&'a str, &'a str)]),
    wall: UnixMillis,
) -> Attributes<'a> {
    let days = wall.0 / DAY_MS;
    let number = |number: u64| u8::try_from(number).unwrap_or(0);
    Attributes {
        model: &ask.summary.model,
        key: &caller.name,
        team: &caller.owner.team,
        priority: priority.name(),
        dialect: ask.dialect.name(),
        endpoint: ask.endpoint.name(),
        stream: ask.is_streamed(),
        input_tokens: ask.input.get(),
        max_tokens: ask.summary.max_output.map_or(0, paceway_domain::Tokens::get),
        tools: wants.tools,
        images: wants.images,
        structured: wants.structured,
        complexity,
        hour: number(wall.0 % DAY_MS / 3_600_000),
        weekday: number((days + FIRST_WEEKDAY - 1) % 7 + 1),
        headers,
    }
}

/// Why a target with this rule may not serve a request with these attributes.
pub(crate) fn speaks_against(rule: &Rule, attributes: &Attributes<'_>) -> Option<String> {
    match rule.holds(attributes) {
        Ok(true) => None,
        Ok(false) => Some(format!("its rule does not hold: {}", rule.text())),
        Err(error) => Some(format!("its rule cannot be asked: {error}: {}", rule.text())),
    }
}
