//! How long a response says to wait.
//!
//! Headers only; a body's own words are `refusal`'s. A stated wait is a fact: it is never clamped here.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use paceway_domain::UnixMillis;

use super::{date, duration};

/// `retry-after-ms`, the finest there is.
pub(super) fn in_millis(headers: &HeaderMap) -> Option<Duration> {
    duration::millis(headers.get("retry-after-ms")?.to_str().ok()?.trim())
}

/// `retry-after`: seconds, or an HTTP date (RFC 9110 §10.2.3), which is compared with the sender's own clock. A date in
/// the past means now. Decimals and units (`7.5`, `10s`) are against the RFC, but clear.
pub(super) fn in_seconds(headers: &HeaderMap, wall: UnixMillis) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    duration::seconds(text).or_else(|| duration::with_units(text)).or_else(|| {
        let wait = date::http_date(text)?.saturating_sub(date::sent_at(headers, wall));
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
    })
}

/// Of two statements of the same wait the finer: `41.724s` where a header that counts whole seconds says 42 or 41.
/// Where they differ by a second or more they are not the same wait, and the first one holds.
pub(super) fn finer(first: Option<Duration>, second: Option<Duration>) -> Option<Duration> {
    let (Some(a), Some(b)) = (first, second) else { return first.or(second) };
    let is_same = a.abs_diff(b) < Duration::from_secs(1);
    Some(if is_same && a.subsec_nanos() == 0 { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finer_of_two_statements_of_one_wait_holds() {
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(finer(ms(42_000), ms(41_724)), ms(41_724));
        assert_eq!(finer(ms(41_000), ms(41_724)), ms(41_724));
        assert_eq!(finer(ms(41_724), ms(42_000)), ms(41_724));
        assert_eq!(finer(ms(60_000), ms(41_724)), ms(60_000));
        assert_eq!(finer(None, ms(41_724)), ms(41_724));
        assert_eq!(finer(ms(5), None), ms(5));
    }
}
