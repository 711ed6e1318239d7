//! A finding: what, whose, by which evidence, what it would save and what to do. The thresholds that all insights share.

use std::fmt;

use paceway_domain::day::DAY_MS;
use paceway_domain::{MicroUsd, RequestId};

use super::groups::{GroupId, Groups, Subject};

/// A month of thirty days, in milliseconds.
pub const MONTH_MS: u64 = 30 * DAY_MS;

/// Requests that show the same before it counts: fewer may be chance, or somebody trying something.
pub(super) const LEAST_REQUESTS: u64 = 20;
/// What a finding saves at least, as a share of what its group has spent: less is not worth anybody's time.
const LEAST_SHARE: i128 = 50;
/// And at least a cent, since a share of nothing is nothing.
const LEAST_SAVED: i128 = 10_000;
/// Examples that a finding names.
const MOST_EXAMPLES: usize = 3;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is written to a prompt cache is hardly ever read.
    CacheWritesUnread,
    /// The beginning of prompts changes with each request, so that no cache holds it.
    VolatilePrefix,
    /// A large model does short, easy work.
    BigModelForEasyCalls,
    /// Answers are cut by the bound on their length.
    AnswersCut,
    /// The same is asked again.
    Duplicates,
    /// Tools are sent that nobody calls.
    UnusedTools,
    /// Calls were paid for of which nobody has the answer.
    CostlyRetries,
    /// Nobody waits, and full price is paid.
    Batchable,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CacheWritesUnread,
        Self::VolatilePrefix,
        Self::BigModelForEasyCalls,
        Self::AnswersCut,
        Self::Duplicates,
        Self::UnusedTools,
        Self::CostlyRetries,
        Self::Batchable,
    ];

    /// Its name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CacheWritesUnread => "cache_writes_unread",
            Self::VolatilePrefix => "volatile_prefix",
            Self::BigModelForEasyCalls => "big_model_for_easy_calls",
            Self::AnswersCut => "answers_cut",
            Self::Duplicates => "duplicates",
            Self::UnusedTools => "unused_tools",
            Self::CostlyRetries => "costly_retries",
            Self::Batchable => "batchable",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a finding would save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saving {
    /// In the time looked at.
    pub so_far: MicroUsd,
    /// In thirty days at the same rate. Less than a day of rows is taken for a day.
    pub per_month: MicroUsd,
    /// Whether it is the most that could be saved, not what would be.
    pub is_at_most: bool,
}

/// One thing that could cost less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Whose.
    pub subject: Subject,
    /// Requests that show it.
    pub requests: u64,
    /// Of so many that could have.
    pub of: u64,
    /// Some of them, to look at.
    pub examples: Vec<RequestId>,
    /// What was seen, in words.
    pub evidence: String,
    /// What it would save.
    pub saves: Saving,
    /// How that was reckoned.
    pub reckoned: &'static str,
    /// What to do.
    pub advice: String,
}

/// The first requests that show something.
#[derive(Debug, Default, Clone)]
pub(super) struct Examples(Vec<RequestId>);

impl Examples {
    pub(super) fn note(&mut self, id: &RequestId) {
        if self.0.len() < MOST_EXAMPLES && self.0.last() != Some(id) {
            self.0.push(id.clone());
        }
    }
}

/// A finding before the shared thresholds.
pub(super) struct Draft<'a> {
    pub(super) kind: Kind,
    pub(super) group: GroupId,
    pub(super) requests: u64,
    pub(super) of: u64,
    pub(super) examples: &'a Examples,
    pub(super) evidence: String,
    /// Micro-dollars.
    pub(super) saved: i128,
    pub(super) is_at_most: bool,
    pub(super) reckoned: &'static str,
    pub(super) advice: String,
}

/// Findings as they come in.
pub(super) struct Found<'g> {
    groups: &'g Groups,
    window_ms: u64,
    findings: Vec<Finding>,
}

impl<'g> Found<'g> {
    pub(super) fn new(groups: &'g Groups, window_ms: u64) -> Self {
        Self { groups, window_ms: window_ms.max(DAY_MS), findings: Vec::new() }
    }

    /// Adds a finding if there is enough of it, and it is worth it.
    pub(super) fn add(&mut self, draft: Draft<'_>) {
        let group = self.groups.get(draft.group);
        let is_worth_it =
            draft.saved >= LEAST_SAVED && draft.saved * LEAST_SHARE >= i128::from(group.spent.0);
        if draft.requests < LEAST_REQUESTS || !is_worth_it {
            return;
        }
        let money = |micro: i128| MicroUsd(u64::try_from(micro).unwrap_or(u64::MAX));
        let per_month = draft.saved.saturating_mul(i128::from(MONTH_MS)) / i128::from(self.window_ms);
        self.findings.push(Finding {
            kind: draft.kind,
            subject: group.subject.clone(),
            requests: draft.requests,
            of: draft.of,
            examples: draft.examples.0.clone(),
            evidence: draft.evidence,
            saves: Saving {
                so_far: money(draft.saved),
                per_month: money(per_month),
                is_at_most: draft.is_at_most,
            },
            reckoned: draft.reckoned,
            advice: draft.advice,
        });
    }

    /// How many requests a group had.
    pub(super) fn requests_of(&self, group: GroupId) -> u64 {
        self.groups.get(group).requests
    }

    /// The largest saving first.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.findings.sort_by(|one, other| {
            let order = |finding: &Finding| (std::cmp::Reverse(finding.saves.so_far), finding.kind);
            order(one).cmp(&order(other)).then_with(|| one.subject.cmp(&other.subject))
        });
        self.findings
    }
}
