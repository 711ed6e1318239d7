//! One pool: the limits that a set of requests shares, what of them is free, and what has been learned about them.
//!
//! A pool knows nothing of queues: it says how long a request would have to wait if it were the next.

mod learning;

use std::time::Duration;

use paceway_domain::{Cause, Counted, Dimension, Moment};

use crate::bucket::Rate;
use crate::flight::{Flight, Flights};
use crate::gate::{Gate, Passage};
use crate::limits::{Charging, Cost, Learning, Limits};
use crate::meter::Meter;
use crate::pace::Pace;
use crate::state::{MeterState, PoolState, Reason};
use crate::window::Window;

/// A change of the shortest limit has to outweigh so many waits for the one before.
const STEADY: u32 = 50;

/// Which limit is waited for most, by a majority vote that forgets (Boyer and Moore's, with a bound).
#[derive(Debug, Default)]
struct Shortest {
    place: usize,
    votes: u32,
}

impl Shortest {
    fn vote(&mut self, place: usize) {
        if place == self.place {
            self.votes = (self.votes + 1).min(STEADY);
        } else if self.votes == 0 {
            self.place = place;
        } else {
            self.votes -= 1;
        }
    }
}

/// How long a request has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// For so long; zero is not at all.
    For(Duration),
    /// Until a request in flight ends or begins to be answered.
    ForAnother,
}

#[derive(Debug)]
pub(crate) struct Pool {
    concurrency: Option<u32>,
    charging: Charging,
    learning: Learning,
    pub(crate) meters: Vec<Meter>,
    flights: Flights,
    window: Window,
    gate: Gate,
    pace: Option<Pace>,
    shortest: Shortest,
    /// When a refusal last came that no known limit explains.
    unexplained: Option<Moment>,
    /// How many wait of those that fall under it, if it is a limit of our own.
    pub(crate) waiting: usize,
}

impl Pool {
    pub(crate) fn new(limits: &Limits, now: Moment) -> Self {
        let Limits { concurrency, charging, learning, .. } = *limits;
        let declared = |&(counted, rate): &(Counted, Rate)| Meter::declared(counted, rate, learning, now);
        Self {
            concurrency,
            charging,
            learning,
            meters: limits.rates.iter().map(declared).collect(),
            flights: Flights::default(),
            window: if learning == Learning::Nothing { Window::open() } else { Window::unknown() },
            gate: Gate::default(),
            pace: None,
            shortest: Shortest::default(),
            unexplained: None,
            waiting: 0,
        }
    }

    /// The limit that a request of this cost exceeds, so that no wait would help, with what it needs and the most that
    /// can ever be free. Output charged as it is generated never does: a running answer may overdraw.
    pub(crate) fn never_fits(&self, now: Moment, cost: &Cost) -> Option<(Dimension, u64, u64)> {
        self.meters.iter().find_map(|meter| {
            let later = cost.charged_later(meter.counted, self.charging);
            let needs = cost.at_admission(meter.counted, self.charging).saturating_sub(later);
            let allows = meter.allows(now)?;
            (needs > allows).then_some((meter.dimension(), needs, allows))
        })
    }

    /// How long until a request of this cost may go, if it were the next.
    pub(crate) fn wait(&mut self, now: Moment, cost: &Cost) -> Wait {
        let in_flight = self.flights.count();
        if self.concurrency.is_some_and(|most| in_flight >= most) || !self.window.has_room(in_flight) {
            return Wait::ForAnother;
        }
        let opens = match self.gate.passage(now) {
            Passage::Open | Passage::Probe => Duration::ZERO,
            Passage::Closed(until) => until.since(now),
            Passage::Probing => return Wait::ForAnother,
        };
        let charging = self.charging;
        let waits = self.meters.iter_mut().map(|meter| {
            let needs = meter.needs(cost.at_admission(meter.counted, charging));
            meter.bucket.wait_for(now, needs)
        });
        let longest = waits.enumerate().max_by_key(|(_, wait)| *wait);
        let (place, refill) = longest.unwrap_or_default();
        if refill > Duration::ZERO {
            self.shortest.vote(place);
        }
        Wait::For(refill.max(opens))
    }

    /// What holds a request back, if anything does.
    pub(crate) fn blocker(&mut self, now: Moment, cost: &Cost) -> Option<Reason> {
        if let Some(cause) = self.cause()
            && self.gate.passage(now) != Passage::Probe
        {
            return Some(Reason::Closed(cause));
        }
        let charging = self.charging;
        let waits = self.meters.iter_mut().map(|meter| {
            let needs = meter.needs(cost.at_admission(meter.counted, charging));
            (meter.bucket.wait_for(now, needs), meter.dimension())
        });
        match waits.max_by_key(|(wait, _)| *wait) {
            Some((wait, dimension)) if wait > Duration::ZERO => Some(Reason::Limit(dimension)),
            _ if self.wait(now, cost) == Wait::ForAnother => Some(Reason::InFlight),
            _ => None,
        }
    }

    /// How long until all limits have refilled for this request behind so many units, by what is counted.
    pub(crate) fn refill(&mut self, now: Moment, cost: &Cost, ahead: [u64; 4]) -> Duration {
        let charging = self.charging;
        let waits = self.meters.iter_mut().map(|meter| {
            let needs = meter.needs(cost.at_admission(meter.counted, charging));
            meter.bucket.wait_for(now, ahead[meter.counted as usize].saturating_add(needs))
        });
        waits.max().unwrap_or_default()
    }

    /// When the provider lets anything through again, as far as it has said. A probe may find out sooner.
    pub(crate) fn opens_in(&self, now: Moment) -> Duration {
        self.gate.closed().map_or(Duration::ZERO, |(_, until)| until.since(now))
    }

    /// Why it is closed, if it is.
    pub(crate) fn cause(&self) -> Option<Cause> {
        self.gate.closed().map(|(cause, _)| cause)
    }

    /// Whether it is closed for a reason that no wait cures: other targets come first.
    pub(crate) fn is_barred(&self) -> bool {
        self.cause().is_some_and(|cause| !cause.is_curable())
    }

    /// The reason for which it is closed, if no wait cures that, and the time until it is tried again.
    pub(crate) fn barred(&self, now: Moment) -> Option<(Cause, Duration)> {
        let cause = self.cause().filter(|cause| !cause.is_curable())?;
        match self.gate.passage(now) {
            Passage::Closed(until) => Some((cause, until.since(now))),
            Passage::Probing => Some((cause, Duration::ZERO)),
            Passage::Open | Passage::Probe => None,
        }
    }

    /// Units of each kind that a request takes.
    pub(crate) fn units(&self, cost: &Cost) -> [u64; 4] {
        [Counted::Requests, Counted::Input, Counted::Output, Counted::Total]
            .map(|counted| cost.at_admission(counted, self.charging))
    }

    /// How much of this pool's time a request takes, in nanoseconds: the refill that it uses of the limit that is shortest at
    /// present, or its part of the places in flight where nothing else is limited.
    pub(crate) fn share(&self, cost: &Cost) -> u64 {
        let charging = self.charging;
        let nanos = match self.shortest() {
            Some(meter) => {
                meter.bucket.rate().time_for(cost.at_admission(meter.counted, charging)).as_nanos()
            }
            None => {
                let places = self.most_in_flight().map_or(1, |places| places.max(1));
                self.flights.likely_length(cost).as_nanos() / u128::from(places)
            }
        };
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// The limit that is shortest: the one that requests have mostly waited for of late.
    fn shortest(&self) -> Option<&Meter> {
        self.meters.get(self.shortest.place).or(self.meters.first())
    }

    fn most_in_flight(&self) -> Option<u32> {
        [self.concurrency, self.window.size()].into_iter().flatten().min()
    }

    /// Takes a request's expected cost in every dimension at once.
    pub(crate) fn admit(&mut self, now: Moment, cost: &Cost) -> Flight {
        let is_probe = self.gate.passage(now) == Passage::Probe;
        if is_probe {
            self.gate.probe();
        }
        for meter in &mut self.meters {
            meter.bucket.take(now, cost.at_admission(meter.counted, self.charging));
            meter.forgive(now);
        }
        let flight = self.flights.begin(now, cost, self.charging, is_probe);
        self.tell_ahead(now);
        flight
    }

    /// What output is taken and not generated yet has changed.
    fn tell_ahead(&mut self, now: Moment) {
        if self.charging == Charging::AsGenerated {
            for meter in self.meters.iter_mut().filter(|meter| meter.is_charged_later()) {
                let (ahead, _) = self.flights.not_yet_charged(now, meter.counted);
                meter.bucket.set_ahead(now, ahead);
            }
        }
    }

    /// Ends a request in flight: what was taken at admission is replaced by what it cost, unless the provider keeps what
    /// it reserved.
    pub(crate) fn settle(&mut self, now: Moment, flight: &Flight, taken: &Cost, spent: &Cost) {
        self.flights.end(now, flight, taken, self.charging, Some(spent));
        self.tell_ahead(now);
        if flight.is_probe {
            self.gate.probe_failed(now);
        }
        if self.charging == Charging::Reserved {
            return;
        }
        for meter in &mut self.meters {
            let taken = taken.at_admission(meter.counted, self.charging);
            let spent = spent.at_settlement(meter.counted);
            if spent > taken {
                meter.bucket.take(now, spent - taken);
            } else {
                meter.bucket.give(now, taken - spent);
            }
            meter.forgive(now);
        }
    }

    /// Ends a request in flight that came to nothing: all that was taken is given back, but for what the provider charges
    /// for a call that it refuses.
    pub(crate) fn give_back(&mut self, now: Moment, flight: &Flight, taken: &Cost, was_refused: bool) {
        self.flights.end(now, flight, taken, self.charging, None);
        self.tell_ahead(now);
        if flight.is_probe {
            self.gate.probe_failed(now);
        }
        for meter in &mut self.meters {
            let is_charged =
                was_refused && self.charging.charges_refused_calls() && meter.counted == Counted::Requests;
            if !is_charged {
                meter.bucket.give(now, taken.at_admission(meter.counted, self.charging));
            }
        }
    }

    /// The pool as it is now, for people and metrics.
    pub(crate) fn state(&mut self, now: Moment) -> PoolState {
        let most_in_flight = self.most_in_flight();
        let flights = &self.flights;
        let meters = self.meters.iter_mut().map(|meter| {
            let rate = meter.bucket.rate();
            let net = meter.bucket.net_units() as f64 / rate.window.length().as_secs_f64();
            let free = meter.bucket.free(now);
            let used = flights.use_per_second(now, meter.counted);
            let is_draining = free > 0 && used > net;
            MeterState {
                dimension: meter.dimension(),
                limit: rate.units,
                burst: rate.burst,
                free,
                source: meter.source,
                others_per_second: meter.others(),
                used_per_second: used,
                exhausted_in: is_draining.then(|| Duration::from_secs_f64(free as f64 / (used - net))),
            }
        });
        PoolState {
            meters: meters.collect(),
            in_flight: flights.count(),
            most_in_flight,
            closed: self.gate.closed().map(|(cause, until)| (cause, until.since(now))),
        }
    }
}
