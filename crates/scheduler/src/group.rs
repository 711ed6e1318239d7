//! A queue in front of pools that can stand in for each other: who goes next, and where.
//!
//! Classes go in order, callers in a class by what they were served. The first request in that order that cannot go yet
//! claims the pool where its turn comes soonest: none that comes after it in the order takes from that pool, so that a large
//! request is not overtaken for ever by small ones. A request that only our own limits hold back claims nothing.

use std::time::Duration;

use paceway_domain::{Moment, Priority};

use crate::ask::{Ask, CallerId, PoolId};
use crate::pool::Wait;
use crate::pools::{Hopeless, Pools};
use crate::queue::{Class, Units, add};
use crate::ticket::{Entry, Place, Stage, Ticket, Tickets};

#[derive(Debug)]
pub(crate) struct Group {
    /// How many pools it has.
    pub(crate) pools: usize,
    pub(crate) waiting: usize,
    classes: [Class; Priority::ALL.len()],
    /// When the next of those who wait may go with time alone; [`Moment::FAR`] if only an event can help.
    wake: Moment,
    /// Something has happened since `wake` was found.
    is_touched: bool,
}

/// Who goes next and where, or who never will and why, or not in time and how late.
pub(crate) enum Pick {
    Goes(Ticket, PoolId),
    Hopeless(Ticket, Hopeless),
    TooLate(Ticket, Duration),
}

impl Group {
    pub(crate) fn new() -> Self {
        Self {
            pools: 0,
            waiting: 0,
            classes: std::array::from_fn(Class::numbered),
            wake: Moment::FAR,
            is_touched: false,
        }
    }

    pub(crate) fn touch(&mut self) {
        self.is_touched = true;
    }

    pub(crate) fn is_due(&self, now: Moment) -> bool {
        self.waiting > 0 && (self.is_touched || self.wake <= now)
    }

    /// When to look again; `None` if nobody waits or only an event can help.
    pub(crate) fn wakes_at(&self, now: Moment) -> Option<Moment> {
        match self {
            Self { waiting: 0, .. } => None,
            Self { is_touched: true, .. } => Some(now),
            Self { wake, .. } => (*wake < Moment::FAR).then_some(*wake),
        }
    }

    pub(crate) fn push(&mut self, place: Place, ticket: Ticket, ask: &Ask, units: Units) {
        self.classes[place.class].push(place.since, ticket, ask, units);
        self.waiting += 1;
        self.touch();
    }

    /// A request is out of its class, as its ticket says already.
    pub(crate) fn leave(&mut self, place: Place, ticket: Ticket, tickets: &Tickets, ask: &Ask, units: Units) {
        self.classes[place.class].leave(place.since, ticket, tickets, ask, units);
        self.waiting -= 1;
        self.touch();
    }

    pub(crate) fn waiting_of(&self, caller: CallerId) -> usize {
        self.classes.iter().map(|class| class.waiting_of(caller) as usize).sum()
    }

    /// What goes before a request that is queued now, at the least.
    pub(crate) fn ahead(&self, ask: &Ask, class: usize, own: Units) -> Units {
        let before =
            self.classes[..class].iter().fold(Units::default(), |sum, class| add(sum, class.queued()));
        add(before, self.classes[class].ahead(ask, own))
    }

    /// A caller was served so many nanoseconds of a pool's time; less than was thought if that is negative.
    pub(crate) fn served(&mut self, at: Moment, ask: &Ask, class: usize, nanos: i64) {
        self.classes[class].served(at, ask, nanos);
    }

    pub(crate) fn waiting_by_caller(&self) -> Vec<(Priority, CallerId, u32)> {
        let classes = self.classes.iter().zip(Priority::ALL);
        classes
            .flat_map(|(class, priority)| {
                class.waiting().map(move |(caller, waiting)| (priority, caller, waiting))
            })
            .collect()
    }

    /// Every ticket that waits here.
    pub(crate) fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.classes.iter().flat_map(Class::tickets)
    }

    /// How many go before a waiting request, at the most: all of higher classes, and of its own those that came before.
    pub(crate) fn place_of(&self, ticket: Ticket, ask: &Ask, class: usize, tickets: &Tickets) -> usize {
        let before: usize = self.classes[..class].iter().map(Class::count).sum();
        before + self.classes[class].place_of(ticket, ask, tickets)
    }

    /// Moves those up that have waited long enough in their class while a higher one was served, one at a time.
    pub(crate) fn age(&mut self, now: Moment, ageing: Duration, tickets: &mut Tickets, pools: &Pools) {
        for class in 1..self.classes.len() {
            let is_overtaken = self.classes[..class].iter().any(|higher| higher.count() > 0);
            if !is_overtaken || self.classes[class - 1].has_a_guest() {
                continue;
            }
            let Some((since, ticket)) = self.classes[class].oldest() else { continue };
            let Some(entry) = tickets.get_mut(ticket).filter(|_| since.after(ageing) <= now) else {
                continue;
            };
            entry.stage = Stage::Waiting(Place { class: class - 1, since: now });
            let ask = entry.ask;
            let units = pools.units(&ask);
            self.classes[class].leave(since, ticket, tickets, &ask, units);
            self.classes[class - 1].push(now, ticket, &ask, units);
        }
    }

    /// The first in order that may go now, or that never will; if there is none, when to look again is noted.
    pub(crate) fn pick(&mut self, now: Moment, pools: &mut Pools, tickets: &Tickets) -> Option<Pick> {
        let mut claims = Claims::default();
        let mut wake = Moment::FAR;
        'all: for class in &self.classes {
            for ticket in class.heads() {
                let Some(&Entry { ask, .. }) = tickets.get(ticket) else { continue };
                match try_head(now, pools, &ask, &mut claims) {
                    Head::Goes(pool) => return Some(Pick::Goes(ticket, pool)),
                    Head::Hopeless(why) => return Some(Pick::Hopeless(ticket, why)),
                    Head::TooLate(wait) => return Some(Pick::TooLate(ticket, wait)),
                    Head::Waits(at) => wake = wake.min(at),
                }
                if claims.targets.len() >= self.pools {
                    break 'all;
                }
            }
        }
        self.wake = wake;
        self.is_touched = false;
        None
    }
}

/// Pools that a request before in the order waits for: targets, and limits of our own.
#[derive(Debug, Default)]
struct Claims {
    targets: Vec<PoolId>,
    own: Vec<PoolId>,
}

/// What can be done with a head.
enum Head {
    Goes(PoolId),
    Hopeless(Hopeless),
    TooLate(Duration),
    Waits(Moment),
}

/// Where a head may go now, or when to look again.
fn try_head(now: Moment, pools: &mut Pools, ask: &Ask, claims: &mut Claims) -> Head {
    if let Some(why) = pools.hopeless(now, ask) {
        return Head::Hopeless(why);
    }
    let own = || ask.own.into_iter().flatten();
    if own().any(|pool| claims.own.contains(&pool)) {
        return Head::Waits(Moment::FAR);
    }
    match pools.own_wait(now, ask) {
        Wait::For(Duration::ZERO) => {}
        Wait::For(wait) if now.after(wait) > ask.deadline => return Head::TooLate(wait),
        wait => {
            claims.own.extend(own());
            return Head::Waits(if let Wait::For(wait) = wait { now.after(wait) } else { Moment::FAR });
        }
    }
    let mut soonest: Option<(Duration, PoolId)> = None;
    let mut held = Vec::new();
    let mut is_behind = false;
    let targets: Vec<PoolId> = pools.targets(ask).collect();
    for id in targets {
        if claims.targets.contains(&id) {
            is_behind = true;
            continue;
        }
        let pool = &mut pools[id];
        if pool.never_fits(now, &ask.cost).is_some() {
            continue;
        }
        match pool.wait(now, &ask.cost) {
            Wait::For(Duration::ZERO) => return Head::Goes(id),
            Wait::For(wait) if soonest.is_none_or(|(other, _)| wait < other) => soonest = Some((wait, id)),
            Wait::For(_) => {}
            Wait::ForAnother => held.push(id),
        }
    }
    // Where only a request in flight holds it back, its turn may come any moment.
    let may_come_any_moment = is_behind || !held.is_empty();
    claims.targets.extend(held);
    match soonest {
        Some((wait, _)) if now.after(wait) > ask.deadline && !may_come_any_moment => Head::TooLate(wait),
        Some((wait, id)) => {
            claims.targets.push(id);
            Head::Waits(now.after(wait))
        }
        None => Head::Waits(Moment::FAR),
    }
}
