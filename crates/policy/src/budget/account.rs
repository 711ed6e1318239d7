//! One account of a budget in one window: what is spent, what is held, and what follows from it.

use paceway_domain::{MicroUsd, UnixMillis};

use super::ladder::percent;
use super::{Budget, Span};

/// So much must have passed of a window before its spending says anything of what is to come.
const LEAST_OBSERVED_MS: u64 = 60_000;

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Its budget, and its name among that budget's; empty for the one that all share.
    pub(super) budget: String,
    pub(super) name: String,
    pub(super) span: Span,
    /// Since when its spending is known: the window's begin, or for one without a begin the first spending.
    pub(super) since: UnixMillis,
    /// What this node has spent.
    pub(super) spent: MicroUsd,
    /// What running calls of this node may spend yet.
    pub(super) held: MicroUsd,
    /// What other nodes have spent, as far as is known here.
    pub(super) elsewhere: MicroUsd,
    /// What providers' accounts corrected of all that, in micro-dollars, below zero where too much was booked.
    pub(super) corrected: i64,
    /// What this node may give out in this window, where nodes share a budget; `None`: all of it.
    pub(super) allotment: Option<MicroUsd>,
    /// What was spent before any node leased of it, as far as the ledger knew when this account was opened.
    pub(super) before: MicroUsd,
    /// Whether what is idle of the allotment is to be given back.
    pub(super) is_scarce: bool,
    /// The highest rung that was told of, in percent.
    pub(super) told: u32,
}

/// How an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The budget.
    pub budget: String,
    /// The account of it; empty for the one that all share.
    pub account: String,
    /// Its window.
    pub span: Span,
    /// The amount.
    pub amount: MicroUsd,
    /// What is spent, by all nodes as far as is known.
    pub spent: MicroUsd,
    /// What running calls of this node may spend yet.
    pub held: MicroUsd,
    /// What is neither spent nor held.
    pub left: MicroUsd,
    /// What is spent, in percent of the amount, rounded down.
    pub percent: u64,
    /// The rungs that are reached, by name.
    pub reached: Vec<&'static str>,
    /// Requests that wait for it.
    pub waiting: u32,
    /// What is to come, if spending goes on as in this window so far.
    pub forecast: Forecast,
}

/// What is to come if spending goes on as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    /// It has been watched for less than a minute, or nothing was spent.
    Unknown,
    /// It is gone already.
    Gone,
    /// It will be gone then.
    GoneAt(UnixMillis),
    /// It lasts until it starts anew, when so much will have been spent.
    Lasts(MicroUsd),
}

impl Account {
    pub(super) fn new(budget: &Budget, name: &str, now: UnixMillis) -> Self {
        let span = budget.window.span(now);
        Self {
            budget: budget.name.clone(),
            name: name.to_owned(),
            span,
            since: if span.to.is_some() { span.from } else { now },
            spent: MicroUsd::ZERO,
            held: MicroUsd::ZERO,
            elsewhere: MicroUsd::ZERO,
            corrected: 0,
            allotment: None,
            before: MicroUsd::ZERO,
            is_scarce: false,
            told: 0,
        }
    }

    /// Goes on to the window that holds `now`, if this one is over. A clock that goes back changes nothing.
    pub(super) fn roll(&mut self, budget: &Budget, now: UnixMillis) {
        if self.span.is_over(now) {
            let fresh = Self::new(budget, &self.name, now);
            let allotment = self.allotment.map(|_| MicroUsd::ZERO);
            *self = Self { allotment, ..fresh };
        }
    }

    /// What all nodes have spent, as far as is known, corrections included.
    pub(super) fn spent_in_all(&self) -> MicroUsd {
        minus(self.spent + self.elsewhere + self.missing(), self.too_much())
    }

    /// A line for what the ledger's rows say, corrections left to them: what all nodes together may lease.
    pub(super) fn line_of_rows(&self, line: MicroUsd) -> MicroUsd {
        minus(line + self.too_much().min(self.spent + self.elsewhere), self.missing())
    }

    /// What the rows do not have.
    fn missing(&self) -> MicroUsd {
        MicroUsd(u64::try_from(self.corrected).unwrap_or(0))
    }

    /// What the rows have, and was not charged.
    fn too_much(&self) -> MicroUsd {
        MicroUsd(u64::try_from(self.corrected.saturating_neg()).unwrap_or(0))
    }

    /// What it has reached is known to who is to be told.
    pub(super) fn is_told(&mut self, budget: &Budget) {
        let reached = budget.ladder.reached(budget.amount, self.spent_in_all());
        self.told = reached.map(|rung| rung.at_percent).max().unwrap_or(0);
    }

    /// What may be held now.
    pub(super) fn room(&self, line: MicroUsd) -> MicroUsd {
        match self.allotment {
            None => minus(line, self.spent_in_all() + self.held),
            Some(allotment) => minus(allotment.min(self.line_of_rows(line)), self.spent + self.held),
        }
    }

    /// What could be held if every running call came out at nothing.
    pub(super) fn left(&self, line: MicroUsd) -> MicroUsd {
        minus(line, self.spent_in_all())
    }

    /// The budget and the account, for people: `teams (acme/search)`.
    pub(super) fn told_name(&self) -> String {
        if self.name.is_empty() { self.budget.clone() } else { format!("{} ({})", self.budget, self.name) }
    }

    pub(super) fn standing(&self, budget: &Budget, waiting: u32, now: UnixMillis) -> Standing {
        let spent = self.spent_in_all();
        let mut reached: Vec<_> =
            budget.ladder.reached(budget.amount, spent).map(|rung| rung.action.name()).collect();
        if let Some((line, may_pause)) = budget.ladder.line(budget.amount)
            && spent >= line
        {
            reached.push(if may_pause { "pause" } else { "refuse" });
        }
        Standing {
            budget: self.budget.clone(),
            account: self.name.clone(),
            span: self.span,
            amount: budget.amount,
            spent,
            held: self.held,
            left: minus(budget.amount, spent + self.held),
            percent: percent(spent, budget.amount),
            reached,
            waiting,
            forecast: self.forecast(budget.amount, now),
        }
    }

    /// By the mean of the window so far: steady enough to plan with, and anybody can check it.
    fn forecast(&self, amount: MicroUsd, now: UnixMillis) -> Forecast {
        let spent = self.spent_in_all();
        if spent >= amount {
            return Forecast::Gone;
        }
        let observed = now.0.saturating_sub(self.since.0);
        if observed < LEAST_OBSERVED_MS || spent == MicroUsd::ZERO {
            return Forecast::Unknown;
        }
        let whole = |money: MicroUsd| u128::from(money.0);
        let lasts_ms = whole(minus(amount, spent)) * u128::from(observed) / whole(spent);
        let gone_at = now.0.saturating_add(u64::try_from(lasts_ms).unwrap_or(u64::MAX));
        match self.span.to {
            Some(to) if gone_at >= to.0 => {
                let by_then = whole(spent) * u128::from(to.0 - self.since.0) / u128::from(observed);
                Forecast::Lasts(MicroUsd(u64::try_from(by_then).unwrap_or(u64::MAX)))
            }
            _ => Forecast::GoneAt(UnixMillis(gone_at)),
        }
    }
}

pub(super) fn minus(whole: MicroUsd, part: MicroUsd) -> MicroUsd {
    MicroUsd(whole.0.saturating_sub(part.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Ladder, Period, Scope, Window};

    const HOUR_MS: u64 = 3_600_000;
    /// Midnight, UTC.
    const DAY: u64 = 20_785 * 24 * HOUR_MS;

    fn budget(period: Period) -> Budget {
        Budget {
            name: "all".into(),
            scope: Scope::everyone(),
            amount: MicroUsd(1_000),
            window: Window::utc(period),
            ladder: Ladder::default(),
            allows_unpriced: false,
        }
    }

    fn forecast(period: Period, spent: u64, after_hours: u64) -> Forecast {
        let mut account = Account::new(&budget(period), "", UnixMillis(DAY));
        account.spent = MicroUsd(spent);
        account.standing(&budget(period), 0, UnixMillis(DAY + after_hours * HOUR_MS)).forecast
    }

    #[test]
    fn the_forecast_is_the_windows_mean_drawn_on() {
        // 600 in six hours: the other 400 last four more.
        assert_eq!(forecast(Period::Day, 600, 6), Forecast::GoneAt(UnixMillis(DAY + 10 * HOUR_MS)));
        // 100 in six hours: 400 at the end of the day.
        assert_eq!(forecast(Period::Day, 100, 6), Forecast::Lasts(MicroUsd(400)));
        assert_eq!(forecast(Period::Day, 1_000, 6), Forecast::Gone);
        assert_eq!(forecast(Period::Day, 0, 6), Forecast::Unknown);
        assert_eq!(forecast(Period::Once, 500, 10), Forecast::GoneAt(UnixMillis(DAY + 20 * HOUR_MS)));
    }

    #[test]
    fn a_window_starts_anew_at_its_end_and_a_clock_that_goes_back_does_not_undo_that() {
        let (day, mut account) =
            (budget(Period::Day), Account::new(&budget(Period::Day), "", UnixMillis(DAY)));
        account.spent = MicroUsd(700);
        account.roll(&day, UnixMillis(DAY + 24 * HOUR_MS - 1));
        assert_eq!(account.spent, MicroUsd(700));
        account.roll(&day, UnixMillis(DAY + 24 * HOUR_MS));
        assert_eq!((account.spent, account.span.from), (MicroUsd::ZERO, UnixMillis(DAY + 24 * HOUR_MS)));
        account.spent = MicroUsd(5);
        account.roll(&day, UnixMillis(DAY));
        assert_eq!((account.spent, account.span.from), (MicroUsd(5), UnixMillis(DAY + 24 * HOUR_MS)));
    }
}
