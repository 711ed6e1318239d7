//! Where a caller stands: its priority, its share, and the limits of our own that it falls under.
//!
//! Rules are matched by a key's name. The first that matches says priority and weight; the limits of all that match hold. What
//! the key itself says of its priority goes before the rules, and its own limits hold besides theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use paceway_domain::{Counted, Window};
use paceway_policy::access::{Caller, OwnLimits};
use paceway_policy::routing::matches;
use paceway_scheduler::{CallerId, Limits, MAX_OWN, PoolId, Priority, Rate};

use crate::Turnstile;

/// A rule about callers.
#[derive(Debug, Clone, PartialEq)]
pub struct CallerRule {
    /// Its name, for people.
    pub name: String,
    /// Patterns of key names; `*` stands for any text.
    pub keys: Vec<String>,
    /// The priority of their requests.
    pub priority: Priority,
    /// Their share against others', 1 or more.
    pub weight: u32,
    /// Whether they are one team: they share their turns and their limits.
    pub is_team: bool,
    /// Patterns of the models for which the limits hold.
    pub models: Vec<String>,
    /// Their limits.
    pub limits: Option<Limits>,
}

/// A caller's standing for one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) caller: CallerId,
    pub(crate) priority: Priority,
    pub(crate) weight: u32,
    pub(crate) own: [Option<PoolId>; MAX_OWN],
}

/// By rule and key; a team has one for all keys.
type OwnPools = HashMap<(usize, Option<u64>), Arc<OwnPool>>;

/// All rules, with the pools of their limits as callers come to need them.
pub struct Standings {
    rules: Vec<CallerRule>,
    turnstile: Arc<Turnstile>,
    pools: Mutex<OwnPools>,
    by_key: Mutex<KeyPools>,
}

/// Pools of limits that keys say themselves.
#[derive(Default)]
struct KeyPools {
    /// By key, with the limits that it is of: others have another pool in its place.
    present: HashMap<u64, (OwnLimits, Arc<OwnPool>)>,
    /// Those that others have taken the place of. Requests on their way may still name them, so they end with these standings.
    former: Vec<Arc<OwnPool>>,
}

/// A pool of a limit of our own. It ends with the last standings that have it.
struct OwnPool {
    id: PoolId,
    turnstile: Arc<Turnstile>,
}

impl Drop for OwnPool {
    fn drop(&mut self) {
        self.turnstile.retire_pool(self.id);
    }
}

impl Standings {
    /// Standings by these rules.
    pub fn new(rules: Vec<CallerRule>, turnstile: &Arc<Turnstile>) -> Self {
        Self { rules, turnstile: Arc::clone(turnstile), pools: Mutex::default(), by_key: Mutex::default() }
    }

    /// The standings that take the place of these. Callers of a rule that stays keep what they have used of its limits.
    #[must_use]
    pub fn succeeded_by(&self, rules: Vec<CallerRule>) -> Self {
        let before = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = before.iter().filter_map(|(&(rule, member), pool)| {
            let place = rules.iter().position(|new| *new == self.rules[rule])?;
            Some(((place, member), Arc::clone(pool)))
        });
        let pools = Mutex::new(kept.collect());
        drop(before);
        let present = self.by_key.lock().unwrap_or_else(PoisonError::into_inner).present.clone();
        let by_key = Mutex::new(KeyPools { present, former: Vec::new() });
        Self { rules, turnstile: Arc::clone(&self.turnstile), pools, by_key }
    }

    pub(crate) fn of(&self, caller: &Caller, model: &str) -> Standing {
        let mut standing = Standing {
            caller: CallerId(caller.number),
            priority: Priority::default(),
            weight: 1,
            own: [None; MAX_OWN],
        };
        let fits = |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        let mut places = standing.own.iter_mut();
        // First, so that it always finds a place.
        if !caller.grant.limits.is_none()
            && let Some(place) = places.next()
        {
            *place = Some(self.pool_of_key(caller.number, caller.grant.limits));
        }
        let ours = self.rules.iter().enumerate().filter(|(_, rule)| fits(&rule.keys, &caller.name));
        for (count, (number, rule)) in ours.enumerate() {
            if count == 0 {
                (standing.priority, standing.weight) = (rule.priority, rule.weight);
                if rule.is_team {
                    standing.caller = CallerId(number as u64);
                }
            }
            if let Some(limits) = &rule.limits
                && fits(&rule.models, model)
                && let Some(place) = places.next()
            {
                let member = (!rule.is_team).then_some(caller.number);
                *place = Some(self.pool(number, member, limits));
            }
        }
        standing.priority = caller.grant.priority.unwrap_or(standing.priority);
        standing
    }

    /// The pools there are, with the rule's name and the key's number; limits of keys' own are told as of the rule `key`.
    pub fn pools(&self) -> Vec<(String, Option<u64>, PoolId)> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |(&(rule, member), pool): (&(usize, Option<u64>), &Arc<OwnPool>)| {
            (self.rules[rule].name.clone(), member, pool.id)
        };
        let by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        let own = by_key.present.iter().map(|(&key, (_, pool))| ("key".to_owned(), Some(key), pool.id));
        pools.iter().map(named).chain(own).collect()
    }

    /// The pool of a key's own limits.
    fn pool_of_key(&self, key: u64, limits: OwnLimits) -> PoolId {
        let mut pools = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) = pools.present.get(&key).filter(|(known, _)| *known == limits) {
            return pool.id;
        }
        let pool = self.own_pool(&limits_of(&limits));
        let id = pool.id;
        let former = pools.present.insert(key, (limits, pool));
        pools.former.extend(former.map(|(_, pool)| pool));
        id
    }

    fn own_pool(&self, limits: &Limits) -> Arc<OwnPool> {
        Arc::new(OwnPool { id: self.turnstile.add_pool(limits), turnstile: Arc::clone(&self.turnstile) })
    }

    fn pool(&self, rule: usize, member: Option<u64>, limits: &Limits) -> PoolId {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.entry((rule, member)).or_insert_with(|| self.own_pool(limits)).id
    }
}

/// Seconds of refill that may be used at once where nobody says.
const DEFAULT_BURST_S: u64 = 60;

/// Limits of our own, in the scheduler's terms: they charge what is used, whatever the provider reserves, and nothing is learned.
fn limits_of(own: &OwnLimits) -> Limits {
    Limits { rates: rates(own), concurrency: own.concurrency, ..Limits::none() }
}

/// The rates of limits as people state them.
pub fn rates(own: &OwnLimits) -> Vec<(Counted, Rate)> {
    let burst_s = own.burst_s.unwrap_or(DEFAULT_BURST_S);
    let minute = |counted, units: Option<u64>| Some((counted, Rate::per_minute(units?, burst_s)));
    let day = |counted, units: Option<u64>| Some((counted, Rate::whole(units?, Window::Day)));
    let stated = [
        minute(Counted::Requests, own.requests_per_minute),
        minute(Counted::Input, own.input_tokens_per_minute),
        minute(Counted::Output, own.output_tokens_per_minute),
        minute(Counted::Total, own.tokens_per_minute),
        day(Counted::Requests, own.requests_per_day),
        day(Counted::Total, own.tokens_per_day),
    ];
    stated.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use paceway_domain::KeyId;
    use paceway_policy::access::Grant;
    use paceway_scheduler::Bounds;

    use super::*;
    use crate::clock::RuntimeClock;

    fn rule(name: &str, weight: u32) -> CallerRule {
        CallerRule {
            name: name.into(),
            keys: vec!["*".into()],
            priority: Priority::Normal,
            weight,
            is_team: true,
            models: vec!["*".into()],
            limits: Some(Limits { concurrency: Some(1), ..Limits::none() }),
        }
    }

    #[test]
    fn callers_of_a_rule_that_stays_keep_their_pool_wherever_it_stands() {
        let bounds = Bounds { waiting: 1, waiting_per_caller: 1, ageing: Duration::from_secs(1) };
        let turnstile = Arc::new(Turnstile::new(Arc::new(RuntimeClock::new()), bounds));
        let before = Standings::new(vec![rule("stays", 1), rule("changes", 1)], &turnstile);
        let pool = |standings: &Standings, rule: usize| {
            standings.pool(rule, None, standings.rules[rule].limits.as_ref().expect("it has some"))
        };
        let (stays, changes) = (pool(&before, 0), pool(&before, 1));
        let after = before.succeeded_by(vec![rule("changes", 2), rule("stays", 1)]);
        assert_eq!(after.pools().len(), 1);
        assert_eq!(pool(&after, 1), stays);
        assert_ne!(pool(&after, 0), changes);
        // With those from before goes what nobody else has.
        drop(before);
        assert_eq!(turnstile.add_pool(&Limits::none()), changes);
    }

    fn caller(number: u64, grant: Grant) -> Caller {
        Caller {
            key: KeyId(format!("{number:012x}")),
            name: "test".into(),
            number,
            owner: Arc::default(),
            grant: Arc::new(grant),
        }
    }

    #[test]
    fn a_key_that_says_its_priority_and_limits_stands_by_them_beside_the_rules() {
        let bounds = Bounds { waiting: 1, waiting_per_caller: 1, ageing: Duration::from_secs(1) };
        let turnstile = Arc::new(Turnstile::new(Arc::new(RuntimeClock::new()), bounds));
        let rules = || vec![CallerRule { priority: Priority::Low, ..rule("all", 3) }];
        let standings = Standings::new(rules(), &turnstile);
        let limits = OwnLimits { requests_per_minute: Some(60), ..OwnLimits::default() };
        let grant = Grant { priority: Some(Priority::High), limits, ..Grant::default() };
        let own = |standing: Standing| standing.own.into_iter().flatten().collect::<Vec<_>>();
        let plain = standings.of(&caller(1, Grant::default()), "model");
        assert_eq!((plain.priority, own(plain).len()), (Priority::Low, 1));
        let first = standings.of(&caller(2, grant.clone()), "model");
        assert_eq!((first.priority, first.weight, own(first).len()), (Priority::High, 3, 2));
        let other = standings.of(&caller(3, grant.clone()), "model");
        assert_ne!(own(first)[0], own(other)[0], "each key has its own");
        let after = standings.succeeded_by(rules());
        assert_eq!(own(after.of(&caller(2, grant.clone()), "model")), own(first));
        let more = OwnLimits { requests_per_minute: Some(600), ..limits };
        let changed = after.of(&caller(2, Grant { limits: more, ..grant }), "model");
        assert_ne!(own(changed)[0], own(first)[0]);
        assert_eq!(after.pools().len(), 3);
    }
}
