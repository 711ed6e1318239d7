//! Requests that wait or are in flight, by ticket.

use paceway_domain::Moment;

use crate::ask::{Ask, PoolId};
use crate::flight::Flight;

/// A request that was submitted. It stays valid until it is settled, cancelled, refused or expired, and never becomes
/// another request's. Tickets are in the order of submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    serial: u64,
    slot: u32,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) ask: Ask,
    pub(crate) stage: Stage,
}

/// Where a request is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    /// In the queue.
    Waiting(Place),
    /// With a provider.
    InFlight { pool: PoolId, flight: Flight, served: Served },
}

/// What a request was counted for in its class when it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) class: usize,
    /// Nanoseconds of the pool's time.
    pub(crate) share: u64,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) class: usize,
    /// Since when it has been in this class.
    pub(crate) since: Moment,
}

/// All tickets. Slots are used again, so that none is allocated in steady traffic.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    slots: Vec<Option<(u64, Entry)>>,
    free: Vec<u32>,
    next: u64,
}

impl Tickets {
    pub(crate) fn insert(&mut self, entry: Entry) -> Ticket {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer than 2³² requests are open at once")
        });
        let ticket = Ticket { serial: self.next, slot };
        self.next += 1;
        self.slots[slot as usize] = Some((ticket.serial, entry));
        ticket
    }

    pub(crate) fn get(&self, ticket: Ticket) -> Option<&Entry> {
        let (serial, entry) = self.slots.get(ticket.slot as usize)?.as_ref()?;
        (*serial == ticket.serial).then_some(entry)
    }

    pub(crate) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        let (serial, entry) = self.slots.get_mut(ticket.slot as usize)?.as_mut()?;
        (*serial == ticket.serial).then_some(entry)
    }

    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<Entry> {
        self.get(ticket)?;
        self.free.push(ticket.slot);
        self.slots[ticket.slot as usize].take().map(|(_, entry)| entry)
    }

    /// Every request that is open.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.slots.iter().flatten().map(|(_, entry)| entry)
    }

    /// Whether it waits in this class.
    pub(crate) fn waits_in(&self, ticket: Ticket, class: usize) -> bool {
        let stage = self.get(ticket).map(|entry| entry.stage);
        matches!(stage, Some(Stage::Waiting(place)) if place.class == class)
    }
}

/// A deadline with its ticket, in the order of time.
pub(crate) type Deadline = (Moment, Ticket);
