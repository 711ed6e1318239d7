//! Real shapes of every provider, through the public face.
//!
//! Small parsers have their own tests beside them.

#![allow(clippy::unwrap_used)]

mod any;
mod readings;
mod refusals;
mod waits;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use paceway_domain::UnixMillis;

/// 2026-11-03T10:00:00Z, when every answer of these tests arrives.
const WALL: UnixMillis = UnixMillis(1_793_700_000_000);
const DATE: &str = "Tue, 03 Nov 2026 10:00:00 GMT";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[allow(clippy::unnecessary_wraps)] // Readings hold it so.
fn between(earliest: u64, latest: u64) -> Option<(Duration, Duration)> {
    Some((ms(earliest), ms(latest)))
}
