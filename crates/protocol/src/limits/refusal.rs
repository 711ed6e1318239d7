//! What kind of refusal an error answer is.
//!
//! The most certain evidence first: codes, then a provider's structured details, then the words of its message. Not
//! here: how a body is taken apart (`body`), what codes and words mean (`codes`, `words`), Google's details (`google`).

mod body;
mod codes;
mod google;
mod words;

use std::time::Duration;

use http::HeaderMap;
use paceway_domain::{Cause, RateRefusal, UnixMillis};
use serde_json::Value;

use super::{date, duration, number, wait};
use body::ErrorBody;
use words::Said;

/// A body above this is not an error message.
const MOST_BYTES: usize = 1_000_000;

pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8], wall: UnixMillis) -> Option<RateRefusal> {
    if !matches!(status, 400 | 402 | 403 | 429 | 503 | 529) {
        return None;
    }
    let body = if body.len() > MOST_BYTES { &[] } else { body };
    let json = body::json(body);
    let error = match &json {
        Some(json) => ErrorBody::of(json),
        None => ErrorBody::of_text(body),
    };
    refusal(status, headers, &error, Some(wall))
}

/// An error event: OpenAI's and OpenRouter's `{"error":{…}}`, Anthropic's `{"type":"error","error":{…}}`, and the
/// Responses API's `{"type":"error","code":…}` and `{"type":"response.failed","response":{"error":{…}}}`.
pub(super) fn read_in_stream(data: &[u8]) -> Option<RateRefusal> {
    // Most events are no errors: this looks at every one of them, and parses only what may be one.
    memchr::memmem::find(data, b"\"error\"").filter(|_| data.len() <= MOST_BYTES)?;
    let json = body::json(data)?;
    let inner = json.get("response").filter(|response| response.is_object());
    let has_error = |value: &&Value| {
        value.get("error").is_some_and(|error| error.is_object() || error.is_string())
            || value["type"] == "error"
    };
    let error = ErrorBody::of([Some(&json), inner].into_iter().flatten().find(has_error)?);
    let status = error.status.or_else(|| codes::status(&error.codes))?;
    if !matches!(status, 402 | 429 | 503 | 529) {
        return None;
    }
    refusal(status, &HeaderMap::new(), &error, None)
}

/// `wall` is `None` where there are no headers and no time that a date could be compared with.
fn refusal(
    status: u16,
    headers: &HeaderMap,
    error: &ErrorBody<'_>,
    wall: Option<UnixMillis>,
) -> Option<RateRefusal> {
    let amazon = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let codes: Vec<&str> = error.codes.iter().copied().chain(amazon).collect();
    let said = Said::by(&error.message);
    let quota = google::quota(error.details);
    let wait = stated_wait(headers, error, said.wait, wall);
    let cause = match status {
        400 | 403 => codes::account(&codes).or_else(|| said.opens_with_account())?,
        402 => codes::account(&codes).or_else(|| said.opens_with_account()).unwrap_or(Cause::Billing),
        _ if error.is_upstreams || said.is_upstreams() => Cause::Elsewhere,
        _ => codes::account(&codes)
            .or_else(|| codes::load(&codes))
            .or_else(|| quota.map(google::Quota::cause))
            .or_else(|| said.cause(codes::is_throttle(&codes)))
            .or_else(|| codes::is_limit(&codes).then_some(Cause::Limit { counted: None, window: None }))
            .or_else(|| fallback(status, wait))?,
    };
    let is_limit = matches!(cause, Cause::Limit { .. });
    let passed_on = || error.rate_header("limit").and_then(number::count).filter(|limit| *limit > 0);
    let limit = quota.and_then(|quota| quota.value).or(said.limit).or_else(passed_on);
    Some(RateRefusal {
        cause,
        limit: limit.filter(|_| is_limit),
        used: said.used.filter(|_| is_limit),
        requested: said.requested.filter(|_| is_limit),
        wait,
        is_final: headers
            .get("x-should-retry")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"false")),
    })
}

/// What the status alone says. A 503 is an ordinary failure unless it states a wait, which only load explains.
fn fallback(status: u16, wait: Option<Duration>) -> Option<Cause> {
    match (status, wait) {
        (529, _) | (503, Some(_)) => Some(Cause::Overload),
        (503, None) => None,
        _ => Some(Cause::Unknown),
    }
}

/// The headers' wait; the body's where there is none or it is the same but finer.
fn stated_wait(
    headers: &HeaderMap,
    error: &ErrorBody<'_>,
    said: Option<Duration>,
    wall: Option<UnixMillis>,
) -> Option<Duration> {
    let in_seconds = wall.and_then(|wall| wait::in_seconds(headers, wall));
    // OpenRouter puts its headers into the body; this one counts milliseconds since 1970.
    let passed_on = || {
        let reset: i64 = error.rate_header("reset")?.parse().ok()?;
        let ahead = reset.saturating_sub(date::sent_at(headers, wall?));
        u64::try_from(ahead).ok().map(Duration::from_millis)
    };
    let delay = google::retry_delay(error.details).and_then(duration::with_units);
    let in_body = wait::finer(delay, said);
    wait::in_millis(headers).or_else(|| wait::finer(in_seconds, in_body)).or_else(passed_on)
}
