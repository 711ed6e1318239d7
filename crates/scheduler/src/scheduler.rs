//! The face of the crate: pools, tickets and the order of decisions.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use paceway_domain::Moment;

use crate::limits::{Cost, Dimension, Limits};
use crate::pool::{Pool, Waiting};
use crate::ticket::Ticket;

/// A pool of the scheduler that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId(usize);

/// A request that wants to go.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The pool whose limits it falls under.
    pub pool: PoolId,
    /// What it is expected to cost.
    pub cost: Cost,
    /// When it is of no more use; [`Moment::FAR`] waits without end.
    pub deadline: Moment,
}

/// The answer to [`Scheduler::submit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It may go now; its expected cost is taken.
    Admitted(Ticket),
    /// It waits; [`Scheduler::poll`] will name the ticket.
    Waiting(Ticket),
    /// It will not go; nothing was changed.
    Refused(Refused),
}

/// Why a request is not even queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The request alone is larger than a limit allows at once.
    LargerThanLimit {
        /// The limit.
        dimension: Dimension,
        /// What the request needs.
        needs: u64,
        /// The most that can ever be free.
        allows: u64,
    },
    /// The pool's queue is full.
    QueueFull {
        /// The expected wait of a request that is queued now.
        wait: Duration,
    },
    /// Its turn comes after its deadline.
    TooLate {
        /// The expected wait.
        wait: Duration,
    },
}

/// What [`Scheduler::poll`] decided about a waiting request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may go now; its expected cost is taken.
    Admitted(Ticket),
    /// Its deadline has passed; the ticket is gone.
    Expired {
        /// The request.
        ticket: Ticket,
        /// The least wait that a request like it would have from now.
        wait: Duration,
    },
}

/// Something that a provider said about a pool's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It refuses everything until this moment.
    RefusesUntil(Moment),
}

/// A pool at one moment, for people and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolState {
    /// Free whole units of each limited dimension; negative when overdrawn.
    pub free: Vec<(Dimension, i128)>,
    /// Requests admitted and not yet settled.
    pub in_flight: u32,
    /// Requests in the queue.
    pub waiting: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    ask: Ask,
    is_admitted: bool,
}

/// Decides when requests go. See the crate's documentation for its six calls.
#[derive(Debug)]
pub struct Scheduler {
    pools: Vec<Pool>,
    tickets: HashMap<Ticket, Entry>,
    /// Deadlines of the waiting, earliest first.
    deadlines: BTreeSet<(Moment, Ticket)>,
    next_ticket: u64,
    max_waiting_per_pool: usize,
}

impl Scheduler {
    /// A scheduler without pools, whose pools each queue at most `max_waiting_per_pool` requests.
    pub fn new(max_waiting_per_pool: usize) -> Self {
        Self {
            pools: Vec::new(),
            tickets: HashMap::new(),
            deadlines: BTreeSet::new(),
            next_ticket: 0,
            max_waiting_per_pool,
        }
    }

    /// Adds a pool with all of its quota free.
    pub fn add_pool(&mut self, now: Moment, limits: Limits) -> PoolId {
        self.pools.push(Pool::new(limits, now));
        PoolId(self.pools.len() - 1)
    }

    /// A request wants to go. It may at once only if nobody of its pool waits: newcomers do not overtake.
    pub fn submit(&mut self, now: Moment, ask: Ask) -> Submitted {
        let pool = &mut self.pools[ask.pool.0];
        if let Some((dimension, needs, allows)) = pool.never_fits(ask.cost) {
            return Submitted::Refused(Refused::LargerThanLimit { dimension, needs, allows });
        }
        if pool.waiting() == 0 && pool.wait(now, ask.cost) == Some(Duration::ZERO) {
            pool.admit(now, ask.cost);
            return Submitted::Admitted(self.enter(Entry { ask, is_admitted: true }));
        }
        let wait = pool.wait_behind_queue(now, ask.cost);
        if pool.waiting() >= self.max_waiting_per_pool {
            return Submitted::Refused(Refused::QueueFull { wait });
        }
        if now.after(wait) > ask.deadline {
            return Submitted::Refused(Refused::TooLate { wait });
        }
        let ticket = self.enter(Entry { ask, is_admitted: false });
        self.pools[ask.pool.0].enqueue(Waiting { ticket, cost: ask.cost });
        self.deadlines.insert((ask.deadline, ticket));
        Submitted::Waiting(ticket)
    }

    /// The next decision that is due at `now`; call until it has none. Those whose time has run out come first, so that
    /// quota is not given to a request that nobody waits for any more.
    pub fn poll(&mut self, now: Moment) -> Option<Decision> {
        if let Some(&(deadline, ticket)) = self.deadlines.first()
            && deadline < now
        {
            let entry = self.leave_queue(ticket).expect("deadlines hold only the waiting");
            let wait = self.pools[entry.ask.pool.0].wait_behind_queue(now, entry.ask.cost);
            return Some(Decision::Expired { ticket, wait });
        }
        for pool in &mut self.pools {
            let Some(head) = pool.head() else { continue };
            if pool.wait(now, head.cost) == Some(Duration::ZERO) {
                pool.admit(now, head.cost);
                pool.dequeue(head.ticket);
                let entry = self.tickets.get_mut(&head.ticket).expect("the queue holds only known tickets");
                entry.is_admitted = true;
                self.deadlines.remove(&(entry.ask.deadline, head.ticket));
                return Some(Decision::Admitted(head.ticket));
            }
        }
        None
    }

    /// An admitted request ended and cost `spent`. Unknown tickets are ignored, so that settling twice is harmless.
    pub fn settle(&mut self, now: Moment, ticket: Ticket, spent: Cost) {
        if self.tickets.get(&ticket).is_some_and(|entry| entry.is_admitted)
            && let Some(entry) = self.tickets.remove(&ticket)
        {
            self.pools[entry.ask.pool.0].settle(now, entry.ask.cost, spent);
        }
    }

    /// A request is given up and cost nothing: it leaves the queue, or what it had taken is given back.
    pub fn cancel(&mut self, now: Moment, ticket: Ticket) {
        match self.tickets.get(&ticket).copied() {
            None => {}
            Some(Entry { is_admitted: false, .. }) => {
                self.leave_queue(ticket);
            }
            Some(Entry { ask, is_admitted: true }) => {
                self.tickets.remove(&ticket);
                self.pools[ask.pool.0].give_back(now, ask.cost);
            }
        }
    }

    /// The provider said something about a pool's limits.
    pub fn learn(&mut self, pool: PoolId, reading: Reading) {
        match reading {
            Reading::RefusesUntil(until) => self.pools[pool.0].block(until),
        }
    }

    /// When [`Scheduler::poll`] may next have a decision, unless another call changes things before; `None` while
    /// nobody waits. A head that waits for a request in flight has only its deadline.
    pub fn next_wakeup(&mut self, now: Moment) -> Option<Moment> {
        // A deadline is a moment at which the request may still go: it has passed one nanosecond later.
        let deadline = self.deadlines.first().map(|(at, _)| at.after(Duration::from_nanos(1)));
        let heads = self.pools.iter_mut().filter_map(|pool| {
            let head = pool.head()?;
            pool.wait(now, head.cost).map(|wait| now.after(wait))
        });
        heads.chain(deadline).min()
    }

    /// A pool as it is now.
    pub fn state(&mut self, now: Moment, pool: PoolId) -> PoolState {
        let pool = &mut self.pools[pool.0];
        PoolState { free: pool.free(now), in_flight: pool.in_flight(), waiting: pool.waiting() }
    }

    fn enter(&mut self, entry: Entry) -> Ticket {
        let ticket = Ticket::numbered(self.next_ticket);
        self.next_ticket += 1;
        self.tickets.insert(ticket, entry);
        ticket
    }

    fn leave_queue(&mut self, ticket: Ticket) -> Option<Entry> {
        let entry = self.tickets.remove(&ticket)?;
        self.pools[entry.ask.pool.0].dequeue(ticket);
        self.deadlines.remove(&(entry.ask.deadline, ticket));
        Some(entry)
    }
}
