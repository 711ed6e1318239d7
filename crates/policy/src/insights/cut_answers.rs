//! Answers that their own bound cuts off, again and again: paid for, and of little use.
//!
//! What becomes of a cut answer is not known here, so that its cost is the most that is lost.

use std::collections::HashMap;

use crate::pricing::PriceBook;

use super::Look;
use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::Observed;

/// Below this a bound is a choice (a label, a yes or no, a look whether a model is there), and being cut part of it.
const LEAST_BOUND: u64 = 64;
/// The least share of answers with this bound that it cuts, in percent. Some long answers among many are no wrong bound.
const LEAST_CUT: u64 = 40;
/// Bounds that are told apart within a group; requests with further ones are not looked at.
const MOST_BOUNDS: usize = 32;

#[derive(Default)]
struct Bounded {
    answers: u64,
    cut: u64,
    cost: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct CutAnswers(HashMap<GroupId, HashMap<u64, Bounded>>);

impl Look for CutAnswers {
    fn see(&mut self, row: &Observed, group: GroupId, _: &PriceBook) {
        let Some(bound) = row.max_tokens.filter(|bound| *bound >= LEAST_BOUND) else { return };
        let (true, Some(cost)) = (row.is_answered(), row.cost) else { return };
        let bounds = self.0.entry(group).or_default();
        if bounds.len() >= MOST_BOUNDS && !bounds.contains_key(&bound) {
            return;
        }
        let bounded = bounds.entry(bound).or_default();
        bounded.answers += 1;
        if row.is_cut {
            bounded.cut += 1;
            bounded.cost += i128::from(cost.0);
            bounded.examples.note(&row.request);
        }
    }

    fn find(&self, found: &mut Found<'_>) {
        let all = self.0.iter().flat_map(|(group, bounds)| bounds.iter().map(move |each| (group, each)));
        for (group, (bound, bounded)) in all {
            if bounded.cut * 100 < bounded.answers * LEAST_CUT {
                continue;
            }
            found.add(Draft {
                kind: Kind::AnswersCut,
                group: *group,
                requests: bounded.cut,
                of: bounded.answers,
                examples: &bounded.examples,
                evidence: format!("a bound of {bound} tokens cuts {} of {} answers", bounded.cut, bounded.answers),
                saved: bounded.cost,
                is_at_most: true,
                reckoned: "all that the cut answers cost, as if none of them was of use",
                advice: format!(
                    "Raise the bound of {bound} tokens (nothing is charged for what an answer does not use), or ask for shorter answers."
                ),
            });
        }
    }
}
