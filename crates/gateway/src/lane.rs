//! Lanes: where the requests of a class of models may go at one provider.
//!
//! A lane has a target for each quota group, an organisation whose keys share their limits. Lanes come into being when the
//! first request of their class does, since a provider has more models than anybody uses.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use paceway_domain::{Counted, Window};
use paceway_policy::quota_class::quota_class;
use paceway_policy::routing;
use paceway_policy::tiers::grant_of;
use paceway_protocol::limits::organization::Granted;
use paceway_scheduler::{Charging, Limits, PoolId, Rate, RouteId};

use crate::Turnstile;
use crate::credential::Credential;

/// Lanes of one provider; models beyond it share one, so that invented names cannot fill memory.
const MOST_LANES: usize = 500;
/// Names of models that are remembered with their lane.
const MOST_NAMES: usize = 5_000;

/// Limits that a set of models shares.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolSettings {
    /// Patterns of the models; `*` stands for any text.
    pub models: Vec<String>,
    /// The limits.
    pub limits: Limits,
}

/// A key at a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySettings {
    /// Its name, which may be shown.
    pub name: String,
    /// What the provider knows us by.
    pub credential: Credential,
    /// Keys of one group share their limits.
    pub quota_group: String,
}

/// A lane. With its last user its pools end, too.
pub(crate) struct Lane {
    pub(crate) class: String,
    pub(crate) route: RouteId,
    targets: Vec<Target>,
    turnstile: Arc<Turnstile>,
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.turnstile.retire_route(self.route);
    }
}

/// A quota group of a lane.
#[derive(Debug)]
struct Target {
    pool: PoolId,
    group: String,
    /// Places of the group's keys, used by turns.
    keys: Vec<usize>,
    next: AtomicUsize,
}

impl Lane {
    /// The next key of the group whose pool this is.
    pub(crate) fn key_for(&self, pool: PoolId) -> usize {
        let target = self.targets.iter().find(|target| target.pool == pool).unwrap_or(&self.targets[0]);
        match target.keys.as_slice() {
            [key] => *key,
            keys => keys[target.next.fetch_add(1, Ordering::Relaxed) % keys.len()],
        }
    }

    /// The quota group whose pool this is.
    pub(crate) fn group_of(&self, pool: PoolId) -> &str {
        self.targets.iter().find(|target| target.pool == pool).map_or("", |target| &target.group)
    }

    /// The bit of a pool among the targets.
    pub(crate) fn bit_of(&self, pool: PoolId) -> u64 {
        self.place_of(pool).map_or(0, |place| 1 << place)
    }

    /// The place of a pool among the targets.
    pub(crate) fn place_of(&self, pool: PoolId) -> Option<u8> {
        let place = self.targets.iter().position(|target| target.pool == pool)?;
        u8::try_from(place).ok()
    }

    pub(crate) fn targets(&self) -> usize {
        self.targets.len()
    }

    pub(crate) fn pools(&self) -> impl Iterator<Item = (&str, PoolId)> {
        self.targets.iter().map(|target| (target.group.as_str(), target.pool))
    }
}

/// All lanes of one provider.
pub(crate) struct Lanes {
    catalogue: String,
    charging: Charging,
    declared: Vec<PoolSettings>,
    /// The provider's tier, whose published limits are where to begin.
    tier: Option<String>,
    /// Group by group, the places of its keys.
    groups: Vec<(String, Vec<usize>)>,
    turnstile: Arc<Turnstile>,
    known: RwLock<Known>,
    /// For calls that no limit is known of and none is learned for.
    unlimited: Arc<Lane>,
}

#[derive(Default)]
struct Known {
    by_model: HashMap<String, Arc<Lane>>,
    by_class: HashMap<String, Arc<Lane>>,
    /// What the provider says that it grants, and to which quota group.
    granted: (String, Vec<Granted>),
}

impl Lanes {
    pub(crate) fn new(
        catalogue: &str,
        charging: Charging,
        declared: Vec<PoolSettings>,
        tier: Option<String>,
        keys: &[KeySettings],
        turnstile: &Arc<Turnstile>,
    ) -> Self {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            match groups.iter_mut().find(|(group, _)| *group == key.quota_group) {
                Some((_, keys)) => keys.push(place),
                None => groups.push((key.quota_group.clone(), vec![place])),
            }
        }
        let unlimited = Arc::new(lane("unlimited", &groups, &Limits::none(), turnstile));
        Self {
            catalogue: catalogue.to_owned(),
            charging,
            declared,
            tier,
            groups,
            turnstile: Arc::clone(turnstile),
            known: RwLock::default(),
            unlimited,
        }
    }

    pub(crate) fn unlimited(&self) -> &Arc<Lane> {
        &self.unlimited
    }

    /// The lane of a model.
    pub(crate) fn of(&self, model: &str) -> Arc<Lane> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = known.by_model.get(model) {
            return Arc::clone(lane);
        }
        drop(known);
        self.find_or_make(model)
    }

    /// Every lane there is, with its class.
    pub(crate) fn all(&self) -> Vec<Arc<Lane>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut lanes: Vec<_> = known.by_class.values().cloned().collect();
        lanes.sort_by(|a, b| a.class.cmp(&b.class));
        lanes
    }

    fn find_or_make(&self, model: &str) -> Arc<Lane> {
        let covers =
            |pool: &&PoolSettings| pool.models.iter().any(|pattern| routing::matches(pattern, model));
        let declared = self.declared.iter().find(covers);
        let class =
            declared.map_or_else(|| quota_class(&self.catalogue, model), |pool| pool.models.join(" "));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let class = if known.by_class.len() < MOST_LANES || known.by_class.contains_key(&class) {
            class
        } else {
            "other models".to_owned()
        };
        let made = known.by_class.entry(class).or_insert_with_key(|class| {
            let limits = declared.map_or_else(|| self.undeclared(class), |pool| pool.limits.clone());
            Arc::new(lane(class, &self.groups, &limits, &self.turnstile))
        });
        let made = Arc::clone(made);
        self.apply(&known.granted, &made);
        if known.by_model.len() < MOST_NAMES {
            known.by_model.insert(model.to_owned(), Arc::clone(&made));
        }
        made
    }
}

impl Lanes {
    /// Where to begin for a class whose limits are not declared: what its tier grants, or nothing.
    fn undeclared(&self, class: &str) -> Limits {
        let grant = self.tier.as_deref().and_then(|tier| grant_of(&self.catalogue, tier, class));
        let rate = |(counted, units): (Counted, u64)| (counted, Rate::whole(units, Window::Minute));
        let rates = grant.map_or_else(Vec::new, |grant| grant.map(rate).to_vec());
        Limits { rates, ..Limits::unknown(self.charging) }
    }

    /// The provider grants a quota group these limits: lanes that there are follow, and those that come begin with them.
    pub(crate) fn tell(&self, group: &str, granted: Vec<Granted>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.granted = (group.to_owned(), granted);
        for lane in known.by_class.values() {
            self.apply(&known.granted, lane);
        }
    }

    fn apply(&self, (group, granted): &(String, Vec<Granted>), lane: &Lane) {
        let is_meant = |granted: &&Granted| {
            granted.models.iter().any(|model| quota_class(&self.catalogue, model) == lane.class)
        };
        for (dimension, limit) in granted.iter().filter(is_meant).flat_map(|granted| &granted.limits) {
            for (_, pool) in lane.pools().filter(|(of, _)| of == group) {
                self.turnstile.tell_limit(pool, *dimension, *limit);
            }
        }
    }
}

fn lane(class: &str, groups: &[(String, Vec<usize>)], limits: &Limits, turnstile: &Arc<Turnstile>) -> Lane {
    let target = |(group, keys): &(String, Vec<usize>)| Target {
        pool: turnstile.add_pool(limits),
        group: group.clone(),
        keys: keys.clone(),
        next: AtomicUsize::new(0),
    };
    let targets: Vec<Target> = groups.iter().map(target).collect();
    let pools: Vec<PoolId> = targets.iter().map(|target| target.pool).collect();
    let route = turnstile.add_route(&pools);
    Lane { class: class.to_owned(), route, targets, turnstile: Arc::clone(turnstile) }
}
