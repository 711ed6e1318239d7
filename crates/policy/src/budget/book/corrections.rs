//! Corrections of what was spent: money that a provider's account shows to be missing or too much. They belong to nobody's team, so they count
//! in budgets that count everybody, in the window that holds their day.

use paceway_domain::UnixMillis;

use super::Book;
use crate::budget::Span;
use crate::budget::scope::Level;
use crate::budget::terms::Woken;

impl Book {
    /// The budgets that count everybody, and their windows.
    pub fn of_everyone(&self, now: UnixMillis) -> Vec<(String, Span)> {
        let all = self.budgets.iter().filter(|budget| budget.scope.level == Level::Everyone);
        all.map(|budget| (budget.name.clone(), budget.window.span(now))).collect()
    }

    /// So many micro-dollars are to be added to what a budget has spent in this window, in all; below zero: to be taken off, down to
    /// nothing. Those who may go now are told.
    pub fn correct(&mut self, budget: &str, span: Span, amount: i64, now: UnixMillis) -> Vec<Woken> {
        let is_known = self.by_name.contains_key(&(budget.to_owned(), String::new()));
        if amount == 0 && !is_known {
            return Vec::new();
        }
        let id = self.open(budget, String::new(), now);
        let Some((account, rules)) = self.account(id) else { return Vec::new() };
        account.roll(rules, now);
        let is_news = account.span.from == span.from && account.corrected != amount;
        if !is_news {
            return Vec::new();
        }
        account.corrected = amount;
        if self.queue.is_waited_for(id) { self.wake(now) } else { Vec::new() }
    }

    /// The same of a book that has just been opened: rungs that were reached so are not told again.
    pub fn was_corrected(&mut self, budget: &str, amount: i64, now: UnixMillis) {
        let Some(span) = self.rules(budget).map(|rules| rules.window.span(now)) else { return };
        self.correct(budget, span, amount, now);
        let id = self.by_name.get(&(budget.to_owned(), String::new())).copied();
        if let Some((account, rules)) = id.and_then(|id| self.account(id)) {
            account.is_told(rules);
        }
    }
}
