//! When a call that failed is made again: backoff with jitter, and a budget that keeps retries from multiplying an outage.
//!
//! Whether a failure may pass is said here too. Rate limits and overload are not here: when those requests go again is the
//! scheduler's to say.

use std::time::Duration;

use paceway_domain::Moment;

/// How long to wait before a retry, where the provider does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first.
    pub base: Duration,
    /// At most.
    pub most: Duration,
}

impl Backoff {
    /// The wait before the retry of this number, from 0: doubled with each, between a half and the whole of it by `dice`
    /// (0 to 1), so that callers who failed together do not come back together.
    pub fn wait(&self, retry: u32, dice: f64) -> Duration {
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(retry.min(20)));
        doubled.min(self.most).mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
    }
}

/// Statuses of answers that may be others if the same is asked again. Source: the retry rules of Anthropic's and OpenAI's
/// SDKs (`_should_retry`), without 409 and without those that are the scheduler's (429, 529).
pub fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 503 | 504) || (520..=527).contains(&status)
}

/// How much of what was asked may be asked again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetRules {
    /// Retries by request, 0 to 1.
    pub share: f64,
    /// Retries in a second that are allowed however few requests there are.
    pub per_second: f64,
}

/// Retries that are left: a share of the requests, and a few a second in any case, so that a provider that fails for all
/// is not asked many times more than when it is well (Finagle's retry budget).
#[derive(Debug, Clone, Copy)]
pub struct RetryBudget {
    rules: BudgetRules,
    level: f64,
    at: Moment,
}

/// So many seconds' worth of retries may gather.
const WINDOW_S: f64 = 10.0;
/// So many requests' worth of them.
const MOST_GATHERED: f64 = 100.0;

impl RetryBudget {
    /// With what a quiet while has gathered.
    pub fn new(rules: BudgetRules, now: Moment) -> Self {
        Self { rules, level: rules.per_second * WINDOW_S, at: now }
    }

    /// A request was made.
    pub fn asked(&mut self, now: Moment) {
        self.refill(now);
        self.level = (self.level + self.rules.share).min(self.most());
    }

    /// Whether one may be made again; if so, it is taken.
    pub fn takes(&mut self, now: Moment) -> bool {
        self.refill(now);
        let may = self.level >= 1.0;
        if may {
            self.level -= 1.0;
        }
        may
    }

    fn most(&self) -> f64 {
        self.rules.per_second * WINDOW_S + MOST_GATHERED * self.rules.share
    }

    fn refill(&mut self, now: Moment) {
        let floor = self.rules.per_second * WINDOW_S;
        if self.level < floor {
            let earned = now.since(self.at).as_secs_f64() * self.rules.per_second;
            self.level = (self.level + earned).min(floor);
        }
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Moment {
        Moment::from_nanos(second * 1_000_000_000)
    }

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        let backoff = Backoff { base: Duration::from_millis(500), most: Duration::from_secs(8) };
        let waits: Vec<_> = (0..6).map(|retry| backoff.wait(retry, 1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
        assert_eq!(backoff.wait(0, 0.0), Duration::from_millis(250));
        assert_eq!(backoff.wait(u32::MAX, 7.0), Duration::from_secs(8));
    }

    #[test]
    fn an_outage_is_not_multiplied() {
        let mut budget = RetryBudget::new(BudgetRules { share: 0.2, per_second: 1.0 }, at(0));
        let mut retries = 0;
        for second in 0..100 {
            for _ in 0..50 {
                budget.asked(at(second));
                retries += u32::from(budget.takes(at(second)));
            }
        }
        // 5,000 requests, all of which fail.
        assert!((1_000..=1_120).contains(&retries), "{retries}");
    }

    #[test]
    fn who_seldom_asks_may_still_ask_again() {
        let mut budget = RetryBudget::new(BudgetRules { share: 0.2, per_second: 1.0 }, at(0));
        for second in (0..600).step_by(60) {
            budget.asked(at(second));
            assert!(budget.takes(at(second)) && budget.takes(at(second)));
        }
    }

    #[test]
    fn what_cannot_pass_is_not_asked_again() {
        let may: Vec<u16> = (400..600).filter(|status| may_pass(*status)).collect();
        assert_eq!(may, [408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527]);
    }
}
