//! A rate for a provider that refuses and does not say what it allows: additive increase, multiplicative decrease.
//!
//! It counts requests only: what the provider really counts is unknown. A refused call is a cost, so the rate climbs
//! slowly to where it was refused last, and only after it has held there for a while beyond it.

use std::time::Duration;

use paceway_domain::{Counted, Moment, Window};

use crate::bucket::Rate;
use crate::meter::{Meter, Source};

/// What is left of a rate that was refused.
const KEPT: f64 = 0.85;
/// By so much of itself a rate grows with each answer before it was refused for itself.
const GROWS: f64 = 0.05;
/// The same below a request a second: who seldom asks would otherwise be held to its own few requests for minutes, because
/// of two refusals that may have had any reason.
const GROWS_FROM_LITTLE: f64 = 0.5;
const LITTLE: f64 = 60.0;
/// No rate begins lower: a refusal at a request or two a minute hardly was for the rate.
const LEAST_BEGINNING: f64 = 20.0;
/// Answers until the rate that was refused is tried again.
const ANSWERS_TO_CEILING: f64 = 200.0;
/// Seconds of refill that may be used at once.
const BURST_S: f64 = 2.0;
/// A month has fewer minutes than a window could hold of requests: this is only a bound.
const MOST_PER_MINUTE: f64 = 1e9;

#[derive(Debug, Clone)]
pub(crate) struct Pace {
    per_minute: f64,
    /// What was refused last.
    refused: f64,
    /// How much is added for an answer; grows beyond the ceiling.
    step: f64,
    slowed_at: Moment,
}

impl Pace {
    /// The first refusal came after this rate, in requests per second. A burst came before it, so that it is no ceiling
    /// yet: the rate climbs quickly until it is refused for itself.
    pub(crate) fn begin(now: Moment, per_second: f64) -> Self {
        let per_minute = (per_second * 60.0).clamp(LEAST_BEGINNING, MOST_PER_MINUTE);
        Self { per_minute, refused: 0.0, step: 0.0, slowed_at: now }
    }

    /// A request that left at `sent_at` was refused. Those that had left before the rate was last cut say nothing new.
    pub(crate) fn refused(&mut self, now: Moment, sent_at: Moment) {
        if sent_at >= self.slowed_at {
            self.refused = self.per_minute;
            self.slow(now);
        }
    }

    /// An answer has begun while the rate was what held requests back.
    pub(crate) fn answered(&mut self) {
        if self.refused == 0.0 {
            self.step = self.per_minute * if self.per_minute < LITTLE { GROWS_FROM_LITTLE } else { GROWS };
        } else if self.per_minute >= self.refused {
            self.step = (self.step * 1.05).min(self.per_minute * GROWS);
        }
        self.per_minute = (self.per_minute + self.step).min(MOST_PER_MINUTE);
    }

    fn slow(&mut self, now: Moment) {
        self.per_minute = (self.refused * KEPT).max(1.0);
        self.step = (self.refused - self.per_minute).max(0.1) / ANSWERS_TO_CEILING;
        self.slowed_at = now;
    }

    /// The bucket of this rate.
    pub(crate) fn meter(&self, now: Moment) -> Meter {
        let mut meter = Meter::new(Counted::Requests, self.rate(), Source::Guessed, now);
        meter.bucket.set_free(now, 0);
        meter
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Bounded on both sides.
    pub(crate) fn rate(&self) -> Rate {
        // Per hour, so that the steps of a slow rate are not lost in rounding.
        let units = (self.per_minute * 60.0) as u64;
        let burst = (self.per_minute / 60.0 * BURST_S).ceil().max(1.0) as u64;
        Rate { units, window: Window::Hour, burst }
    }
}

/// A time after which a pace that was never refused again no longer holds.
pub(crate) const FORGOTTEN: Duration = Duration::from_hours(1);

impl Pace {
    /// Whether it was slowed so long ago that it says nothing any more.
    pub(crate) fn is_old(&self, now: Moment) -> bool {
        now.since(self.slowed_at) > FORGOTTEN
    }
}
