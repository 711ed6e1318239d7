//! `just bench scheduler`: what a decision of the scheduler costs, in time and allocations.
//!
//! Time is that of this thread on this machine: medians of many batches. Allocations are counted, not sampled.

use std::time::{Duration, Instant};

use crate::allocations::counted;
use paceway_domain::{Counted, LimitReading, LimitReadings, Moment, Tokens, Window};
use paceway_scheduler::{
    Ask, Bounds, CallerId, Cost, Decision, Learning, Lesson, Limits, MAX_OWN, Priority, Rate, RouteId,
    Scheduler, Submitted, Ticket,
};

/// Decisions in a batch, and batches.
const BATCH: u64 = 20_000;
const BATCHES: usize = 31;
const CALLERS: u64 = 100;
const WAITING: u64 = 10_000;

/// Measures the fast path, and decisions with a long queue.
pub(crate) fn decisions() {
    println!("Medians of {BATCHES} batches of {BATCH}, one thread\n");
    println!("{:<62}{:>12}{:>14}", "", "ns", "allocations");
    let mut fast = Fast::new();
    report("fast path: submit, answer with headers, settle", || fast.batch(true));
    report("fast path: submit, settle", || fast.batch(false));
    let mut queued = Queued::new();
    report(&format!("{WAITING} waiting, {CALLERS} callers: settle, decide, queue another"), || {
        queued.batch();
    });
}

fn report(what: &str, mut batch: impl FnMut()) {
    // The first batch warms up: tables grow to their size.
    batch();
    let mut times: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let before = Instant::now();
            batch();
            before.elapsed().as_nanos() as f64 / BATCH as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let allocations = match counted(&mut batch) {
        Some((count, _)) => format!("{:.3}", count as f64 / BATCH as f64),
        None => "not counted".to_owned(),
    };
    println!("{what:<62}{:>12.0}{allocations:>14}", times[BATCHES / 2]);
}

fn limits(concurrency: Option<u32>) -> Limits {
    let rates = vec![
        (Counted::Requests, Rate::whole(1_000_000_000, Window::Minute)),
        (Counted::Input, Rate::whole(1_000_000_000_000, Window::Minute)),
        (Counted::Output, Rate::whole(1_000_000_000_000, Window::Minute)),
    ];
    Limits { rates, concurrency, learning: Learning::Nothing, ..Limits::none() }
}

fn ask(route: RouteId, caller: u64) -> Ask {
    Ask {
        route,
        without: 0,
        first: 0,
        own: [None; MAX_OWN],
        caller: CallerId(caller),
        weight: 1,
        priority: Priority::Normal,
        cost: Cost { input: Tokens(1_000), output: Tokens(300), max_output: Tokens(1_024) },
        deadline: Moment::FAR,
    }
}

fn scheduler(limits: &Limits) -> (Scheduler, RouteId) {
    let bounds = Bounds { waiting: 20_000, waiting_per_caller: 20_000, ageing: Duration::from_mins(1) };
    let mut scheduler = Scheduler::new(bounds);
    let pool = scheduler.add_pool(Moment::ZERO, limits);
    let route = scheduler.add_route(&[pool]);
    (scheduler, route)
}

/// Everything fits and nobody waits.
struct Fast {
    scheduler: Scheduler,
    route: RouteId,
    now: u64,
    readings: LimitReadings,
}

impl Fast {
    fn new() -> Self {
        let learning = Limits { learning: Learning::Everything, ..limits(None) };
        let (scheduler, route) = scheduler(&learning);
        let reading = |counted| LimitReading {
            counted,
            window: Some(Window::Minute),
            limit: Some(1_000_000_000),
            remaining: Some((999_000_000, 1_000_000_000)),
            full_in: None,
        };
        let limits = [Counted::Requests, Counted::Input, Counted::Output].map(reading).to_vec();
        Self { scheduler, route, now: 0, readings: LimitReadings { limits, closed_for: None } }
    }

    fn batch(&mut self, with_headers: bool) {
        for number in 0..BATCH {
            self.now += 100_000;
            let now = Moment::from_nanos(self.now);
            let asked = ask(self.route, number % CALLERS);
            let Submitted::Admitted(ticket, _) = self.scheduler.submit(now, asked) else {
                unreachable!("everything fits")
            };
            if with_headers {
                self.scheduler.learn(now, ticket, &Lesson::Answered(&self.readings));
            }
            self.scheduler.settle(now, ticket, asked.cost);
        }
    }
}

/// One goes, many wait.
struct Queued {
    scheduler: Scheduler,
    route: RouteId,
    now: u64,
    running: Ticket,
    next: u64,
}

impl Queued {
    fn new() -> Self {
        let (mut scheduler, route) = scheduler(&limits(Some(1)));
        let Submitted::Admitted(running, _) = scheduler.submit(Moment::ZERO, ask(route, 0)) else {
            unreachable!("the first one fits")
        };
        for number in 0..WAITING {
            scheduler.submit(Moment::ZERO, ask(route, number % CALLERS));
        }
        Self { scheduler, route, now: 0, running, next: 0 }
    }

    fn batch(&mut self) {
        for _ in 0..BATCH {
            self.now += 100_000;
            let now = Moment::from_nanos(self.now);
            self.scheduler.settle(now, self.running, ask(self.route, 0).cost);
            let Some(Decision::Admitted(ticket, _)) = self.scheduler.poll(now) else {
                unreachable!("somebody waits and a place is free")
            };
            self.running = ticket;
            self.next += 1;
            self.scheduler.submit(now, ask(self.route, self.next % CALLERS));
            // As the turnstile does: poll until there is nothing, then ask when to come back.
            assert!(self.scheduler.poll(now).is_none(), "two places were free");
            self.scheduler.next_wakeup(now);
        }
    }
}
