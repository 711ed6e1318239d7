//! The same request asked again: all but the first answer could have been kept.
//!
//! Alike is what is alike to the byte (but for who asks and how it is delivered), from whichever key of the team.

use std::collections::HashMap;

use paceway_domain::UnixMillis;
use paceway_domain::day::DAY_MS;

use crate::pricing::PriceBook;

use super::Look;
use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::Observed;

/// Requests that are remembered at once; beyond them the quarter that was seen longest ago is forgotten.
const MOST_REMEMBERED: usize = 131_072;
/// For so long an answer could have been kept, in milliseconds: a day.
const KEPT_MS: u64 = DAY_MS;
/// The least share of a group's requests, in percent, that ask again: below it, keeping answers is not worth its trouble.
const LEAST_AGAIN: u64 = 5;

#[derive(Default)]
struct Again {
    requests: u64,
    cost: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct Duplicates {
    /// When a request was first asked, by team and hash.
    first: HashMap<(String, String, u64), UnixMillis>,
    again: HashMap<GroupId, Again>,
}

impl Look for Duplicates {
    fn see(&mut self, row: &Observed, group: GroupId, _: &PriceBook) {
        let (true, Some(hash)) = (row.is_answered(), row.request_hash) else { return };
        let name = (row.team.clone(), format!("{}/{}", row.provider, row.model), hash);
        if let Some(first) = self.first.get(&name)
            && row.at.0.saturating_sub(first.0) < KEPT_MS
        {
            let again = self.again.entry(group).or_default();
            again.requests += 1;
            again.cost += i128::from(row.cost.unwrap_or_default().0);
            again.examples.note(&row.request);
            return;
        }
        if self.first.len() >= MOST_REMEMBERED {
            self.forget_some();
        }
        self.first.insert(name, row.at);
    }

    fn find(&self, found: &mut Found<'_>) {
        for (group, again) in &self.again {
            let of = found.requests_of(*group);
            if again.requests * 100 < of * LEAST_AGAIN {
                continue;
            }
            found.add(Draft {
                kind: Kind::Duplicates,
                group: *group,
                requests: again.requests,
                of,
                examples: &again.examples,
                evidence: format!("{} of {of} requests had been asked within a day before, to the byte", again.requests),
                saved: again.cost,
                is_at_most: false,
                reckoned: "what all but the first of them cost",
                advice: "Keep the answers, at the caller or in a response cache; where each answer is to be another one, leave it."
                    .to_owned(),
            });
        }
    }
}

impl Duplicates {
    fn forget_some(&mut self) {
        let mut first: Vec<UnixMillis> = self.first.values().copied().collect();
        let place = first.len() / 4;
        let bound = *first.select_nth_unstable(place).1;
        self.first.retain(|_, first| *first > bound);
    }
}
