//! One pool: the limits that a set of requests shares, what of them is free, and what has been learned about them.
//!
//! A pool knows nothing of queues: it says how long a request would have to wait if it were the next.

use std::time::Duration;

use paceway_domain::{Cause, Counted, LimitReading, LimitReadings, Moment, RateRefusal, Window};

use crate::bucket::Rate;
use crate::flight::{Flight, Flights};
use crate::gate::{Gate, Passage};
use crate::limits::{Charging, Cost, Learning, Limits};
use crate::meter::{Meter, Sight, Source};
use crate::pace::Pace;
use crate::state::{MeterState, PoolState};
use crate::window;

/// A pool has at most so many limits: those of each kind over a few windows.
const MAX_METERS: usize = 12;

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
    window: window::Window,
    gate: Gate,
    pace: Option<Pace>,
}

impl Pool {
    pub(crate) fn new(limits: &Limits, now: Moment) -> Self {
        let Limits { concurrency, charging, learning, .. } = *limits;
        let is_known = learning == Learning::Nothing || !limits.rates.is_empty() || concurrency.is_some();
        let declared = |&(counted, rate): &(Counted, Rate)| Meter::declared(counted, rate, learning, now);
        Self {
            concurrency,
            charging,
            learning,
            meters: limits.rates.iter().map(declared).collect(),
            flights: Flights::default(),
            window: if is_known { window::Window::open() } else { window::Window::unknown() },
            gate: Gate::default(),
            pace: None,
        }
    }

    /// The limit that a request of this cost exceeds, so that no wait would help, with what it needs and the most that
    /// can ever be free. Output charged as it is generated never does: a running answer may overdraw.
    pub(crate) fn never_fits(&self, cost: &Cost) -> Option<(usize, u64, u64)> {
        self.meters.iter().enumerate().find_map(|(place, meter)| {
            let later = cost.charged_later(meter.counted, self.charging);
            let needs = cost.at_admission(meter.counted, self.charging) - later;
            let allows = meter.allows();
            (needs > allows).then_some((place, needs, allows))
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
        Wait::For(self.refill(now, cost, [0; 4]).max(opens))
    }

    /// How long until all limits have refilled for this request behind so many units, by what is counted.
    pub(crate) fn refill(&mut self, now: Moment, cost: &Cost, ahead: [u64; 4]) -> Duration {
        let charging = self.charging;
        let waits = self.meters.iter_mut().map(|meter| {
            let needs = cost.at_admission(meter.counted, charging).min(meter.bucket.rate().burst);
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

    /// Units of each kind that a request takes.
    pub(crate) fn units(&self, cost: &Cost) -> [u64; 4] {
        [Counted::Requests, Counted::Input, Counted::Output, Counted::Total]
            .map(|counted| cost.at_admission(counted, self.charging))
    }

    /// How much of this pool's time a request takes, in nanoseconds: the refill of the limit that it strains most. Without
    /// limits a token counts as a microsecond, output fourfold.
    pub(crate) fn share(&self, cost: &Cost) -> u64 {
        let times = self.meters.iter().map(|meter| {
            meter.bucket.rate().time_for(cost.at_admission(meter.counted, self.charging)).as_nanos()
        });
        let unlimited = u128::from(1_000 * (1 + cost.input.get() + 4 * cost.output.get()));
        u64::try_from(times.max().unwrap_or(unlimited)).unwrap_or(u64::MAX)
    }

    /// Takes a request's expected cost in every dimension at once.
    pub(crate) fn admit(&mut self, now: Moment, cost: &Cost) -> Flight {
        if self.gate.passage(now) == Passage::Probe {
            self.gate.probe();
        }
        for meter in &mut self.meters {
            meter.bucket.take(now, cost.at_admission(meter.counted, self.charging));
        }
        self.flights.begin(now, cost, self.charging)
    }

    /// Ends a request in flight: what was taken at admission is replaced by what it cost, unless the provider keeps what
    /// it reserved.
    pub(crate) fn settle(&mut self, now: Moment, flight: &Flight, taken: &Cost, spent: &Cost) {
        self.flights.end(now, flight, taken, self.charging, Some(spent));
        self.gate.probe_failed(now);
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
        }
    }

    /// Ends a request in flight that came to nothing: all that was taken is given back, but for what the provider charges
    /// for a call that it refuses.
    pub(crate) fn give_back(&mut self, now: Moment, flight: &Flight, taken: &Cost, was_refused: bool) {
        self.flights.end(now, flight, taken, self.charging, None);
        self.gate.probe_failed(now);
        for meter in &mut self.meters {
            let is_charged =
                was_refused && self.charging.charges_refused_calls() && meter.counted == Counted::Requests;
            if !is_charged {
                meter.bucket.give(now, taken.at_admission(meter.counted, self.charging));
            }
        }
    }

    /// The head of an answer has come, which is no refusal.
    pub(crate) fn answered(&mut self, now: Moment, flight: &Flight, readings: &LimitReadings) {
        self.gate.answered(flight.at);
        self.window.answered(now, self.flights.count());
        self.climb(now);
        if self.learning == Learning::Nothing {
            return;
        }
        for reading in &readings.limits {
            self.read(now, flight, reading);
        }
        if let Some(wait) = readings.closed_for {
            self.gate.close(now, flight.at, Cause::Limit { counted: None, window: None }, Some(wait));
        }
    }

    /// The provider refused a request, which has been given back.
    pub(crate) fn refused(
        &mut self,
        now: Moment,
        flight: &Flight,
        taken: &Cost,
        refusal: &RateRefusal,
        readings: &LimitReadings,
    ) {
        if self.learning != Learning::Nothing {
            for reading in &readings.limits {
                self.read(now, flight, reading);
            }
        }
        let left = self.flights.count();
        match refusal.cause {
            Cause::Concurrency => {
                self.window.too_many(now, left);
                if left == 0 || refusal.wait.is_some() {
                    self.gate.close(now, flight.at, refusal.cause, refusal.wait);
                }
            }
            Cause::Overload | Cause::Acceleration => {
                if self.gate.is_news(flight.at) {
                    self.window.halve(left);
                }
                self.gate.close(now, flight.at, refusal.cause, refusal.wait);
            }
            Cause::Limit { counted: Some(counted), window }
                if self.limit_refused(now, taken, refusal, counted, window) => {}
            Cause::Limit { .. } | Cause::Unknown => {
                self.slow(now, flight.at);
                self.gate.close(now, flight.at, refusal.cause, refusal.wait);
            }
            Cause::SpendCap | Cause::Billing | Cause::Elsewhere => {
                self.gate.close(now, flight.at, refusal.cause, refusal.wait);
            }
        }
    }

    /// A known limit refused a request. Whether its bucket now says when the next one may go.
    fn limit_refused(
        &mut self,
        now: Moment,
        taken: &Cost,
        refusal: &RateRefusal,
        counted: Counted,
        window: Option<Window>,
    ) -> bool {
        let place = self.meter_of(now, counted, window, refusal.limit);
        let Some(place) = place else { return false };
        let later = taken.charged_later(counted, self.charging);
        // Where output is charged later, one unit that is free admits. What counts is our own estimate, even if the
        // provider's differs: by it the request will be compared with what is free.
        let needs = (taken.at_admission(counted, self.charging) - later).max(1);
        let meter = &mut self.meters[place];
        if let Some(limit) = refusal.limit
            && self.learning != Learning::Nothing
        {
            let window = window.unwrap_or(meter.window());
            meter.follow(now, limit, window);
        }
        meter.refused(now, needs, refusal)
    }

    fn read(&mut self, now: Moment, flight: &Flight, reading: &LimitReading) {
        let (counted, limit) = (reading.counted, reading.limit);
        let Some(place) = self.meter_of(now, counted, reading.window, limit) else { return };
        let sight = Sight {
            age: now.since(flight.at),
            sent_at: flight.at,
            charged_since: self.flights.charged_since(flight, counted),
            not_yet_charged: self.flights.not_yet_charged(now, counted),
        };
        self.meters[place].read(now, reading, &sight);
    }

    /// The meter of a limit; a new one if the limit is news. A limit over another window than the only one that is known
    /// of this kind corrects that one, if it was not declared.
    fn meter_of(
        &mut self,
        now: Moment,
        counted: Counted,
        window: Option<Window>,
        limit: Option<u64>,
    ) -> Option<usize> {
        let of_kind = |meter: &Meter| meter.counted == counted && meter.source != Source::Guessed;
        let exact = self.meters.iter().position(|meter| of_kind(meter) && Some(meter.window()) == window);
        let any = || self.meters.iter().position(of_kind);
        if let Some(place) = exact.or_else(|| if window.is_none() { any() } else { None }) {
            return Some(place);
        }
        if self.learning == Learning::Nothing || self.meters.len() >= MAX_METERS {
            return None;
        }
        let rate = Rate::whole(limit?, window.unwrap_or(Window::Minute));
        self.meters.retain(|meter| meter.source != Source::Guessed);
        self.pace = None;
        self.meters.push(Meter::new(counted, rate, Source::Learned, now));
        Some(self.meters.len() - 1)
    }

    /// Refused without a limit that could say when: a guessed rate takes its place, if nothing is known at all.
    fn slow(&mut self, now: Moment, sent_at: Moment) {
        if self.learning == Learning::Nothing
            || self.meters.iter().any(|meter| meter.source != Source::Guessed)
        {
            return;
        }
        match &mut self.pace {
            Some(pace) => pace.refused(now, sent_at),
            None => {
                let pace = Pace::begin(now, self.flights.use_per_second(now, Counted::Requests));
                self.meters.push(pace.meter(now));
                self.pace = Some(pace);
            }
        }
        self.follow_pace(now);
    }

    fn climb(&mut self, now: Moment) {
        let Some(pace) = &mut self.pace else { return };
        let Some(meter) = self.meters.iter_mut().find(|meter| meter.source == Source::Guessed) else {
            return;
        };
        if pace.is_old(now) {
            self.pace = None;
            self.meters.retain(|meter| meter.source != Source::Guessed);
            return;
        }
        if meter.bucket.free(now) * 2 <= i128::from(meter.bucket.rate().burst) {
            pace.answered();
            self.follow_pace(now);
        }
    }

    fn follow_pace(&mut self, now: Moment) {
        if let Some(pace) = &self.pace
            && let Some(meter) = self.meters.iter_mut().find(|meter| meter.source == Source::Guessed)
        {
            meter.bucket.set_rate(now, pace.rate());
        }
    }

    /// The pool as it is now, for people and metrics.
    pub(crate) fn state(&mut self, now: Moment) -> PoolState {
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
            most_in_flight: [self.concurrency, self.window.size()].into_iter().flatten().min(),
            closed: self.gate.closed().map(|(cause, until)| (cause, until.since(now))),
        }
    }
}
