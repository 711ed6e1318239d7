//! Where a caller stands: its priority, its share, and the limits of our own that it falls under.
//!
//! Rules are matched by a key's name. The first that matches says priority and weight; the limits of all that match hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use paceway_policy::access::Caller;
use paceway_policy::routing::matches;
use paceway_scheduler::{CallerId, Limits, MAX_OWN, PoolId, Priority};

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
        Self { rules, turnstile: Arc::clone(turnstile), pools: Mutex::default() }
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
        Self { rules, turnstile: Arc::clone(&self.turnstile), pools }
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
        standing
    }

    /// The pools there are, with the rule's name and the key's number.
    pub fn pools(&self) -> Vec<(String, Option<u64>, PoolId)> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |(&(rule, member), pool): (&(usize, Option<u64>), &Arc<OwnPool>)| {
            (self.rules[rule].name.clone(), member, pool.id)
        };
        pools.iter().map(named).collect()
    }

    fn pool(&self, rule: usize, member: Option<u64>, limits: &Limits) -> PoolId {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            Arc::new(OwnPool { id: self.turnstile.add_pool(limits), turnstile: Arc::clone(&self.turnstile) })
        };
        pools.entry((rule, member)).or_insert_with(made).id
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
