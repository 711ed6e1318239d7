//! Every limit at one moment, for an operator: what is free, where it is known from, who waits.

use std::time::Duration;

use paceway_scheduler::{Ask, CallerId, Cost, MAX_OWN, PoolState, Priority, RouteId};

pub use paceway_scheduler::MeterState;

use crate::Gateway;

/// A pool at a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderPool {
    /// The provider.
    pub provider: String,
    /// The models that share it.
    pub models: String,
    /// The keys that share it.
    pub quota_group: String,
    /// Its limits and what is in flight.
    pub state: PoolState,
    /// Who waits in its queue.
    pub waiting: Vec<Waiting>,
    /// The wait of a small request of a new caller that came now.
    pub expected_wait: Duration,
}

/// Limits of our own.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnPool {
    /// The rule that they come from.
    pub rule: String,
    /// The key's id; `None` for a team.
    pub key: Option<String>,
    /// The limits.
    pub state: PoolState,
}

/// How many requests of one caller wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Of this class.
    pub priority: Priority,
    /// The key's id, or the number of the team's rule.
    pub caller: String,
    /// So many.
    pub requests: u32,
}

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitsReport {
    /// Pools at providers that requests have needed so far.
    pub pools: Vec<ProviderPool>,
    /// Limits of our own that requests have needed so far.
    pub own: Vec<OwnPool>,
    /// Requests that wait, in all.
    pub waiting: usize,
}

/// The limits as they are now.
pub fn report(gateway: &Gateway) -> LimitsReport {
    let turnstile = &gateway.turnstile;
    let pools = gateway.fleet.pools().into_iter().map(|(provider, models, quota_group, route, pool)| {
        let waiting = turnstile.waiting_for(pool).into_iter().map(waiting).collect();
        let expected_wait = turnstile.expected(&small(route));
        ProviderPool { provider, models, quota_group, state: turnstile.state(pool), waiting, expected_wait }
    });
    let own = gateway.standings.pools().into_iter().map(|(rule, key, pool)| OwnPool {
        rule,
        key: key.map(key_id),
        state: turnstile.state(pool),
    });
    LimitsReport { pools: pools.collect(), own: own.collect(), waiting: turnstile.waiting() }
}

/// A small request of somebody who has not asked before.
fn small(route: RouteId) -> Ask {
    Ask {
        route,
        without: 0,
        first: 0,
        own: [None; MAX_OWN],
        caller: CallerId(u64::MAX),
        weight: 1,
        priority: Priority::Normal,
        cost: Cost::default(),
        deadline: paceway_domain::Moment::FAR,
    }
}

fn waiting((priority, CallerId(caller), requests): (Priority, CallerId, u32)) -> Waiting {
    Waiting { priority, caller: key_id(caller), requests }
}

/// The first twelve of sixteen hex digits, as a key's id is shown. Teams are numbered from 0.
fn key_id(number: u64) -> String {
    if number < 1 << 16 { format!("team {number}") } else { format!("{:012x}", number >> 16) }
}
