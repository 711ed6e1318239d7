//! Ledgers without waste, of many shapes, made from a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceway_domain::{KeyId, MicroUsd, RequestId, ServiceTier, Tokens, UnixMillis, Usage};

use crate::insights::{Finding, Insights, Observed, Outcome};
use crate::pricing::PriceBook;

/// What kind of work a clean ledger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Chats over a cached system prompt; tools are called now and then.
    CachedChats,
    /// An agent whose conversations grow: the same head, ever longer turns, read from the cache.
    Agent,
    /// Short extractions by a small model.
    SmallModel,
    /// Short and hard questions to a large one.
    HardQuestions,
    /// Labels of one token, cut on purpose.
    Labels,
    /// Nobody waits, and batch prices are paid.
    Batches,
    /// Instructions with numbers in them for each of several customers, who come back.
    Tenants,
    /// Now and then a client hangs up, an answer is cut, a question comes twice.
    Accidents,
    /// Long documents in the instructions, each another one, in other words.
    Documents,
}

pub(super) const SHAPES: [Shape; 9] = [
    Shape::CachedChats,
    Shape::Agent,
    Shape::SmallModel,
    Shape::HardQuestions,
    Shape::Labels,
    Shape::Batches,
    Shape::Tenants,
    Shape::Accidents,
    Shape::Documents,
];

pub(super) fn small() -> BTreeMap<String, String> {
    let of = |provider: &str, model: &str| (provider.to_owned(), model.to_owned());
    BTreeMap::from([of("anthropic", "claude-haiku-5-5"), of("openai", "gpt-5-nano")])
}

pub(super) fn found(rows: &[Observed]) -> Vec<Finding> {
    let mut insights = Insights::new(Arc::new(PriceBook::default()), small());
    for row in rows {
        insights.see(row);
    }
    insights.report().findings
}

/// A plain request of 1,200 tokens, one a minute, each another one.
pub(super) fn row(number: u64, provider: &str, model: &str) -> Observed {
    Observed {
        request: RequestId::from_bits(u128::from(number)),
        part: 0,
        at: UnixMillis(number * 60_000),
        key: KeyId("clean".into()),
        team: "default".into(),
        provider: provider.into(),
        catalogue: provider.into(),
        model: model.into(),
        is_generation: true,
        usage: Usage { input: Tokens(1_200), output: Tokens(50), ..Usage::default() },
        tier: ServiceTier::Standard,
        cost: Some(MicroUsd(2_000)),
        outcome: Outcome::Completed,
        queued_ms: 0,
        request_hash: Some(1_000_000 + number),
        head_hash: None,
        head_shape: None,
        head_tokens: None,
        tools_tokens: None,
        tools_offered: 0,
        tools_called: 0,
        max_tokens: None,
        is_cut: false,
        complexity: None,
        is_patient: false,
    }
}

/// Some hundred rows without waste.
pub(super) fn clean(seed: u64, shape: Shape) -> Vec<Observed> {
    let mut dice = fastrand::Rng::with_seed(seed * 100 + shape as u64);
    let count = dice.u64(100..400);
    (0..count)
        .map(|number| {
            let mut row = made(&mut dice, number, shape);
            row.key = KeyId(format!("{shape:?}"));
            row.request_hash = Some(dice.u64(..));
            row
        })
        .collect()
}

fn made(dice: &mut fastrand::Rng, number: u64, shape: Shape) -> Observed {
    let head = |row: Observed, hash: u64, shape: u64, tokens: u64| Observed {
        head_hash: Some(hash),
        head_shape: Some(shape),
        head_tokens: Some(tokens),
        ..row
    };
    match shape {
        Shape::CachedChats => {
            let mut row = head(row(number, "anthropic", "claude-sonnet-5-5"), 1, 1, 4_000);
            let is_first = number.is_multiple_of(20);
            row.usage.cache_write_5m = Tokens(if is_first { 4_000 } else { 0 });
            row.usage.cache_read = Tokens(if is_first { 0 } else { 4_000 });
            Observed {
                tools_offered: 3,
                tools_tokens: Some(500),
                tools_called: u32::from(dice.u8(..10) == 0),
                max_tokens: Some(1_000),
                is_cut: dice.u8(..20) == 0,
                ..row
            }
        }
        Shape::Agent => {
            let mut row = head(row(number, "anthropic", "claude-opus-5-5"), 2, 2, 9_000);
            let turn = number % 30;
            row.usage.cache_read = Tokens(if turn == 0 { 0 } else { 9_000 + turn * 800 });
            row.usage.cache_write_5m = Tokens(if turn == 0 { 9_000 } else { 800 });
            Observed {
                tools_offered: 15,
                tools_tokens: Some(6_000),
                tools_called: u32::from(turn != 29),
                ..row
            }
        }
        Shape::SmallModel => {
            let mut row = row(number, "anthropic", "claude-haiku-5-5");
            row.usage.input = Tokens(dice.u64(100..900));
            Observed { cost: Some(MicroUsd(100)), complexity: Some(dice.u8(..30)), ..row }
        }
        Shape::HardQuestions => {
            let mut row = row(number, "openai", "gpt-5");
            row.usage.input = Tokens(dice.u64(100..900));
            row.usage.reasoning = Tokens(20);
            Observed { complexity: number.is_multiple_of(8).then(|| dice.u8(30..95)), ..row }
        }
        Shape::Labels => {
            let row = row(number, "openai", "gpt-5-nano");
            Observed { max_tokens: Some(1), is_cut: true, cost: Some(MicroUsd(70)), ..row }
        }
        Shape::Batches => Observed {
            tier: ServiceTier::Batch,
            is_patient: true,
            ..row(number, "anthropic", "claude-sonnet-5-5")
        },
        Shape::Tenants => {
            let tenant = dice.u64(..20);
            let mut row = head(row(number, "openai", "gpt-5"), 100 + tenant, 3, 2_000);
            row.usage.cache_read = Tokens(if dice.u8(..10) == 0 { 0 } else { 2_000 });
            row
        }
        Shape::Accidents => accident(dice, row(number, "openai", "gpt-5")),
        Shape::Documents => {
            let document = dice.u64(..);
            let mut row = head(row(number, "openai", "gpt-5"), document, document.wrapping_add(1), 20_000);
            row.usage.input = Tokens(21_000);
            Observed { cost: Some(MicroUsd(27_000)), ..row }
        }
    }
}

/// What goes wrong now and then, in a few of a hundred requests.
fn accident(dice: &mut fastrand::Rng, row: Observed) -> Observed {
    match dice.u8(..100) {
        0 => Observed { outcome: Outcome::ClientGone, ..row },
        1 => Observed { max_tokens: Some(500), is_cut: true, ..row },
        2 => Observed { outcome: Outcome::HedgeLost, part: 1, ..row },
        3 => Observed { outcome: Outcome::Other, cost: Some(MicroUsd::ZERO), ..row },
        _ => Observed { max_tokens: Some(500), ..row },
    }
}
