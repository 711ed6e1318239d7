//! Prompt caches that are written and hardly read: the writing costs more than the reading saves.
//!
//! Exact at list prices: caching as it was, against the same tokens without a cache. Where writing has no price of its own, nothing
//! can be lost.

use std::collections::HashMap;

use paceway_domain::{Tokens, Usage};

use crate::pricing::PriceBook;

use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::Observed;
use super::{Look, price};

#[derive(Default)]
struct Cached {
    wrote: u64,
    seen: u64,
    written: u64,
    read: u64,
    /// What caching has cost beyond what it saved, in micro-dollars.
    lost: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct CacheWrites(HashMap<GroupId, Cached>);

impl Look for CacheWrites {
    fn see(&mut self, row: &Observed, group: GroupId, prices: &PriceBook) {
        let usage = &row.usage;
        if !row.is_generation || usage.cache_write() + usage.cache_read == Tokens::ZERO {
            return;
        }
        let plain = Usage {
            input: usage.input_total(),
            cache_read: Tokens::ZERO,
            cache_write_5m: Tokens::ZERO,
            cache_write_1h: Tokens::ZERO,
            ..*usage
        };
        let Some(lost) = price::saved_with(prices, row, &plain) else { return };
        let cached = self.0.entry(group).or_default();
        cached.seen += 1;
        cached.written += usage.cache_write().0;
        cached.read += usage.cache_read.0;
        cached.lost += lost;
        if usage.cache_write() > Tokens::ZERO {
            cached.wrote += 1;
            cached.examples.note(&row.request);
        }
    }

    fn find(&self, found: &mut Found<'_>) {
        for (group, cached) in &self.0 {
            found.add(Draft {
                kind: Kind::CacheWritesUnread,
                group: *group,
                requests: cached.wrote,
                of: cached.seen,
                examples: &cached.examples,
                evidence: format!("{} tokens written to the prompt cache, {} read from it", cached.written, cached.read),
                saved: cached.lost,
                is_at_most: false,
                reckoned: "what these requests cost, less what they cost with all their input uncached, at list prices",
                advice: "Take `cache_control` out of these requests, or make the part before it the same each time; where \
                         requests are more than five minutes apart, a lifetime of one hour may pay."
                    .to_owned(),
            });
        }
    }
}
