//! The six calls, one behaviour a test.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use paceway_domain::{Moment, Tokens};
use paceway_scheduler::{
    Ask, Charging, Cost, Decision, Dimension, Limits, PoolId, Rate, Reading, Refused, Scheduler, Submitted,
    Ticket,
};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Moment {
    Moment::ZERO.after(SECOND * u32::try_from(seconds).unwrap())
}

fn cost(input: u64, output: u64) -> Cost {
    Cost { input: Tokens(input), output: Tokens(output) }
}

/// One request a second, at most two at once.
fn slow() -> Limits {
    Limits { requests: Some(Rate { per_minute: 60, burst: 2 }), ..Limits::NONE }
}

fn with_pool(limits: Limits) -> (Scheduler, PoolId) {
    let mut scheduler = Scheduler::new(3);
    let pool = scheduler.add_pool(at(0), limits);
    (scheduler, pool)
}

fn ask(pool: PoolId) -> Ask {
    Ask { pool, cost: cost(10, 10), deadline: Moment::FAR }
}

fn admitted(submitted: Submitted) -> Ticket {
    let Submitted::Admitted(ticket) = submitted else { panic!("not admitted: {submitted:?}") };
    ticket
}

fn waiting(submitted: Submitted) -> Ticket {
    let Submitted::Waiting(ticket) = submitted else { panic!("not waiting: {submitted:?}") };
    ticket
}

#[test]
fn what_fits_goes_at_once_and_what_does_not_waits_until_the_stated_moment() {
    let (mut scheduler, pool) = with_pool(slow());
    admitted(scheduler.submit(at(0), ask(pool)));
    admitted(scheduler.submit(at(0), ask(pool)));
    let third = waiting(scheduler.submit(at(0), ask(pool)));
    assert_eq!(scheduler.next_wakeup(at(0)), Some(at(1)));
    assert_eq!(scheduler.poll(at(0)), None);
    assert_eq!(scheduler.poll(at(1)), Some(Decision::Admitted(third)));
    assert_eq!(scheduler.next_wakeup(at(1)), None);
}

#[test]
fn without_limits_everything_goes_at_once() {
    let (mut scheduler, pool) = with_pool(Limits::NONE);
    for _ in 0..1_000 {
        admitted(scheduler.submit(at(0), ask(pool)));
    }
}

#[test]
fn a_large_request_at_the_head_is_not_overtaken_by_a_small_one() {
    let input = Some(Rate { per_minute: 6_000, burst: 1_000 });
    let (mut scheduler, pool) = with_pool(Limits { input, ..Limits::NONE });
    admitted(scheduler.submit(at(0), Ask { cost: cost(900, 0), ..ask(pool) }));
    let large = waiting(scheduler.submit(at(0), Ask { cost: cost(1_000, 0), ..ask(pool) }));
    let small = waiting(scheduler.submit(at(0), Ask { cost: cost(1, 0), ..ask(pool) }));
    assert_eq!(scheduler.poll(at(8)), None);
    assert_eq!(scheduler.poll(at(9)), Some(Decision::Admitted(large)));
    assert_eq!(scheduler.poll(at(10)), Some(Decision::Admitted(small)));
}

#[test]
fn a_full_queue_says_when_and_changes_nothing() {
    let (mut scheduler, pool) = with_pool(slow());
    for _ in 0..5 {
        scheduler.submit(at(0), ask(pool));
    }
    let before = scheduler.state(at(0), pool);
    let refused = scheduler.submit(at(0), ask(pool));
    assert_eq!(refused, Submitted::Refused(Refused::QueueFull { wait: SECOND * 4 }));
    assert_eq!(scheduler.state(at(0), pool), before);
}

#[test]
fn what_cannot_make_its_deadline_is_told_at_once_and_with_the_true_wait() {
    let (mut scheduler, pool) = with_pool(slow());
    for _ in 0..3 {
        scheduler.submit(at(0), ask(pool));
    }
    let refused = scheduler.submit(at(0), Ask { deadline: at(1), ..ask(pool) });
    assert_eq!(refused, Submitted::Refused(Refused::TooLate { wait: SECOND * 2 }));
    waiting(scheduler.submit(at(0), Ask { deadline: at(2), ..ask(pool) }));
}

#[test]
fn a_request_larger_than_a_limit_is_told_so_and_with_the_limit() {
    let input = Some(Rate { per_minute: 1_000, burst: 1_000 });
    let (mut scheduler, pool) = with_pool(Limits { input, ..Limits::NONE });
    let refused = scheduler.submit(at(0), Ask { cost: cost(1_001, 0), ..ask(pool) });
    let expected = Refused::LargerThanLimit { dimension: Dimension::Input, needs: 1_001, allows: 1_000 };
    assert_eq!(refused, Submitted::Refused(expected));
}

#[test]
fn an_expected_output_above_a_small_limit_does_not_block_a_provider_that_charges_as_generated() {
    let output = Some(Rate { per_minute: 600, burst: 100 });
    let (mut scheduler, pool) = with_pool(Limits { output, ..Limits::NONE });
    let ticket = admitted(scheduler.submit(at(0), Ask { cost: cost(1, 5_000), ..ask(pool) }));
    scheduler.settle(at(0), ticket, cost(1, 40));
    assert_eq!(scheduler.state(at(0), pool).free, [(Dimension::Output, 60)]);
}

#[test]
fn the_truth_replaces_the_estimate_in_both_directions() {
    let output = Some(Rate { per_minute: 600, burst: 100 });
    let (mut scheduler, pool) = with_pool(Limits { output, ..Limits::NONE });
    let short = admitted(scheduler.submit(at(0), Ask { cost: cost(1, 50), ..ask(pool) }));
    scheduler.settle(at(0), short, cost(1, 10));
    assert_eq!(scheduler.state(at(0), pool).free, [(Dimension::Output, 90)]);
    let long = admitted(scheduler.submit(at(0), Ask { cost: cost(1, 50), ..ask(pool) }));
    scheduler.settle(at(0), long, cost(1, 200));
    assert_eq!(scheduler.state(at(0), pool).free, [(Dimension::Output, -110)]);
}

#[test]
fn a_provider_that_reserves_gives_nothing_back_for_a_short_answer() {
    let total = Some(Rate { per_minute: 600, burst: 100 });
    let limits = Limits { total, charging: Charging::Reserved, ..Limits::NONE };
    let (mut scheduler, pool) = with_pool(limits);
    let ticket = admitted(scheduler.submit(at(0), Ask { cost: cost(10, 50), ..ask(pool) }));
    scheduler.settle(at(0), ticket, cost(10, 1));
    assert_eq!(scheduler.state(at(0), pool).free, [(Dimension::Total, 50)]);
}

#[test]
fn concurrency_frees_a_place_when_a_request_ends() {
    let (mut scheduler, pool) = with_pool(Limits { concurrency: Some(1), ..Limits::NONE });
    let first = admitted(scheduler.submit(at(0), ask(pool)));
    let second = waiting(scheduler.submit(at(0), Ask { deadline: at(100), ..ask(pool) }));
    assert_eq!(scheduler.poll(at(1)), None);
    scheduler.settle(at(1), first, cost(1, 1));
    assert_eq!(scheduler.poll(at(1)), Some(Decision::Admitted(second)));
}

#[test]
fn a_cancelled_request_leaves_the_queue_and_a_cancelled_reservation_returns() {
    let (mut scheduler, pool) = with_pool(slow());
    let first = admitted(scheduler.submit(at(0), ask(pool)));
    admitted(scheduler.submit(at(0), ask(pool)));
    let third = waiting(scheduler.submit(at(0), ask(pool)));
    let fourth = waiting(scheduler.submit(at(0), ask(pool)));
    scheduler.cancel(at(0), third);
    scheduler.cancel(at(0), first);
    assert_eq!(scheduler.poll(at(0)), Some(Decision::Admitted(fourth)));
    assert_eq!(scheduler.state(at(0), pool).in_flight, 2);
}

#[test]
fn a_request_that_waits_behind_one_in_flight_is_told_when_its_deadline_passes() {
    let (mut scheduler, pool) = with_pool(Limits { concurrency: Some(1), ..Limits::NONE });
    admitted(scheduler.submit(at(0), ask(pool)));
    let second = waiting(scheduler.submit(at(0), Ask { deadline: at(5), ..ask(pool) }));
    let wakeup = scheduler.next_wakeup(at(0)).unwrap();
    assert_eq!(wakeup, at(5).after(Duration::from_nanos(1)));
    assert_eq!(scheduler.poll(wakeup), Some(Decision::Expired { ticket: second, wait: Duration::ZERO }));
    assert_eq!(scheduler.state(wakeup, pool).waiting, 0);
}

#[test]
fn after_a_refusal_by_the_provider_nothing_goes_until_the_stated_moment() {
    let (mut scheduler, pool) = with_pool(slow());
    scheduler.learn(pool, Reading::RefusesUntil(at(30)));
    scheduler.learn(pool, Reading::RefusesUntil(at(20)));
    let ticket = waiting(scheduler.submit(at(0), ask(pool)));
    assert_eq!(scheduler.next_wakeup(at(0)), Some(at(30)));
    assert_eq!(scheduler.poll(at(29)), None);
    assert_eq!(scheduler.poll(at(30)), Some(Decision::Admitted(ticket)));
}

#[test]
fn pools_do_not_wait_for_each_other() {
    let mut scheduler = Scheduler::new(10);
    let busy = scheduler.add_pool(at(0), Limits { concurrency: Some(0), ..Limits::NONE });
    let free = scheduler.add_pool(at(0), slow());
    waiting(scheduler.submit(at(0), ask(busy)));
    admitted(scheduler.submit(at(0), ask(free)));
}

#[test]
fn settling_twice_changes_nothing_the_second_time() {
    let (mut scheduler, pool) = with_pool(slow());
    let ticket = admitted(scheduler.submit(at(0), ask(pool)));
    scheduler.settle(at(0), ticket, cost(1, 1));
    let once = scheduler.state(at(0), pool);
    scheduler.settle(at(0), ticket, cost(1, 1));
    scheduler.cancel(at(0), ticket);
    assert_eq!(scheduler.state(at(0), pool), once);
}
