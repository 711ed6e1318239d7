//! The queue of one class of priority: fair between callers by what they are served, first come first served for each.
//!
//! The caller that has been served least goes next, as with the virtual token counter (Sheng et al., OSDI '24). What counts
//! as served is time of the pool, the refill that a request uses of the limit that is shortest, divided by the caller's
//! weight, whether it had to wait for it or not: a burst that one caller took is made good to the others. It fades, by a
//! half in 83 s, so that nobody owes or is owed for long; who is new owes nothing. Since all counters fade alike, their
//! order does not change by it: instead of fading what was, what comes counts for more and more ("forward decay", Cormode
//! et al., ICDE '09).

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use paceway_domain::Moment;

use crate::ask::{Ask, CallerId, MAX_OWN, PoolId, RouteId};
use crate::ticket::{Ticket, Tickets};

/// In this time what was served fades to a part in e.
const FADES_S: f64 = 120.0;
/// A caller that does not wait and was served less than this, in seconds of the pool's time, is forgotten.
const FORGOTTEN_S: f64 = 0.01;
/// How often callers are looked through for those.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Counters are scaled back when what comes counts for more than e to this power.
const MOST_GROWN: f64 = 60.0;
/// More gone tickets than waiting ones and these, and a line is swept.
const SWEPT_ABOVE: usize = 32;

/// Units by what is counted.
pub(crate) type Units = [u64; 4];

#[derive(Debug, Default)]
pub(crate) struct Class {
    number: usize,
    /// How many wait here that have moved up from a lower class.
    guests: usize,
    callers: HashMap<CallerId, Counter>,
    /// The callers that wait, least served first.
    order: BTreeSet<(Served, CallerId)>,
    /// When a second of service counted for one.
    base: Moment,
    swept_at: Moment,
    /// Since when each has waited in this class.
    by_age: BTreeSet<(Moment, Ticket)>,
}

/// Seconds of the pool's time by weight, grown by when they were served. In the order of size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Served(f64);

impl Eq for Served {}

impl Ord for Served {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Served {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What makes one request able to go where another of the same caller is not.
type Way = (RouteId, u64, [Option<PoolId>; MAX_OWN]);

fn way(ask: &Ask) -> Way {
    (ask.route, ask.without, ask.own)
}

/// A caller in a class.
#[derive(Debug, Default)]
struct Counter {
    served: Served,
    weight: u32,
    waiting: u32,
    queued: Units,
    lanes: Vec<Lane>,
}

/// A caller's line for one way to go. Its head always waits; behind it, some may be gone.
#[derive(Debug)]
struct Lane {
    way: Way,
    line: VecDeque<Ticket>,
    waiting: usize,
}

impl Class {
    pub(crate) fn numbered(number: usize) -> Self {
        Self { number, ..Self::default() }
    }

    /// The heads of all lines, of the caller first that was served least.
    pub(crate) fn heads(&self) -> impl Iterator<Item = Ticket> {
        self.order.iter().flat_map(|(_, caller)| {
            self.callers[caller].lanes.iter().filter_map(|lane| lane.line.front().copied())
        })
    }

    pub(crate) fn waiting_of(&self, caller: CallerId) -> u32 {
        self.callers.get(&caller).map_or(0, |counter| counter.waiting)
    }

    /// What is served before a request of this caller that is queued now, at the least: its own that wait, and of every
    /// other as much as fairness gives them meanwhile.
    pub(crate) fn ahead(&self, ask: &Ask, own: Units) -> Units {
        let queued = self.callers.get(&ask.caller).map_or(Units::default(), |counter| counter.queued);
        let mine = add(queued, own);
        let mut ahead = queued;
        for (_, caller) in self.order.iter().filter(|(_, caller)| *caller != ask.caller) {
            let Counter { queued: theirs, weight, .. } = &self.callers[caller];
            for place in 0..ahead.len() {
                let fair = mine[place].saturating_mul(u64::from(*weight)) / u64::from(ask.weight.max(1));
                ahead[place] = ahead[place].saturating_add(theirs[place].min(fair));
            }
        }
        ahead
    }

    /// Everything that waits.
    pub(crate) fn queued(&self) -> Units {
        self.order.iter().fold(Units::default(), |sum, (_, caller)| add(sum, self.callers[caller].queued))
    }

    pub(crate) fn push(&mut self, since: Moment, ticket: Ticket, ask: &Ask, units: Units) {
        self.sweep(since);
        let counter = self.callers.entry(ask.caller).or_default();
        counter.weight = ask.weight.max(1);
        if counter.waiting == 0 {
            self.order.insert((counter.served, ask.caller));
        }
        counter.waiting += 1;
        counter.queued = add(counter.queued, units);
        let lane = match counter.lanes.iter_mut().find(|lane| lane.way == way(ask)) {
            Some(lane) => lane,
            None => {
                counter.lanes.push(Lane { way: way(ask), line: VecDeque::new(), waiting: 0 });
                counter.lanes.last_mut().expect("it was just pushed")
            }
        };
        lane.line.push_back(ticket);
        lane.waiting += 1;
        self.by_age.insert((since, ticket));
        self.guests += usize::from(self.is_guest(ask));
    }

    /// A request has left the queue, whether it goes or not. The ticket no longer waits in this class.
    pub(crate) fn leave(
        &mut self,
        since: Moment,
        ticket: Ticket,
        tickets: &Tickets,
        ask: &Ask,
        units: Units,
    ) {
        self.by_age.remove(&(since, ticket));
        self.guests -= usize::from(self.is_guest(ask));
        let number = self.number;
        let waits = |ticket: &Ticket| tickets.waits_in(*ticket, number);
        let Some(counter) = self.callers.get_mut(&ask.caller) else { return };
        counter.waiting -= 1;
        for (queued, units) in counter.queued.iter_mut().zip(units) {
            *queued = queued.saturating_sub(units);
        }
        if let Some(place) = counter.lanes.iter().position(|lane| lane.way == way(ask)) {
            let lane = &mut counter.lanes[place];
            lane.waiting -= 1;
            while lane.line.front().is_some_and(|ticket| !waits(ticket)) {
                lane.line.pop_front();
            }
            if lane.line.len() > 2 * lane.waiting + SWEPT_ABOVE {
                lane.line.retain(waits);
            }
            if lane.line.is_empty() {
                counter.lanes.swap_remove(place);
            }
        }
        if counter.waiting == 0 {
            self.order.remove(&(counter.served, ask.caller));
        }
    }

    /// A caller was served so many nanoseconds of the pool's time at `at`, or less than was thought if that is negative.
    pub(crate) fn served(&mut self, at: Moment, ask: &Ask, nanos: i64) {
        self.sweep(at);
        let grown = self.grown(at);
        let counter = self.callers.entry(ask.caller).or_default();
        counter.weight = ask.weight.max(1);
        let before = (counter.served, ask.caller);
        let seconds = nanos as f64 / 1e9 / f64::from(counter.weight);
        counter.served = Served((counter.served.0 + seconds * grown).max(0.0));
        if counter.waiting > 0 {
            self.order.remove(&before);
            self.order.insert((counter.served, ask.caller));
        }
    }

    /// What a second of service at `at` counts for.
    fn grown(&self, at: Moment) -> f64 {
        let after = at.since(self.base).as_secs_f64() - self.base.since(at).as_secs_f64();
        (after / FADES_S).exp()
    }

    /// Forgets callers that were served next to nothing of late, and keeps counters within bounds.
    fn sweep(&mut self, now: Moment) {
        if now.since(self.swept_at) < SWEEP_EVERY {
            return;
        }
        self.swept_at = now;
        let grown = self.grown(now);
        self.callers.retain(|_, counter| counter.waiting > 0 || counter.served.0 > FORGOTTEN_S * grown);
        if now.since(self.base).as_secs_f64() > MOST_GROWN * FADES_S {
            self.base = now;
            self.callers.values_mut().for_each(|counter| counter.served.0 /= grown);
            let waiting = self.callers.iter().filter(|(_, counter)| counter.waiting > 0);
            self.order = waiting.map(|(caller, counter)| (counter.served, *caller)).collect();
        }
    }

    /// Whether an earlier guest still waits: one at a time, lest a long queue of old requests shut out the young ones of
    /// this class.
    pub(crate) fn has_a_guest(&self) -> bool {
        self.guests > 0
    }

    fn is_guest(&self, ask: &Ask) -> bool {
        ask.priority as usize != self.number
    }

    /// Who has waited longest in this class, and since when.
    pub(crate) fn oldest(&self) -> Option<(Moment, Ticket)> {
        self.by_age.first().copied()
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.by_age.len()
    }

    /// Every ticket that waits, oldest first.
    pub(crate) fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.by_age.iter().map(|(_, ticket)| *ticket)
    }

    /// How many go before a request of this class, at the most: of its caller those before it in line, of each other
    /// caller as many again.
    pub(crate) fn place_of(&self, ticket: Ticket, ask: &Ask, tickets: &Tickets) -> usize {
        let Some(counter) = self.callers.get(&ask.caller) else { return 0 };
        let Some(lane) = counter.lanes.iter().find(|lane| lane.way == way(ask)) else { return 0 };
        let before = lane.line.iter().take_while(|&&other| other != ticket);
        let mine = before.filter(|&&other| tickets.waits_in(other, self.number)).count();
        let theirs = self.order.iter().filter(|(_, caller)| *caller != ask.caller);
        let theirs: usize =
            theirs.map(|(_, caller)| (self.callers[caller].waiting as usize).min(mine + 1)).sum();
        mine + theirs
    }

    /// How many wait, by caller.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (CallerId, u32)> {
        self.order.iter().map(|(_, caller)| (*caller, self.callers[caller].waiting))
    }
}

pub(crate) fn add(left: Units, right: Units) -> Units {
    std::array::from_fn(|place| left[place].saturating_add(right[place]))
}
