//! A rule: what is measured, over which time and whose, from where on people are told, and how often.

use std::time::Duration;

use crate::routing::matches;

use super::window::Happening;

/// What a rule measures. Values are whole numbers of the unit that each names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Money in the window, in micro-dollars.
    Spend,
    /// Money in the window against what is usual at this hour, in hundredths of a percent.
    SpendSpike,
    /// Tokens in the window, in and out.
    Tokens,
    /// Requests of the window that failed, in hundredths of a percent.
    ErrorRate,
    /// Refusals for rate or load in the window that no client saw.
    AbsorbedRefusals,
    /// Within this, 95 of 100 requests of the window had their turn, in milliseconds.
    QueueWaitP95,
    /// Deployments whose breaker is open.
    BreakerOpen,
    /// The share of a budget that is spent, in hundredths of a percent.
    BudgetShare,
    /// Days until a model that is in use retires; few are bad.
    RetirementDays,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Spend,
        Self::SpendSpike,
        Self::Tokens,
        Self::ErrorRate,
        Self::AbsorbedRefusals,
        Self::QueueWaitP95,
        Self::BreakerOpen,
        Self::BudgetShare,
        Self::RetirementDays,
    ];

    /// Its name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spend => "spend",
            Self::SpendSpike => "spend_spike",
            Self::Tokens => "tokens",
            Self::ErrorRate => "error_rate",
            Self::AbsorbedRefusals => "absorbed_429s",
            Self::QueueWaitP95 => "queue_wait_p95",
            Self::BreakerOpen => "breaker_open",
            Self::BudgetShare => "budget_share",
            Self::RetirementDays => "retirement_days",
        }
    }

    /// The measure with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }

    /// The unit in which people write it.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Spend => "dollars",
            Self::SpendSpike | Self::ErrorRate | Self::BudgetShare => "percent",
            Self::Tokens => "tokens",
            Self::AbsorbedRefusals => "refusals",
            Self::QueueWaitP95 => "seconds",
            Self::BreakerOpen => "deployments",
            Self::RetirementDays => "days",
        }
    }

    /// So many of its own units make one of those that people write.
    pub const fn scale(self) -> u64 {
        match self {
            Self::Spend => 1_000_000,
            Self::SpendSpike | Self::ErrorRate | Self::BudgetShare => 100,
            Self::QueueWaitP95 => 1_000,
            Self::Tokens | Self::AbsorbedRefusals | Self::BreakerOpen | Self::RetirementDays => 1,
        }
    }

    /// Whether it is counted by requests, so that it can be told whose they were.
    pub const fn is_counted(self) -> bool {
        !matches!(self, Self::BreakerOpen | Self::BudgetShare | Self::RetirementDays)
    }

    /// Whether small values are the bad ones.
    pub const fn is_bad_when_low(self) -> bool {
        matches!(self, Self::RetirementDays)
    }
}

/// What each of has a count of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// Each team, told as `ORGANISATION/TEAM`.
    Team,
    /// Each project, told as `ORGANISATION/TEAM/PROJECT`.
    Project,
    /// Each key, told by its id.
    Key,
}

impl Each {
    /// As people call one of them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Project => "project",
            Self::Key => "key",
        }
    }

    /// Which of them something is about.
    pub(super) fn of(self, what: &Happening<'_>) -> String {
        let Happening { organisation, team, project, key, .. } = what;
        match self {
            Self::Team => format!("{organisation}/{team}"),
            Self::Project => format!("{organisation}/{team}/{project}"),
            Self::Key => (*key).to_owned(),
        }
    }
}

/// Whose doings a rule is about: patterns in which `*` stands for any text. `None`: everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Of the team's name, or of `ORGANISATION/TEAM`.
    pub team: Option<String>,
    /// Of the project's name, or of `ORGANISATION/TEAM/PROJECT`.
    pub project: Option<String>,
    /// Of the key's id.
    pub key: Option<String>,
    /// Of the provider's name.
    pub provider: Option<String>,
    /// Of the model's name.
    pub model: Option<String>,
}

impl Scope {
    pub(super) fn covers(&self, what: &Happening<'_>) -> bool {
        fits_either(self.team.as_ref(), what.team, || Each::Team.of(what))
            && fits_either(self.project.as_ref(), what.project, || Each::Project.of(what))
            && fits(self.key.as_ref(), what.key)
            && self.covers_deployment(what.provider, what.model)
    }

    pub(super) fn covers_deployment(&self, provider: &str, model: &str) -> bool {
        fits(self.provider.as_ref(), provider) && fits(self.model.as_ref(), model)
    }
}

fn fits(pattern: Option<&String>, name: &str) -> bool {
    pattern.is_none_or(|pattern| matches(pattern, name))
}

/// Whether it fits the name, or all of the path to it.
fn fits_either(pattern: Option<&String>, name: &str, path: impl FnOnce() -> String) -> bool {
    pattern.is_none_or(|pattern| matches(pattern, name) || pattern.contains('/') && matches(pattern, &path()))
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What is measured.
    pub measure: Measure,
    /// The window, for what is measured over time.
    pub over: Duration,
    /// It fires at this value, in the measure's unit.
    pub fires_at: u64,
    /// It clears only beyond this value: below it, or above it where low is bad. Apart from `fires_at`, a value that sways about the
    /// threshold does not fire again and again.
    pub clears_at: u64,
    /// Requests in the window below which no share is taken; for a spike, money below which there is none.
    pub least: u64,
    /// The least time between two notices that it fires.
    pub repeat: Duration,
    /// Whose doings.
    pub scope: Scope,
    /// Whether each of these has a count of its own, and is told apart; only where a measure is counted by requests
    /// ([`Measure::is_counted`]).
    pub each: Option<Each>,
    /// Names of those who are told.
    pub to: Vec<String>,
}

impl Rule {
    pub(super) fn is_bad(&self, value: u64) -> bool {
        if self.measure.is_bad_when_low() { value <= self.fires_at } else { value >= self.fires_at }
    }

    pub(super) fn is_good(&self, value: u64) -> bool {
        if self.measure.is_bad_when_low() { value > self.clears_at } else { value < self.clears_at }
    }
}
