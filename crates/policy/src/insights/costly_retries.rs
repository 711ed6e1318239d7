//! Calls that were paid for and of which nobody has the answer: clients that hang up, answers that broke off, calls beside another.
//!
//! Calls that a provider refused or that failed without an answer cost nothing, however often they were made.

use std::collections::HashMap;

use crate::pricing::PriceBook;

use super::Look;
use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::{Observed, Outcome};

/// How a call was lost, with what to do about it.
const WAYS: [(Outcome, &str, &str); 4] = [
    (
        Outcome::ClientGone,
        "the client hung up",
        "Raise the client's timeout, or stream: a client that hangs up pays for what was generated, and again for its next try.",
    ),
    (
        Outcome::Cut,
        "the answer broke off",
        "Prefer another target for this model, or let streams go on elsewhere (`continue_streams`).",
    ),
    (
        Outcome::Continued,
        "the answer broke off and went on elsewhere",
        "Prefer another target for this model: each break is paid for twice.",
    ),
    (
        Outcome::HedgeLost,
        "another target was asked too and was sooner",
        "Switch hedging off where the time it saves is not worth this.",
    ),
];

#[derive(Default)]
struct Lost {
    calls: u64,
    cost: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct CostlyRetries(HashMap<GroupId, [Lost; WAYS.len()]>);

impl Look for CostlyRetries {
    fn see(&mut self, row: &Observed, group: GroupId, _: &PriceBook) {
        let Some(way) = WAYS.iter().position(|(outcome, ..)| *outcome == row.outcome) else { return };
        let Some(cost) = row.cost.filter(|cost| cost.0 > 0) else { return };
        let lost = &mut self.0.entry(group).or_default()[way];
        lost.calls += 1;
        lost.cost += i128::from(cost.0);
        lost.examples.note(&row.request);
    }

    fn find(&self, found: &mut Found<'_>) {
        let all =
            self.0.iter().flat_map(|(group, ways)| ways.iter().zip(WAYS).map(move |each| (group, each)));
        for (group, (lost, (_, told, advice))) in all {
            found.add(Draft {
                kind: Kind::CostlyRetries,
                group: *group,
                requests: lost.calls,
                of: found.requests_of(*group),
                examples: &lost.examples,
                evidence: format!("{} calls were paid for although {told}", lost.calls),
                saved: lost.cost,
                is_at_most: true,
                reckoned: "all that these calls cost",
                advice: advice.to_owned(),
            });
        }
    }
}
