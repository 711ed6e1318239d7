//! One limit of a pool: a bucket, and what has been learned about it.
//!
//! A reading of the provider's is an interval, not a number: it is rounded, older than its arrival, and blind to what was
//! sent since. Our own books are kept as they are while they lie within that interval, and are moved to its nearer edge
//! when they do not. What keeps moving them down is somebody else who uses the same quota, and is allowed for.

use std::time::Duration;

use paceway_domain::{Counted, Dimension, LimitReading, Moment, RateRefusal, Window};

use crate::bucket::{Bucket, Rate};
use crate::limits::Learning;

/// Over this time what cannot be explained becomes a rate of somebody else's use.
const OTHERS_LEARNED_S: f64 = 10.0;
/// Over this time somebody else who is not seen any more is forgotten.
const OTHERS_FORGOTTEN_S: f64 = 120.0;
/// A burst that was learned to be small grows back to the whole in this time, unless it is refused again.
const BURST_REGROWN_S: f64 = 900.0;
/// What a reading may differ by for reasons of arithmetic and estimates, as a share of the burst: one in so many.
const TOLERANCE: u64 = 400;

/// What is kept free where tokens are estimated, as a share of the burst: one in so many.
const SPARE: u64 = 70;

/// More than any provider allows: an absurd limit must not overflow.
pub(crate) const MOST_LIMIT: u64 = 1 << 48;
/// A longer time of paying a debt is not kept as a level.
const LONGEST_DEBT: Duration = Duration::from_mins(15);
/// A learned limit that was not confirmed for so long is no reason to turn a larger request away.
const SURE_FOR: Duration = Duration::from_mins(15);

/// Where a limit is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From configuration.
    Declared,
    /// From what the provider said.
    Learned,
    /// From when it refused, without a word of it.
    Guessed,
}

/// What is known about the moment that a reading speaks of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    /// Since the request left whose answer this is.
    pub(crate) age: Duration,
    /// When it left.
    pub(crate) sent_at: Moment,
    /// What was charged since.
    pub(crate) charged_since: u64,
    /// What is taken and not charged yet: at least and at most.
    pub(crate) not_yet_charged: (u64, u64),
}

#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) counted: Counted,
    pub(crate) bucket: Bucket,
    pub(crate) source: Source,
    /// No rate above this is learned.
    ceiling: Option<u64>,
    /// Whether nothing is learned of it.
    is_fixed: bool,
    /// Whether what is free is known only as well as tokens can be estimated.
    is_estimated: bool,
    /// The burst that the limit's own number promises.
    whole_burst: u64,
    /// Units per second that somebody else takes.
    others: f64,
    /// When a burst that was refused last grew.
    regrown_at: Moment,
    /// The last reading or correction.
    read_at: Moment,
    refused_at: Option<Moment>,
}

impl Meter {
    pub(crate) fn declared(counted: Counted, rate: Rate, learning: Learning, now: Moment) -> Self {
        let ceiling = (learning == Learning::UpToDeclared).then_some(rate.units);
        let meter = Self::new(counted, rate, Source::Declared, now);
        let is_fixed = learning == Learning::Nothing;
        Self { ceiling, is_fixed, is_estimated: meter.is_estimated && !is_fixed, ..meter }
    }

    pub(crate) fn new(counted: Counted, rate: Rate, source: Source, now: Moment) -> Self {
        Self {
            counted,
            bucket: Bucket::full(rate, now),
            source,
            ceiling: None,
            is_fixed: false,
            is_estimated: counted != Counted::Requests,
            whole_burst: rate.burst,
            others: 0.0,
            regrown_at: now,
            read_at: now,
            refused_at: None,
        }
    }

    pub(crate) fn dimension(&self) -> Dimension {
        Dimension { counted: self.counted, window: self.window() }
    }

    pub(crate) fn window(&self) -> Window {
        self.bucket.rate().window
    }

    /// Keeps a debt at a provider within what can be paid in a while: what was learned may be wrong, and no answer could
    /// correct it while nothing goes.
    pub(crate) fn forgive(&mut self, now: Moment) {
        if self.is_fixed || self.bucket.free(now) >= 0 {
            return;
        }
        let rate = self.bucket.rate();
        let least = -units_in(self.bucket.net_units(), rate.window, LONGEST_DEBT) - i128::from(rate.burst);
        if self.bucket.free(now) < least {
            self.bucket.set_free(now, least);
        }
    }

    /// Whether output counts here, which some providers charge as it is generated.
    pub(crate) fn is_charged_later(&self) -> bool {
        matches!(self.counted, Counted::Output | Counted::Total) && !self.is_fixed
    }

    /// Units per second that somebody else takes.
    pub(crate) fn others(&self) -> f64 {
        self.others
    }

    /// What has to be free for a request of so many units: never more than there can be, and a little more than it takes
    /// where both are estimates.
    pub(crate) fn needs(&self, units: u64) -> u64 {
        let burst = self.bucket.rate().burst;
        let spare = if self.is_estimated { burst / SPARE } else { 0 };
        units.saturating_add(spare).min(burst)
    }

    /// The most that a request may need here, as far as that is sure at present: a burst that was only learned from
    /// refusals is not held against it, and a limit that was learned long ago may have been raised since.
    pub(crate) fn allows(&self, now: Moment) -> Option<u64> {
        let is_fresh = now.since(self.read_at) < SURE_FOR;
        (self.is_fixed || is_fresh).then_some(self.whole_burst)
    }

    /// Takes a reading of this limit into account.
    pub(crate) fn read(&mut self, now: Moment, reading: &LimitReading, sight: &Sight) {
        if let Some(limit) = reading.limit {
            self.follow(now, limit, reading.window.unwrap_or(self.window()));
        }
        // Of a limit above our ceiling only the lower end of what is free can bind.
        let is_above_ceiling =
            self.ceiling.zip(reading.limit).is_some_and(|(ceiling, limit)| limit > ceiling);
        if is_above_ceiling {
            self.regrow_burst(now);
        } else {
            self.read_burst(now, reading);
        }
        let Some((least, most)) = self.free_said(reading) else { return };
        let rate = self.bucket.rate();
        let refilled = units_in(rate.units, rate.window, sight.age);
        let drift = refilled - i128::from(sight.charged_since);
        let tolerance = i128::from((rate.burst / TOLERANCE).max(1));
        let most = most + drift.max(0) - i128::from(sight.not_yet_charged.0) + tolerance;
        let least = least + drift.min(0) - i128::from(sight.not_yet_charged.1) - tolerance;
        let free = self.bucket.free(now);
        if free > most {
            self.unexplained(now, free - most);
            self.bucket.set_free(now, most);
        } else if free < least
            && !is_above_ceiling
            && self.refused_at.is_none_or(|refused| refused < sight.sent_at)
        {
            self.unexplained(now, free - least);
            self.bucket.set_free(now, least);
        } else {
            self.unexplained(now, 0);
        }
    }

    /// The provider refused a request that needs so much here. Whether that says when the next one may go.
    /// `not_yet_charged` is what is taken here and will be charged there.
    pub(crate) fn refused(
        &mut self,
        now: Moment,
        needs: u64,
        not_yet_charged: u64,
        refusal: &RateRefusal,
    ) -> bool {
        let rate = self.bucket.rate();
        let net = self.bucket.net_units();
        let said = match (refusal.limit, refusal.used, refusal.wait) {
            // At the pace at which the bucket refills here, so that the wait is as long as was stated.
            (_, _, Some(wait)) => Some(i128::from(needs) - units_in(net, rate.window, wait)),
            (Some(limit), Some(used), None) => Some(i128::from(limit) - i128::from(used)),
            _ => None,
        };
        self.refused_at = Some(now);
        let Some(said) = said.map(|said| said - i128::from(not_yet_charged)) else { return false };
        // A debt that takes so long to pay is for the gate, which is probed.
        if said < -units_in(net, rate.window, LONGEST_DEBT) - i128::from(rate.burst) {
            return false;
        }
        let free = self.bucket.free(now);
        if free > said {
            if !self.is_fixed {
                // What is below nothing is a wait, and says nothing of the burst.
                self.shrink_burst(now, free.max(0) - said.max(0), needs);
            }
            self.bucket.set_free(now, said);
        }
        true
    }

    /// The provider said its limit: both ways, but not above a ceiling.
    pub(crate) fn follow(&mut self, now: Moment, limit: u64, window: Window) {
        let limit = self.ceiling.map_or(limit, |ceiling| limit.min(ceiling)).clamp(1, MOST_LIMIT);
        let rate = self.bucket.rate();
        if (limit, window) == (rate.units, rate.window) {
            return;
        }
        // A declared burst keeps its share of the limit.
        let burst = u128::from(rate.burst) * u128::from(limit) / u128::from(rate.units.max(1));
        let burst = if window == rate.window { u64::try_from(burst).unwrap_or(limit).max(1) } else { limit };
        let whole = u128::from(self.whole_burst) * u128::from(limit) / u128::from(rate.units.max(1));
        self.whole_burst = u64::try_from(whole).unwrap_or(limit).max(burst);
        let was_full = self.bucket.free(now) >= i128::from(rate.burst);
        self.bucket.set_rate(now, Rate { units: limit, window, burst });
        if was_full {
            self.bucket.set_free(now, i128::from(burst));
        }
        self.forgive(now);
        if self.source == Source::Guessed {
            self.source = Source::Learned;
        }
    }

    /// What is free and the time until all is free together say how much a full bucket holds.
    fn read_burst(&mut self, now: Moment, reading: &LimitReading) {
        self.regrow_burst(now);
        let (Some((least, most)), Some((soonest, latest))) = (reading.remaining, reading.full_in) else {
            if let Some((least, _)) = reading.remaining {
                self.set_burst(now, self.bucket.rate().burst.max(least));
            }
            return;
        };
        let rate = self.bucket.rate();
        let used = |time| u64::try_from(units_in(rate.units, rate.window, time)).unwrap_or(u64::MAX);
        let least = least.saturating_add(used(soonest));
        let most = most.saturating_add(used(latest));
        if rate.burst < least || rate.burst > most {
            self.set_burst(now, if rate.burst > most { least } else { most.min(rate.units.max(least)) });
        }
    }

    fn set_burst(&mut self, now: Moment, burst: u64) {
        let rate = self.bucket.rate();
        // A bucket holds no more than a window's refill.
        let burst = burst.clamp(1, rate.units.max(1));
        if rate.burst != burst {
            self.bucket.set_rate(now, Rate { burst, ..rate });
            self.whole_burst = self.whole_burst.max(burst);
        }
    }

    fn shrink_burst(&mut self, now: Moment, by: i128, needs: u64) {
        let rate = self.bucket.rate();
        let a_second = u64::try_from(units_in(rate.units, rate.window, Duration::from_secs(1))).unwrap_or(0);
        let least = needs.max(a_second).max(1).min(rate.burst);
        let burst = u64::try_from(i128::from(rate.burst) - by).unwrap_or(0).clamp(least, rate.burst);
        self.bucket.set_rate(now, Rate { burst, ..rate });
        self.regrown_at = now;
    }

    /// A burst that was refused is tried again little by little, so that one bad minute does not cost for ever.
    pub(crate) fn regrow_burst(&mut self, now: Moment) {
        let rate = self.bucket.rate();
        let share = now.since(self.regrown_at).as_secs_f64() / BURST_REGROWN_S;
        let step = part(self.whole_burst, share);
        if rate.burst < self.whole_burst && step > 0 {
            self.bucket
                .set_rate(now, Rate { burst: rate.burst.saturating_add(step).min(self.whole_burst), ..rate });
            self.regrown_at = now;
        }
    }

    /// What is free, as a reading says it: at least and at most.
    fn free_said(&self, reading: &LimitReading) -> Option<(i128, i128)> {
        let rate = self.bucket.rate();
        let stated = reading.remaining.map(|(least, most)| (i128::from(least), i128::from(most)));
        let inferred = reading.full_in.map(|(soonest, latest)| {
            let full = i128::from(rate.burst);
            // More than twice the burst is not believed: a bucket is not emptied deeper by one minute's requests.
            let used = |time| units_in(rate.units, rate.window, time).min(2 * full);
            (full - used(latest), full - used(soonest))
        });
        match (stated, inferred) {
            (Some(stated), Some(inferred)) => {
                let both = (stated.0.max(inferred.0), stated.1.min(inferred.1));
                Some(if both.0 <= both.1 { both } else { stated })
            }
            (stated, inferred) => stated.or(inferred),
        }
    }

    /// Our books were off by so much; more than we had thought was used if that is positive.
    fn unexplained(&mut self, now: Moment, units: i128) {
        let elapsed = now.since(self.read_at).as_secs_f64();
        self.read_at = now;
        self.others *= (-elapsed / OTHERS_FORGOTTEN_S).exp();
        self.others += units as f64 / OTHERS_LEARNED_S;
        let rate = self.bucket.rate();
        let whole = rate.units as f64 / rate.window.length().as_secs_f64();
        self.others = self.others.clamp(0.0, whole * 0.9);
        // Less than a fiftieth is noise.
        let is_noise = self.others < whole / 50.0;
        let drain = if is_noise { 0 } else { part(rate.units, self.others / whole) };
        self.bucket.set_drain(now, drain);
    }
}

/// What refills in some time, rounded down.
fn units_in(units: u64, window: Window, time: Duration) -> i128 {
    let nanos = i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
    let window = i128::try_from(window.length().as_nanos()).unwrap_or(i128::MAX);
    nanos.saturating_mul(i128::from(units)) / window
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A share of a count is a count.
fn part(of: u64, share: f64) -> u64 {
    (of as f64 * share.clamp(0.0, 1.0)) as u64
}
