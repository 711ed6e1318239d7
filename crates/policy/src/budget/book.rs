//! The book of all budgets: money is held in it before a call is made and settled after it.
//!
//! Spent and held together never pass the line of a budget, so that calls which run at the same time cannot pass it either. A request
//! that does not fit because of what running calls hold waits for them to settle, first come, first served. It is refused only when it
//! would not fit even if all of them came out at nothing. A hold is settled exactly once: settling consumes it.
//!
//! A call counts in the window in which its money was held. The book knows no clock, no prices and no tasks: who waits is a ticket.

mod corrections;
mod sharing;

use std::collections::{HashMap, HashSet};

use paceway_domain::{MicroUsd, UnixMillis};

use super::Budget;
use super::account::{Account, Standing, minus};
use super::ladder::{Action, Reached, percent};
use super::queue::{Queue, Waiting};
use super::scope::Whose;
use super::terms::{Accounts, Alert, Hold, Need, Place, Short, Submitted, Ticket, Woken};

/// Accounts that are kept at once. Beyond it new ones of a budget share one, whose name is [`OTHERS`].
pub const MOST_ACCOUNTS: usize = 100_000;
/// Requests that wait at once.
pub const MOST_WAITING: usize = 10_000;
/// The account of those for whom there is no room.
pub const OTHERS: &str = "(others)";

/// All budgets and their accounts.
#[derive(Debug, Default)]
pub struct Book {
    budgets: Vec<Budget>,
    accounts: HashMap<u64, Account>,
    by_name: HashMap<(String, String), u64>,
    queue: Queue,
    next_account: u64,
    alerts: Vec<Alert>,
    is_shared: bool,
}

/// Whether a request goes now.
enum Verdict {
    Goes(MicroUsd),
    /// For running calls to settle.
    Waits,
    /// For a budget to start anew.
    Pauses,
    Refused(Short),
}

impl Book {
    /// A book of these budgets. In one that is shared, nothing is given out before an allotment has come.
    pub fn new(budgets: Vec<Budget>, is_shared: bool) -> Self {
        Self { budgets, is_shared, ..Self::default() }
    }

    /// Whether there are no budgets.
    pub fn is_empty(&self) -> bool {
        self.budgets.is_empty()
    }

    /// The budgets.
    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// Puts other budgets in the place of these. One of the same name, scope and window keeps what is spent and held, whatever its
    /// amount and ladder are now.
    pub fn replace(&mut self, budgets: Vec<Budget>, now: UnixMillis) -> Vec<Woken> {
        let is_same = |before: &Budget| budgets.iter().any(|after| after.is_same_account(before));
        let gone: Vec<String> =
            self.budgets.iter().filter(|budget| !is_same(budget)).map(|budget| budget.name.clone()).collect();
        self.accounts.retain(|_, account| !gone.contains(&account.budget));
        self.by_name.retain(|(budget, _), _| !gone.contains(budget));
        self.budgets = budgets;
        self.wake(now)
    }

    /// The accounts that a request falls into. They are opened where there are none yet.
    pub fn accounts(&mut self, whose: &Whose<'_>, now: UnixMillis) -> Accounts {
        let named = |budget: &Budget| Some((budget.name.clone(), budget.scope.account(whose)?));
        let names: Vec<(String, String)> = self.budgets.iter().filter_map(named).collect();
        Accounts(names.into_iter().map(|(budget, name)| self.open(&budget, name, now)).collect())
    }

    fn open(&mut self, budget: &str, mut name: String, now: UnixMillis) -> u64 {
        let known =
            |book: &Self, name: &str| book.by_name.get(&(budget.to_owned(), name.to_owned())).copied();
        if let Some(known) = known(self, &name) {
            return known;
        }
        if self.accounts.len() >= MOST_ACCOUNTS {
            self.forget_what_is_over(now);
        }
        if self.accounts.len() >= MOST_ACCOUNTS && !name.is_empty() {
            OTHERS.clone_into(&mut name);
            if let Some(others) = known(self, &name) {
                return others;
            }
        }
        self.next_account += 1;
        if let Some(rules) = self.budgets.iter().find(|rules| rules.name == budget) {
            let mut account = Account::new(rules, &name, now);
            account.allotment = self.is_shared.then_some(MicroUsd::ZERO);
            self.accounts.insert(self.next_account, account);
            self.by_name.insert((budget.to_owned(), name), self.next_account);
        }
        self.next_account
    }

    /// Accounts of windows that are over, for which nobody waits: they are opened anew if they are needed.
    fn forget_what_is_over(&mut self, now: UnixMillis) {
        let queue = &self.queue;
        self.accounts.retain(|id, account| queue.is_waited_for(*id) || !account.span.is_over(now));
        let accounts = &self.accounts;
        self.by_name.retain(|_, id| accounts.contains_key(id));
    }

    /// What was spent before this book was opened: adds to the account in the window that holds `now`.
    pub fn was_spent(&mut self, budget: &str, whose: &Whose<'_>, amount: MicroUsd, now: UnixMillis) {
        let Some(name) = self.rules(budget).and_then(|rules| rules.scope.account(whose)) else { return };
        let id = self.open(budget, name, now);
        if let Some((account, rules)) = self.account(id) {
            match account.allotment {
                None => account.spent += amount,
                // It is nobody's in particular: all nodes count it once, when the first of them leases.
                Some(_) => account.before += amount,
            }
            // What was told before is not told again at every start.
            account.is_told(rules);
        }
    }

    /// Holds what a call may cost at each of its accounts, or at none of them.
    pub fn submit(&mut self, accounts: &Accounts, need: Need, place: Place, now: UnixMillis) -> Submitted {
        let verdict = self.judge(accounts, need, now);
        let is_behind = place == Place::Back && accounts.0.iter().any(|&id| self.queue.blocks(id));
        let pauses = match verdict {
            Verdict::Goes(amount) if !is_behind => return Submitted::Held(self.take(accounts, amount)),
            Verdict::Refused(short) => return Submitted::Refused(short),
            Verdict::Goes(_) | Verdict::Waits => false,
            Verdict::Pauses => true,
        };
        if self.queue.len() >= MOST_WAITING {
            return Submitted::Refused(self.crowded(accounts));
        }
        Submitted::Waits(self.queue.push(Waiting { accounts: accounts.clone(), need, pauses }, place))
    }

    /// Whether a request goes, waits or is refused, if nobody were before it.
    fn judge(&mut self, accounts: &Accounts, need: Need, now: UnixMillis) -> Verdict {
        let everything = MicroUsd(u64::MAX);
        // Where it could fit whole in time, and where it could not even if all that runs came out at nothing.
        let (mut room, mut room_where_short) = (everything, everything);
        let (mut may_cap, mut is_pausing, mut refusal) = (true, true, None);
        for &id in &accounts.0 {
            let Some((account, budget)) = self.account(id) else { continue };
            account.roll(budget, now);
            let Some((line, may_pause)) = budget.ladder.line(budget.amount) else { continue };
            let (free, left) = (account.room(line), account.left(line));
            if left >= need.most {
                room = room.min(free);
                continue;
            }
            room_where_short = room_where_short.min(free);
            may_cap &= budget.ladder.may_cap() && left >= need.least;
            is_pausing &= may_pause && line >= need.least;
            refusal = refusal.or_else(|| Some(short(account, line, need.most)));
        }
        let amount = room_where_short.min(need.most);
        match refusal {
            Some(_) if may_cap && amount >= need.least && room >= amount => Verdict::Goes(amount),
            Some(_) if may_cap => Verdict::Waits,
            Some(_) if is_pausing => Verdict::Pauses,
            Some(short) => Verdict::Refused(short),
            None if room >= need.most => Verdict::Goes(need.most),
            None => Verdict::Waits,
        }
    }

    fn take(&mut self, accounts: &Accounts, amount: MicroUsd) -> Hold {
        let mut lines = Vec::with_capacity(accounts.0.len());
        for id in &accounts.0 {
            if let Some(account) = self.accounts.get_mut(id) {
                account.held += amount;
                lines.push((*id, account.span.from));
            }
        }
        Hold { lines, amount }
    }

    /// Holds so much more for a call that runs, if there is room for it now and nobody waits. False: nothing has changed.
    pub fn extend(&mut self, hold: &mut Hold, more: MicroUsd) -> bool {
        let has_room = |&(id, from): &(u64, UnixMillis)| {
            let Some(account) = self.accounts.get(&id).filter(|account| account.span.from == from) else {
                return true;
            };
            let line = self.rules(&account.budget).and_then(|budget| budget.ladder.line(budget.amount));
            !self.queue.blocks(id) && line.is_none_or(|(line, _)| account.room(line) >= more)
        };
        if !hold.lines.iter().all(has_room) {
            return false;
        }
        self.each_of(hold, |account| account.held += more);
        hold.amount += more;
        true
    }

    /// A part of the call is over and has cost this; the rest is held on.
    pub fn charge(&mut self, hold: &mut Hold, actual: MicroUsd, now: UnixMillis) {
        let released = actual.min(hold.amount);
        self.each_of(hold, |account| {
            account.held = minus(account.held, released);
            account.spent += actual;
        });
        hold.amount = minus(hold.amount, released);
        self.tell_rungs(hold, now);
    }

    /// The call is over and has cost this. Those who may go now are told.
    #[allow(clippy::needless_pass_by_value)] // What is settled is no more: that is how it happens once.
    pub fn settle(&mut self, hold: Hold, actual: MicroUsd, now: UnixMillis) -> Vec<Woken> {
        let amount = hold.amount;
        self.each_of(&hold, |account| {
            account.held = minus(account.held, amount);
            account.spent += actual;
        });
        self.tell_rungs(&hold, now);
        let is_waited_for = hold.lines.iter().any(|&(id, _)| self.queue.is_waited_for(id));
        if is_waited_for { self.wake(now) } else { Vec::new() }
    }

    /// Does something to the accounts of a hold whose window is still that in which it was held.
    fn each_of(&mut self, hold: &Hold, mut act: impl FnMut(&mut Account)) {
        for (id, from) in &hold.lines {
            if let Some(account) = self.accounts.get_mut(id).filter(|account| account.span.from == *from) {
                act(account);
            }
        }
    }

    /// One who waited does not any more.
    pub fn cancel(&mut self, ticket: Ticket, now: UnixMillis) -> Vec<Woken> {
        match self.queue.remove(ticket) {
            Some(_) => self.wake(now),
            None => Vec::new(),
        }
    }

    /// Lets go whoever may go now, in their order, and refuses whoever cannot any more. To be called when a window ends.
    pub fn wake(&mut self, now: UnixMillis) -> Vec<Woken> {
        let (mut woken, mut blocked, mut at) = (Vec::new(), HashSet::new(), None);
        while let Some((ticket, waiting)) = self.queue.next(at) {
            at = Some(ticket);
            let Waiting { accounts, need, .. } = waiting.clone();
            let is_blocked = accounts.0.iter().any(|id| blocked.contains(id));
            let verdict = self.judge(&accounts, need, now);
            let outcome = match verdict {
                Verdict::Pauses => {
                    self.queue.pauses(ticket, true);
                    continue;
                }
                Verdict::Refused(short) => Err(short),
                Verdict::Goes(amount) if !is_blocked => Ok(self.take(&accounts, amount)),
                Verdict::Goes(_) | Verdict::Waits => {
                    self.queue.pauses(ticket, false);
                    blocked.extend(accounts.0);
                    if self.queue.are_all_blocked(&blocked) {
                        break;
                    }
                    continue;
                }
            };
            self.queue.remove(ticket);
            woken.push(Woken { ticket, outcome });
        }
        woken
    }

    /// When a window ends for which somebody waits.
    pub fn next_wakeup(&self) -> Option<UnixMillis> {
        self.queue.waited_for().filter_map(|id| self.accounts.get(&id)?.span.to).min()
    }

    /// The rungs below the line that a request's budgets have reached.
    pub fn reached(&mut self, accounts: &Accounts, now: UnixMillis) -> Vec<Reached> {
        let mut all = Vec::new();
        for &id in &accounts.0 {
            let Some((account, budget)) = self.account(id) else { continue };
            account.roll(budget, now);
            let spent = account.spent_in_all();
            all.extend(budget.ladder.reached(budget.amount, spent).map(|rung| Reached {
                budget: account.told_name(),
                percent: percent(spent, budget.amount),
                action: rung.action.clone(),
            }));
        }
        all
    }

    /// The first of a request's budgets that does not allow calls whose price nobody knows.
    pub fn forbids_unpriced(&self, accounts: &Accounts) -> Option<String> {
        let mut all = accounts.0.iter().filter_map(|id| self.accounts.get(id));
        let forbids = |account: &&Account| {
            let budget = self.rules(&account.budget);
            budget
                .is_some_and(|budget| !budget.allows_unpriced && budget.ladder.line(budget.amount).is_some())
        };
        all.find(forbids).map(Account::told_name)
    }

    /// That of a request's accounts of which most is spent.
    pub fn tightest(&self, accounts: &Accounts, now: UnixMillis) -> Option<Standing> {
        let standing = |id: &u64| {
            let account = self.accounts.get(id)?;
            Some(account.standing(self.rules(&account.budget)?, self.queue.waiting_for(*id), now))
        };
        accounts.0.iter().filter_map(standing).max_by_key(|standing| standing.percent)
    }

    /// Every account that is open, in order of budgets and names.
    pub fn report(&mut self, now: UnixMillis) -> Vec<Standing> {
        let shared = self.budgets.iter().filter(|budget| !budget.scope.is_each);
        for name in shared.map(|budget| budget.name.clone()).collect::<Vec<_>>() {
            self.open(&name, String::new(), now);
        }
        let ids: Vec<u64> = self.accounts.keys().copied().collect();
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            let waiting = self.queue.waiting_for(id);
            if let Some((account, budget)) = self.account(id) {
                account.roll(budget, now);
                all.push(account.standing(budget, waiting, now));
            }
        }
        all.sort_by(|a, b| (&a.budget, &a.account).cmp(&(&b.budget, &b.account)));
        all
    }

    /// The rungs `alert` that were reached since this was asked last.
    pub fn take_alerts(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.alerts)
    }

    fn tell_rungs(&mut self, hold: &Hold, now: UnixMillis) {
        for &(id, _) in &hold.lines {
            let waiting = self.queue.waiting_for(id);
            let Some((account, budget)) = self.account(id) else { continue };
            let told = account.told;
            let reached = budget.ladder.reached(budget.amount, account.spent_in_all());
            let new = reached.filter(|rung| rung.action == Action::Alert && rung.at_percent > told);
            let Some(at_percent) = new.map(|rung| rung.at_percent).max() else { continue };
            account.told = at_percent;
            let standing = account.standing(budget, waiting, now);
            self.alerts.push(Alert { at_percent, standing });
        }
    }

    fn crowded(&self, accounts: &Accounts) -> Short {
        let first = accounts.0.first().and_then(|id| self.accounts.get(id));
        Short {
            budget: first.map(Account::told_name).unwrap_or_default(),
            line: MicroUsd::ZERO,
            spent: first.map(Account::spent_in_all).unwrap_or_default(),
            over: MicroUsd::ZERO,
            resets_at: None,
            is_crowded: true,
        }
    }

    fn rules(&self, name: &str) -> Option<&Budget> {
        self.budgets.iter().find(|budget| budget.name == name)
    }

    fn account(&mut self, id: u64) -> Option<(&mut Account, &Budget)> {
        let account = self.accounts.get_mut(&id)?;
        let budget = self.budgets.iter().find(|budget| budget.name == account.budget)?;
        Some((account, budget))
    }
}

fn short(account: &Account, line: MicroUsd, most: MicroUsd) -> Short {
    let spent = account.spent_in_all();
    Short {
        budget: account.told_name(),
        line,
        spent,
        over: minus(spent + most, line),
        resets_at: account.span.to,
        is_crowded: false,
    }
}
