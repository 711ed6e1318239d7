//! What a row would have cost if it had used something else. The one place where insights ask for prices.

use paceway_domain::{Tokens, Usage};

use crate::pricing;

use super::SmallModel;
use super::observed::Observed;

/// What a call with this usage costs at the row's model, in micro-dollars; `None` if that is not known.
pub(super) fn of(row: &Observed, usage: &Usage) -> Option<i128> {
    at(&row.catalogue, &row.model, usage)
}

/// What the row's usage costs at another model.
pub(super) fn at_small(small: &SmallModel, usage: &Usage) -> Option<i128> {
    at(&small.catalogue, &small.model, usage)
}

fn at(provider: &str, model: &str, usage: &Usage) -> Option<i128> {
    pricing::price(provider, model, usage).map(|price| i128::from(price.0))
}

/// What would have been saved with this usage instead: negative if it would have cost more.
pub(super) fn saved_with(row: &Observed, other: &Usage) -> Option<i128> {
    Some(of(row, &row.usage)? - of(row, other)?)
}

/// The usage with so many of its input tokens fewer: first of what was read from the cache, since tools come first in a prompt.
pub(super) fn without_input(usage: &Usage, tokens: u64) -> Usage {
    let mut left = tokens;
    let mut take = |from: Tokens| {
        let taken = left.min(from.0);
        left -= taken;
        Tokens(from.0 - taken)
    };
    Usage {
        cache_read: take(usage.cache_read),
        cache_write_5m: take(usage.cache_write_5m),
        cache_write_1h: take(usage.cache_write_1h),
        input: take(usage.input),
        ..*usage
    }
}
