//! Prompts that begin differently each time by a date, a time or an id, and are the same otherwise: no cache can hold them.
//!
//! Told by two hashes of tools and instructions, one of them without the words that hold digits. Beginnings that differ in other
//! words (names) are not told from those that are simply others.

use std::collections::{HashMap, VecDeque};

use paceway_domain::{Tokens, UnixMillis, Usage};

use crate::pricing::PriceBook;

use super::finding::{Draft, Examples, Found, Kind, LEAST_REQUESTS};
use super::groups::GroupId;
use super::observed::Observed;
use super::{Look, price};

/// Shapes that are followed at once; beyond them the quarter that was seen longest ago is forgotten.
const MOST_SHAPES: usize = 8_192;
/// Beginnings of one shape that are remembered: one of these coming again is no change.
const REMEMBERED: usize = 32;
/// The least share of requests, in percent, whose beginning was new. Where a few beginnings take turns, far fewer are.
const LEAST_NEW: u64 = 80;
/// How long a cache would have held the beginning, in milliseconds: the shortest lifetime that is sold.
const LIFETIME_MS: u64 = 300_000;

#[derive(Default)]
struct Shape {
    requests: u64,
    /// Those whose beginning was not among those remembered.
    new: u64,
    recent: VecDeque<u64>,
    last: UnixMillis,
    read: u64,
    tokens: u64,
    saved: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct VolatilePrefix(HashMap<(GroupId, u64), Shape>);

impl Look for VolatilePrefix {
    fn see(&mut self, row: &Observed, group: GroupId, prices: &PriceBook) {
        let (Some(head), Some(shape), Some(tokens)) = (row.head_hash, row.head_shape, row.head_tokens) else {
            return;
        };
        if !row.is_answered() || tokens < price::least_cached(prices, row) {
            return;
        }
        if self.0.len() >= MOST_SHAPES && !self.0.contains_key(&(group, shape)) {
            self.forget_some();
        }
        let seen = self.0.entry((group, shape)).or_default();
        let is_warm = seen.requests > 0 && row.at.0.saturating_sub(seen.last.0) < LIFETIME_MS;
        seen.saved += saved(prices, row, tokens, is_warm).unwrap_or(0);
        seen.requests += 1;
        seen.last = row.at;
        seen.read += row.usage.cache_read.0;
        seen.tokens += tokens;
        if !seen.recent.contains(&head) {
            seen.new += 1;
            seen.examples.note(&row.request);
            seen.recent.push_back(head);
            if seen.recent.len() > REMEMBERED {
                seen.recent.pop_front();
            }
        }
    }

    fn find(&self, found: &mut Found<'_>) {
        for ((group, _), seen) in &self.0 {
            let is_volatile = seen.requests >= LEAST_REQUESTS && seen.new * 100 >= seen.requests * LEAST_NEW;
            // Something after the beginning may be cached all the same, where the provider keeps pieces.
            let is_uncached = seen.read * 10 < seen.tokens;
            if !(is_volatile && is_uncached) {
                continue;
            }
            found.add(Draft {
                kind: Kind::VolatilePrefix,
                group: *group,
                requests: seen.new,
                of: seen.requests,
                examples: &seen.examples,
                evidence: format!(
                    "tools and instructions of about {} tokens differ each time, but only in words with digits",
                    seen.tokens / seen.requests.max(1)
                ),
                saved: seen.saved,
                is_at_most: false,
                reckoned: "tools and instructions read from the cache where the request before was less than five minutes ago, \
                           and written to it otherwise, at list prices",
                advice: "Move what changes (date, time, id) from the instructions to the end of the last message, or round it to \
                         the day."
                    .to_owned(),
            });
        }
    }
}

impl VolatilePrefix {
    /// Looking for what was seen longest ago is rare if much is forgotten at once.
    fn forget_some(&mut self) {
        let mut last: Vec<UnixMillis> = self.0.values().map(|seen| seen.last).collect();
        let place = last.len() / 4;
        let bound = *last.select_nth_unstable(place).1;
        self.0.retain(|_, seen| seen.last > bound);
    }
}

/// What the request had saved if its beginning had been the one before; where a cache has to be written first, that costs.
fn saved(prices: &PriceBook, row: &Observed, tokens: u64, is_warm: bool) -> Option<i128> {
    let moved = Tokens(tokens.min(row.usage.input.0));
    let input = Tokens(row.usage.input.0 - moved.0);
    let read = Usage { input, cache_read: row.usage.cache_read + moved, ..row.usage };
    let written = Usage { input, cache_write_5m: row.usage.cache_write_5m + moved, ..row.usage };
    let saved = price::saved_with(prices, row, &read)?;
    if is_warm { Some(saved) } else { Some(price::saved_with(prices, row, &written).unwrap_or(0)) }
}
