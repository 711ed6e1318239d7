//! Large models on short and easy calls: what the provider's small model would have cost.
//!
//! How hard a prompt is was guessed from its words when it was sent, for one in eight of the short ones; so this is a guess, and
//! what it saves is the most.

use std::collections::{BTreeMap, HashMap};

use paceway_domain::Tokens;

use crate::pricing::PriceBook;

use super::finding::{Draft, Examples, Found, Kind, LEAST_REQUESTS};
use super::groups::GroupId;
use super::observed::Observed;
use super::{Look, price};

/// Input up to which a call is short, in tokens; longer prompts are not looked at when they are sent.
const SHORT_INPUT: Tokens = Tokens(1_000);
/// Output up to which a call is short: about a page.
const SHORT_OUTPUT: Tokens = Tokens(500);
/// Below this a prompt looks easy, in percent: 50 is what people called of medium difficulty (docs/complexity.md).
const EASY: u8 = 35;
/// The least share of those looked at that look easy, in percent: fewer and routing by prompt is a better answer than another model.
const LEAST_EASY: u64 = 60;
/// How much cheaper the small model has to be: less is not worth another model's answers.
const LEAST_CHEAPER: i128 = 3;

#[derive(Default)]
struct Short {
    calls: u64,
    judged: u64,
    easy: u64,
    /// Saved by those that look easy, in micro-dollars.
    saved: i128,
    examples: Examples,
}

pub(super) struct BigModel {
    small: BTreeMap<String, String>,
    groups: HashMap<GroupId, (Short, String)>,
}

impl BigModel {
    pub(super) fn new(small: BTreeMap<String, String>) -> Self {
        Self { small, groups: HashMap::new() }
    }
}

impl Look for BigModel {
    fn see(&mut self, row: &Observed, group: GroupId, prices: &PriceBook) {
        let usage = &row.usage;
        let is_short = usage.input_total() <= SHORT_INPUT && usage.output <= SHORT_OUTPUT;
        if !(row.is_generation && row.is_answered() && is_short) || row.tools_offered > 0 || row.is_cut {
            return;
        }
        let Some(small) = self.small.get(&row.provider).filter(|small| **small != row.model) else {
            return;
        };
        let (Some(paid), Some(would)) = (price::of(prices, row, usage), price::at_model(prices, row, small))
        else {
            return;
        };
        if paid < would * LEAST_CHEAPER {
            return;
        }
        let (short, _) = self.groups.entry(group).or_insert_with(|| (Short::default(), small.clone()));
        short.calls += 1;
        short.judged += u64::from(row.complexity.is_some());
        // Thoughts are a sign that it was not so easy.
        if row.complexity.is_some_and(|complexity| complexity < EASY) && usage.reasoning == Tokens::ZERO {
            short.easy += 1;
            short.saved += paid - would;
            short.examples.note(&row.request);
        }
    }

    fn find(&self, found: &mut Found<'_>) {
        for (group, (short, small)) in &self.groups {
            let is_easy = short.judged >= LEAST_REQUESTS && short.easy * 100 >= short.judged * LEAST_EASY;
            if !is_easy {
                continue;
            }
            let scaled = short.saved * i128::from(short.calls) / i128::from(short.judged.max(1));
            found.add(Draft {
                kind: Kind::BigModelForEasyCalls,
                group: *group,
                requests: short.easy,
                of: short.judged,
                examples: &short.examples,
                evidence: format!(
                    "{} short calls without tools; of {} that were looked at, {} look easy",
                    short.calls, short.judged, short.easy
                ),
                saved: scaled,
                is_at_most: true,
                reckoned: "the same tokens at the small model's list prices, for the share of the short calls that look easy",
                advice: format!(
                    "Ask `{small}` for these, or an alias with `escalate = \"prompt\"`, and compare some answers first."
                ),
            });
        }
    }
}
