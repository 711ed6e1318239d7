//! From headers to readings: one pass over the map, then every draft becomes a reading.
//!
//! Only what is needed is allocated: the list of readings. Not here: which header belongs to which limit (`name`), how
//! parts become a whole (`drafts`), and the IETF's structured fields (`ietf`).

mod drafts;
mod ietf;
mod name;

use http::{HeaderMap, HeaderValue};
use paceway_domain::{LimitReadings, UnixMillis};

use super::{date, duration, number};
use drafts::{Drafts, Reset};
use name::{Field, Header};

/// What the plain numbers of a reset mean, by size: up to 40 days they are seconds from now, from 2001 on seconds or
/// milliseconds since 1970. Nothing in between makes sense.
const DELTA_SECONDS: u64 = 40 * 86_400;
const UNIX_SECONDS: std::ops::Range<u64> = 1_000_000_000..100_000_000_000;
const UNIX_MILLIS: std::ops::Range<u64> = 1_000_000_000_000..100_000_000_000_000;

pub(super) fn read(headers: &HeaderMap, wall: UnixMillis) -> LimitReadings {
    let mut drafts = Drafts::default();
    let mut has_structured = false;
    for (header, value) in headers {
        match name::of(header.as_str()) {
            None => {}
            Some(Header::Structured) => has_structured = true,
            Some(Header::UnifiedStatus) => drafts.is_rejected |= value.as_bytes() == b"rejected",
            Some(Header::UnifiedReset) => drafts.rejected_until = text(value).and_then(reset),
            Some(Header::Part(kind, Field::Limit)) => drafts.limit(kind, text(value).and_then(limit)),
            Some(Header::Part(kind, Field::Remaining)) => {
                drafts.remaining(kind, text(value).and_then(number::count));
            }
            Some(Header::Part(kind, Field::Reset)) => drafts.reset(kind, text(value).and_then(reset)),
        }
    }
    if drafts.is_empty() && !has_structured {
        return LimitReadings::default();
    }
    if has_structured {
        ietf::read_old(headers, &mut drafts);
    }
    let mut readings = drafts.finish(|| date::sent_at(headers, wall));
    if has_structured {
        ietf::read(headers, &mut readings.limits);
    }
    readings
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// A limit; the IETF's third draft lets policies follow it: `10, 10;w=1, 50;w=60`.
fn limit(text: &str) -> Option<u64> {
    number::count(text.split(',').next()?.trim())
}

/// When all is free again: after a duration, at a date, or a plain number that is either, by its size.
fn reset(text: &str) -> Option<Reset> {
    if let Some(after) = duration::with_units(text) {
        return Some(Reset::refill(after));
    }
    let Some((whole, _)) = number::decimal(text) else {
        return date::rfc3339(text).or_else(|| date::http_date(text)).map(Reset::At);
    };
    match whole {
        0..=DELTA_SECONDS => duration::seconds(text).map(Reset::rounded),
        whole if UNIX_SECONDS.contains(&whole) => i64::try_from(whole * 1_000).ok().map(Reset::At),
        whole if UNIX_MILLIS.contains(&whole) => i64::try_from(whole).ok().map(Reset::At),
        _ => None,
    }
}
