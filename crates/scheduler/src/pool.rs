//! One pool: the limits that a set of requests share, what of them is free, and the requests that wait for it.
//!
//! A pool admits strictly in order of arrival: a large request at the head is never overtaken by smaller ones behind it,
//! so it cannot starve.

use std::collections::VecDeque;
use std::time::Duration;

use paceway_domain::Moment;

use crate::bucket::Bucket;
use crate::limits::{Charging, Cost, Dimension, Limits};
use crate::ticket::Ticket;

/// A request in a pool's queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    pub(crate) ticket: Ticket,
    pub(crate) cost: Cost,
}

/// One limited dimension of a pool.
#[derive(Debug)]
struct Gauge {
    dimension: Dimension,
    bucket: Bucket,
    charging: Charging,
    /// What the waiting need in this dimension, together.
    queued: u64,
}

impl Gauge {
    /// What a request needs here before it may go: never more than the bucket can hold.
    fn needs(&self, cost: Cost) -> u64 {
        self.units(cost).min(self.bucket.rate().burst)
    }

    fn units(&self, cost: Cost) -> u64 {
        cost.in_dimension(self.dimension, self.charging)
    }
}

#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    gauges: Vec<Gauge>,
    in_flight: u32,
    /// The provider said no until then.
    blocked_until: Moment,
    /// In order of arrival. A cancelled request leaves at once, so the head always is a live one.
    queue: VecDeque<Waiting>,
}

impl Pool {
    pub(crate) fn new(limits: Limits, now: Moment) -> Self {
        let gauges = Dimension::ALL
            .into_iter()
            .filter_map(|dimension| {
                let bucket = Bucket::full(limits.rate(dimension)?, now);
                Some(Gauge { dimension, bucket, charging: limits.charging, queued: 0 })
            })
            .collect();
        Self { limits, gauges, in_flight: 0, blocked_until: Moment::ZERO, queue: VecDeque::new() }
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn head(&self) -> Option<Waiting> {
        self.queue.front().copied()
    }

    /// Free whole units by dimension, negative when overdrawn.
    pub(crate) fn free(&mut self, now: Moment) -> Vec<(Dimension, i128)> {
        self.gauges.iter_mut().map(|gauge| (gauge.dimension, gauge.bucket.free(now))).collect()
    }

    /// The dimension in which a request of this cost exceeds what can ever be free, with that most. Output charged as
    /// it is generated never does: a running answer may overdraw.
    pub(crate) fn never_fits(&self, cost: Cost) -> Option<(Dimension, u64, u64)> {
        self.gauges.iter().find_map(|gauge| {
            let needs = match (gauge.dimension, self.limits.charging) {
                (Dimension::Output, Charging::AsGenerated) => 0,
                (Dimension::Total, Charging::AsGenerated) => cost.input.get(),
                _ => gauge.units(cost),
            };
            let allows = gauge.bucket.rate().burst;
            (needs > allows).then_some((gauge.dimension, needs, allows))
        })
    }

    /// How long until a request of this cost fits, if it were the next; `None` while it depends on a request in flight
    /// that has to end first.
    pub(crate) fn wait(&mut self, now: Moment, cost: Cost) -> Option<Duration> {
        if self.limits.concurrency.is_some_and(|most| self.in_flight >= most) {
            return None;
        }
        let refill = self.gauges.iter_mut().map(|gauge| {
            let needs = gauge.needs(cost);
            gauge.bucket.wait_for(now, needs)
        });
        Some(refill.max().unwrap_or_default().max(self.blocked_until.since(now)))
    }

    /// The least wait of a request that arrives now, behind all that wait already. Requests in flight and the waiting
    /// may turn out to cost less than estimated, so the true wait can be shorter.
    pub(crate) fn wait_behind_queue(&mut self, now: Moment, cost: Cost) -> Duration {
        let refill = self.gauges.iter_mut().map(|gauge| {
            let needs = gauge.needs(cost);
            gauge.bucket.wait_for(now, gauge.queued.saturating_add(needs))
        });
        refill.max().unwrap_or_default().max(self.blocked_until.since(now))
    }

    /// Takes a request's expected cost in every dimension at once.
    pub(crate) fn admit(&mut self, now: Moment, cost: Cost) {
        self.in_flight += 1;
        for gauge in &mut self.gauges {
            let units = gauge.units(cost);
            gauge.bucket.take(now, units);
        }
    }

    /// Ends a request in flight: what was taken at admission is replaced by what it cost, unless the provider keeps what
    /// it reserved.
    pub(crate) fn settle(&mut self, now: Moment, taken: Cost, spent: Cost) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.limits.charging == Charging::Reserved {
            return;
        }
        for gauge in &mut self.gauges {
            let (taken, spent) = (gauge.units(taken), gauge.units(spent));
            if spent > taken {
                gauge.bucket.take(now, spent - taken);
            } else {
                gauge.bucket.give(now, taken - spent);
            }
        }
    }

    /// Ends a request in flight that the provider did not charge: all that was taken is given back.
    pub(crate) fn give_back(&mut self, now: Moment, taken: Cost) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for gauge in &mut self.gauges {
            let units = gauge.units(taken);
            gauge.bucket.give(now, units);
        }
    }

    /// Notes that the provider admits nothing until `until`. A later end replaces an earlier one, never the reverse.
    pub(crate) fn block(&mut self, until: Moment) {
        self.blocked_until = self.blocked_until.max(until);
    }

    pub(crate) fn enqueue(&mut self, waiting: Waiting) {
        for gauge in &mut self.gauges {
            gauge.queued += gauge.needs(waiting.cost);
        }
        self.queue.push_back(waiting);
    }

    /// Takes a request out of the queue, wherever it stands.
    pub(crate) fn dequeue(&mut self, ticket: Ticket) {
        let Some(place) = self.queue.iter().position(|waiting| waiting.ticket == ticket) else { return };
        let waiting = self.queue.remove(place).expect("the position was just found");
        for gauge in &mut self.gauges {
            gauge.queued -= gauge.needs(waiting.cost);
        }
    }
}
