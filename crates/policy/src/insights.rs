//! Insights: what of a ledger could have cost less, with its evidence, the sum it would have saved, and what to do.
//!
//! Rows are handed in one by one, in the order of time; each insight is a file that counts for itself, within bounds. Nothing is
//! read from a ledger here, and nothing is changed: these are findings for people. A clean ledger has none. What each threshold
//! is for stands beside it; docs/insights.md says the same for those who read the findings.

mod batchable;
mod big_model;
mod cache_writes;
mod costly_retries;
mod cut_answers;
mod duplicates;
mod finding;
mod groups;
mod observed;
mod price;
mod unused_tools;
mod volatile_prefix;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use paceway_domain::UnixMillis;

use crate::pricing::PriceBook;

use self::groups::{GroupId, Groups};

pub use self::finding::{Finding, Kind, MONTH_MS, Saving};
pub use self::groups::{MOST_GROUPS, Subject};
pub use self::observed::{Observed, Outcome};

/// One insight, while rows come in.
trait Look {
    /// Looks at the next row.
    fn see(&mut self, row: &Observed, group: GroupId, prices: &PriceBook);

    /// Says what it has found.
    fn find(&self, found: &mut finding::Found<'_>);
}

/// All insights over one stretch of a ledger.
pub struct Insights {
    prices: Arc<PriceBook>,
    groups: Groups,
    looks: Vec<Box<dyn Look>>,
    first: Option<UnixMillis>,
    last: UnixMillis,
    rows: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Findings, the largest saving first.
    pub findings: Vec<Finding>,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows that were not, because there were more groups than [`MOST_GROUPS`].
    pub left_out: u64,
    /// From the first row to the last, in milliseconds.
    pub window_ms: u64,
}

impl Insights {
    /// Nothing seen yet. `small` names the model that takes easy work, by provider as rows name it.
    pub fn new(prices: Arc<PriceBook>, small: BTreeMap<String, String>) -> Self {
        Self {
            prices,
            groups: Groups::default(),
            looks: vec![
                Box::<cache_writes::CacheWrites>::default(),
                Box::<volatile_prefix::VolatilePrefix>::default(),
                Box::new(big_model::BigModel::new(small)),
                Box::<cut_answers::CutAnswers>::default(),
                Box::<duplicates::Duplicates>::default(),
                Box::<unused_tools::UnusedTools>::default(),
                Box::<costly_retries::CostlyRetries>::default(),
                Box::<batchable::Batchable>::default(),
            ],
            first: None,
            last: UnixMillis(0),
            rows: 0,
        }
    }

    /// Looks at the next row of the ledger.
    pub fn see(&mut self, row: &Observed) {
        let Some(group) = self.groups.note(row) else { return };
        self.rows += 1;
        self.first.get_or_insert(row.at);
        self.last = self.last.max(row.at);
        for look in &mut self.looks {
            look.see(row, group, &self.prices);
        }
    }

    /// What the rows so far show.
    pub fn report(&self) -> Report {
        let first = self.first.unwrap_or(self.last);
        let window_ms = self.last.0.saturating_sub(first.0);
        let mut found = finding::Found::new(&self.groups, window_ms);
        for look in &self.looks {
            look.find(&mut found);
        }
        Report { findings: found.sorted(), rows: self.rows, left_out: self.groups.left_out(), window_ms }
    }
}
