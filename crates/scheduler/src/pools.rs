//! All pools, and the routes over them: where a request may go, and whether it may go there now.

use std::ops::{Index, IndexMut};
use std::time::Duration;

use paceway_domain::{Cause, Dimension, Moment};

use crate::ask::{Ask, PoolId, RouteId};
use crate::limits::Limits;
use crate::pool::{Pool, Wait};

/// Pools and routes.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    all: Vec<Pool>,
    routes: Vec<Vec<PoolId>>,
    /// Places of pools and routes that have retired.
    empty: Vec<usize>,
    empty_routes: Vec<usize>,
}

/// Why a request will never go.
pub(crate) enum Hopeless {
    /// It is larger than a limit, wherever it could go.
    LargerThanLimit { dimension: Dimension, needs: u64, allows: u64 },
    /// The provider lets nothing through for a reason that no wait cures, wherever it could go.
    Barred { cause: Cause, wait: Duration },
    /// There is no target left.
    NoTarget,
}

impl Index<PoolId> for Pools {
    type Output = Pool;

    fn index(&self, id: PoolId) -> &Pool {
        &self.all[id.0]
    }
}

impl IndexMut<PoolId> for Pools {
    fn index_mut(&mut self, id: PoolId) -> &mut Pool {
        &mut self.all[id.0]
    }
}

impl Pools {
    pub(crate) fn add(&mut self, pool: Pool) -> PoolId {
        if let Some(place) = self.empty.pop() {
            self.all[place] = pool;
            return PoolId(place);
        }
        self.all.push(pool);
        PoolId(self.all.len() - 1)
    }

    /// Nobody uses this pool any more: its place is for another.
    pub(crate) fn free(&mut self, now: Moment, id: PoolId) {
        if !self.empty.contains(&id.0) {
            // What was learned of it goes now, not when another comes.
            self.all[id.0] = Pool::new(&Limits::none(), now);
            self.empty.push(id.0);
        }
    }

    /// Nobody uses this route any more; returns its pools that are in no other.
    pub(crate) fn free_route(&mut self, id: RouteId) -> Vec<PoolId> {
        let mut pools = std::mem::take(&mut self.routes[id.0]);
        if !pools.is_empty() {
            self.empty_routes.push(id.0);
        }
        pools.retain(|pool| !self.routes.iter().any(|route| route.contains(pool)));
        pools
    }

    pub(crate) fn add_route(&mut self, pools: &[PoolId]) -> RouteId {
        if let Some(place) = self.empty_routes.pop() {
            self.routes[place] = pools.to_vec();
            return RouteId(place);
        }
        self.routes.push(pools.to_vec());
        RouteId(self.routes.len() - 1)
    }

    /// The first pool of a route, which stands for all of them where one is needed.
    pub(crate) fn first_of(&self, route: RouteId) -> PoolId {
        self.routes[route.0][0]
    }

    /// The targets of a request in the order in which they are tried, those that are barred last.
    pub(crate) fn targets(&self, ask: &Ask) -> impl Iterator<Item = PoolId> + use<'_> {
        let route = &self.routes[ask.route.0];
        let (without, first, count) = (ask.without, usize::from(ask.first) % route.len(), route.len());
        let in_order = move |barred: bool| {
            (0..count).map(move |step| (first + step) % count).filter_map(move |place| {
                let pool = route[place];
                let is_out = without >> place & 1 == 1 || self[pool].is_barred() != barred;
                (!is_out).then_some(pool)
            })
        };
        in_order(false).chain(in_order(true))
    }

    /// The first target that lets a request through now, if our own limits do.
    pub(crate) fn pool_for(&mut self, now: Moment, ask: &Ask) -> Option<PoolId> {
        if self.own_wait(now, ask) != Wait::For(Duration::ZERO) || self.somebody_waits_for_own(ask) {
            return None;
        }
        let route = &self.routes[ask.route.0];
        if let [pool] = route.as_slice() {
            let pool = *pool;
            let is_free = ask.without & 1 == 0
                && self[pool].never_fits(now, &ask.cost).is_none()
                && self[pool].wait(now, &ask.cost) == Wait::For(Duration::ZERO);
            return is_free.then_some(pool);
        }
        let targets: Vec<PoolId> = self.targets(ask).collect();
        targets.into_iter().find(|pool| {
            let pool = &mut self[*pool];
            pool.never_fits(now, &ask.cost).is_none()
                && pool.wait(now, &ask.cost) == Wait::For(Duration::ZERO)
        })
    }

    /// Whether a limit of our own that holds for this request holds back others that came before.
    fn somebody_waits_for_own(&self, ask: &Ask) -> bool {
        ask.own.iter().flatten().any(|own| self[*own].waiting > 0)
    }

    /// A request comes to wait, or waits no more.
    pub(crate) fn count_waiting(&mut self, ask: &Ask, comes: bool) {
        for own in ask.own.into_iter().flatten() {
            let waiting = &mut self[own].waiting;
            *waiting = if comes { *waiting + 1 } else { waiting.saturating_sub(1) };
        }
    }

    /// How long our own limits hold a request back.
    pub(crate) fn own_wait(&mut self, now: Moment, ask: &Ask) -> Wait {
        let mut longest = Duration::ZERO;
        for own in ask.own.iter().flatten() {
            match self[*own].wait(now, &ask.cost) {
                Wait::ForAnother => return Wait::ForAnother,
                Wait::For(wait) => longest = longest.max(wait),
            }
        }
        Wait::For(longest)
    }

    /// Why a request will never go anywhere.
    pub(crate) fn hopeless(&self, now: Moment, ask: &Ask) -> Option<Hopeless> {
        let larger = |pool: PoolId| {
            let (dimension, needs, allows) = self[pool].never_fits(now, &ask.cost)?;
            Some(Hopeless::LargerThanLimit { dimension, needs, allows })
        };
        let barred = |pool: PoolId| {
            let (cause, wait) = self[pool].barred(now)?;
            Some(Hopeless::Barred { cause, wait })
        };
        if let Some(refused) = ask.own.iter().flatten().find_map(|own| larger(*own)) {
            return Some(refused);
        }
        let mut why = Hopeless::NoTarget;
        for pool in self.targets(ask) {
            match larger(pool).or_else(|| barred(pool)) {
                None => return None,
                Some(refused) => why = refused,
            }
        }
        Some(why)
    }

    /// Units of each kind that a request takes.
    pub(crate) fn units(&self, ask: &Ask) -> [u64; 4] {
        self[self.first_of(ask.route)].units(&ask.cost)
    }
}
