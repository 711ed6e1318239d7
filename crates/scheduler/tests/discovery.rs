//! A seeded simulation of learning: a scheduler that knows nothing, against a provider with limits, in virtual time.
//!
//! The provider keeps its books in floating point and charges output as it is generated; its headers are rounded as
//! Anthropic's are. `PACEWAY_SEED=n cargo test -p paceway-scheduler --test discovery` replays a seed.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use paceway_domain::{Cause, Counted, LimitReading, LimitReadings, Moment, RateRefusal, Tokens, Window};
use paceway_scheduler::{
    Ask, Bounds, CallerId, Cost, Decision, Lesson, PoolId, RouteId, Scheduler, Submitted, Ticket,
};
use support::{by, unknown};

const CALLERS: u64 = 10;
const COUNTED: [Counted; 3] = [Counted::Requests, Counted::Input, Counted::Output];

/// One limit of the provider: what is used drains away.
#[derive(Clone, Copy)]
struct Meter {
    per_minute: f64,
    burst: f64,
    used: f64,
    at: f64,
    /// The share of the refill that somebody else takes, of which the headers do not know.
    others: f64,
}

impl Meter {
    fn drain(&mut self, now: f64) {
        let per_second = self.per_minute * (1.0 - self.others) / 60.0;
        self.used = (self.used - (now - self.at) * per_second).max(0.0);
        self.at = now;
    }

    fn reading(&self, counted: Counted) -> LimitReading {
        let free = (self.burst - self.used).max(0.0);
        let rounded = if counted == Counted::Requests { free.floor() } else { (free / 1e3).round() * 1e3 };
        let half = if counted == Counted::Requests { 0.0 } else { 500.0 };
        let full_in = (self.used / (self.per_minute / 60.0)).ceil();
        LimitReading {
            counted,
            window: Some(Window::Minute),
            limit: Some(self.per_minute as u64),
            remaining: Some(((rounded - half).max(0.0) as u64, (rounded + half) as u64)),
            full_in: Some((
                Duration::from_secs_f64((full_in - 1.0).max(0.0)),
                Duration::from_secs_f64(full_in + 1.0),
            )),
        }
    }
}

#[derive(Clone, Copy)]
enum Event {
    Arrives(usize),
    Answers(Ticket, usize, bool),
    Generates(f64),
    Ends(Ticket, usize),
    Cut(f64),
}

struct World {
    dice: fastrand::Rng,
    scheduler: Scheduler,
    pool: PoolId,
    route: RouteId,
    meters: [Meter; 3],
    has_headers: bool,
    requests: Vec<(Cost, CallerId, f64)>,
    events: BTreeMap<(Moment, u64), Event>,
    waiting: HashMap<Ticket, usize>,
    readings: HashMap<Ticket, LimitReadings>,
    serial: u64,
    calls: usize,
    refused: usize,
    served: usize,
    now: Moment,
}

fn seconds(moment: Moment) -> f64 {
    moment.as_nanos() as f64 / 1e9
}

fn moment(seconds: f64) -> Moment {
    Moment::from_nanos((seconds * 1e9) as u64)
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let burst_s = [60.0, 60.0, 10.0][dice.usize(0..3)];
        let limits = [200.0, 200_000.0, 30_000.0];
        let meter = |per_minute: f64| Meter {
            per_minute,
            burst: per_minute * burst_s / 60.0,
            used: 0.0,
            at: 0.0,
            others: 0.0,
        };
        let bounds = Bounds { waiting: 100_000, waiting_per_caller: 100_000, ageing: Duration::from_mins(1) };
        let mut scheduler = Scheduler::new(bounds);
        let pool = scheduler.add_pool(Moment::ZERO, &unknown());
        let route = scheduler.add_route(&[pool]);
        Self {
            dice,
            scheduler,
            pool,
            route,
            meters: limits.map(meter),
            has_headers: true,
            requests: Vec::new(),
            events: BTreeMap::new(),
            waiting: HashMap::new(),
            readings: HashMap::new(),
            serial: 0,
            calls: 0,
            refused: 0,
            served: 0,
            now: Moment::ZERO,
        }
    }

    /// Arrivals over some minutes at a multiple of what the limits allow; all at once if the minutes are zero.
    fn load(&mut self, times: f64, minutes: f64) {
        let count = (100.0 * times * minutes.max(3.0)) as usize;
        for number in 0..count {
            let (input, output) = (self.dice.u64(50..3_000), self.dice.u64(20..560));
            let cost = Cost { input: Tokens(input), output: Tokens(output), max_output: Tokens(4_096) };
            let caller = CallerId(self.dice.u64(0..CALLERS));
            let at = self.dice.f64() * minutes * 60.0;
            self.requests.push((cost, caller, at));
            self.schedule(moment(at), Event::Arrives(number));
        }
    }

    fn schedule(&mut self, at: Moment, event: Event) {
        self.serial += 1;
        self.events.insert((at, self.serial), event);
    }

    fn run(&mut self) {
        loop {
            let wakeup = self.scheduler.next_wakeup(self.now);
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = [wakeup, event].into_iter().flatten().min() else { return };
            self.now = self.now.max(next);
            assert!(seconds(self.now) < 7_200.0, "somebody is stranded");
            while self.events.first_key_value().is_some_and(|((at, _), _)| *at <= self.now) {
                let (_, event) = self.events.pop_first().unwrap();
                self.happen(event);
            }
            while let Some(decision) = self.scheduler.poll(self.now) {
                let Decision::Admitted(ticket, _) = decision else { panic!("nothing has a deadline") };
                let number = self.waiting.remove(&ticket).unwrap();
                self.send(ticket, number);
            }
        }
    }

    /// Estimates are off by a few percent; of the output's length only the mean is known, and half its spread is added.
    fn submit(&mut self, number: usize) {
        let (cost, CallerId(caller), _) = self.requests[number];
        let estimate = cost.input.get() as f64 * (0.95 + 0.1 * self.dice.f64());
        let expected = Cost { input: Tokens(estimate as u64), output: Tokens(360), ..cost };
        match self.scheduler.submit(self.now, Ask { cost: expected, ..by(caller, self.route) }) {
            Submitted::Admitted(ticket, _) => self.send(ticket, number),
            Submitted::Waiting(ticket) => {
                self.waiting.insert(ticket, number);
            }
            Submitted::Refused(why) => panic!("{why:?}"),
        }
    }

    /// The provider looks at its books when the request arrives.
    fn send(&mut self, ticket: Ticket, number: usize) {
        self.calls += 1;
        let (cost, ..) = self.requests[number];
        let now = seconds(self.now);
        self.meters.iter_mut().for_each(|meter| meter.drain(now));
        let needs = [1.0, cost.input.get() as f64, 1.0];
        let short =
            (0..3).find(|&place| self.meters[place].used + needs[place] > self.meters[place].burst + 1e-6);
        if short.is_none() {
            self.meters[0].used += 1.0;
            self.meters[1].used += needs[1];
        }
        let limits: Vec<_> = if self.has_headers {
            COUNTED.iter().zip(&self.meters).map(|(&counted, meter)| meter.reading(counted)).collect()
        } else {
            Vec::new()
        };
        self.readings.insert(ticket, LimitReadings { limits, closed_for: None });
        let after = 0.05 + 0.3 * self.dice.f64();
        self.schedule(moment(now + after), Event::Answers(ticket, number, short.is_some()));
        if short.is_none() {
            let length = cost.output.get() as f64 * 0.01;
            for part in 1..=4 {
                let units = cost.output.get() as f64 / 4.0;
                self.schedule(moment(now + after + length * f64::from(part) / 4.0), Event::Generates(units));
            }
            self.schedule(moment(now + after + length + 1e-6), Event::Ends(ticket, number));
        }
    }

    fn happen(&mut self, event: Event) {
        let now = seconds(self.now);
        match event {
            Event::Arrives(number) => self.submit(number),
            Event::Answers(ticket, _, false) => {
                let readings = self.readings.remove(&ticket).unwrap();
                self.scheduler.learn(self.now, ticket, &Lesson::Answered(&readings));
            }
            Event::Answers(ticket, number, true) => {
                self.refused += 1;
                let readings = self.readings.remove(&ticket).unwrap();
                let refusal = self.refusal(number);
                self.scheduler.learn(self.now, ticket, &Lesson::Refused(&refusal, &readings));
                self.submit(number);
            }
            Event::Generates(units) => {
                self.meters[2].drain(now);
                self.meters[2].used += units;
            }
            Event::Ends(ticket, number) => {
                self.served += 1;
                self.scheduler.settle(self.now, ticket, self.requests[number].0);
            }
            Event::Cut(factor) => {
                for meter in &mut self.meters {
                    meter.drain(now);
                    let free = meter.burst - meter.used;
                    meter.per_minute *= factor;
                    meter.burst *= factor;
                    meter.used = (meter.burst - free).max(0.0);
                }
            }
        }
    }

    fn refusal(&mut self, number: usize) -> RateRefusal {
        let now = seconds(self.now);
        let (cost, ..) = self.requests[number];
        let needs = [1.0, cost.input.get() as f64, 1.0];
        self.meters.iter_mut().for_each(|meter| meter.drain(now));
        let waits = (0..3).map(|place| {
            let meter = &self.meters[place];
            ((meter.used + needs[place] - meter.burst) / (meter.per_minute / 60.0), place)
        });
        let (wait, place) = waits.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        RateRefusal {
            cause: Cause::Limit { counted: Some(COUNTED[place]), window: Some(Window::Minute) },
            limit: Some(self.meters[place].per_minute as u64),
            used: None,
            requested: None,
            wait: Some(Duration::from_secs_f64(wait.max(0.0).ceil())),
            is_final: false,
        }
    }

    /// The least time in which all could be served.
    fn bound(&self) -> f64 {
        let needs = |place: usize, cost: &Cost| match place {
            0 => 1.0,
            1 => cost.input.get() as f64,
            _ => cost.output.get() as f64,
        };
        let last = self.requests.iter().map(|(_, _, at)| *at).fold(0.0, f64::max);
        let refill = (0..3).map(|place| {
            let sum: f64 = self.requests.iter().map(|(cost, ..)| needs(place, cost)).sum();
            (sum - self.meters[place].burst) / (self.meters[place].per_minute / 60.0)
        });
        refill.fold(last, f64::max)
    }
}

#[allow(clippy::disallowed_methods)] // A person replays a seed by the environment.
fn seeds() -> Vec<u64> {
    match std::env::var("PACEWAY_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..40).collect(),
    }
}

/// Runs a world for each seed and holds what all of them together make of it.
fn hold(name: &str, most_refused: f64, most_beyond_bound: f64, prepare: impl Fn(&mut World)) {
    let (mut calls, mut refused) = (0, 0);
    let mut beyond = Vec::new();
    for seed in seeds() {
        println!("{name}: seed {seed}");
        let mut world = World::new(seed);
        prepare(&mut world);
        world.run();
        assert_eq!(world.served, world.requests.len(), "somebody was not served");
        assert_eq!(world.scheduler.state(world.now, world.pool).in_flight, 0);
        (calls, refused) = (calls + world.calls, refused + world.refused);
        beyond.push(seconds(world.now) / world.bound());
    }
    beyond.sort_by(f64::total_cmp);
    let median = beyond[beyond.len() / 2];
    let share = f64::from(u32::try_from(refused).unwrap()) / calls as f64;
    println!("{name}: {refused} of {calls} refused, median makespan {median:.3} of the bound");
    assert!(share <= most_refused, "{name}: {refused} of {calls} calls were refused");
    assert!(median <= most_beyond_bound, "{name}: the median makespan is {median:.3} of the bound");
}

#[test]
fn a_batch_is_served_in_little_more_than_the_least_time_and_hardly_a_call_is_refused() {
    hold("batch", 0.001, 1.05, |world| world.load(1.0, 0.0));
}

#[test]
fn threefold_overload_is_served_in_little_more_than_the_least_time_and_hardly_a_call_is_refused() {
    hold("3x", 0.001, 1.05, |world| world.load(3.0, 4.0));
}

#[test]
fn a_limit_that_is_cut_and_raised_is_followed_with_few_refusals() {
    hold("cut", 0.002, 1.2, |world| {
        world.load(2.0, 4.0);
        world.schedule(moment(80.0), Event::Cut(0.5));
        world.schedule(moment(160.0), Event::Cut(2.0));
    });
}

#[test]
fn somebody_else_who_takes_a_third_costs_few_refusals() {
    hold("others", 0.002, 1.5, |world| {
        world.meters.iter_mut().for_each(|meter| meter.others = 0.3);
        world.load(1.5, 4.0);
    });
}

#[test]
fn without_headers_refusals_alone_teach_the_limits() {
    hold("no headers", 0.01, 1.08, |world| {
        world.has_headers = false;
        world.load(2.0, 4.0);
    });
}
