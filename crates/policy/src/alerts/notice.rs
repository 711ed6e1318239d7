//! What people are told: a rule fires, still fires, or is over. In words here; how it is sent is not decided here.

use std::fmt::Write;

use paceway_domain::{MicroUsd, UnixMillis};

use super::rule::{Measure, Rule};
use super::{MOST_SUBJECTS, Reading};

/// What has become of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It fires.
    Fires,
    /// It goes on firing, and it is time to say so again.
    StillFires,
    /// It is over.
    Clears,
}

impl Change {
    /// Its name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fires => "alert.fires",
            Self::StillFires => "alert.still_fires",
            Self::Clears => "alert.clears",
        }
    }

    /// As a sentence about a rule goes on.
    const fn told(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::StillFires => "still fires",
            Self::Clears => "is over",
        }
    }
}

/// Something to tell people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The rule's name.
    pub rule: String,
    /// What it measures.
    pub measure: Measure,
    /// What has become of it.
    pub change: Change,
    /// The value now, in the measure's unit.
    pub value: u64,
    /// The value at which it fires.
    pub fires_at: u64,
    /// Since when it fires, while it does.
    pub since: Option<UnixMillis>,
    /// When this was found.
    pub at: UnixMillis,
    /// What it is about, at most [`MOST_SUBJECTS`]; empty where the rule's scope says all.
    pub subjects: Vec<String>,
    /// How many more there are.
    pub more_subjects: u64,
    /// Which rule, what has become of it, and for whom.
    pub headline: String,
    /// All of it in a sentence.
    pub text: String,
    /// Names of those who are told.
    pub to: Vec<String>,
}

impl Notice {
    pub(super) fn new(
        rule: &Rule,
        change: Change,
        since: Option<UnixMillis>,
        at: UnixMillis,
        reading: Reading,
    ) -> Self {
        let Reading { value, mut subjects } = reading;
        let more = subjects.len().saturating_sub(MOST_SUBJECTS);
        subjects.truncate(MOST_SUBJECTS);
        let mut notice = Self {
            rule: rule.name.clone(),
            measure: rule.measure,
            change,
            value,
            fires_at: rule.fires_at,
            since,
            at,
            subjects,
            more_subjects: more as u64,
            headline: String::new(),
            text: String::new(),
            to: rule.to.clone(),
        };
        notice.headline = format!("`{}` {}{}", rule.name, change.told(), notice.whom(rule));
        notice.text = notice.told(rule);
        notice
    }

    /// A notice by which people see whether they are reached.
    pub fn test(to: &str, at: UnixMillis) -> Self {
        Self {
            rule: "test".into(),
            measure: Measure::Spend,
            change: Change::Fires,
            value: 0,
            fires_at: 0,
            since: None,
            at,
            subjects: Vec::new(),
            more_subjects: 0,
            headline: "`test` fires".into(),
            text: "This is a test: alerts of Paceway reach you here.".into(),
            to: vec![to.to_owned()],
        }
    }

    fn count(&self) -> u64 {
        self.subjects.len() as u64 + self.more_subjects
    }

    /// For whom, where each is told apart.
    fn whom(&self, rule: &Rule) -> String {
        match (rule.each, self.subjects.as_slice()) {
            (None, _) | (_, []) => String::new(),
            (Some(each), [one]) => format!(" for {} {one}", each.name()),
            (Some(each), _) => format!(" for {} {}s", self.count(), each.name()),
        }
    }

    fn told(&self, rule: &Rule) -> String {
        let (mut value, fires_at) = (shown(self.measure, self.value), shown(self.measure, self.fires_at));
        let is_one = rule.each.is_some() && self.count() == 1;
        if rule.each.is_some() && !is_one {
            value = format!("up to {value}");
        }
        let over = format!("in the last {}", spoken(rule.over.as_secs()));
        let what = match self.measure {
            Measure::Spend => format!("{value} spent {over}"),
            Measure::SpendSpike => format!("spending is at {value} of what is usual at this hour, {over}"),
            Measure::Tokens => format!("{value} used {over}"),
            Measure::ErrorRate => format!("{value} of requests failed {over}"),
            Measure::AbsorbedRefusals => {
                format!("providers refused {value} calls for their rate or load {over}; no client saw it")
            }
            Measure::QueueWaitP95 => format!("95 of 100 requests had their turn within {value} {over}"),
            Measure::BreakerOpen => format!("{value} left alone because their calls fail"),
            Measure::BudgetShare => format!("{value} of a budget is spent"),
            Measure::RetirementDays if self.value == u64::MAX => "no model in use retires soon".to_owned(),
            Measure::RetirementDays => format!("a model in use retires in {value}"),
        };
        let mut text = format!("Alert {}: {what} (it fires at {fires_at})", self.headline);
        if !self.subjects.is_empty() && !is_one {
            let _ = write!(text, ": {}", self.subjects.join(", "));
        }
        if self.more_subjects > 0 {
            let _ = write!(text, " and {} more", self.more_subjects);
        }
        text.push('.');
        text
    }
}

/// A value as people write it.
fn shown(measure: Measure, value: u64) -> String {
    match measure {
        Measure::Spend => {
            let cents = MicroUsd(value).0.saturating_add(5_000) / 10_000;
            format!("${}.{:02}", cents / 100, cents % 100)
        }
        Measure::SpendSpike | Measure::ErrorRate | Measure::BudgetShare => {
            let (whole, rest) = (value / 100, value % 100);
            if rest == 0 { format!("{whole} %") } else { format!("{whole}.{rest:02} %") }
        }
        Measure::QueueWaitP95 => format!("{}.{:03} s", value / 1_000, value % 1_000),
        Measure::Tokens => so_many(value, "token"),
        Measure::AbsorbedRefusals => value.to_string(),
        Measure::BreakerOpen => so_many(value, "deployment"),
        Measure::RetirementDays => so_many(value, "day"),
    }
}

/// So many of these: `1 day`, `2 days`.
pub(super) fn so_many(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn spoken(seconds: u64) -> String {
    let (count, unit) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s >= 3_600 && s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s >= 60 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
}
