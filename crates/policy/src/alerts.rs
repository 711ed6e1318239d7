//! Alerts: rules over what is spent and how it goes, and when to tell people.
//!
//! Pure: what happens is handed in with its time, readings that others keep (breakers, budgets, retirements) are handed in when rules
//! are asked, and what comes out are notices. Nothing is delivered here. Everything is bounded: rules, those whom they follow,
//! time slots, subjects.

mod followed;
mod notice;
mod rule;
mod siren;
mod usual;
mod window;

#[cfg(test)]
mod tests;

use paceway_domain::UnixMillis;

use self::followed::{Count, Followed};
use self::notice::so_many;

pub use self::notice::{Change, Notice};
pub use self::rule::{Each, Measure, Rule, Scope};
pub use self::window::{Ended, Happening};

/// Rules that may be in force.
pub const MOST_RULES: usize = 64;
/// Subjects that a notice names; of more the number is told.
pub const MOST_SUBJECTS: usize = 10;
/// Teams, projects or keys that a rule follows each for itself; and of all such rules together, which share it evenly.
pub const MOST_FOLLOWED: usize = 1_024;
/// See [`MOST_FOLLOWED`].
pub const MOST_FOLLOWED_IN_ALL: usize = 4_096;

/// What others keep and rules ask for, as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings {
    /// Deployments whose breaker is open: provider and model.
    pub open_breakers: Vec<(String, String)>,
    /// Budgets by name, with the share of each that is spent, in hundredths of a percent.
    pub budgets: Vec<(String, u64)>,
    /// Models in use that are to be retired: provider, model, and the days until then.
    pub retirements: Vec<(String, String, u64)>,
}

/// What a rule reads: how much, and of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Reading {
    value: u64,
    subjects: Vec<String>,
}

/// All rules with what they remember.
#[derive(Debug, Default)]
pub struct Alerts {
    watched: Vec<Watched>,
    /// How many each rule follows.
    most_followed: usize,
}

#[derive(Debug)]
struct Watched {
    rule: Rule,
    followed: Followed,
}

impl Alerts {
    /// Puts these rules in force, at most [`MOST_RULES`]. One that is the same as before keeps what it remembers.
    pub fn configure(&mut self, rules: Vec<Rule>) {
        let mut before = std::mem::take(&mut self.watched);
        let following = rules.iter().take(MOST_RULES).filter(|rule| rule.each.is_some()).count();
        self.most_followed = (MOST_FOLLOWED_IN_ALL / following.max(1)).min(MOST_FOLLOWED);
        self.watched = rules
            .into_iter()
            .take(MOST_RULES)
            .map(|rule| match before.iter().position(|watched| watched.rule == rule) {
                Some(place) => before.swap_remove(place),
                None => Watched { followed: Followed::new(&rule), rule },
            })
            .collect();
    }

    /// Whether there are no rules, so that nobody needs to tell anything.
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// Something happened. What happened before may be told later.
    pub fn happened(&mut self, what: &Happening<'_>) {
        for watched in self.watched.iter_mut().filter(|watched| watched.rule.scope.covers(what)) {
            watched.followed.happened(&watched.rule, what, self.most_followed);
        }
    }

    /// Asks all rules, and says what people are to be told.
    pub fn ask(&mut self, now: UnixMillis, readings: &Readings) -> Vec<Notice> {
        self.watched.iter_mut().flat_map(|watched| watched.ask(now, readings)).collect()
    }

    /// Rules that do not follow everybody, for want of room; each is named once.
    pub fn newly_full(&mut self) -> Vec<String> {
        let full = self
            .watched
            .iter_mut()
            .filter_map(|watched| watched.followed.is_newly_full().then(|| watched.rule.name.clone()));
        full.collect()
    }
}

impl Watched {
    fn ask(&mut self, now: UnixMillis, readings: &Readings) -> Vec<Notice> {
        let Self { rule, followed } = self;
        let mut spoken = Vec::new();
        for (name, count) in followed.each() {
            let Some(reading) = count.read(rule, now, readings) else { continue };
            if let Some(change) = count.siren.hears(now, rule, &reading) {
                spoken.push(Spoken { change, name: name.to_owned(), since: count.siren.since(), reading });
            }
        }
        let Some(_) = rule.each else {
            let one = spoken.into_iter();
            return one.map(|one| Notice::new(rule, one.change, one.since, now, one.reading)).collect();
        };
        // However many there are, they are one notice, the worst first.
        spoken.sort_by_key(|one| std::cmp::Reverse(one.reading.value));
        let changes = [Change::Fires, Change::StillFires, Change::Clears].into_iter();
        let notices = changes.filter_map(|change| {
            let those: Vec<_> = spoken.iter().filter(|one| one.change == change).collect();
            let value = those.first()?.reading.value;
            let subjects = those.iter().map(|one| one.name.clone()).collect();
            let since = those.iter().filter_map(|one| one.since).min();
            Some(Notice::new(rule, change, since, now, Reading { value, subjects }))
        });
        notices.collect()
    }
}

/// What a siren says of somebody.
struct Spoken {
    change: Change,
    name: String,
    since: Option<UnixMillis>,
    reading: Reading,
}

impl Count {
    /// What the rule reads now; `None` while it cannot say.
    fn read(&mut self, rule: &Rule, now: UnixMillis, readings: &Readings) -> Option<Reading> {
        let plain = |value| Some(Reading { value, subjects: Vec::new() });
        self.window.forget_before(now);
        match rule.measure {
            Measure::Spend => plain(self.window.sum().spent),
            Measure::SpendSpike => {
                let spent = self.window.sum().spent;
                if spent < rule.least {
                    return plain(0);
                }
                let usual = self.usual.of_the_hour_before(now)?;
                let expected = (u128::from(usual) * rule.over.as_millis() / 3_600_000).max(1);
                plain(u64::try_from(u128::from(spent) * 10_000 / expected).unwrap_or(u64::MAX))
            }
            Measure::Tokens => plain(self.window.sum().tokens),
            Measure::ErrorRate => {
                let sum = self.window.sum();
                let is_enough = sum.requests >= rule.least.max(1);
                plain(if is_enough { sum.errors * 10_000 / sum.requests } else { 0 })
            }
            Measure::AbsorbedRefusals => plain(self.window.sum().absorbed),
            Measure::QueueWaitP95 => {
                let is_enough = self.window.sum().requests >= rule.least.max(1);
                plain(if is_enough { self.window.wait_p95_ms() } else { 0 })
            }
            Measure::BreakerOpen => {
                let open = readings.open_breakers.iter();
                let open = open.filter(|(provider, model)| rule.scope.covers_deployment(provider, model));
                Some(counted(open.map(|(provider, model)| format!("{provider}/{model}"))))
            }
            Measure::BudgetShare => {
                let value = readings.budgets.iter().map(|(_, share)| *share).max()?;
                let above = readings.budgets.iter().filter(|(_, share)| *share >= rule.clears_at);
                Some(Reading { value, subjects: above.map(|(name, _)| name.clone()).collect() })
            }
            Measure::RetirementDays => {
                let ours = readings.retirements.iter();
                let ours = ours.filter(|(provider, model, _)| rule.scope.covers_deployment(provider, model));
                let soon: Vec<_> = ours.filter(|(.., days)| *days <= rule.clears_at).collect();
                let value = soon.iter().map(|(.., days)| *days).min().unwrap_or(u64::MAX);
                let told = soon.iter().map(|(provider, model, days)| {
                    format!("{provider}/{model} in {}", so_many(*days, "day"))
                });
                Some(Reading { value, subjects: told.collect() })
            }
        }
    }
}

fn counted(subjects: impl Iterator<Item = String>) -> Reading {
    let subjects: Vec<String> = subjects.collect();
    Reading { value: subjects.len() as u64, subjects }
}
