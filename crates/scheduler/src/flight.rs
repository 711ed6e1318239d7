//! What a pool has in flight, summed so that a provider's reading can be compared with our books.
//!
//! A reading is older than its arrival, and what was sent in between may or may not be in it. And where a provider charges
//! output as it is generated, part of what we have taken is not charged there yet. Both are estimated here, in constant
//! time; nothing here decides.

use std::time::Duration;

use paceway_domain::{Counted, Moment};

use crate::limits::{Charging, Cost};

/// Units by what is counted.
type ByCounted = [u64; 4];

/// Over this time a rate of use is averaged.
const USE_AVERAGE: Duration = Duration::from_secs(30);

/// The weight that is worked off in a second where no request has ended yet: 100 output tokens.
const UNKNOWN_WEIGHT_PER_SECOND: f64 = 2_000.0;

/// A request in flight, as its pool saw it leave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flight {
    /// When it was sent.
    pub(crate) at: Moment,
    /// Whether it is sent to see whether a closed pool is open again.
    pub(crate) is_probe: bool,
    /// What the pool had charged ever, then.
    charged: ByCounted,
}

/// Sums over the requests of one pool.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights {
    count: u32,
    /// Everything that the provider must have charged so far.
    charged: ByCounted,
    /// What is taken here and charged there only as it is generated.
    later: ByCounted,
    /// The same, each part times the nanosecond at which it was sent.
    later_by_time: [u128; 4],
    /// The mean length of requests, in seconds, and their mean weight; 0 before the first one ended.
    mean_seconds: f64,
    mean_weight: f64,
    /// Units per second, and when that was last updated.
    used: [f64; 4],
    used_at: Moment,
}

impl Flights {
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// A request leaves.
    pub(crate) fn begin(&mut self, now: Moment, cost: &Cost, charging: Charging, is_probe: bool) -> Flight {
        self.count += 1;
        let flight = Flight { at: now, is_probe, charged: self.charged };
        self.decay_use(now);
        for (place, counted) in COUNTED.into_iter().enumerate() {
            let taken = cost.at_admission(counted, charging);
            let later = cost.charged_later(counted, charging);
            self.charged[place] = self.charged[place].saturating_add(taken.saturating_sub(later));
            self.later[place] = self.later[place].saturating_add(later);
            self.later_by_time[place] += u128::from(later) * u128::from(now.as_nanos());
            self.used[place] += taken as f64 / USE_AVERAGE.as_secs_f64();
        }
        flight
    }

    /// A request ends. What it was to generate has been generated as far as `spent` says; `None` if it came to nothing.
    pub(crate) fn end(
        &mut self,
        now: Moment,
        flight: &Flight,
        cost: &Cost,
        charging: Charging,
        spent: Option<&Cost>,
    ) {
        self.count = self.count.saturating_sub(1);
        for (place, counted) in COUNTED.into_iter().enumerate() {
            let later = cost.charged_later(counted, charging);
            self.later[place] = self.later[place].saturating_sub(later);
            let by_time = u128::from(later) * u128::from(flight.at.as_nanos());
            self.later_by_time[place] = self.later_by_time[place].saturating_sub(by_time);
            if later > 0 {
                let generated = spent.map_or(0, |spent| spent.at_settlement(Counted::Output));
                self.charged[place] = self.charged[place].saturating_add(generated);
            }
        }
        if let Some(spent) = spent {
            let is_first = self.mean_weight == 0.0;
            let toward = |mean: f64, value: f64| if is_first { value } else { mean * 0.9 + value * 0.1 };
            self.mean_seconds = toward(self.mean_seconds, now.since(flight.at).as_secs_f64());
            self.mean_weight = toward(self.mean_weight, weight(spent));
        }
    }

    /// How long a place in flight is likely to be taken by a request.
    pub(crate) fn likely_length(&self, cost: &Cost) -> Duration {
        let seconds = if self.mean_weight > 0.0 {
            self.mean_seconds * weight(cost) / self.mean_weight
        } else {
            weight(cost) / UNKNOWN_WEIGHT_PER_SECOND
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// What the provider has charged since this request left, as far as we know.
    pub(crate) fn charged_since(&self, flight: &Flight, counted: Counted) -> u64 {
        let place = place(counted);
        self.charged[place].saturating_sub(flight.charged[place])
    }

    /// What is taken here and not charged there yet: at least and at most so much.
    pub(crate) fn not_yet_charged(&self, now: Moment, counted: Counted) -> (u64, u64) {
        let place = place(counted);
        let later = self.later[place];
        if later == 0 {
            return (0, 0);
        }
        if self.mean_seconds == 0.0 {
            return (later, later);
        }
        let sent_at = self.later_by_time[place] / u128::from(later);
        let age = u128::from(now.as_nanos()).saturating_sub(sent_at) as f64 / 1e9;
        let share = (1.0 - age / self.mean_seconds).clamp(0.0, 1.0);
        // Answers are not all of the mean's length, and those that are still in flight are the longer ones.
        (part(later, share * 0.7), later)
    }

    /// Units used per second of late.
    pub(crate) fn use_per_second(&self, now: Moment, counted: Counted) -> f64 {
        self.used[place(counted)] * decay(now.since(self.used_at))
    }

    fn decay_use(&mut self, now: Moment) {
        let factor = decay(now.since(self.used_at));
        self.used = self.used.map(|used| used * factor);
        self.used_at = self.used_at.max(now);
    }
}

/// What makes a request long: output above all.
fn weight(cost: &Cost) -> f64 {
    1.0 + cost.input.get() as f64 + 20.0 * cost.output.get() as f64
}

const COUNTED: [Counted; 4] = [Counted::Requests, Counted::Input, Counted::Output, Counted::Total];

fn place(counted: Counted) -> usize {
    match counted {
        Counted::Requests => 0,
        Counted::Input => 1,
        Counted::Output => 2,
        Counted::Total => 3,
    }
}

fn decay(elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 1.0 } else { (-elapsed.as_secs_f64() / USE_AVERAGE.as_secs_f64()).exp() }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A share of a count is a count.
fn part(of: u64, share: f64) -> u64 {
    (of as f64 * share.clamp(0.0, 1.0)) as u64
}
