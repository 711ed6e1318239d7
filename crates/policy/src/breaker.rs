//! A circuit breaker: a target that fails again and again is left alone for a while, then tried by few and given back its
//! traffic step by step.
//!
//! Time is handed in. Rate limits and overload are the scheduler's and no failures here. A breaker chooses among targets; it
//! never refuses a request that has nowhere else to go (whoever asks it sees to that).

use std::collections::VecDeque;
use std::time::Duration;

use paceway_domain::Moment;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerRules {
    /// So many failures in a row open it.
    pub in_a_row: u32,
    /// So large a share of failures within `window` opens it, 0 to 1.
    pub share: f64,
    /// But not with fewer calls than these.
    pub least_calls: u32,
    /// What counts as of late.
    pub window: Duration,
    /// How long it stays open the first time; doubled each time that a probe fails.
    pub open_for: Duration,
    /// At most.
    pub most_open_for: Duration,
}

/// Whether a call may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Yes.
    Free,
    /// Yes, and by it the target is tried.
    Probe,
    /// Not before then.
    Barred(Moment),
}

/// The state of one target.
#[derive(Debug)]
pub struct Breaker {
    rules: BreakerRules,
    state: State,
    in_a_row: u32,
    /// When calls ended, and whether they failed, of late.
    ended: VecDeque<(Moment, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Moment,
        for_: Duration,
    },
    /// So many may be under way at once; doubled with each that succeeds.
    HalfOpen {
        at_once: u32,
        under_way: u32,
        was_open_for: Duration,
    },
}

/// Calls that are remembered at most.
const MOST_REMEMBERED: usize = 1_000;
/// From so many at once on, a half-open breaker is closed.
const RECOVERED: u32 = 16;

impl Breaker {
    /// Of a target of which nothing bad is known.
    pub fn new(rules: BreakerRules) -> Self {
        Self { rules, state: State::Closed, in_a_row: 0, ended: VecDeque::new() }
    }

    /// Whether a call may go now. Whoever is given [`Passage::Probe`] tells by [`Self::ended`] how it went.
    pub fn passage(&mut self, now: Moment) -> Passage {
        match &mut self.state {
            State::Closed => Passage::Free,
            State::Open { until, .. } if now < *until => Passage::Barred(*until),
            State::Open { for_, .. } => {
                self.state = State::HalfOpen { at_once: 1, under_way: 1, was_open_for: *for_ };
                Passage::Probe
            }
            State::HalfOpen { at_once, under_way, .. } if *under_way < *at_once => {
                *under_way += 1;
                Passage::Probe
            }
            // Soon one of those under way will tell.
            State::HalfOpen { .. } => Passage::Barred(now.after(Duration::from_secs(1))),
        }
    }

    /// Whether a call would be barred, without taking a probe's place.
    pub fn is_barred(&self, now: Moment) -> bool {
        match self.state {
            State::Closed => false,
            State::Open { until, .. } => now < until,
            State::HalfOpen { at_once, under_way, .. } => under_way >= at_once,
        }
    }

    /// A call has ended: `has_failed` if the target was at fault, `None` if nobody knows (the client hung up).
    pub fn ended(&mut self, now: Moment, was_probe: bool, has_failed: Option<bool>) {
        if let State::HalfOpen { at_once, under_way, was_open_for } = &mut self.state
            && was_probe
        {
            *under_way = under_way.saturating_sub(1);
            match has_failed {
                None => {}
                Some(true) => {
                    let for_ = was_open_for.saturating_mul(2).min(self.rules.most_open_for);
                    self.state = State::Open { until: now.after(for_), for_ };
                }
                Some(false) => {
                    *at_once *= 2;
                    if *at_once >= RECOVERED {
                        self.close();
                    }
                }
            }
            return;
        }
        let Some(has_failed) = has_failed else { return };
        if self.state != State::Closed {
            return;
        }
        self.in_a_row = if has_failed { self.in_a_row + 1 } else { 0 };
        self.ended.push_back((now, has_failed));
        while self.ended.len() > MOST_REMEMBERED
            || self.ended.front().is_some_and(|(at, _)| now.since(*at) > self.rules.window)
        {
            self.ended.pop_front();
        }
        if has_failed && self.is_too_much() {
            let for_ = self.rules.open_for;
            self.state = State::Open { until: now.after(for_), for_ };
        }
    }

    fn is_too_much(&self) -> bool {
        let failed = self.ended.iter().filter(|(_, failed)| *failed).count();
        let share = failed as f64 / self.ended.len().max(1) as f64;
        self.in_a_row >= self.rules.in_a_row
            || (self.ended.len() >= self.rules.least_calls as usize && share >= self.rules.share)
    }

    fn close(&mut self) {
        *self = Self::new(self.rules);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BreakerRules = BreakerRules {
        in_a_row: 5,
        share: 0.5,
        least_calls: 10,
        window: Duration::from_mins(1),
        open_for: Duration::from_secs(5),
        most_open_for: Duration::from_mins(1),
    };

    fn at(second: u64) -> Moment {
        Moment::from_nanos(second * 1_000_000_000)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(RULES);
        (0..5).for_each(|_| breaker.ended(at(0), false, Some(true)));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_does_not() {
        let mut breaker = Breaker::new(RULES);
        for _ in 0..4 {
            breaker.ended(at(0), false, Some(true));
        }
        breaker.ended(at(0), false, Some(false));
        assert_eq!(breaker.passage(at(0)), Passage::Free);
        assert_eq!(opened().passage(at(1)), Passage::Barred(at(5)));
    }

    #[test]
    fn a_share_of_failures_opens_it_but_not_of_a_few_calls_or_old_ones() {
        let mut breaker = Breaker::new(RULES);
        for call in 0..9 {
            breaker.ended(at(0), false, Some(call % 2 == 0));
        }
        assert_eq!(breaker.passage(at(0)), Passage::Free);
        breaker.ended(at(0), false, Some(true));
        assert!(breaker.is_barred(at(0)));
        let mut breaker = Breaker::new(RULES);
        for call in 0..20 {
            breaker.ended(at(call * 30), false, Some(call % 2 == 0));
        }
        assert_eq!(breaker.passage(at(600)), Passage::Free);
    }

    #[test]
    fn one_probe_goes_at_first_and_traffic_comes_back_step_by_step() {
        let mut breaker = opened();
        assert_eq!(breaker.passage(at(5)), Passage::Probe);
        assert!(matches!(breaker.passage(at(5)), Passage::Barred(_)));
        breaker.ended(at(6), true, Some(false));
        assert_eq!([breaker.passage(at(6)), breaker.passage(at(6))], [Passage::Probe; 2]);
        assert!(breaker.is_barred(at(6)));
        for _ in 0..3 {
            breaker.ended(at(7), true, Some(false));
        }
        assert_eq!(breaker.passage(at(7)), Passage::Free);
    }

    #[test]
    fn a_probe_that_fails_doubles_the_time_up_to_a_bound() {
        let mut breaker = opened();
        let (mut now, mut times) = (5, Vec::new());
        for _ in 0..5 {
            assert_eq!(breaker.passage(at(now)), Passage::Probe);
            breaker.ended(at(now), true, Some(true));
            let Passage::Barred(until) = breaker.passage(at(now)) else { panic!("{breaker:?}") };
            times.push(until.since(at(now)).as_secs());
            now += times.last().unwrap_or(&0);
        }
        assert_eq!(times, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn a_probe_whose_client_hung_up_makes_room_for_another() {
        let mut breaker = opened();
        assert_eq!(breaker.passage(at(5)), Passage::Probe);
        breaker.ended(at(6), true, None);
        assert_eq!(breaker.passage(at(6)), Passage::Probe);
    }
}
