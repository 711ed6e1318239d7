//! Budgets as configured, in the policy's terms, and what the ledger says was spent of them.

use paceway_domain::{KeyId, MicroUsd, Owner, Tags, Tokens, UnixMillis};
use paceway_gateway::budgets::{Seed, Spending};
use paceway_policy::budget::{Action, Budget, Ladder, Level, Period, Rung, Scope, Window};
use paceway_store::reports::{Dimension, Filter, Property, Question};
use paceway_store::{Reports, StoreError};

use crate::config::{ActionConfig, BudgetConfig, Config, PeriodConfig, RungConfig, UnknownPrice};

/// The budgets of a configuration.
pub(crate) fn settings(config: &Config) -> Vec<Budget> {
    config.budgets.iter().map(budget).collect()
}

/// What was spent of these since their windows began.
///
/// # Errors
/// When the ledger cannot be read.
pub(crate) fn spent(
    budgets: &[Budget],
    reports: &dyn Reports,
    now: UnixMillis,
) -> Result<Vec<Seed>, StoreError> {
    budgets.iter().map(|budget| seed(budget, reports, now)).collect()
}

/// Nothing, where what was spent cannot be read, which is told.
#[allow(clippy::needless_pass_by_value)] // For the place of a result's error.
pub(crate) fn unread(error: StoreError) -> Vec<Seed> {
    tracing::error!(%error, "what was spent of budgets cannot be read: they begin with nothing spent");
    Vec::new()
}

fn seed(budget: &Budget, reports: &dyn Reports, now: UnixMillis) -> Result<Seed, StoreError> {
    let asked = match &budget.scope.level {
        Level::Tag(tag) => vec![Property::Tag(tag.clone())],
        // The sums of whole days have these, so that a month is not summed up from its rows.
        _ => vec![Property::Organisation, Property::Team, Property::Project, Property::Key],
    };
    let span = budget.window.span(now);
    let filter = Filter { from: Some(span.from), ..Filter::default() };
    let by = asked.iter().cloned().map(Dimension::Property).collect();
    let groups = reports.usage(&Question { by, filter })?;
    // Corrections belong to nobody, and so to everybody.
    let corrected = match budget.scope.level {
        Level::Everyone => reports.corrected(span.from, span.to)?,
        _ => 0,
    };
    let spending = groups.into_iter().filter(|group| group.cost > MicroUsd::ZERO).map(|group| {
        let mut spending = Spending {
            key: KeyId(String::new()),
            owner: Owner::default(),
            tags: Tags::default(),
            cost: group.cost,
        };
        for (property, value) in asked.iter().zip(group.of) {
            match property {
                Property::Organisation => spending.owner.organisation = value,
                Property::Team => spending.owner.team = value,
                Property::Project => spending.owner.project = value,
                Property::Key => spending.key = KeyId(value),
                // Rows without the tag are in the group of the empty text.
                Property::Tag(tag) if !value.is_empty() => drop(spending.tags.set(tag, &value)),
                _ => {}
            }
        }
        spending
    });
    Ok(Seed { budget: budget.name.clone(), spending: spending.collect(), corrected })
}

fn budget(config: &BudgetConfig) -> Budget {
    let period = match config.window {
        PeriodConfig::Hour => Period::Hour,
        PeriodConfig::Day => Period::Day,
        PeriodConfig::Week => Period::Week,
        PeriodConfig::Month => Period::Month,
        PeriodConfig::Once => Period::Once,
    };
    let ladder = match &config.ladder {
        Some(rungs) => rungs.iter().map(rung).collect(),
        None => vec![
            Rung { at_percent: 70, action: Action::Alert },
            Rung { at_percent: 100, action: Action::Refuse },
        ],
    };
    Budget {
        name: config.name.clone(),
        scope: scope(config),
        amount: micro(config.amount_usd),
        window: Window { period, offset_minutes: config.utc_offset_minutes.unwrap_or(0) },
        ladder: Ladder::new(ladder),
        allows_unpriced: config.unknown_price == Some(UnknownPrice::Allow),
    }
}

fn scope(config: &BudgetConfig) -> Scope {
    let levels = [
        (Level::Organisation, &config.organisation),
        (Level::Team, &config.team),
        (Level::Project, &config.project),
        (Level::Key, &config.key),
    ];
    let said = levels.into_iter().find_map(|(level, pattern)| Some((level, pattern.clone()?)));
    let tagged = || {
        let value = config.value.clone().unwrap_or_else(|| "*".into());
        Some((Level::Tag(config.tag.clone()?), value))
    };
    match said.or_else(tagged) {
        Some((level, pattern)) => Scope { level, pattern, is_each: config.each },
        None => Scope::everyone(),
    }
}

fn rung(config: &RungConfig) -> Rung {
    let action = match config.action {
        ActionConfig::Alert => Action::Alert,
        ActionConfig::Cheaper => Action::Cheaper(config.to.clone()),
        ActionConfig::CapOutput => Action::CapOutput(Tokens(config.tokens.unwrap_or(u64::MAX))),
        ActionConfig::Batch => Action::Batch,
        ActionConfig::Refuse => Action::Refuse,
        ActionConfig::Pause => Action::Pause,
    };
    Rung { at_percent: config.at_percent, action }
}

/// To the nearest micro-dollar: amounts of up to nine digits and six decimals come out exactly.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and 10¹⁵, which was checked.
fn micro(dollars: f64) -> MicroUsd {
    MicroUsd((dollars * 1e6).round().clamp(0.0, 1e15) as u64)
}
