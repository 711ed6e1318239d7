//! A request that wants to go, and what it names: pools, routes, callers, priorities.

use paceway_domain::{Moment, Priority};

use crate::limits::Cost;

/// A pool of the scheduler that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId(pub(crate) usize);

/// A list of pools of the scheduler that made it, any one of which will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub(crate) usize);

/// Between whom turns are shared fairly: a key or a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct CallerId(pub u64);

/// At most so many limits of our own hold for one request.
pub const MAX_OWN: usize = 6;

/// A request that wants to go.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Where it may go.
    pub route: RouteId,
    /// Targets of the route that are out of the question, by their place in it: one bit each.
    pub without: u64,
    /// The place in the route that is tried first.
    pub first: u8,
    /// Limits of our own that it falls under; all of them must let it through.
    pub own: [Option<PoolId>; MAX_OWN],
    /// Who asks.
    pub caller: CallerId,
    /// The caller's share against others'; 1 or more.
    pub weight: u32,
    /// How much it matters.
    pub priority: Priority,
    /// What it is expected to cost.
    pub cost: Cost,
    /// When it is of no more use; [`Moment::FAR`] waits without end.
    pub deadline: Moment,
}
