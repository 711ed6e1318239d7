//! What a row would have cost if it had used something else. The one place where insights ask for prices.

use paceway_domain::{ServiceTier, Sold, Terms, Tokens, Usage};

use crate::pricing::{Offer, PriceBook, Product};
use crate::prompt_cache;

use super::observed::Observed;

/// What a call with this usage costs at the row's model and service level, in micro-dollars; `None` if that is not known.
pub(super) fn of(prices: &PriceBook, row: &Observed, usage: &Usage) -> Option<i128> {
    at(prices, row, &row.model, row.tier, usage)
}

/// What the row's usage costs at another model of its provider.
pub(super) fn at_model(prices: &PriceBook, row: &Observed, model: &str) -> Option<i128> {
    at(prices, row, model, row.tier, &row.usage)
}

/// What the row's usage costs in a batch.
pub(super) fn in_a_batch(prices: &PriceBook, row: &Observed) -> Option<i128> {
    at(prices, row, &row.model, ServiceTier::Batch, &row.usage)
}

fn at(prices: &PriceBook, row: &Observed, model: &str, tier: ServiceTier, usage: &Usage) -> Option<i128> {
    let sold = Sold { usage: *usage, terms: Terms::at(tier), ..Sold::default() };
    let priced = offer(prices, row, model).price(&sold).ok()?;
    Some(i128::from(priced.amount.0))
}

fn offer<'b>(prices: &'b PriceBook, row: &'b Observed, model: &'b str) -> Offer<'b> {
    prices.offer(Product { provider: &row.provider, catalogue: &row.catalogue, model }, row.at)
}

/// The shortest beginning that the row's model caches, in tokens.
pub(super) fn least_cached(prices: &PriceBook, row: &Observed) -> u64 {
    prompt_cache::least_cached(&offer(prices, row, &row.model)).get()
}

/// What would have been saved with this usage instead: negative if it would have cost more.
pub(super) fn saved_with(prices: &PriceBook, row: &Observed, other: &Usage) -> Option<i128> {
    Some(of(prices, row, &row.usage)? - of(prices, row, other)?)
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
