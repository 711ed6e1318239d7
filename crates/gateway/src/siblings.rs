//! Siblings: requests whose prompts begin alike. While one of them writes the provider's prompt cache, the others wait.
//!
//! An entry can be read only once the first answer that writes it has begun, so that siblings sent at once would each pay
//! for writing it, and for its tokens at the input limit. The first holds a [`Claim`]. When its answer begins all go; if
//! it ends before that, however it ends, one of the others takes its place. Who waits holds no place in the scheduler's
//! queue, and waits within bounds. What is known here is a guess at what the provider has: it costs or saves money and
//! never keeps a request from going.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paceway_domain::{CacheLifetime, Moment};
use paceway_policy::prompt_cache::{LEAST_EVER_CACHED, saved_by_reading};
use paceway_protocol::{Envelope, cacheable, cacheable_in};
use paceway_scheduler::{Ask as Wish, PoolId, Priority, RouteId};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::ask::Ask;
use crate::target::Plan;
use crate::{Endpoint, Gateway};

/// Beginnings that are known at once. Beyond them the readable ones that were used longest ago are forgotten.
const MOST_KNOWN: usize = 4_096;

/// A beginning that a provider caches, of a request that it pays to wait with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    key: Key,
    lifetime: CacheLifetime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    route: RouteId,
    fingerprint: u64,
}

/// What of the plan its provider caches; `None` if a request gains nothing by waiting for a sibling.
pub(crate) fn prefix(
    gateway: &Gateway,
    ask: &Ask,
    envelope: Option<&Envelope<'_>>,
    plan: &Plan,
) -> Option<Prefix> {
    let is_off = gateway.bounds.max_sibling_wait.is_zero();
    if is_off || ask.endpoint != Endpoint::Generate || ask.input < LEAST_EVER_CACHED {
        return None;
    }
    let cached = match (envelope, &plan.crossing) {
        // What is cached of the client's own bytes stays as it is on the way.
        (Some(envelope), None) => cacheable_in(plan.dialect, envelope),
        _ => cacheable(plan.dialect, plan.body()),
    }?;
    let model = plan.target.model.as_str();
    let offer = gateway.prices.offer(plan.target.provider.product(model), gateway.clock.wall());
    saved_by_reading(&offer, ask.input, cached.tokens(), cached.lifetime)?;
    let fingerprint = gateway.siblings.hasher.hash_one((model, cached.parts));
    Some(Prefix { key: Key { route: plan.target.lane.route, fingerprint }, lifetime: cached.lifetime })
}

/// Waits while a sibling writes what this request could read: at most as long as is configured, and at most half of the
/// time that it has, so that as much is left for its turn. Cancel-safe: dropping the future leaves nothing behind.
pub(crate) async fn wait(gateway: &Gateway, prefix: Prefix, wish: &Wish) -> Claim {
    let siblings = &gateway.siblings;
    let came = gateway.clock.now();
    let most = gateway.bounds.max_sibling_wait.min(wish.deadline.since(came) / 2);
    let mut has_waited = false;
    let mut claim = loop {
        let now = gateway.clock.now();
        let end = match siblings.join(now, prefix, wish.priority) {
            Ok(claim) => break claim,
            Err(end) => end,
        };
        let left = most.saturating_sub(now.since(came));
        if left.is_zero() {
            break siblings.claim(prefix, None, None);
        }
        has_waited = true;
        // Whether it is over or takes too long shows when it asks again.
        let _ = tokio::time::timeout(left, end).await;
    };
    claim.has_waited = has_waited;
    claim
}

/// Who writes which beginning, and which can be read.
#[derive(Debug, Default)]
pub struct Siblings {
    known: Mutex<Known>,
    /// Keyed at random, so that nobody can make two beginnings look alike.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<Key, Entry>,
    /// How many have been first so far.
    firsts: u64,
}

#[derive(Debug)]
enum Entry {
    /// The first is on its way, or waits for its turn.
    Written { by: u64, priority: Priority, end: Arc<Notify> },
    /// An answer that wrote or read it began then and there.
    Readable { used: Moment, at: PoolId },
}

impl Siblings {
    /// The claim of a request that may go, or else what tells when to ask again.
    fn join(
        self: &Arc<Self>,
        now: Moment,
        prefix: Prefix,
        priority: Priority,
    ) -> Result<Claim, OwnedNotified> {
        let known = &mut *self.lock();
        let first = known.firsts + 1;
        match known.entries.get_mut(&prefix.key) {
            Some(Entry::Readable { used, at }) if now < used.after(prefix.lifetime.duration()) => {
                return Ok(self.claim(prefix, None, Some(*at)));
            }
            Some(Entry::Written { priority: of_first, end, .. }) if *of_first <= priority => {
                return Err(Arc::clone(end).notified_owned());
            }
            // Nobody waits for one that matters less: it may wait long for its turn.
            Some(Entry::Written { by, priority: of_first, .. }) => (*by, *of_first) = (first, priority),
            Some(readable_no_more) => *readable_no_more = Entry::written(first, priority),
            None => {
                if !known.adds(prefix.key, Entry::written(first, priority)) {
                    return Ok(self.claim(prefix, None, None));
                }
            }
        }
        known.firsts = first;
        Ok(self.claim(prefix, Some(first), None))
    }

    fn claim(self: &Arc<Self>, prefix: Prefix, first: Option<u64>, readable_at: Option<PoolId>) -> Claim {
        Claim { siblings: Arc::clone(self), prefix, first, readable_at, has_waited: false }
    }

    /// An answer has begun whose request wrote the beginning or read it.
    fn answer_begins(&self, key: Key, lifetime: CacheLifetime, now: Moment, pool: PoolId) {
        let mut known = self.lock();
        let readable = Entry::Readable { used: now, at: pool };
        let Some(entry) = known.entries.get_mut(&key) else {
            known.adds(key, readable);
            return;
        };
        // Of two places the one where it was first is kept for as long as it is used.
        let is_elsewhere = matches!(entry, Entry::Readable { used, at }
            if *at != pool && now < used.after(lifetime.duration()));
        if !is_elsewhere {
            std::mem::replace(entry, readable).release();
        }
    }

    /// The first ended without an answer.
    fn first_is_gone(&self, key: Key, first: u64) {
        let mut known = self.lock();
        if matches!(known.entries.get(&key), Some(Entry::Written { by, .. }) if *by == first)
            && let Some(entry) = known.entries.remove(&key)
        {
            entry.release();
        }
    }

    /// No panic can leave the state half changed: nothing is called from under the lock but what is here.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn written(by: u64, priority: Priority) -> Self {
        Self::Written { by, priority, end: Arc::default() }
    }

    /// When it was last written or read.
    fn used(&self) -> Option<Moment> {
        match self {
            Self::Readable { used, .. } => Some(*used),
            Self::Written { .. } => None,
        }
    }

    /// Lets those go who wait. Each asks again, and at most one finds itself first.
    fn release(&self) {
        if let Self::Written { end, .. } = self {
            end.notify_waiters();
        }
    }
}

impl Known {
    /// Adds an entry if there is room for it, and says so.
    fn adds(&mut self, key: Key, entry: Entry) -> bool {
        if self.entries.len() >= MOST_KNOWN {
            self.forget_some();
        }
        let has_room = self.entries.len() < MOST_KNOWN;
        if has_room {
            self.entries.insert(key, entry);
        }
        has_room
    }

    /// Forgets a quarter of the readable ones, so that looking for those used longest ago is rare.
    fn forget_some(&mut self) {
        let mut used: Vec<Moment> = self.entries.values().filter_map(Entry::used).collect();
        if used.is_empty() {
            return;
        }
        let place = used.len() / 4;
        let last = *used.select_nth_unstable(place).1;
        self.entries.retain(|_, entry| entry.used().is_none_or(|used| used > last));
    }
}

/// The claim of a request that goes: it says when its answer begins. If it is the first and dropped before, another
/// becomes first.
#[derive(Debug)]
pub(crate) struct Claim {
    siblings: Arc<Siblings>,
    prefix: Prefix,
    /// Its number if others wait for it.
    first: Option<u64>,
    readable_at: Option<PoolId>,
    has_waited: bool,
}

impl Claim {
    /// Whether it waited for a sibling.
    pub(crate) fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Where the beginning can be read, if it can.
    pub(crate) fn readable_at(&self) -> Option<PoolId> {
        self.readable_at
    }

    /// The answer has begun, from there.
    pub(crate) fn answer_begins(mut self, now: Moment, pool: PoolId) {
        self.first = None;
        self.siblings.answer_begins(self.prefix.key, self.prefix.lifetime, now, pool);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(first) = self.first {
            self.siblings.first_is_gone(self.prefix.key, first);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use paceway_scheduler::{Bounds, Limits};

    use super::*;
    use crate::Turnstile;
    use crate::clock::RuntimeClock;

    /// Two pools of a route.
    fn places() -> (RouteId, [PoolId; 2]) {
        let bounds = Bounds { waiting: 1, waiting_per_caller: 1, ageing: Duration::from_secs(1) };
        let turnstile = Turnstile::new(Arc::new(RuntimeClock::new()), bounds);
        let pools = [turnstile.add_pool(&Limits::none()), turnstile.add_pool(&Limits::none())];
        (turnstile.add_route(&pools), pools)
    }

    fn prefix(route: RouteId, fingerprint: u64) -> Prefix {
        Prefix { key: Key { route, fingerprint }, lifetime: CacheLifetime::FiveMinutes }
    }

    fn at(seconds: u64) -> Moment {
        Moment::ZERO.after(Duration::from_secs(seconds))
    }

    #[test]
    fn what_is_known_is_bounded_and_what_was_used_longest_ago_goes_first() {
        let (route, [pool, _]) = places();
        let siblings = Arc::new(Siblings::default());
        for number in 0..=MOST_KNOWN as u64 {
            let claim = siblings.join(at(number), prefix(route, number), Priority::Normal).unwrap();
            claim.answer_begins(at(number), pool);
        }
        let known = siblings.lock();
        assert!(known.entries.len() <= MOST_KNOWN);
        let is_known = |number| known.entries.contains_key(&prefix(route, number).key);
        assert_eq!((is_known(0), is_known(MOST_KNOWN as u64)), (false, true));
    }

    #[test]
    fn with_as_many_firsts_as_can_be_known_another_goes_unknown() {
        let (route, _) = places();
        let siblings = Arc::new(Siblings::default());
        let join = |number| siblings.join(at(0), prefix(route, number), Priority::Normal).unwrap();
        let firsts: Vec<Claim> = (0..MOST_KNOWN as u64).map(join).collect();
        let (one, other) = (join(MOST_KNOWN as u64), join(MOST_KNOWN as u64));
        assert_eq!((one.first, other.first), (None, None));
        drop(firsts);
        assert!(siblings.lock().entries.is_empty());
    }

    #[test]
    fn the_place_where_it_can_be_read_is_kept_while_it_is_used() {
        let (route, [one, other]) = places();
        let siblings = Arc::new(Siblings::default());
        let join = |now| siblings.join(now, prefix(route, 7), Priority::Normal).unwrap();
        join(at(0)).answer_begins(at(0), one);
        join(at(1)).answer_begins(at(1), other);
        assert_eq!(join(at(299)).readable_at(), Some(one));
        join(at(299)).answer_begins(at(300), other);
        assert_eq!(join(at(301)).readable_at(), Some(other));
    }

    #[test]
    fn one_that_was_overtaken_ends_nothing_when_it_fails_and_everything_when_it_succeeds() {
        let (route, [pool, _]) = places();
        let siblings = Arc::new(Siblings::default());
        let join = |priority| siblings.join(at(0), prefix(route, 7), priority);
        let (slow, overtaken) = (join(Priority::Batch).unwrap(), join(Priority::Low).unwrap());
        let first = join(Priority::Normal).unwrap();
        drop(slow);
        assert!(join(Priority::Normal).is_err());
        overtaken.answer_begins(at(0), pool);
        drop(first);
        assert_eq!(join(Priority::Normal).unwrap().readable_at(), Some(pool));
    }
}
