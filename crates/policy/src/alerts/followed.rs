//! Those whom a rule follows: everybody together, or each for itself, with what is remembered of them. It says nothing to anybody.

use std::collections::BTreeMap;

use paceway_domain::UnixMillis;

use super::rule::{Measure, Rule};
use super::siren::Siren;
use super::usual::Usual;
use super::window::{Happening, Window};

/// The least time between two looks at who can be forgotten.
const SWEEP_MS: u64 = 10_000;

/// What is remembered of somebody.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) window: Window,
    pub(super) usual: Usual,
    pub(super) siren: Siren,
}

/// Counts by name; that of everybody together has none.
#[derive(Debug)]
pub(super) struct Followed {
    counts: BTreeMap<String, Count>,
    swept_at: UnixMillis,
    /// Whether there was somebody for whom there was no room, and whether that was told.
    is_full: bool,
    is_full_told: bool,
}

impl Followed {
    pub(super) fn new(rule: &Rule) -> Self {
        let mut counts = BTreeMap::new();
        if rule.each.is_none() {
            counts.insert(String::new(), Count::new(rule));
        }
        Self { counts, swept_at: UnixMillis(0), is_full: false, is_full_told: false }
    }

    /// Something happened that the rule covers. Of at most so many it is counted whose it was.
    pub(super) fn happened(&mut self, rule: &Rule, what: &Happening<'_>, most: usize) {
        let name = rule.each.map_or_else(String::new, |each| each.of(what));
        if !self.counts.contains_key(&name) && self.counts.len() >= most {
            self.sweep(rule, what.at);
            if self.counts.len() >= most {
                self.is_full = true;
                return;
            }
        }
        let count = self.counts.entry(name).or_insert_with(|| Count::new(rule));
        count.window.add(what);
        if rule.measure == Measure::SpendSpike {
            count.usual.add(what.at, what.spent.0);
        }
    }

    /// Forgets those of whom nothing is left that counts.
    fn sweep(&mut self, rule: &Rule, now: UnixMillis) {
        if now.0 < self.swept_at.0 + SWEEP_MS {
            return;
        }
        self.swept_at = now;
        self.counts.retain(|_, count| {
            count.window.forget_before(now);
            !(count.window.is_empty() && count.usual.is_over(now) && count.siren.is_at_rest(now, rule))
        });
    }

    pub(super) fn each(&mut self) -> impl Iterator<Item = (&str, &mut Count)> {
        self.counts.iter_mut().map(|(name, count)| (name.as_str(), count))
    }

    /// Whether somebody is not followed, for want of room; said once.
    pub(super) fn is_newly_full(&mut self) -> bool {
        self.is_full && !std::mem::replace(&mut self.is_full_told, true)
    }
}

impl Count {
    fn new(rule: &Rule) -> Self {
        Self {
            window: Window::new(rule.over, rule.measure == Measure::QueueWaitP95),
            usual: Usual::default(),
            siren: Siren::default(),
        }
    }
}
