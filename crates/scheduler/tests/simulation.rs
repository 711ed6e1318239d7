//! A seeded simulation: the scheduler against a provider of its own making, in virtual time.
//!
//! The provider here keeps its books in floating point and by other formulas than the scheduler, so that a mistake in
//! one shows against the other. A failing seed is printed; `PACEWAY_SEED=n cargo test -p paceway-scheduler` replays it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use paceway_domain::{Moment, Tokens};
use paceway_scheduler::{Ask, Charging, Cost, Decision, Limits, PoolId, Rate, Scheduler, Submitted, Ticket};

/// The provider's side of one limit.
struct Meter {
    per_second: f64,
    burst: f64,
    used: f64,
    at: f64,
}

impl Meter {
    fn new(rate: Rate) -> Self {
        Self { per_second: rate.per_minute as f64 / 60.0, burst: rate.burst as f64, used: 0.0, at: 0.0 }
    }

    fn charge(&mut self, seconds: f64, units: f64) {
        self.used = (self.used - (seconds - self.at) * self.per_second).max(0.0) + units;
        self.at = seconds;
    }

    /// A thousandth of a unit is forgiven: the rounding of this meter, not of the scheduler.
    fn is_overdrawn(&self) -> bool {
        self.used > self.burst + 1e-3
    }
}

#[derive(Clone, Copy)]
enum Event {
    Arrives(Cost, Moment),
    Ends(Ticket),
    GivesUp(Ticket),
}

struct World {
    dice: fastrand::Rng,
    scheduler: Scheduler,
    pool: PoolId,
    meters: [Meter; 3],
    events: BTreeMap<(Moment, u64), Event>,
    /// Waiting tickets with their deadlines, in order of arrival.
    waiting: Vec<(Ticket, Moment)>,
    costs: HashMap<Ticket, Cost>,
    served: usize,
    expired: usize,
    serial: u64,
}

fn seconds(moment: Moment) -> f64 {
    moment.as_nanos() as f64 / 1e9
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let rates = [
            Rate::per_minute(dice.u64(10..300), dice.u64(1..60)),
            Rate::per_minute(dice.u64(10_000..200_000), dice.u64(20..60)),
            Rate::per_minute(dice.u64(5_000..30_000), dice.u64(20..60)),
        ];
        let limits = Limits {
            requests: Some(rates[0]),
            input: Some(rates[1]),
            output: Some(rates[2]),
            total: None,
            concurrency: dice.bool().then(|| dice.u32(1..40)),
            charging: Charging::AsGenerated,
        };
        let mut scheduler = Scheduler::new(10_000);
        let pool = scheduler.add_pool(Moment::ZERO, limits);
        Self {
            dice,
            scheduler,
            pool,
            meters: rates.map(Meter::new),
            events: BTreeMap::new(),
            waiting: Vec::new(),
            costs: HashMap::new(),
            served: 0,
            expired: 0,
            serial: 0,
        }
    }

    fn schedule(&mut self, at: Moment, event: Event) {
        self.serial += 1;
        self.events.insert((at, self.serial), event);
    }

    fn plan_arrivals(&mut self, count: usize) {
        let mut at = Moment::ZERO;
        for _ in 0..count {
            at = at.after(Duration::from_millis(self.dice.u64(0..1_000)));
            let cost =
                Cost { input: Tokens(self.dice.u64(1..3_000)), output: Tokens(self.dice.u64(1..1_500)) };
            let deadline = at.after(Duration::from_secs(self.dice.u64(1..600)));
            self.schedule(at, Event::Arrives(cost, deadline));
        }
    }

    fn run(&mut self) {
        let mut now = Moment::ZERO;
        loop {
            let wakeup = self.scheduler.next_wakeup(now);
            assert_eq!(wakeup.is_none(), self.waiting.is_empty(), "somebody waits and nobody will wake them");
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = [wakeup, event].into_iter().flatten().min() else { return };
            assert!(next >= now, "a wake-up lies in the past");
            now = next;
            while self.events.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
                let (_, event) = self.events.pop_first().unwrap();
                self.happen(now, event);
            }
            while let Some(decision) = self.scheduler.poll(now) {
                self.decided(now, decision);
            }
        }
    }

    fn happen(&mut self, now: Moment, event: Event) {
        match event {
            Event::Arrives(cost, deadline) => {
                match self.scheduler.submit(now, Ask { pool: self.pool, cost, deadline }) {
                    Submitted::Admitted(ticket) => {
                        assert!(self.waiting.is_empty(), "a newcomer overtook the queue");
                        self.costs.insert(ticket, cost);
                        self.admitted(now, ticket);
                    }
                    Submitted::Waiting(ticket) => {
                        self.costs.insert(ticket, cost);
                        self.waiting.push((ticket, deadline));
                        if self.dice.u8(..) < 20 {
                            self.schedule(now.after(Duration::from_secs(3)), Event::GivesUp(ticket));
                        }
                    }
                    Submitted::Refused(_) => {}
                }
            }
            Event::Ends(ticket) => self.scheduler.settle(now, ticket, self.costs[&ticket]),
            Event::GivesUp(ticket) => {
                if let Some(place) = self.waiting.iter().position(|(waiting, _)| *waiting == ticket) {
                    self.waiting.remove(place);
                    self.scheduler.cancel(now, ticket);
                }
            }
        }
    }

    fn decided(&mut self, now: Moment, decision: Decision) {
        match decision {
            Decision::Admitted(ticket) => {
                let (head, deadline) = self.waiting.remove(0);
                assert_eq!(ticket, head, "the queue was not served in order");
                assert!(deadline >= now, "a request went after its deadline");
                self.admitted(now, ticket);
            }
            Decision::Expired { ticket, .. } => {
                let place = self.waiting.iter().position(|(waiting, _)| *waiting == ticket).unwrap();
                let (_, deadline) = self.waiting.remove(place);
                assert_eq!(now, deadline.after(Duration::from_nanos(1)), "told late, or too soon");
                self.expired += 1;
            }
        }
    }

    fn admitted(&mut self, now: Moment, ticket: Ticket) {
        let cost = self.costs[&ticket];
        let units = [1.0, cost.input.get() as f64, cost.output.get() as f64];
        for (meter, units) in self.meters.iter_mut().zip(units) {
            meter.charge(seconds(now), units);
            assert!(!meter.is_overdrawn(), "the provider would have refused this one");
        }
        self.served += 1;
        let length = Duration::from_millis(self.dice.u64(10..5_000));
        self.schedule(now.after(length), Event::Ends(ticket));
    }
}

#[allow(clippy::disallowed_methods)] // A person replays a seed by the environment.
fn seeds() -> Vec<u64> {
    match std::env::var("PACEWAY_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..200).collect(),
    }
}

#[test]
fn in_any_traffic_the_provider_never_refuses_and_every_ticket_is_told_in_time() {
    let mut served = 0;
    let mut expired = 0;
    for seed in seeds() {
        println!("seed {seed}");
        let mut world = World::new(seed);
        world.plan_arrivals(500);
        world.run();
        let state = world.scheduler.state(Moment::FAR, world.pool);
        assert_eq!((state.in_flight, state.waiting), (0, 0), "something was left behind");
        for (dimension, free) in state.free {
            assert!(free > 0, "{dimension:?} did not refill: what was reserved was not returned");
        }
        served += world.served;
        expired += world.expired;
    }
    assert!(served > expired, "the simulation must serve more than it turns away to mean anything");
}
