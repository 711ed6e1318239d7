//! A token bucket with continuous refill, in exact integers.
//!
//! It does not know what its units are, and it may go below zero: a provider that charges output as it is generated
//! lets a running answer overdraw, and the bucket has to remember the debt.

use std::time::Duration;

use paceway_domain::Moment;

use crate::limits::Rate;

/// Level units per unit of quota: with a rate per minute, the level grows by `rate.per_minute` a nanosecond.
const SCALE: i128 = 60_000_000_000;

/// A bucket that refills continuously up to its burst.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    rate: Rate,
    /// In quota units × [`SCALE`], as of `at`.
    level: i128,
    at: Moment,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(rate: Rate, now: Moment) -> Self {
        Self { rate, level: scaled(rate.burst), at: now }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Whole units that are free now; negative when overdrawn.
    pub(crate) fn free(&mut self, now: Moment) -> i128 {
        self.refill(now);
        self.level.div_euclid(SCALE)
    }

    /// How long until `units` have been refilled beyond what is taken, if nobody else takes any; zero if they are free
    /// now. More than the burst is never free at once: this is then the time until that much has been handed out.
    pub(crate) fn wait_for(&mut self, now: Moment, units: u64) -> Duration {
        let wanted = scaled(units);
        self.refill(now);
        let missing = wanted - self.level;
        if missing <= 0 {
            return Duration::ZERO;
        }
        if self.rate.per_minute == 0 {
            return Duration::MAX;
        }
        let per_nano = i128::from(self.rate.per_minute);
        let nanos = (missing + per_nano - 1) / per_nano;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Takes `units`, below zero if need be.
    pub(crate) fn take(&mut self, now: Moment, units: u64) {
        self.refill(now);
        self.level -= scaled(units);
    }

    /// Gives `units` back, at most up to the burst.
    pub(crate) fn give(&mut self, now: Moment, units: u64) {
        self.refill(now);
        self.level = (self.level + scaled(units)).min(scaled(self.rate.burst));
    }

    fn refill(&mut self, now: Moment) {
        let elapsed = now.since(self.at).as_nanos();
        if elapsed > 0 {
            let elapsed = i128::try_from(elapsed).unwrap_or(i128::MAX);
            let gained = elapsed.saturating_mul(i128::from(self.rate.per_minute));
            self.level = self.level.saturating_add(gained).min(scaled(self.rate.burst));
            self.at = now;
        }
    }
}

fn scaled(units: u64) -> i128 {
    i128::from(units) * SCALE
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_minute: 60, burst: 10 };

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
        let mut bucket = Bucket::full(Rate { per_minute: 0, burst: 1 }, at(0));
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
}
