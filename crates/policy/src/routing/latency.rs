//! How long a target takes to its first token: a peak-sensitive moving average, and the tail of the latest calls.
//!
//! The average follows Finagle's and linkerd's peak EWMA: a slow call raises it at once, quicker ones lower it with a time
//! constant, and while nothing is heard it sinks, so that a target that was slow is tried again some time. It does not
//! know which calls are under way (`Facts` does) and it does not choose.

use std::collections::VecDeque;
use std::time::Duration;

use paceway_domain::Moment;

/// Time constant with which quicker calls lower the average (Finagle's default decay, `loadbalancer/PeakEwma`: 10 s).
pub const SETTLING: Duration = Duration::from_secs(10);

/// Time constant with which the average sinks while nothing is heard. Longer than [`SETTLING`]: where a request comes once
/// a minute, the idleness of a quick target must not make a slow one look better. A target ten times slower than the best
/// is tried again after `ln 10` times this, 4.6 minutes.
pub const FADING: Duration = Duration::from_mins(2);

/// Without a call for so long, nothing is known.
pub const FORGOTTEN: Duration = Duration::from_mins(10);

/// Calls that a target of unknown latency may leave without a first token before it is no longer tried first.
pub const TRIES: u32 = 3;

/// How many of the latest calls [`PeakEwma::p95`] looks at.
const KEPT: usize = 128;

/// With fewer calls than this a 95th percentile is one call's luck.
const LEAST_FOR_A_TAIL: usize = 20;

/// The times to the first token of one target.
#[derive(Debug, Clone, Default)]
pub struct PeakEwma {
    /// Seconds, and when they held.
    level: Option<(f64, Moment)>,
    latest: VecDeque<Duration>,
    silent: u32,
    silent_at: Moment,
}

impl PeakEwma {
    /// A call had its first token after `ttft`.
    pub fn observe(&mut self, now: Moment, ttft: Duration) {
        let sample = ttft.as_secs_f64();
        let level = match self.level {
            Some((level, at)) if sample < level => {
                let kept = decay(now.since(at), SETTLING);
                level * kept + sample * (1.0 - kept)
            }
            _ => sample,
        };
        self.level = Some((level, now));
        self.silent = 0;
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(ttft);
    }

    /// A call ended after `waited` without a first token. Where a latency is known, the wait counts as one if it is longer;
    /// where none is, it uses up one of the [`TRIES`].
    pub fn ended_silent(&mut self, now: Moment, waited: Duration) {
        self.silent = if is_forgotten(now, self.silent_at) { 1 } else { self.silent.saturating_add(1) };
        self.silent_at = now;
        if self.get(now).is_some_and(|level| waited > level) {
            self.level = Some((waited.as_secs_f64(), now));
        }
    }

    /// The expected time to the first token; the longer nothing was heard, the lower. `None`: nothing is known.
    pub fn get(&self, now: Moment) -> Option<Duration> {
        let (level, at) = self.level?;
        (!is_forgotten(now, at)).then(|| Duration::from_secs_f64(level * decay(now.since(at), FADING)))
    }

    /// Whether the target may be tried first although nothing is known: not after [`TRIES`] calls in a row that brought
    /// nothing, until those are forgotten.
    pub fn may_explore(&self, now: Moment) -> bool {
        self.silent < TRIES || is_forgotten(now, self.silent_at)
    }

    /// The time within which 95 % of the latest calls had their first token (nearest rank). `None` below 20 calls.
    pub fn p95(&self) -> Option<Duration> {
        if self.latest.len() < LEAST_FOR_A_TAIL {
            return None;
        }
        let mut times: Vec<_> = self.latest.iter().copied().collect();
        let rank = (times.len() * 95).div_ceil(100);
        Some(*times.select_nth_unstable(rank - 1).1)
    }
}

fn is_forgotten(now: Moment, at: Moment) -> bool {
    now.since(at) > FORGOTTEN
}

fn decay(passed: Duration, constant: Duration) -> f64 {
    (-passed.as_secs_f64() / constant.as_secs_f64()).exp()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(seconds * 1_000_000_000)
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_slow_call_counts_at_once_and_quick_ones_are_believed_slowly() {
        let mut ewma = PeakEwma::default();
        ewma.observe(at(0), ms(400));
        ewma.observe(at(1), ms(5_000));
        assert_eq!(ewma.get(at(1)), Some(ms(5_000)));
        ewma.observe(at(2), ms(400));
        let soon = ewma.get(at(2)).unwrap();
        assert!(soon > ms(4_500) && soon < ms(5_000), "{soon:?}");
        (3..60).for_each(|second| ewma.observe(at(second), ms(400)));
        let later = ewma.get(at(59)).unwrap();
        assert!(later < ms(420), "{later:?}");
    }

    #[test]
    fn what_is_not_heard_of_sinks_and_is_then_forgotten() {
        let mut ewma = PeakEwma::default();
        ewma.observe(at(0), ms(5_000));
        let after_ten_fold = ewma.get(at(277)).unwrap();
        assert!(after_ten_fold < ms(500) && after_ten_fold > ms(490), "{after_ten_fold:?}");
        assert!(ewma.get(at(600)).is_some());
        assert_eq!(ewma.get(at(601)), None);
    }

    #[test]
    fn a_target_that_never_answers_is_explored_a_bounded_number_of_times() {
        let mut ewma = PeakEwma::default();
        for second in 0..3 {
            assert!(ewma.may_explore(at(second)));
            ewma.ended_silent(at(second), ms(100));
        }
        assert!(!ewma.may_explore(at(3)));
        assert_eq!(ewma.get(at(3)), None);
        assert!(ewma.may_explore(at(603)));
        ewma.ended_silent(at(603), ms(100));
        assert!(ewma.may_explore(at(604)));
    }

    #[test]
    fn a_call_that_ends_without_a_token_raises_a_known_latency_and_never_lowers_it() {
        let mut ewma = PeakEwma::default();
        ewma.observe(at(0), ms(400));
        ewma.ended_silent(at(0), ms(50));
        assert_eq!(ewma.get(at(0)), Some(ms(400)));
        ewma.ended_silent(at(0), ms(30_000));
        assert_eq!(ewma.get(at(0)), Some(ms(30_000)));
    }

    #[test]
    fn the_tail_is_the_nearest_rank_of_the_latest_calls_and_needs_twenty() {
        let mut ewma = PeakEwma::default();
        (1..20).for_each(|n| ewma.observe(at(n), ms(n * 10)));
        assert_eq!(ewma.p95(), None);
        ewma.observe(at(20), ms(200));
        assert_eq!(ewma.p95(), Some(ms(190)));
        (0..128).for_each(|n| ewma.observe(at(21 + n), ms(7)));
        assert_eq!(ewma.p95(), Some(ms(7)));
    }

    #[test]
    fn a_clock_that_steps_back_changes_nothing() {
        let mut ewma = PeakEwma::default();
        ewma.observe(at(100), ms(400));
        assert_eq!(ewma.get(at(50)), Some(ms(400)));
    }
}
