//! Pools that nobody will ask for again, as a reload leaves them behind: their places are given to new ones.
//!
//! One that requests still use is kept until they have ended; it is looked at again when the next one retires or is added.

use paceway_domain::Moment;

use super::Scheduler;
use crate::ask::{PoolId, RouteId};
use crate::group::Group;

/// What has been given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retired {
    /// A route, with the pools that are in no other.
    Route(RouteId),
    /// A pool that holds a limit of our own.
    Own(PoolId),
}

impl Scheduler {
    /// Nobody will submit a request for this route again, nor ask about its pools, unless these are in another route too.
    pub fn retire_route(&mut self, now: Moment, route: RouteId) {
        self.retire(now, Retired::Route(route));
    }

    /// Nobody will submit a request under this limit of our own again.
    pub fn retire_pool(&mut self, now: Moment, pool: PoolId) {
        self.retire(now, Retired::Own(pool));
    }

    fn retire(&mut self, now: Moment, retired: Retired) {
        if !self.retired.contains(&retired) {
            self.retired.push(retired);
        }
        self.free_retired(now);
    }

    /// Frees what has retired and is used by nobody any more.
    pub(super) fn free_retired(&mut self, now: Moment) {
        for retired in std::mem::take(&mut self.retired) {
            if self.is_used(retired) {
                self.retired.push(retired);
            } else {
                self.free(now, retired);
            }
        }
    }

    fn is_used(&self, retired: Retired) -> bool {
        self.tickets.all().any(|entry| match retired {
            Retired::Route(route) => entry.ask.route == route,
            Retired::Own(pool) => entry.ask.own.contains(&Some(pool)),
        })
    }

    fn free(&mut self, now: Moment, retired: Retired) {
        match retired {
            Retired::Own(pool) => self.pools.free(now, pool),
            Retired::Route(route) => {
                for pool in self.pools.free_route(route) {
                    if let Some(group) = self.group_of[pool.0].take() {
                        self.groups[group].pools -= 1;
                    }
                    self.pools.free(now, pool);
                }
            }
        }
    }

    /// A group without pools, one that was left behind if there is one.
    pub(super) fn empty_group(&mut self) -> usize {
        let left_behind = self.groups.iter().position(|group| group.pools == 0 && group.waiting == 0);
        let place = left_behind.unwrap_or_else(|| {
            self.groups.push(Group::new());
            self.groups.len() - 1
        });
        self.groups[place] = Group::new();
        place
    }
}
