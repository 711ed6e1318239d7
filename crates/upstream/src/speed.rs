//! Whether an answer comes too slowly, though it never falls silent.
//!
//! What counts is how much comes in the time in which it is waited for: a reader who takes his time makes nobody slow.

use std::time::Duration;

use paceway_domain::Failure;
use paceway_domain::failure::Phase;
use tokio::time::Instant;

use crate::LowSpeed;

/// Measures a body against a bound, in spans of the bound's length.
#[derive(Debug)]
pub(crate) struct Speedometer {
    bound: LowSpeed,
    /// Of the present span: how much has come, and how long was waited for it.
    bytes: u64,
    waited: Duration,
    /// Since when there has been nothing to read, and when the span is over if that goes on.
    wait: Option<(Instant, Instant)>,
}

impl Speedometer {
    pub(crate) const fn new(bound: LowSpeed) -> Self {
        Self { bound, bytes: 0, waited: Duration::ZERO, wait: None }
    }

    /// There is nothing to read.
    pub(crate) fn waits(&mut self, now: Instant) {
        self.wait = Some((now, now + self.bound.during.saturating_sub(self.waited)));
    }

    /// So much has come.
    pub(crate) fn comes(&mut self, now: Instant, bytes: usize) {
        if let Some((since, _)) = self.wait.take() {
            self.waited += now.saturating_duration_since(since);
        }
        self.bytes += bytes as u64;
    }

    /// When it has to be looked at.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.wait.map(|(_, due)| due)
    }

    /// Why it is too slow, if a span is over and it is; otherwise the next one begins.
    pub(crate) fn failure(&mut self, now: Instant) -> Option<Failure> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        let LowSpeed { bytes_per_s, during } = self.bound;
        if (self.bytes as f64) < f64::from(bytes_per_s) * during.as_secs_f64() {
            return Some(Failure::Timeout(Phase::LowSpeed(bytes_per_s), during));
        }
        (self.bytes, self.waited) = (0, Duration::ZERO);
        self.waits(now);
        None
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // The runtime's clock makes moments; it is not asked again.
mod tests {
    use super::*;

    const BOUND: LowSpeed = LowSpeed { bytes_per_s: 100, during: Duration::from_secs(2) };

    /// Pieces of so many bytes, each waited for so long and then left lying for so long; how many came before it was too
    /// slow, or all of them.
    fn pieces_until_too_slow(count: usize, bytes: usize, waited_ms: u64, left_ms: u64) -> usize {
        let mut now = Instant::now();
        let mut speed = Speedometer::new(BOUND);
        (0..count)
            .find(|_| {
                speed.waits(now);
                now += Duration::from_millis(waited_ms);
                let is_slow = speed.failure(now).is_some();
                speed.comes(now, bytes);
                now += Duration::from_millis(left_ms);
                is_slow
            })
            .unwrap_or(count)
    }

    #[test]
    fn what_comes_quickly_enough_may_go_on_for_ever() {
        assert_eq!(pieces_until_too_slow(1_000, 11, 100, 0), 1_000);
        assert_eq!(pieces_until_too_slow(1_000, 250, 1_900, 0), 1_000);
    }

    #[test]
    fn what_comes_too_slowly_is_found_out_when_its_time_is_over() {
        assert_eq!(pieces_until_too_slow(1_000, 9, 100, 0), 19);
    }

    #[test]
    fn what_becomes_slow_is_found_out_too() {
        let mut now = Instant::now();
        let mut speed = Speedometer::new(BOUND);
        speed.comes(now, 10_000);
        for is_slow in [false, true] {
            speed.waits(now);
            now += BOUND.during;
            assert_eq!(speed.failure(now).is_some(), is_slow, "what came before counts once");
        }
    }

    #[test]
    fn a_reader_who_takes_his_time_makes_nobody_slow() {
        assert_eq!(pieces_until_too_slow(1_000, 11, 100, 10_000), 1_000);
    }
}
