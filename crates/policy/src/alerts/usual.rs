//! What is usual at an hour of the day: the mean of the same hour on the days before, of which the last counts most.
//!
//! Until two such days are known, the mean of all hours known stands in, if there are enough of them; before that nothing is usual.

use std::collections::BTreeMap;

use paceway_domain::UnixMillis;

const HOUR_MS: u64 = 3_600_000;
/// Hours that are remembered: eight days.
const MOST_HOURS: u64 = 8 * 24;
/// Each day before counts so much less than the one after it, in percent.
const FADES_TO: u64 = 70;
/// Hours that have to be known for their mean to stand in.
const LEAST_HOURS: usize = 24;
/// Days before this one on which the same hour has to be known.
const LEAST_DAYS: usize = 2;

/// Money spent by the hour, in micro-dollars.
#[derive(Debug, Default)]
pub(super) struct Usual(BTreeMap<u64, u64>);

impl Usual {
    pub(super) fn add(&mut self, at: UnixMillis, spent: u64) {
        let hour = at.0 / HOUR_MS;
        let newest = self.0.last_key_value().map_or(hour, |(newest, _)| *newest).max(hour);
        if hour + MOST_HOURS < newest {
            return;
        }
        let sum = self.0.entry(hour).or_default();
        *sum = sum.saturating_add(spent);
        while self.0.first_key_value().is_some_and(|(oldest, _)| oldest + MOST_HOURS < newest) {
            self.0.pop_first();
        }
    }

    /// Whether nothing is known any more that counts.
    pub(super) fn is_over(&self, now: UnixMillis) -> bool {
        self.0.last_key_value().is_none_or(|(newest, _)| newest + MOST_HOURS < now.0 / HOUR_MS)
    }

    /// What is usual in the hour that ends now; `None`: not known.
    pub(super) fn of_the_hour_before(&self, now: UnixMillis) -> Option<u64> {
        let hour = now.0 / HOUR_MS;
        let first = *self.0.first_key_value()?.0;
        // An hour in which nothing was spent is known too, from the first one on.
        let days = (1..=7_u64).map_while(|day| hour.checked_sub(day * 24)).filter(|before| *before > first);
        let (mut sum, mut weights, mut weight, mut known) = (0_u128, 0_u128, 1_000_000_u64, 0);
        for before in days {
            sum += u128::from(self.0.get(&before).copied().unwrap_or(0)) * u128::from(weight);
            weights += u128::from(weight);
            weight = weight * FADES_TO / 100;
            known += 1;
        }
        if known >= LEAST_DAYS {
            return u64::try_from(sum / weights.max(1)).ok();
        }
        let complete: Vec<u64> = self.0.range(first + 1..hour).map(|(_, spent)| *spent).collect();
        let enough = hour.saturating_sub(first) > LEAST_HOURS as u64;
        let mean = complete.iter().sum::<u64>() / hour.saturating_sub(first + 1).max(1);
        enough.then_some(mean)
    }
}
