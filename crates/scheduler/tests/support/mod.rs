//! Short names for what every test of the scheduler needs.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)] // Not every test file uses everything.

use std::time::Duration;

use paceway_domain::{Cause, Counted, LimitReading, LimitReadings, Moment, RateRefusal, Tokens, Window};
use paceway_scheduler::{
    Ask, Bounds, CallerId, Charging, Cost, Decision, Limits, PoolId, Priority, Rate, RouteId, Scheduler,
    Submitted, Ticket,
};

pub const SECOND: Duration = Duration::from_secs(1);

pub fn at(seconds: u64) -> Moment {
    Moment::ZERO.after(SECOND * u32::try_from(seconds).unwrap())
}

pub fn cost(input: u64, output: u64) -> Cost {
    Cost { input: Tokens(input), output: Tokens(output), max_output: Tokens(output) }
}

pub fn per_minute(counted: Counted, units: u64, burst: u64) -> Limits {
    Limits { rates: vec![(counted, Rate { units, window: Window::Minute, burst })], ..Limits::none() }
}

/// One request a second, at most two at once.
pub fn slow() -> Limits {
    per_minute(Counted::Requests, 60, 2)
}

pub fn at_once(most: u32) -> Limits {
    Limits { concurrency: Some(most), ..Limits::none() }
}

pub fn scheduler() -> Scheduler {
    Scheduler::new(Bounds { waiting: 6, waiting_per_caller: 3, ageing: SECOND * 60 })
}

/// A scheduler with one pool, and the route to it.
pub fn with_pool(limits: &Limits) -> (Scheduler, PoolId, RouteId) {
    let mut scheduler = scheduler();
    let pool = scheduler.add_pool(at(0), limits);
    let route = scheduler.add_route(&[pool]);
    (scheduler, pool, route)
}

pub fn ask(route: RouteId) -> Ask {
    Ask {
        route,
        without: 0,
        first: 0,
        own: [None; 6],
        caller: CallerId(0),
        weight: 1,
        priority: Priority::Normal,
        cost: cost(10, 10),
        deadline: Moment::FAR,
    }
}

pub fn by(caller: u64, route: RouteId) -> Ask {
    Ask { caller: CallerId(caller), ..ask(route) }
}

/// What is free of the only limit of a pool.
pub fn free(scheduler: &mut Scheduler, now: Moment, pool: PoolId) -> i128 {
    let [meter] = scheduler.state(now, pool).meters.try_into().unwrap();
    meter.free
}

pub fn goes(decision: Option<Decision>) -> Ticket {
    let Some(Decision::Admitted(ticket, _)) = decision else { panic!("nobody goes: {decision:?}") };
    ticket
}

pub fn refusal(cause: Cause, wait: Option<Duration>) -> RateRefusal {
    RateRefusal { cause, limit: None, used: None, requested: None, wait, is_final: false }
}

pub fn admitted(submitted: Submitted) -> Ticket {
    let Submitted::Admitted(ticket, _) = submitted else { panic!("not admitted: {submitted:?}") };
    ticket
}

pub fn waiting(submitted: Submitted) -> Ticket {
    let Submitted::Waiting(ticket) = submitted else { panic!("not waiting: {submitted:?}") };
    ticket
}

/// Nothing is known of a provider that charges output as it is generated.
pub fn unknown() -> Limits {
    Limits::unknown(Charging::AsGenerated)
}

/// What headers say of a limit per minute: exactly so much is free.
pub fn reading(counted: Counted, limit: u64, remaining: u64) -> LimitReading {
    LimitReading {
        counted,
        window: Some(Window::Minute),
        limit: Some(limit),
        remaining: Some((remaining, remaining)),
        full_in: None,
    }
}

/// Headers with this one reading.
pub fn said(reading: LimitReading) -> LimitReadings {
    LimitReadings { limits: vec![reading], closed_for: None }
}
