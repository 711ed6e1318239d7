//! What a pool learns from answers and refusals.

use std::time::Duration;

use paceway_domain::{
    Cause, Counted, Dimension, LimitReading, LimitReadings, Moment, RateRefusal, Window as Span,
};

use super::Pool;
use crate::bucket::Rate;
use crate::flight::Flight;
use crate::limits::{Cost, Learning};
use crate::meter::{MOST_LIMIT, Meter, Sight, Source};
use crate::pace::Pace;

/// A pool has at most so many limits: those of each kind over a few windows.
const MAX_METERS: usize = 12;
/// Stated waits beyond these are the gate's.
const LONG: Duration = Duration::from_mins(15);
const SHORT: Duration = Duration::from_millis(5);
/// Two unexplained refusals within this time are a pattern.
const AGAIN_WITHIN: Duration = Duration::from_mins(1);

impl Pool {
    /// The head of an answer has come, which is no refusal.
    pub(crate) fn answered(&mut self, now: Moment, flight: &Flight, readings: &LimitReadings) {
        self.gate.answered(flight.is_probe);
        self.window.answered(now, self.flights.count());
        self.tell_ahead(now);
        self.climb(now);
        if self.learning == Learning::Nothing {
            return;
        }
        self.meters.iter_mut().for_each(|meter| meter.regrow_burst(now));
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
                self.slow(now, flight);
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
        window: Option<Span>,
    ) -> bool {
        // A limit of nothing teaches nothing; a wait of hours wants a probe, and one of nothing a pause: the gate has both.
        let limit = refusal.limit.filter(|limit| *limit > 0);
        let is_for_gate = refusal.wait.is_some_and(|wait| wait > LONG || wait < SHORT);
        let place = self.meter_of(now, counted, window, limit);
        let Some(place) = place.filter(|_| !is_for_gate) else { return false };
        let later = taken.charged_later(counted, self.charging);
        // Where output is charged later, one unit that is free admits. What counts is our own estimate, even if the
        // provider's differs: by it the request will be compared with what is free.
        let needs = (taken.at_admission(counted, self.charging) - later).max(1);
        let meter = &mut self.meters[place];
        if let Some(limit) = limit
            && self.learning != Learning::Nothing
        {
            let window = window.unwrap_or(meter.window());
            meter.follow(now, limit, window);
        }
        let (not_yet_charged, _) = self.flights.not_yet_charged(now, counted);
        meter.refused(now, needs, not_yet_charged, refusal)
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

    /// The provider says what a limit is, outside any answer.
    pub(crate) fn told(&mut self, now: Moment, dimension: Dimension, limit: u64) {
        if limit == 0 || self.learning == Learning::Nothing {
            return;
        }
        let Dimension { counted, window } = dimension;
        if let Some(place) = self.meter_of(now, counted, Some(window), Some(limit)) {
            self.meters[place].follow(now, limit, window);
        }
    }

    /// The meter of a limit; a new one if the limit is news. A limit over another window than the only one that is known
    /// of this kind corrects that one, if it was not declared.
    fn meter_of(
        &mut self,
        now: Moment,
        counted: Counted,
        window: Option<Span>,
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
        let rate = Rate::whole(limit?.clamp(1, MOST_LIMIT), window.unwrap_or(Span::Minute));
        self.meters.retain(|meter| meter.source != Source::Guessed);
        self.pace = None;
        self.meters.push(Meter::new(counted, rate, Source::Learned, now));
        Some(self.meters.len() - 1)
    }

    /// Refused without a limit that could say when: a guessed rate takes its place, at once if nothing is known at all, and
    /// where limits are known, if it happens again and again.
    fn slow(&mut self, now: Moment, flight: &Flight) {
        if self.learning == Learning::Nothing {
            return;
        }
        let is_first = self.unexplained.is_none_or(|before| now.since(before) > AGAIN_WITHIN);
        if self.gate.is_news(flight.at) {
            self.unexplained = Some(now);
        }
        if is_first && self.meters.iter().any(|meter| meter.source != Source::Guessed) {
            return;
        }
        match &mut self.pace {
            // A probe is refused for what closed the pool, not for the rate, which was none.
            Some(_) if flight.is_probe => {}
            Some(pace) => pace.refused(now, flight.at),
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
}
