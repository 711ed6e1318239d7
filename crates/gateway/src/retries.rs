//! Whether and when a call that failed is made again: the rules, and what is left of the budgets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use paceway_domain::Moment;
use paceway_policy::retry::{Backoff, BudgetRules, RetryBudget};

/// Callers whose budget is remembered; beyond it all begin anew.
const MOST_CALLERS: usize = 10_000;

/// The rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryRules {
    /// How often a request is sent again because it failed.
    pub max_retries: u32,
    /// How long to wait where the provider does not say.
    pub backoff: Backoff,
    /// How much of what is asked may be asked again, for each caller and in all.
    pub budget: BudgetRules,
}

/// Retries of all requests.
#[derive(Debug)]
pub struct Retries {
    rules: RetryRules,
    budgets: Arc<Mutex<Budgets>>,
}

#[derive(Debug)]
struct Budgets {
    in_all: RetryBudget,
    by_caller: HashMap<u64, RetryBudget>,
}

/// A call that failed, and who asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed {
    pub(crate) caller: u64,
    /// Retries that this request has had.
    pub(crate) retries: u32,
    /// The wait that the provider states.
    pub(crate) stated: Option<Duration>,
    /// Until when a retry is of use.
    pub(crate) deadline: Moment,
}

impl Retries {
    /// With full budgets.
    pub fn new(rules: RetryRules, now: Moment) -> Self {
        let in_all = RetryBudget::new(rules.budget, now);
        Self { rules, budgets: Arc::new(Mutex::new(Budgets { in_all, by_caller: HashMap::new() })) }
    }

    /// Under other rules from now on. What is left of the budgets is left, unless their own rules are others.
    #[must_use]
    pub fn under(&self, rules: RetryRules, now: Moment) -> Self {
        if rules.budget == self.rules.budget {
            return Self { rules, budgets: Arc::clone(&self.budgets) };
        }
        Self::new(rules, now)
    }

    /// A request goes out for the first time.
    pub(crate) fn asked(&self, now: Moment, caller: u64) {
        let budgets = &mut *self.lock();
        budgets.in_all.asked(now);
        self.of_caller(budgets, now, caller).asked(now);
    }

    /// How long to wait before it is sent again; `None` if it is not. A wait that the provider states is kept, whatever its
    /// length, if there is time for it.
    pub(crate) fn next(&self, now: Moment, failed: Failed) -> Option<Duration> {
        if failed.retries >= self.rules.max_retries {
            return None;
        }
        let wait = failed.stated.unwrap_or_else(|| self.rules.backoff.wait(failed.retries, fastrand::f64()));
        if now.after(wait) > failed.deadline {
            return None;
        }
        self.takes(now, failed.caller).then_some(wait)
    }

    /// Whether the budgets allow one more call for this caller; if so, it is taken from both.
    pub(crate) fn takes(&self, now: Moment, caller: u64) -> bool {
        let budgets = &mut *self.lock();
        // Both are asked before one is taken from.
        let (mut mine, mut all) = (*self.of_caller(budgets, now, caller), budgets.in_all);
        let may = mine.takes(now) && all.takes(now);
        if may {
            *self.of_caller(budgets, now, caller) = mine;
            budgets.in_all = all;
        }
        may
    }

    fn of_caller<'b>(&self, budgets: &'b mut Budgets, now: Moment, caller: u64) -> &'b mut RetryBudget {
        if budgets.by_caller.len() >= MOST_CALLERS && !budgets.by_caller.contains_key(&caller) {
            budgets.by_caller.clear();
        }
        budgets.by_caller.entry(caller).or_insert_with(|| RetryBudget::new(self.rules.budget, now))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Budgets> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the provider says that asking again is of no use (a header of Anthropic's and OpenAI's that their SDKs keep to).
pub(crate) fn forbids(headers: &HeaderMap) -> bool {
    headers.get("x-should-retry").is_some_and(|value| value == "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many retries are left.
    fn left(retries: &Retries) -> usize {
        let failed = Failed { caller: 1, retries: 0, stated: None, deadline: Moment::FAR };
        (0..1_000).take_while(|_| retries.next(Moment::ZERO, failed).is_some()).count()
    }

    #[test]
    fn other_rules_leave_what_is_left_of_a_budget_unless_they_are_about_it() {
        let backoff = Backoff { base: Duration::from_millis(1), most: Duration::from_millis(1) };
        let budget = BudgetRules { share: 0.2, per_second: 1.0 };
        let rules = RetryRules { max_retries: 1, backoff, budget };
        let retries = Retries::new(rules, Moment::ZERO);
        assert_eq!(left(&retries), 10);
        let more = RetryRules { max_retries: 2, ..rules };
        assert_eq!(left(&retries.under(more, Moment::ZERO)), 0);
        let larger = RetryRules { budget: BudgetRules { per_second: 2.0, ..budget }, ..rules };
        assert_eq!(left(&retries.under(larger, Moment::ZERO)), 20);
    }
}
