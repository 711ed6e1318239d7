//! The queue of one class of priority: fair between callers by what they are served, first come first served for each.
//!
//! The order is that of the virtual token counter (Sheng et al., OSDI '24): the caller that has been served least goes
//! next, and one that comes back after a pause does not bring its unused turns along. What counts as served is time of the
//! pool, the refill of the limit that a request strains most, divided by the caller's weight.

use std::collections::{BTreeSet, HashMap, VecDeque};

use paceway_domain::Moment;

use crate::ask::{Ask, CallerId, RouteId};
use crate::ticket::{Ticket, Tickets};

/// Counters of callers that do not wait are kept up to this many; beyond it, those that say nothing any more go.
const KEPT_COUNTERS: usize = 1_024;
/// More gone tickets than waiting ones and these, and a line is swept.
const SWEPT_ABOVE: usize = 32;

/// Units by what is counted.
pub(crate) type Units = [u64; 4];

#[derive(Debug, Default)]
pub(crate) struct Class {
    number: usize,
    callers: HashMap<CallerId, Counter>,
    /// The callers that wait, least served first.
    order: BTreeSet<(u64, CallerId)>,
    /// The least that a caller who waits has been served.
    virtual_time: u64,
    /// Since when each has waited in this class.
    by_age: BTreeSet<(Moment, Ticket)>,
}

/// A caller in a class.
#[derive(Debug, Default)]
struct Counter {
    /// Nanoseconds of the pool's time, by weight.
    served: u64,
    weight: u32,
    waiting: u32,
    queued: Units,
    lanes: Vec<Lane>,
}

/// A caller's line for one route. Its head always waits; behind it, some may be gone.
#[derive(Debug)]
struct Lane {
    route: RouteId,
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
        let counter = self.callers.entry(ask.caller).or_default();
        if counter.waiting == 0 {
            counter.served = counter.served.max(self.virtual_time);
            self.order.insert((counter.served, ask.caller));
        }
        counter.waiting += 1;
        counter.weight = ask.weight;
        counter.queued = add(counter.queued, units);
        let lane = match counter.lanes.iter_mut().find(|lane| lane.route == ask.route) {
            Some(lane) => lane,
            None => {
                counter.lanes.push(Lane { route: ask.route, line: VecDeque::new(), waiting: 0 });
                counter.lanes.last_mut().expect("it was just pushed")
            }
        };
        lane.line.push_back(ticket);
        lane.waiting += 1;
        self.by_age.insert((since, ticket));
        self.forget_counters();
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
        let number = self.number;
        let waits = |ticket: &Ticket| tickets.waits_in(*ticket, number);
        let Some(counter) = self.callers.get_mut(&ask.caller) else { return };
        counter.waiting -= 1;
        for (queued, units) in counter.queued.iter_mut().zip(units) {
            *queued = queued.saturating_sub(units);
        }
        if let Some(place) = counter.lanes.iter().position(|lane| lane.route == ask.route) {
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

    /// A caller was served so many nanoseconds of the pool's time, or less than was thought if that is negative.
    pub(crate) fn served(&mut self, caller: CallerId, weight: u32, nanos: i64) {
        let Some(counter) = self.callers.get_mut(&caller) else { return };
        let is_waiting = counter.waiting > 0;
        if is_waiting {
            self.order.remove(&(counter.served, caller));
        }
        let weighted = nanos / i64::from(weight.max(1));
        counter.served = counter.served.saturating_add_signed(weighted);
        if is_waiting {
            self.order.insert((counter.served, caller));
        }
        if let Some((least, _)) = self.order.first() {
            self.virtual_time = self.virtual_time.max(*least);
        }
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
        let Some(lane) = counter.lanes.iter().find(|lane| lane.route == ask.route) else { return 0 };
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

    /// A counter at or below the virtual time of a caller that does not wait says nothing: it would be lifted anyway.
    fn forget_counters(&mut self) {
        if self.callers.len() > KEPT_COUNTERS.max(2 * self.order.len()) {
            let virtual_time = self.virtual_time;
            self.callers.retain(|_, counter| counter.waiting > 0 || counter.served > virtual_time);
        }
    }
}

pub(crate) fn add(left: Units, right: Units) -> Units {
    std::array::from_fn(|place| left[place].saturating_add(right[place]))
}
