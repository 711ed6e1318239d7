//! Those who wait for money: for running calls to settle, or for a budget to start anew.
//!
//! First come, first served. One who waits for running calls keeps those behind it from its accounts: a large request would never come
//! to its turn if small ones passed it by. One who waits for a budget to start anew keeps nobody from what is left of the old window.

use std::collections::{BTreeMap, HashMap, HashSet};

use paceway_domain::MicroUsd;

use super::terms::{Accounts, Need, Place, Ticket};

/// A request that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) accounts: Accounts,
    pub(super) need: Need,
    /// Whether it waits for a budget to start anew.
    pub(super) pauses: bool,
}

/// All of them, by their order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<i64, Waiting>,
    first: i64,
    last: i64,
    /// Accounts that are waited for: by how many, and by how many of those until it starts anew.
    accounts: HashMap<u64, (u32, u32)>,
    /// How many wait for a budget to start anew.
    pausing: usize,
    /// Accounts that somebody keeps others from.
    blocking: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn push(&mut self, waiting: Waiting, place: Place) -> Ticket {
        let at = match place {
            Place::Back => {
                self.last += 1;
                self.last
            }
            Place::Front => {
                self.first -= 1;
                self.first
            }
        };
        self.count(&waiting, true);
        self.waiting.insert(at, waiting);
        Ticket(at)
    }

    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.waiting.remove(&ticket.0)?;
        self.count(&waiting, false);
        Some(waiting)
    }

    /// From now on it waits for a budget to start anew, or does not.
    pub(super) fn pauses(&mut self, ticket: Ticket, pauses: bool) {
        if let Some(waiting) = self.waiting.get(&ticket.0).filter(|waiting| waiting.pauses != pauses) {
            let before = waiting.clone();
            let after = Waiting { pauses, ..before.clone() };
            self.count(&before, false);
            self.count(&after, true);
            self.waiting.insert(ticket.0, after);
        }
    }

    fn count(&mut self, waiting: &Waiting, comes: bool) {
        let step = |count: &mut u32| *count = if comes { *count + 1 } else { count.saturating_sub(1) };
        if waiting.pauses {
            self.pausing = if comes { self.pausing + 1 } else { self.pausing.saturating_sub(1) };
        }
        for id in &waiting.accounts.0 {
            let counts = self.accounts.entry(*id).or_default();
            let blocked_before = counts.0 > counts.1;
            step(&mut counts.0);
            if waiting.pauses {
                step(&mut counts.1);
            }
            match (blocked_before, counts.0 > counts.1) {
                (false, true) => self.blocking += 1,
                (true, false) => self.blocking = self.blocking.saturating_sub(1),
                _ => {}
            }
            if counts.0 == 0 {
                self.accounts.remove(id);
            }
        }
    }

    /// The first after `after`, or the very first.
    pub(super) fn next(&self, after: Option<Ticket>) -> Option<(Ticket, &Waiting)> {
        let from = after.map_or(i64::MIN, |ticket| ticket.0.saturating_add(1));
        self.waiting.range(from..).next().map(|(at, waiting)| (Ticket(*at), waiting))
    }

    /// Whether somebody who waits for an account keeps others from it.
    pub(super) fn blocks(&self, account: u64) -> bool {
        self.accounts.get(&account).is_some_and(|(all, pausing)| all > pausing)
    }

    /// Whether somebody waits for an account.
    pub(super) fn is_waited_for(&self, account: u64) -> bool {
        self.accounts.contains_key(&account)
    }

    /// How many wait for an account.
    pub(super) fn waiting_for(&self, account: u64) -> u32 {
        self.accounts.get(&account).map_or(0, |(all, _)| *all)
    }

    /// The accounts that somebody waits for.
    pub(super) fn waited_for(&self) -> impl Iterator<Item = u64> {
        self.accounts.keys().copied()
    }

    /// What those who wait for each account need: the first of them, and all together.
    pub(super) fn wanted(&self) -> HashMap<u64, (MicroUsd, MicroUsd)> {
        let mut wanted: HashMap<u64, (MicroUsd, MicroUsd)> = HashMap::new();
        for waiting in self.waiting.values() {
            for id in &waiting.accounts.0 {
                let (_, all) = wanted.entry(*id).or_insert((waiting.need.most, MicroUsd::ZERO));
                *all += waiting.need.most;
            }
        }
        wanted
    }

    /// Whether nobody is left who could go, if these accounts are kept from all.
    pub(super) fn are_all_blocked(&self, blocked: &HashSet<u64>) -> bool {
        self.pausing == 0 && self.blocking <= blocked.len()
    }
}
