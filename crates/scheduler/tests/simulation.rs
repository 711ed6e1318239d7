//! A seeded simulation: the scheduler against a provider of its own making, in virtual time.
//!
//! The provider here keeps its books in floating point and by other formulas than the scheduler, so that a mistake in
//! one shows against the other. A failing seed is printed; `PACEWAY_SEED=n cargo test -p paceway-scheduler` replays it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use paceway_domain::{Counted, Moment, Tokens};
use paceway_scheduler::{
    Ask, Bounds, CallerId, Cost, Decision, Limits, PoolId, Priority, Rate, RouteId, Scheduler, Submitted,
    Ticket,
};

const CALLERS: u64 = 5;

/// The provider's side of one limit.
struct Meter {
    per_second: f64,
    burst: f64,
    used: f64,
    at: f64,
}

impl Meter {
    fn new(rate: Rate) -> Self {
        Self { per_second: rate.units as f64 / 60.0, burst: rate.burst as f64, used: 0.0, at: 0.0 }
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
    Arrives(Cost, Moment, CallerId),
    Ends(Ticket),
    GivesUp(Ticket),
}

struct World {
    dice: fastrand::Rng,
    scheduler: Scheduler,
    pool: PoolId,
    route: RouteId,
    meters: [Meter; 3],
    events: BTreeMap<(Moment, u64), Event>,
    /// Waiting tickets with their deadlines, of each caller in order of arrival.
    waiting: HashMap<CallerId, VecDeque<(Ticket, Moment)>>,
    asks: HashMap<Ticket, (Cost, CallerId)>,
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
        let counted = [Counted::Requests, Counted::Input, Counted::Output];
        let limits = Limits {
            rates: counted.into_iter().zip(rates).collect(),
            concurrency: dice.bool().then(|| dice.u32(1..40)),
            ..Limits::none()
        };
        let bounds = Bounds { waiting: 10_000, waiting_per_caller: 10_000, ageing: Duration::from_mins(1) };
        let mut scheduler = Scheduler::new(bounds);
        let pool = scheduler.add_pool(Moment::ZERO, &limits);
        let route = scheduler.add_route(&[pool]);
        Self {
            dice,
            scheduler,
            pool,
            route,
            meters: rates.map(Meter::new),
            events: BTreeMap::new(),
            waiting: HashMap::new(),
            asks: HashMap::new(),
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
            let (input, output) = (Tokens(self.dice.u64(1..3_000)), Tokens(self.dice.u64(1..1_500)));
            let cost = Cost { input, output, max_output: output };
            let deadline = at.after(Duration::from_secs(self.dice.u64(1..600)));
            let caller = CallerId(self.dice.u64(0..CALLERS));
            self.schedule(at, Event::Arrives(cost, deadline, caller));
        }
    }

    fn run(&mut self) {
        let mut now = Moment::ZERO;
        loop {
            let wakeup = self.scheduler.next_wakeup(now);
            assert_eq!(
                wakeup.is_none(),
                self.scheduler.waiting() == 0,
                "somebody waits and nobody will wake them"
            );
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
            Event::Arrives(cost, deadline, caller) => {
                let ask = Ask {
                    route: self.route,
                    without: 0,
                    first: 0,
                    own: [None; 6],
                    caller,
                    weight: 1,
                    priority: Priority::Normal,
                    cost,
                    deadline,
                };
                match self.scheduler.submit(now, ask) {
                    Submitted::Admitted(ticket, _) => {
                        assert_eq!(self.scheduler.waiting(), 0, "a newcomer overtook the queue");
                        self.asks.insert(ticket, (cost, caller));
                        self.admitted(now, ticket);
                    }
                    Submitted::Waiting(ticket) => {
                        self.asks.insert(ticket, (cost, caller));
                        self.waiting.entry(caller).or_default().push_back((ticket, deadline));
                        if self.dice.u8(..) < 20 {
                            self.schedule(now.after(Duration::from_secs(3)), Event::GivesUp(ticket));
                        }
                    }
                    Submitted::Refused(_) => {}
                }
            }
            Event::Ends(ticket) => self.scheduler.settle(now, ticket, self.asks[&ticket].0),
            Event::GivesUp(ticket) => {
                if self.leave(ticket).is_some() {
                    self.scheduler.cancel(now, ticket);
                }
            }
        }
    }

    fn leave(&mut self, ticket: Ticket) -> Option<Moment> {
        let line = self.waiting.get_mut(&self.asks[&ticket].1)?;
        let place = line.iter().position(|(waiting, _)| *waiting == ticket)?;
        line.remove(place).map(|(_, deadline)| deadline)
    }

    fn decided(&mut self, now: Moment, decision: Decision) {
        match decision {
            Decision::Admitted(ticket, _) => {
                let line = self.waiting.get_mut(&self.asks[&ticket].1).unwrap();
                let (head, deadline) = line.pop_front().unwrap();
                assert_eq!(ticket, head, "a caller's own requests were not served in order");
                assert!(deadline >= now, "a request went after its deadline");
                self.admitted(now, ticket);
            }
            Decision::Refused(_, why) => panic!("limits do not change here: {why:?}"),
            Decision::Expired { ticket, wait } => {
                let deadline = self.leave(ticket).unwrap();
                assert!(now <= deadline.after(Duration::from_nanos(1)), "told late");
                assert!(now > deadline || now.after(wait) > deadline, "told, and could have gone in time");
                self.expired += 1;
            }
        }
    }

    fn admitted(&mut self, now: Moment, ticket: Ticket) {
        let (cost, _) = self.asks[&ticket];
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
        assert_eq!((state.in_flight, world.scheduler.waiting()), (0, 0), "something was left behind");
        for meter in state.meters {
            assert_eq!(
                meter.free,
                i128::from(meter.burst),
                "{:?}: what was reserved was not returned",
                meter.dimension
            );
        }
        served += world.served;
        expired += world.expired;
    }
    assert!(served > expired, "the simulation must serve more than it turns away to mean anything");
}
