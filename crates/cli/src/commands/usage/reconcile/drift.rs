//! A provider's report against the ledger, day by day and model by model.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use paceway_domain::{Tokens, UnixMillis};
use paceway_store::Reports;
use paceway_store::reports::{Adjustment, Dimension, Filter, Group, Period, Property, Question};

use super::report::{Report, Said, without_date};

/// One model on one day.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drift {
    pub day: Date,
    /// Without the date of its snapshot; empty for charges that are no model's.
    pub model: String,
    /// What the provider counted, if the report tells the tokens of that day, and what the ledger did.
    counted: Option<[u64; 4]>,
    in_ledger: [u64; 4],
    /// What was charged, in micro-dollars, if the report tells the charges of that day.
    pub charged: Option<i64>,
    /// What the ledger says, earlier corrections included.
    pub booked: i64,
}

impl Drift {
    /// What the provider counted more than the ledger, or less.
    pub(super) fn tokens(&self) -> Option<[i128; 4]> {
        let counted = self.counted?;
        Some([0, 1, 2, 3].map(|kind| i128::from(counted[kind]) - i128::from(self.in_ledger[kind])))
    }

    /// What the provider charged more than the ledger says, or less.
    pub(super) fn money(&self) -> Option<i64> {
        self.charged.map(|charged| charged.saturating_sub(self.booked))
    }

    /// What makes the ledger say what was charged. Its id tells where from and where to, so that the same step is taken once.
    pub(super) fn adjustment(&self, provider: &str) -> Option<Adjustment> {
        let cost = self.money().filter(|money| *money != 0)?;
        let Self { day, model, booked, .. } = self;
        let charged = self.charged?;
        Some(Adjustment {
            id: format!("reconcile/{provider}/{day}/{model}/{booked}/{charged}"),
            at: midnight(*day).ok()?,
            provider: provider.to_owned(),
            model: model.clone(),
            cost,
            reason: format!("{provider} charged {charged} micro-dollars for {day}, the ledger said {booked}"),
        })
    }
}

/// Every day and model that the report or the ledger has, on the days that the report tells of.
pub(super) fn find(reports: &dyn Reports, provider: &str, report: &Report) -> Result<Vec<Drift>> {
    let days = || report.token_days.iter().chain(&report.cost_days);
    let (Some(first), Some(last)) = (days().min(), days().max()) else {
        bail!("the report has no lines");
    };
    let filter = Filter {
        from: Some(midnight(*first)?),
        to: Some(midnight(last.tomorrow().context("the last day of all")?)?),
        with: vec![(Property::Provider, provider.to_owned())],
    };
    let by = vec![Dimension::Period(Period::Day), Dimension::Property(Property::Model)];
    let mut both: BTreeMap<(Date, String), (Said, [u64; 4], i64)> =
        report.said.iter().map(|(of, said)| (of.clone(), (*said, [0; 4], 0))).collect();
    for group in reports.usage(&Question { by, filter })? {
        let day: Date = group.of[0].parse().context("the ledger's day")?;
        if !days().any(|told| *told == day) {
            continue;
        }
        let (_, tokens, booked) = both.entry((day, without_date(&group.of[1]).to_owned())).or_default();
        for (sum, count) in tokens.iter_mut().zip(tokens_of(&group)) {
            *sum += count;
        }
        *booked += i64::try_from(group.cost.0).unwrap_or(i64::MAX).saturating_add(group.correction);
    }
    let drift = |((day, model), (said, in_ledger, booked)): ((Date, String), (Said, [u64; 4], i64))| Drift {
        day,
        model,
        counted: report.token_days.contains(&day).then_some(said.tokens),
        in_ledger,
        charged: report.charged(day, said),
        booked,
    };
    Ok(both.into_iter().map(drift).collect())
}

fn tokens_of(group: &Group) -> [u64; 4] {
    let usage = &group.usage;
    [usage.input, usage.cache_read, usage.cache_write(), usage.output].map(Tokens::get)
}

fn midnight(day: Date) -> Result<UnixMillis> {
    let moment = day.to_zoned_datetime(TimeZone::UTC).context("a day of the report")?.timestamp();
    Ok(UnixMillis(u64::try_from(moment.as_millisecond()).context("a day before 1970")?))
}
