//! The face of the crate: pools, routes, tickets and the order of decisions.

mod retire;

use std::collections::BTreeSet;
use std::time::Duration;

use paceway_domain::{Dimension, LimitReadings, Moment, Priority};

use self::retire::Retired;
use crate::ask::{Ask, CallerId, PoolId, RouteId};
use crate::flight::Flight;
use crate::group::{Group, Pick};
use crate::limits::{Cost, Limits};
use crate::pool::Pool;
use crate::pools::Pools;
use crate::state::{PoolState, Reason};
use crate::ticket::{Deadline, Entry, Place, Served, Stage, Ticket, Tickets};
use crate::verdict::{Decision, Lesson, Refused, Submitted};

/// How much may wait, and for how long in one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Requests that wait, in all.
    pub waiting: usize,
    /// Requests of one caller that wait for one group of pools.
    pub waiting_per_caller: usize,
    /// After waiting so long in a class, a request moves up into the next.
    pub ageing: Duration,
}

/// Decides when requests go. See the crate's documentation for its six calls.
#[derive(Debug)]
pub struct Scheduler {
    pools: Pools,
    /// The group of each pool; `None` for limits of our own.
    group_of: Vec<Option<usize>>,
    groups: Vec<Group>,
    tickets: Tickets,
    /// Deadlines of the waiting, earliest first.
    deadlines: BTreeSet<Deadline>,
    waiting: usize,
    bounds: Bounds,
    /// Given up, and still used by requests when that was last looked at.
    retired: Vec<Retired>,
}

impl Scheduler {
    /// A scheduler without pools.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            pools: Pools::default(),
            group_of: Vec::new(),
            groups: Vec::new(),
            tickets: Tickets::default(),
            deadlines: BTreeSet::new(),
            waiting: 0,
            bounds,
            retired: Vec::new(),
        }
    }

    /// From now on so much may wait. Those who wait already stay.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Adds a pool with all of its quota free.
    pub fn add_pool(&mut self, now: Moment, limits: &Limits) -> PoolId {
        self.free_retired(now);
        let pool = self.pools.add(Pool::new(limits, now));
        self.group_of.resize(self.group_of.len().max(pool.0 + 1), None);
        pool
    }

    /// Adds a list of pools, any one of which will do; at most 64. They share one queue from now on, with all that share
    /// one with any of them.
    pub fn add_route(&mut self, pools: &[PoolId]) -> RouteId {
        assert!(!pools.is_empty() && pools.len() <= 64, "a route has 1 to 64 targets");
        let known: BTreeSet<usize> = pools.iter().filter_map(|pool| self.group_of[pool.0]).collect();
        let group = known.first().copied().unwrap_or_else(|| self.empty_group());
        for pool in pools {
            if self.group_of[pool.0].is_none() {
                self.group_of[pool.0] = Some(group);
                self.groups[group].pools += 1;
            }
        }
        for other in known.into_iter().skip(1) {
            self.merge(group, other);
        }
        self.pools.add_route(pools)
    }

    /// Two groups become one; who waits in the other waits in this one.
    fn merge(&mut self, into: usize, from: usize) {
        self.groups[into].pools += std::mem::take(&mut self.groups[from].pools);
        for group in self.group_of.iter_mut().filter(|group| **group == Some(from)) {
            *group = Some(into);
        }
        let moving = std::mem::replace(&mut self.groups[from], Group::new());
        for ticket in moving.tickets() {
            if let Some(Entry { ask, stage: Stage::Waiting(place) }) = self.tickets.get(ticket).copied() {
                let units = self.pools.units(&ask);
                self.groups[into].push(place, ticket, &ask, units);
            }
        }
    }

    /// A request wants to go. It may at once only if nobody waits for its pools: newcomers do not overtake.
    pub fn submit(&mut self, now: Moment, ask: Ask) -> Submitted {
        if let Some((ticket, pool)) = self.admit_at_once(now, ask) {
            return Submitted::Admitted(ticket, pool);
        }
        if let Some(why) = self.pools.hopeless(now, &ask) {
            return Submitted::Refused(why.into());
        }
        let wait = self.expected_wait(now, &ask, ask.priority as usize);
        let group = self.group(&ask);
        let of_caller = self.groups[group].waiting_of(ask.caller);
        if self.waiting >= self.bounds.waiting || of_caller >= self.bounds.waiting_per_caller {
            return Submitted::Refused(Refused::QueueFull { wait });
        }
        if now.after(wait) > ask.deadline {
            return Submitted::Refused(Refused::TooLate { wait });
        }
        let place = Place { class: ask.priority as usize, since: now };
        let ticket = self.tickets.insert(Entry { ask, stage: Stage::Waiting(place) });
        let units = self.pools.units(&ask);
        self.groups[group].push(place, ticket, &ask, units);
        self.deadlines.insert((ask.deadline, ticket));
        self.pools.count_waiting(&ask, true);
        self.waiting += 1;
        Submitted::Waiting(ticket)
    }

    /// Admits a request that goes at once or not at all.
    pub fn admit_at_once(&mut self, now: Moment, ask: Ask) -> Option<(Ticket, PoolId)> {
        let pool = self.free_pool(now, &ask)?;
        Some((self.admit(now, ask, pool), pool))
    }

    /// The next decision that is due at `now`; call until it has none. Those whose time has run out come first, so that
    /// quota is not given to a request that nobody waits for any more.
    pub fn poll(&mut self, now: Moment) -> Option<Decision> {
        if let Some(&(deadline, ticket)) = self.deadlines.first()
            && deadline < now
        {
            let (ask, class) = self.leave_queue(ticket).expect("deadlines hold only the waiting");
            let wait = self.expected_wait(now, &ask, class);
            return Some(Decision::Expired { ticket, wait });
        }
        for place in 0..self.groups.len() {
            if !self.groups[place].is_due(now) {
                continue;
            }
            let group = &mut self.groups[place];
            group.age(now, self.bounds.ageing, &mut self.tickets, &self.pools);
            match group.pick(now, &mut self.pools, &self.tickets) {
                None => {}
                Some(Pick::Goes(ticket, pool)) => {
                    self.go(now, ticket, pool);
                    return Some(Decision::Admitted(ticket, pool));
                }
                Some(Pick::Hopeless(ticket, why)) => {
                    self.leave_queue(ticket);
                    return Some(Decision::Refused(ticket, why.into()));
                }
                Some(Pick::TooLate(ticket, wait)) => {
                    self.leave_queue(ticket);
                    return Some(Decision::Expired { ticket, wait });
                }
            }
        }
        None
    }

    /// An admitted request ended and cost `spent`. Unknown tickets are ignored, so that settling twice is harmless.
    pub fn settle(&mut self, now: Moment, ticket: Ticket, spent: Cost) {
        let Some((ask, pool, flight, served)) = self.land(ticket) else { return };
        self.pools[pool].settle(now, &flight, &ask.cost, &spent);
        for own in ask.own.into_iter().flatten() {
            self.pools[own].settle(now, &flight, &ask.cost, &spent);
        }
        let correction = signed(self.pools[pool].share(&spent)) - signed(served.share);
        let group = self.group(&ask);
        self.groups[group].served(flight.at, &ask, served.class, correction);
        self.changed(&ask, pool);
    }

    /// A request is given up and cost nothing: it leaves the queue, or what it had taken is given back.
    pub fn cancel(&mut self, now: Moment, ticket: Ticket) {
        if self.leave_queue(ticket).is_none() {
            self.come_to_nothing(now, ticket, false);
        }
    }

    /// The provider said something, in an answer to this admitted request.
    pub fn learn(&mut self, now: Moment, ticket: Ticket, lesson: &Lesson<'_>) {
        match *lesson {
            Lesson::Answered(readings) => {
                let Some((ask, pool, flight)) = self.in_flight(ticket) else { return };
                self.pools[pool].answered(now, &flight, readings);
                self.changed(&ask, pool);
            }
            Lesson::BrokenOff(refusal) => {
                let Some((ask, pool, flight)) = self.in_flight(ticket) else { return };
                self.pools[pool].refused(now, &flight, &ask.cost, refusal, &LimitReadings::default());
                self.changed(&ask, pool);
            }
            Lesson::Refused(refusal, readings) => {
                let Some((ask, pool, flight)) = self.come_to_nothing(now, ticket, true) else { return };
                self.pools[pool].refused(now, &flight, &ask.cost, refusal, readings);
            }
        }
    }

    /// The provider says, outside any answer, what a pool's limit is.
    pub fn tell_limit(&mut self, now: Moment, pool: PoolId, dimension: Dimension, limit: u64) {
        self.pools[pool].told(now, dimension, limit);
        if let Some(group) = self.group_of[pool.0] {
            self.groups[group].touch();
        }
    }

    /// When [`Scheduler::poll`] may next have a decision, unless another call changes things before; `None` while
    /// nobody waits. A head that waits for a request in flight has only its deadline.
    pub fn next_wakeup(&mut self, now: Moment) -> Option<Moment> {
        // A deadline is a moment at which the request may still go: it has passed one nanosecond later.
        let deadline = self.deadlines.first().map(|(at, _)| at.after(Duration::from_nanos(1)));
        let groups = self.groups.iter().filter_map(|group| group.wakes_at(now));
        groups.chain(deadline).min()
    }

    /// A pool as it is now.
    pub fn state(&mut self, now: Moment, pool: PoolId) -> PoolState {
        self.pools[pool].state(now)
    }

    /// How many wait for any pool of this one's group, by class and caller.
    pub fn waiting_for(&self, pool: PoolId) -> Vec<(Priority, CallerId, u32)> {
        self.group_of[pool.0].map(|group| self.groups[group].waiting_by_caller()).unwrap_or_default()
    }

    /// How many wait, in all.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The least wait that a request would have if it were submitted now; zero if it could go at once, or as soon as another ends.
    pub fn expected(&mut self, now: Moment, ask: &Ask) -> Duration {
        let may_go = self.has_room(now, ask);
        if may_go { Duration::ZERO } else { self.expected_wait(now, ask, ask.priority as usize) }
    }

    /// Whether a request could go at once.
    pub fn has_room(&mut self, now: Moment, ask: &Ask) -> bool {
        self.free_pool(now, ask).is_some()
    }

    /// Where a request could go at once, without overtaking who waits.
    fn free_pool(&mut self, now: Moment, ask: &Ask) -> Option<PoolId> {
        let is_first = self.groups[self.group(ask)].waiting == 0;
        is_first.then(|| self.pools.pool_for(now, ask))?
    }

    /// Why a request would wait, or does.
    pub fn reason(&mut self, now: Moment, ask: &Ask) -> Reason {
        for own in ask.own.into_iter().flatten() {
            match self.pools[own].blocker(now, &ask.cost) {
                None => {}
                Some(Reason::Limit(dimension)) => return Reason::OwnLimit(Some(dimension)),
                Some(_) => return Reason::OwnLimit(None),
            }
        }
        let target = self.pools.targets(ask).next();
        target.and_then(|pool| self.pools[pool].blocker(now, &ask.cost)).unwrap_or(Reason::Queue)
    }

    /// How many requests of the same group go before this waiting one, at the most.
    pub fn place_in_queue(&self, ticket: Ticket) -> Option<usize> {
        let Entry { ask, stage: Stage::Waiting(place) } = self.tickets.get(ticket)? else { return None };
        Some(self.groups[self.group(ask)].place_of(ticket, ask, place.class, &self.tickets))
    }

    fn group(&self, ask: &Ask) -> usize {
        let pool = self.pools.first_of(ask.route);
        self.group_of[pool.0].expect("every pool of a route is in a group")
    }

    /// The least wait of a request behind all that go before it. Requests in flight and the waiting may turn out to cost
    /// less than estimated, and the true wait can then be shorter.
    fn expected_wait(&mut self, now: Moment, ask: &Ask, class: usize) -> Duration {
        let units = self.pools.units(ask);
        let ahead = self.groups[self.group(ask)].ahead(ask, class, units);
        let targets: Vec<PoolId> = self.pools.targets(ask).collect();
        let share = targets.len().max(1) as u64;
        let ahead = ahead.map(|units| units / share);
        let elsewhere = targets.into_iter().map(|pool| {
            let pool = &mut self.pools[pool];
            pool.refill(now, &ask.cost, ahead).max(pool.opens_in(now))
        });
        let soonest = elsewhere.min().unwrap_or_default();
        let own = ask.own.into_iter().flatten().map(|own| {
            let pool = &mut self.pools[own];
            pool.refill(now, &ask.cost, [0; 4])
        });
        own.max().unwrap_or_default().max(soonest)
    }

    /// Takes what a request needs, everywhere at once, and counts what its caller is served.
    fn take(&mut self, now: Moment, ask: &Ask, pool: PoolId, class: usize) -> Stage {
        for own in ask.own.into_iter().flatten() {
            self.pools[own].admit(now, &ask.cost);
        }
        let served = Served { class, share: self.pools[pool].share(&ask.cost) };
        let group = self.group(ask);
        self.groups[group].served(now, ask, class, signed(served.share));
        Stage::InFlight { pool, flight: self.pools[pool].admit(now, &ask.cost), served }
    }

    fn admit(&mut self, now: Moment, ask: Ask, pool: PoolId) -> Ticket {
        let stage = self.take(now, &ask, pool, ask.priority as usize);
        self.tickets.insert(Entry { ask, stage })
    }

    /// A waiting request's turn has come.
    fn go(&mut self, now: Moment, ticket: Ticket, pool: PoolId) {
        let (ask, class) = self.dequeue(ticket).expect("only the waiting are picked");
        let stage = self.take(now, &ask, pool, class);
        if let Some(entry) = self.tickets.get_mut(ticket) {
            entry.stage = stage;
        }
    }

    /// Takes a request out of the queue; the ticket stays.
    fn dequeue(&mut self, ticket: Ticket) -> Option<(Ask, usize)> {
        let entry = self.tickets.get_mut(ticket)?;
        let Entry { ask, stage: Stage::Waiting(place) } = *entry else { return None };
        // A class that no queue has: the queue sees that the ticket is gone.
        entry.stage = Stage::Waiting(Place { class: usize::MAX, ..place });
        let units = self.pools.units(&ask);
        let group = self.group(&ask);
        self.groups[group].leave(place, ticket, &self.tickets, &ask, units);
        self.deadlines.remove(&(ask.deadline, ticket));
        self.pools.count_waiting(&ask, false);
        self.waiting -= 1;
        Some((ask, place.class))
    }

    fn leave_queue(&mut self, ticket: Ticket) -> Option<(Ask, usize)> {
        let left = self.dequeue(ticket)?;
        self.tickets.remove(ticket);
        Some(left)
    }

    fn in_flight(&self, ticket: Ticket) -> Option<(Ask, PoolId, Flight)> {
        let Entry { ask, stage: Stage::InFlight { pool, flight, .. } } = *self.tickets.get(ticket)? else {
            return None;
        };
        Some((ask, pool, flight))
    }

    /// Takes a ticket out that is in flight.
    fn land(&mut self, ticket: Ticket) -> Option<(Ask, PoolId, Flight, Served)> {
        let Stage::InFlight { pool, flight, served } = self.tickets.get(ticket)?.stage else { return None };
        let entry = self.tickets.remove(ticket)?;
        Some((entry.ask, pool, flight, served))
    }

    fn come_to_nothing(
        &mut self,
        now: Moment,
        ticket: Ticket,
        was_refused: bool,
    ) -> Option<(Ask, PoolId, Flight)> {
        let (ask, pool, flight, served) = self.land(ticket)?;
        self.pools[pool].give_back(now, &flight, &ask.cost, was_refused);
        for own in ask.own.into_iter().flatten() {
            self.pools[own].give_back(now, &flight, &ask.cost, false);
        }
        let group = self.group(&ask);
        self.groups[group].served(flight.at, &ask, served.class, -signed(served.share));
        self.changed(&ask, pool);
        Some((ask, pool, flight))
    }

    /// Something about these pools has changed: who waits for them is looked at again. Limits of our own may be waited
    /// for anywhere.
    fn changed(&mut self, ask: &Ask, pool: PoolId) {
        if ask.own.iter().any(Option::is_some) {
            self.groups.iter_mut().for_each(Group::touch);
        } else if let Some(group) = self.group_of[pool.0] {
            self.groups[group].touch();
        }
    }
}

fn signed(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}
