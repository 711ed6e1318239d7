//! The six calls, one behaviour a test.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use paceway_domain::{Cause, Counted, Dimension, LimitReadings, Tokens};
use paceway_scheduler::{Ask, Charging, Cost, Decision, Lesson, Limits, Refused, Submitted};
use support::{
    SECOND, admitted, ask, at, at_once, by, cost, free, goes, per_minute, refusal, scheduler, slow, waiting,
    with_pool,
};

#[test]
fn what_fits_goes_at_once_and_what_does_not_waits_until_the_stated_moment() {
    let (mut scheduler, _, route) = with_pool(&slow());
    admitted(scheduler.submit(at(0), ask(route)));
    admitted(scheduler.submit(at(0), ask(route)));
    let third = waiting(scheduler.submit(at(0), ask(route)));
    assert_eq!(scheduler.poll(at(0)), None);
    assert_eq!(scheduler.next_wakeup(at(0)), Some(at(1)));
    assert_eq!(goes(scheduler.poll(at(1))), third);
    assert_eq!(scheduler.next_wakeup(at(1)), None);
}

#[test]
fn without_limits_everything_goes_at_once() {
    let (mut scheduler, _, route) = with_pool(&Limits::none());
    for _ in 0..1_000 {
        admitted(scheduler.submit(at(0), ask(route)));
    }
}

#[test]
fn a_large_request_at_the_head_is_not_overtaken_by_small_ones() {
    let (mut scheduler, _, route) = with_pool(&per_minute(Counted::Input, 6_000, 1_000));
    admitted(scheduler.submit(at(0), Ask { cost: cost(900, 0), ..by(1, route) }));
    let large = waiting(scheduler.submit(at(0), Ask { cost: cost(1_000, 0), ..by(1, route) }));
    let small = waiting(scheduler.submit(at(0), Ask { cost: cost(1, 0), ..by(1, route) }));
    assert_eq!(scheduler.poll(at(8)), None);
    assert_eq!(goes(scheduler.poll(at(9))), large);
    assert_eq!(goes(scheduler.poll(at(10))), small);
}

#[test]
fn a_full_queue_says_when_and_changes_nothing() {
    let (mut scheduler, pool, route) = with_pool(&slow());
    for _ in 0..5 {
        scheduler.submit(at(0), ask(route));
    }
    let before = scheduler.state(at(0), pool);
    let refused = scheduler.submit(at(0), ask(route));
    assert_eq!(refused, Submitted::Refused(Refused::QueueFull { wait: SECOND * 4 }));
    assert_eq!((scheduler.state(at(0), pool), scheduler.waiting()), (before, 3));
}

#[test]
fn one_caller_cannot_fill_the_queue_for_others_and_all_together_can() {
    let (mut scheduler, _, route) = with_pool(&at_once(1));
    for caller in [0, 1, 1, 1, 2, 2, 2] {
        scheduler.submit(at(0), by(caller, route));
    }
    let refused = scheduler.submit(at(0), by(3, route));
    assert!(matches!(refused, Submitted::Refused(Refused::QueueFull { .. })), "{refused:?}");
}

#[test]
fn what_cannot_make_its_deadline_is_told_at_once_and_with_the_true_wait() {
    let (mut scheduler, _, route) = with_pool(&slow());
    for _ in 0..3 {
        scheduler.submit(at(0), ask(route));
    }
    let refused = scheduler.submit(at(0), Ask { deadline: at(1), ..ask(route) });
    assert_eq!(refused, Submitted::Refused(Refused::TooLate { wait: SECOND * 2 }));
    waiting(scheduler.submit(at(0), Ask { deadline: at(2), ..ask(route) }));
}

#[test]
fn a_caller_who_waits_for_little_is_not_told_the_wait_of_one_who_waits_for_much() {
    let (mut scheduler, _, route) = with_pool(&slow());
    for _ in 0..5 {
        scheduler.submit(at(0), by(1, route));
    }
    // One of the other's goes before it in fairness, not all three.
    waiting(scheduler.submit(at(0), Ask { deadline: at(2), ..by(2, route) }));
}

#[test]
fn a_request_larger_than_a_limit_is_told_so_and_with_the_limit() {
    let (mut scheduler, _, route) = with_pool(&per_minute(Counted::Input, 1_000, 1_000));
    let refused = scheduler.submit(at(0), Ask { cost: cost(1_001, 0), ..ask(route) });
    let dimension = Dimension::per_minute(Counted::Input);
    let expected = Refused::LargerThanLimit { dimension, needs: 1_001, allows: 1_000 };
    assert_eq!(refused, Submitted::Refused(expected));
}

#[test]
fn an_expected_output_above_a_small_limit_does_not_block_a_provider_that_charges_as_generated() {
    let (mut scheduler, pool, route) = with_pool(&per_minute(Counted::Output, 600, 100));
    let ticket = admitted(scheduler.submit(at(0), Ask { cost: cost(1, 5_000), ..ask(route) }));
    scheduler.settle(at(0), ticket, cost(1, 40));
    assert_eq!(free(&mut scheduler, at(0), pool), 60);
}

#[test]
fn the_truth_replaces_the_estimate_in_both_directions() {
    let (mut scheduler, pool, route) = with_pool(&per_minute(Counted::Output, 600, 100));
    let short = admitted(scheduler.submit(at(0), Ask { cost: cost(1, 50), ..ask(route) }));
    scheduler.settle(at(0), short, cost(1, 10));
    assert_eq!(free(&mut scheduler, at(0), pool), 90);
    let long = admitted(scheduler.submit(at(0), Ask { cost: cost(1, 50), ..ask(route) }));
    scheduler.settle(at(0), long, cost(1, 200));
    assert_eq!(free(&mut scheduler, at(0), pool), -110);
}

#[test]
fn charging_follows_the_provider() {
    let request = Cost { input: Tokens(10), output: Tokens(20), max_output: Tokens(50) };
    let expected = [
        (Charging::AsGenerated, 70, 89),
        (Charging::Reserved, 50, 50),
        (Charging::ReservedThenSettled, 40, 89),
    ];
    for (charging, taken, settled) in expected {
        let limits = Limits { charging, ..per_minute(Counted::Total, 600, 100) };
        let (mut scheduler, pool, route) = with_pool(&limits);
        let ticket = admitted(scheduler.submit(at(0), Ask { cost: request, ..ask(route) }));
        assert_eq!(free(&mut scheduler, at(0), pool), taken, "{charging:?}");
        scheduler.settle(at(0), ticket, cost(10, 1));
        assert_eq!(free(&mut scheduler, at(0), pool), settled, "{charging:?}");
    }
}

#[test]
fn a_refused_call_costs_a_request_where_the_provider_says_so_and_nothing_elsewhere() {
    for (charging, left) in [(Charging::AsGenerated, 2), (Charging::Reserved, 1)] {
        let (mut scheduler, pool, route) = with_pool(&Limits { charging, ..slow() });
        let ticket = admitted(scheduler.submit(at(0), ask(route)));
        let refused = refusal(Cause::Overload, None);
        scheduler.learn(at(0), ticket, &Lesson::Refused(&refused, &LimitReadings::default()));
        assert_eq!(free(&mut scheduler, at(0), pool), left, "{charging:?}");
    }
}

#[test]
fn concurrency_frees_a_place_when_a_request_ends() {
    let (mut scheduler, _, route) = with_pool(&at_once(1));
    let first = admitted(scheduler.submit(at(0), ask(route)));
    let second = waiting(scheduler.submit(at(0), Ask { deadline: at(100), ..ask(route) }));
    assert_eq!(scheduler.poll(at(1)), None);
    scheduler.settle(at(1), first, cost(1, 1));
    assert_eq!(goes(scheduler.poll(at(1))), second);
}

#[test]
fn a_cancelled_request_leaves_the_queue_and_a_cancelled_reservation_returns() {
    let (mut scheduler, pool, route) = with_pool(&slow());
    let first = admitted(scheduler.submit(at(0), ask(route)));
    admitted(scheduler.submit(at(0), ask(route)));
    let third = waiting(scheduler.submit(at(0), ask(route)));
    let fourth = waiting(scheduler.submit(at(0), ask(route)));
    scheduler.cancel(at(0), third);
    scheduler.cancel(at(0), first);
    assert_eq!(goes(scheduler.poll(at(0))), fourth);
    assert_eq!(scheduler.state(at(0), pool).in_flight, 2);
}

#[test]
fn a_request_that_waits_behind_one_in_flight_is_told_when_its_deadline_passes() {
    let (mut scheduler, _, route) = with_pool(&at_once(1));
    admitted(scheduler.submit(at(0), ask(route)));
    let second = waiting(scheduler.submit(at(0), Ask { deadline: at(5), ..ask(route) }));
    assert_eq!(scheduler.poll(at(0)), None);
    let wakeup = scheduler.next_wakeup(at(0)).unwrap();
    assert_eq!(wakeup, at(5).after(Duration::from_nanos(1)));
    assert_eq!(scheduler.poll(wakeup), Some(Decision::Expired { ticket: second, wait: Duration::ZERO }));
    assert_eq!(scheduler.waiting(), 0);
}

#[test]
fn pools_without_a_route_in_common_do_not_wait_for_each_other() {
    let mut scheduler = scheduler();
    let (busy, other) = (scheduler.add_pool(at(0), &at_once(0)), scheduler.add_pool(at(0), &slow()));
    let (to_busy, to_other) = (scheduler.add_route(&[busy]), scheduler.add_route(&[other]));
    waiting(scheduler.submit(at(0), ask(to_busy)));
    admitted(scheduler.submit(at(0), ask(to_other)));
}

#[test]
fn settling_twice_changes_nothing_the_second_time() {
    let (mut scheduler, pool, route) = with_pool(&slow());
    let ticket = admitted(scheduler.submit(at(0), ask(route)));
    scheduler.settle(at(0), ticket, cost(1, 1));
    let once = scheduler.state(at(0), pool);
    scheduler.settle(at(0), ticket, cost(1, 1));
    scheduler.cancel(at(0), ticket);
    scheduler.learn(at(0), ticket, &Lesson::Answered(&LimitReadings::default()));
    assert_eq!(scheduler.state(at(0), pool), once);
}

#[test]
fn a_ticket_never_becomes_another_requests() {
    let (mut scheduler, pool, route) = with_pool(&Limits::none());
    let old = admitted(scheduler.submit(at(0), ask(route)));
    scheduler.cancel(at(0), old);
    let new = admitted(scheduler.submit(at(0), ask(route)));
    scheduler.cancel(at(0), old);
    assert_ne!(old, new);
    assert_eq!(scheduler.state(at(0), pool).in_flight, 1);
}

#[test]
fn the_places_of_what_has_retired_are_given_to_what_comes() {
    let (mut scheduler, pool, route) = with_pool(&slow());
    let own = scheduler.add_pool(at(0), &slow());
    scheduler.retire_route(at(0), route);
    scheduler.retire_pool(at(0), own);
    let places = [scheduler.add_pool(at(1), &at_once(1)), scheduler.add_pool(at(1), &at_once(1))];
    assert!(places.contains(&pool) && places.contains(&own), "{places:?}");
    assert_eq!(scheduler.add_route(&places[..1]), route);
    // They are new: two would have gone at once at the old one.
    admitted(scheduler.submit(at(1), ask(route)));
    waiting(scheduler.submit(at(1), ask(route)));
}

#[test]
fn what_has_retired_serves_the_requests_that_it_has_before_its_place_is_given_away() {
    let (mut scheduler, pool, route) = with_pool(&at_once(1));
    let first = admitted(scheduler.submit(at(0), ask(route)));
    let second = waiting(scheduler.submit(at(0), ask(route)));
    scheduler.retire_route(at(0), route);
    assert_ne!(scheduler.add_pool(at(0), &slow()), pool);
    scheduler.settle(at(1), first, cost(0, 0));
    assert_eq!(goes(scheduler.poll(at(1))), second);
    assert_ne!(scheduler.add_pool(at(1), &slow()), pool);
    scheduler.settle(at(2), second, cost(0, 0));
    assert_eq!(scheduler.add_pool(at(2), &slow()), pool);
}

#[test]
fn a_pool_that_another_route_has_stays_and_retiring_twice_is_harmless() {
    let (mut scheduler, pool, route) = with_pool(&slow());
    let other = scheduler.add_route(&[pool]);
    scheduler.retire_route(at(0), route);
    scheduler.retire_route(at(0), route);
    assert_ne!(scheduler.add_pool(at(0), &slow()), pool);
    admitted(scheduler.submit(at(0), ask(other)));
}
