//! A token bucket with continuous refill, in exact integers.
//!
//! It does not know what its units are, and it may go below zero: a provider that charges output as it is generated
//! lets a running answer overdraw, and the bucket has to remember the debt.

use std::time::Duration;

use paceway_domain::{Moment, Window};

/// A quota that refills continuously.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units refilled in each window.
    pub units: u64,
    /// The window.
    pub window: Window,
    /// The most that can be free at once, in units.
    pub burst: u64,
}

impl Rate {
    /// `units` a minute, with a burst of what refills in `burst_seconds` (at least one unit).
    pub fn per_minute(units: u64, burst_seconds: u64) -> Self {
        Self { units, window: Window::Minute, burst: (units.saturating_mul(burst_seconds) / 60).max(1) }
    }

    /// `units` a window, all of which may be free at once.
    pub fn whole(units: u64, window: Window) -> Self {
        Self { units, window, burst: units.max(1) }
    }

    /// How long `units` take to refill; [`Duration::MAX`] at a rate of nothing.
    pub(crate) fn time_for(&self, units: u64) -> Duration {
        if self.units == 0 {
            return if units == 0 { Duration::ZERO } else { Duration::MAX };
        }
        let nanos = scaled(units, self.window).div_ceil(u128::from(self.units));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A bucket that refills continuously up to its burst.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    rate: Rate,
    /// What somebody else takes of the refill, in units per window.
    drain: u64,
    /// Taken here and not taken there yet: the real bucket overflows when so much is missing here.
    ahead: u64,
    /// In units × nanoseconds of the window, as of `at`.
    level: i128,
    at: Moment,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(rate: Rate, now: Moment) -> Self {
        Self { rate, drain: 0, ahead: 0, level: signed(rate.burst, rate.window), at: now }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Puts another rate in the place of the present one. What is free stays free, up to the new burst.
    pub(crate) fn set_rate(&mut self, now: Moment, rate: Rate) {
        let free = self.free(now);
        self.rate = rate;
        self.drain = self.drain.min(rate.units);
        self.set_free(now, free);
    }

    /// What is refilled each window for us, with what others take gone.
    pub(crate) fn net_units(&self) -> u64 {
        // A twentieth stays: a quota that others used up altogether must not look as if it never came back.
        (self.rate.units.saturating_sub(self.drain)).max(self.rate.units.div_ceil(20))
    }

    /// From now on somebody else takes so much of the refill, in units per window.
    pub(crate) fn set_drain(&mut self, now: Moment, drain: u64) {
        self.refill(now);
        self.drain = drain.min(self.rate.units);
    }

    /// So much of what is taken here is not taken at the provider yet. Its bucket is fuller by that, and does not refill
    /// beyond its burst.
    pub(crate) fn set_ahead(&mut self, now: Moment, ahead: u64) {
        self.refill(now);
        self.ahead = ahead;
        self.level = self.level.min(self.full_level());
    }

    /// Whole units that are free now; negative when overdrawn.
    pub(crate) fn free(&mut self, now: Moment) -> i128 {
        self.refill(now);
        self.level.div_euclid(self.scale())
    }

    /// Says how much is free now, at most the burst.
    pub(crate) fn set_free(&mut self, now: Moment, units: i128) {
        self.at = self.at.max(now);
        self.level = units.saturating_mul(self.scale()).min(self.full_level());
    }

    /// How long until `units` have been refilled beyond what is taken, if nobody else takes any; zero if they are free
    /// now. More than the burst is never free at once: this is then the time until that much has been handed out.
    pub(crate) fn wait_for(&mut self, now: Moment, units: u64) -> Duration {
        self.refill(now);
        let missing = signed(units, self.rate.window) - self.level;
        if missing <= 0 {
            return Duration::ZERO;
        }
        let per_nano = i128::from(self.net_units());
        if per_nano == 0 {
            return Duration::MAX;
        }
        let nanos = (missing + per_nano - 1) / per_nano;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Takes `units`, below zero if need be.
    pub(crate) fn take(&mut self, now: Moment, units: u64) {
        self.refill(now);
        self.level -= signed(units, self.rate.window);
    }

    /// Gives `units` back, at most up to the burst.
    pub(crate) fn give(&mut self, now: Moment, units: u64) {
        self.refill(now);
        self.level = (self.level + signed(units, self.rate.window)).min(self.full_level());
    }

    fn refill(&mut self, now: Moment) {
        let elapsed = now.since(self.at).as_nanos();
        if elapsed > 0 {
            let elapsed = i128::try_from(elapsed).unwrap_or(i128::MAX);
            let gained = elapsed.saturating_mul(i128::from(self.net_units()));
            self.level = self.level.saturating_add(gained).min(self.full_level());
            self.at = now;
        }
    }

    fn scale(&self) -> i128 {
        signed(1, self.rate.window)
    }

    fn full_level(&self) -> i128 {
        (i128::from(self.rate.burst) - i128::from(self.ahead)) * self.scale()
    }
}

/// Units × nanoseconds of a window: a level in which a nanosecond of refill is a whole number.
fn scaled(units: u64, window: Window) -> u128 {
    u128::from(units) * window.length().as_nanos()
}

/// At most 2⁶⁴ × 2⁵² (a month in nanoseconds), so that it fits.
fn signed(units: u64, window: Window) -> i128 {
    i128::try_from(scaled(units, window)).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { units: 60, window: Window::Minute, burst: 10 };

    fn at(seconds: u64) -> Moment {
        Moment::ZERO.after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_bucket_refills_continuously_and_not_above_its_burst() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.take(at(0), 10);
        assert_eq!(bucket.free(at(3)), 3);
        assert_eq!(bucket.free(at(60)), 10);
    }

    #[test]
    fn the_wait_it_states_is_the_first_moment_at_which_the_units_are_free() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.take(at(0), 10);
        let wait = bucket.wait_for(at(0), 4);
        assert_eq!(wait, Duration::from_secs(4));
        assert_eq!(bucket.free(Moment::from_nanos(3_999_999_999)), 3);
        assert_eq!(bucket.free(Moment::ZERO.after(wait)), 4);
    }

    #[test]
    fn a_debt_is_paid_before_anything_is_free() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.take(at(0), 15);
        assert_eq!(bucket.free(at(0)), -5);
        assert_eq!(bucket.wait_for(at(0), 1), Duration::from_secs(6));
    }

    #[test]
    fn the_wait_for_more_than_the_burst_is_the_time_to_hand_it_out() {
        let mut bucket = Bucket::full(RATE, at(0));
        assert_eq!(bucket.wait_for(at(0), 25), Duration::from_secs(15));
    }

    #[test]
    fn a_rate_of_nothing_waits_for_ever_and_does_not_divide_by_zero() {
        let mut bucket = Bucket::full(Rate { units: 0, burst: 1, ..RATE }, at(0));
        bucket.take(at(0), 1);
        assert_eq!(bucket.wait_for(at(5), 1), Duration::MAX);
    }

    #[test]
    fn a_clock_that_steps_back_gives_and_takes_nothing() {
        let mut bucket = Bucket::full(RATE, at(10));
        bucket.take(at(10), 10);
        assert_eq!(bucket.free(at(5)), 0);
        assert_eq!(bucket.free(at(12)), 2);
    }

    #[test]
    fn what_others_take_slows_the_refill_and_never_stops_it() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.take(at(0), 10);
        bucket.set_drain(at(0), 30);
        assert_eq!(bucket.wait_for(at(0), 2), Duration::from_secs(4));
        bucket.set_drain(at(0), 1_000);
        assert_eq!(bucket.wait_for(at(0), 1), Duration::from_secs(20));
    }

    #[test]
    fn what_is_taken_ahead_of_the_provider_lets_its_bucket_overflow() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.take(at(0), 6);
        bucket.set_ahead(at(0), 6);
        assert_eq!(bucket.free(at(5)), 4);
        bucket.set_ahead(at(5), 0);
        assert_eq!(bucket.free(at(8)), 7);
    }

    #[test]
    fn a_rate_that_changes_keeps_what_is_free() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.take(at(0), 4);
        bucket.set_rate(at(0), Rate { units: 86_400, window: Window::Day, burst: 100 });
        assert_eq!(bucket.free(at(0)), 6);
        assert_eq!(bucket.free(at(5)), 11);
        bucket.set_rate(at(5), Rate { units: 60, window: Window::Minute, burst: 3 });
        assert_eq!(bucket.free(at(5)), 3);
    }
}
