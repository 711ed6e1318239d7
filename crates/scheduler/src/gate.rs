//! A pool that a provider has closed, until when, and how it opens again: by one probe first, not by all who wait.
//!
//! Stated waits are kept to the nanosecond. Guessed ones double up to a bound. A long one is probed before its end, since a
//! limit may have been raised and no other traffic could show it.

use std::time::Duration;

use paceway_domain::{Cause, Moment};

/// The first guess where the provider does not say how long to wait.
const FIRST_GUESS: Duration = Duration::from_millis(500);
/// The longest guess.
const LONGEST_GUESS: Duration = Duration::from_secs(15);
/// A longer wait than this is probed that often.
const PROBE_EVERY: Duration = Duration::from_mins(15);

#[derive(Debug, Clone, Default)]
pub(crate) struct Gate {
    closed: Option<Closed>,
    /// Refusals in a row, each of a request that left after the one before.
    refusals: u32,
}

#[derive(Debug, Clone, Copy)]
struct Closed {
    cause: Cause,
    since: Moment,
    until: Moment,
    /// When one request may try.
    probe_at: Moment,
    is_probing: bool,
}

/// Whether requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Yes.
    Open,
    /// One may, to see.
    Probe,
    /// From then on one may, to see.
    Closed(Moment),
    /// One is trying.
    Probing,
}

impl Gate {
    pub(crate) fn passage(&self, now: Moment) -> Passage {
        match self.closed {
            None => Passage::Open,
            Some(Closed { is_probing: true, .. }) => Passage::Probing,
            Some(closed) if closed.probe_at > now => Passage::Closed(closed.probe_at),
            Some(_) => Passage::Probe,
        }
    }

    /// Why it is closed and until when, for people.
    pub(crate) fn closed(&self) -> Option<(Cause, Moment)> {
        self.closed.map(|closed| (closed.cause, closed.until))
    }

    /// Whether the refusal of a request that left at `sent_at` is another event than the one that closed it: what left
    /// before the gate was closed tells of the same.
    pub(crate) fn is_news(&self, sent_at: Moment) -> bool {
        self.closed.is_none_or(|closed| sent_at >= closed.since)
    }

    /// A request that left at `sent_at` was refused: nothing goes for `wait`, or for a guess.
    pub(crate) fn close(&mut self, now: Moment, sent_at: Moment, cause: Cause, wait: Option<Duration>) {
        let is_new = self.is_news(sent_at);
        if is_new {
            self.refusals = self.refusals.saturating_add(1);
        }
        let doubled = FIRST_GUESS.saturating_mul(1 << (self.refusals.max(1) - 1).min(10)).min(LONGEST_GUESS);
        // No wait of seconds cures an account; and who says again and again to come back at once is not believed.
        let guess = if cause.is_curable() { doubled } else { PROBE_EVERY };
        let least = if self.refusals > 1 { doubled } else { Duration::ZERO };
        let mut until = now.after(wait.map_or(guess, |stated| stated.max(least)));
        let mut since = now;
        let mut is_probing = false;
        if let Some(closed) = self.closed {
            if !is_new {
                (since, is_probing) = (closed.since, closed.is_probing);
            }
            let is_guessed_again = wait.is_none() && !is_new;
            until = if is_guessed_again { closed.until } else { until.max(closed.until) };
        }
        let probe_at = until.min(now.after(PROBE_EVERY));
        self.closed = Some(Closed { cause, since, until, probe_at, is_probing });
    }

    /// The probe leaves.
    pub(crate) fn probe(&mut self) {
        if let Some(closed) = &mut self.closed {
            closed.is_probing = true;
        }
    }

    /// An answer has begun: that of the probe opens the gate.
    pub(crate) fn answered(&mut self, is_probe: bool) {
        if self.closed.is_none_or(|closed| is_probe && closed.is_probing) {
            *self = Self::default();
        }
    }

    /// The probe came to nothing: another may go.
    pub(crate) fn probe_failed(&mut self, now: Moment) {
        if let Some(closed) = &mut self.closed
            && std::mem::take(&mut closed.is_probing)
        {
            closed.probe_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::ZERO.after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_stated_wait_is_never_clamped_and_a_guessed_one_is() {
        let mut gate = Gate::default();
        gate.close(at(0), at(0), Cause::Unknown, Some(Duration::from_mins(116)));
        assert_eq!(gate.closed().map(|(_, until)| until), Some(at(116 * 60)));
        let mut gate = Gate::default();
        for round in 0..50 {
            gate.close(at(round * 100), at(round * 100), Cause::Overload, None);
            gate.probe();
        }
        assert_eq!(gate.closed().map(|(_, until)| until), Some(at(49 * 100 + 15)));
    }

    #[test]
    fn a_longer_wait_replaces_a_shorter_one_and_never_the_reverse() {
        let mut gate = Gate::default();
        gate.close(at(0), at(0), Cause::Unknown, Some(Duration::from_secs(30)));
        gate.close(at(1), at(0), Cause::Unknown, Some(Duration::from_secs(5)));
        assert_eq!(gate.passage(at(1)), Passage::Closed(at(30)));
        gate.close(at(2), at(0), Cause::Unknown, Some(Duration::from_mins(1)));
        assert_eq!(gate.passage(at(2)), Passage::Closed(at(62)));
    }

    #[test]
    fn refusals_of_one_burst_are_one_event() {
        let mut gate = Gate::default();
        for _ in 0..100 {
            gate.close(at(1), at(0), Cause::Overload, None);
        }
        assert_eq!(gate.passage(at(1)), Passage::Closed(Moment::from_nanos(1_500_000_000)));
    }

    #[test]
    fn it_opens_by_one_probe_and_a_lost_probe_is_followed_by_another() {
        let mut gate = Gate::default();
        gate.close(at(0), at(0), Cause::Overload, Some(Duration::from_secs(2)));
        assert_eq!(gate.passage(at(2)), Passage::Probe);
        gate.probe();
        assert_eq!(gate.passage(at(2)), Passage::Probing);
        gate.probe_failed(at(3));
        assert_eq!(gate.passage(at(3)), Passage::Probe);
        gate.probe();
        gate.answered(false);
        assert_eq!(gate.passage(at(3)), Passage::Probing);
        gate.answered(true);
        assert_eq!(gate.passage(at(3)), Passage::Open);
    }

    #[test]
    fn an_answer_that_is_not_the_probes_does_not_open_it_and_an_old_refusal_does_not_end_the_probe() {
        let mut gate = Gate::default();
        gate.close(at(5), at(4), Cause::Overload, Some(Duration::from_secs(10)));
        gate.answered(false);
        assert_eq!(gate.passage(at(5)), Passage::Closed(at(15)));
        gate.probe();
        gate.close(at(16), at(4), Cause::Overload, None);
        assert_eq!(gate.passage(at(16)), Passage::Probing);
    }

    #[test]
    fn who_says_again_and_again_to_come_back_at_once_is_not_believed() {
        let mut gate = Gate::default();
        gate.close(at(0), at(0), Cause::Unknown, Some(Duration::ZERO));
        assert_eq!(gate.passage(at(0)), Passage::Probe);
        gate.probe();
        gate.close(at(0), at(0), Cause::Unknown, Some(Duration::ZERO));
        assert_eq!(gate.passage(at(0)), Passage::Closed(at(1)));
    }

    #[test]
    fn an_empty_account_is_not_asked_every_few_seconds() {
        let mut gate = Gate::default();
        gate.close(at(0), at(0), Cause::Billing, None);
        assert_eq!(gate.passage(at(0)), Passage::Closed(at(900)));
    }

    #[test]
    fn a_wait_of_hours_is_probed_every_quarter_of_an_hour() {
        let mut gate = Gate::default();
        gate.close(at(0), at(0), Cause::SpendCap, Some(Duration::from_hours(4)));
        assert_eq!(gate.passage(at(0)), Passage::Closed(at(900)));
        assert_eq!(gate.passage(at(900)), Passage::Probe);
        gate.probe();
        gate.close(at(901), at(900), Cause::SpendCap, Some(Duration::from_hours(3)));
        assert_eq!(gate.passage(at(901)), Passage::Closed(at(1_801)));
    }
}
