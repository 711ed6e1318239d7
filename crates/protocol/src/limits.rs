//! What a provider's response says about its limits: readings in headers, stated waits, refusals.
//!
//! Pure functions on headers and bodies, for every provider at once: headers are recognised by name, bodies by shape.
//! What is garbled or absurd is left out, never guessed and never an error: a response is an answer first. Missing
//! headers are normal. Deliberately absent: what follows from a reading (waiting, pacing, closing) is the scheduler's;
//! so are limits learned from behaviour. Nothing is clamped here but what cannot be true.

mod date;
mod duration;
mod number;
pub mod organization;
mod readings;
mod refusal;
pub mod show;
#[cfg(test)]
mod tests;
mod wait;
mod window;

use std::time::Duration;

use http::HeaderMap;
use paceway_domain::{LimitReadings, RateRefusal, UnixMillis};

pub use window::window_of;

/// Everything that these headers say about limits; `wall` is when they arrived. Meant for every response: one pass.
pub fn readings(headers: &HeaderMap, wall: UnixMillis) -> LimitReadings {
    readings::read(headers, wall)
}

/// How long the headers say to wait: `retry-after-ms`, else `retry-after` as seconds or as a date. A date in the past
/// is zero. Never clamped.
pub fn stated_wait(headers: &HeaderMap, wall: UnixMillis) -> Option<Duration> {
    wait::in_millis(headers).or_else(|| wait::in_seconds(headers, wall))
}

/// The refusal that this answer is, if it refuses a call for rate, load or account: 429 and 529 always, 503 where it
/// speaks of load or states a wait, 402, and 400 or 403 only where the body says that a spend or credit limit is
/// reached. A body above 1 MB is not read.
pub fn refusal(status: u16, headers: &HeaderMap, body: &[u8], wall: UnixMillis) -> Option<RateRefusal> {
    refusal::read(status, headers, body, wall)
}

/// The refusal that one event of a stream is, after the stream began with a 200; `data` is the event's data.
pub fn refusal_in_stream(data: &[u8]) -> Option<RateRefusal> {
    refusal::read_in_stream(data)
}
