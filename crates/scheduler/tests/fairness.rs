//! Who goes next: classes, callers, ageing, and several targets.
#![allow(clippy::unwrap_used)]

mod support;

use paceway_domain::{Cause, Counted, LimitReadings, Moment};
use paceway_scheduler::{
    Ask, Bounds, CallerId, Decision, Lesson, Limits, PoolId, Priority, RouteId, Scheduler, Submitted,
};
use support::{
    SECOND, admitted, ask, at, at_once, by, cost, goes, per_minute, refusal, scheduler, slow, waiting,
    with_pool,
};

/// A pool that admits one request at a time, with much room to wait.
fn single_file() -> (Scheduler, RouteId) {
    let mut scheduler =
        Scheduler::new(Bounds { waiting: 10_000, waiting_per_caller: 10_000, ageing: SECOND * 60 });
    let pool = scheduler.add_pool(at(0), &at_once(1));
    let route = scheduler.add_route(&[pool]);
    (scheduler, route)
}

/// Lets `count` requests go one after the other and tells whose they were.
fn served(
    scheduler: &mut Scheduler,
    mut running: paceway_scheduler::Ticket,
    asks: &[(paceway_scheduler::Ticket, u64)],
    count: usize,
) -> Vec<u64> {
    let mut order = Vec::new();
    for _ in 0..count {
        scheduler.settle(at(1), running, cost(10, 10));
        running = goes(scheduler.poll(at(1)));
        order.push(asks.iter().find(|(ticket, _)| *ticket == running).unwrap().1);
    }
    order
}

#[test]
fn a_flood_of_one_caller_leaves_every_other_its_turns() {
    let (mut scheduler, route) = single_file();
    let running = admitted(scheduler.submit(at(0), by(9, route)));
    let mut asks = Vec::new();
    for caller in [1; 100].into_iter().chain([2, 3, 2, 3]) {
        asks.push((waiting(scheduler.submit(at(0), by(caller, route))), caller));
    }
    assert_eq!(served(&mut scheduler, running, &asks, 7), [1, 2, 3, 1, 2, 3, 1]);
}

#[test]
fn a_caller_of_twice_the_weight_is_served_twice_as_much() {
    let (mut scheduler, route) = single_file();
    let running = admitted(scheduler.submit(at(0), by(9, route)));
    let mut asks = Vec::new();
    for caller in [1, 2].repeat(60) {
        let weight = u32::try_from(caller).unwrap();
        asks.push((waiting(scheduler.submit(at(0), Ask { weight, ..by(caller, route) })), caller));
    }
    let order = served(&mut scheduler, running, &asks, 60);
    assert_eq!(order.iter().filter(|&&caller| caller == 2).count(), 40);
}

#[test]
fn what_counts_as_served_is_tokens_and_not_requests() {
    let (mut scheduler, route) = single_file();
    let running = admitted(scheduler.submit(at(0), by(9, route)));
    let mut asks = Vec::new();
    for (caller, size) in [(1, 4_000), (2, 1_000)].repeat(50) {
        let ask = Ask { cost: cost(size, 0), ..by(caller, route) };
        asks.push((waiting(scheduler.submit(at(0), ask)), caller));
    }
    let mut served = [0, 0];
    let mut running = running;
    for _ in 0..50 {
        scheduler.cancel(at(1), running);
        running = goes(scheduler.poll(at(1)));
        let caller = asks.iter().find(|(ticket, _)| *ticket == running).unwrap().1;
        served[usize::from(caller == 2)] += 1;
        // It costs what was expected.
        scheduler.settle(at(1), running, if caller == 1 { cost(4_000, 0) } else { cost(1_000, 0) });
        running = goes(scheduler.poll(at(1)));
        let caller = asks.iter().find(|(ticket, _)| *ticket == running).unwrap().1;
        served[usize::from(caller == 2)] += 1;
        if served.iter().sum::<i32>() >= 50 {
            break;
        }
    }
    assert!(served[1] >= 3 * served[0], "{served:?}");
}

#[test]
fn who_comes_back_after_a_pause_does_not_bring_unused_turns_along() {
    let (mut scheduler, route) = single_file();
    let running = admitted(scheduler.submit(at(0), by(1, route)));
    let mut asks = Vec::new();
    for _ in 0..50 {
        asks.push((waiting(scheduler.submit(at(0), by(1, route))), 1));
    }
    let mut running = running;
    for _ in 0..20 {
        scheduler.settle(at(1), running, cost(10, 10));
        running = goes(scheduler.poll(at(1)));
    }
    for _ in 0..10 {
        asks.push((waiting(scheduler.submit(at(1), by(2, route))), 2));
    }
    let order = served(&mut scheduler, running, &asks, 6);
    assert_eq!(order.iter().filter(|&&caller| caller == 2).count(), 3, "{order:?}");
}

#[test]
fn a_higher_class_goes_first_and_a_lower_one_ages_into_it() {
    let (mut scheduler, route) = single_file();
    let running = admitted(scheduler.submit(at(0), ask(route)));
    let of = |priority, caller| Ask { priority, ..by(caller, route) };
    let low = waiting(scheduler.submit(at(0), of(Priority::Low, 1)));
    let high = waiting(scheduler.submit(at(1), of(Priority::High, 2)));
    scheduler.settle(at(2), running, cost(1, 1));
    assert_eq!(goes(scheduler.poll(at(2))), high);
    // After two minutes it is of the highest class, where its caller has been served less.
    for second in 3..10 {
        waiting(scheduler.submit(at(second), of(Priority::High, 2)));
    }
    scheduler.settle(at(130), high, cost(10, 10));
    assert_eq!(goes(scheduler.poll(at(130))), low);
}

#[test]
fn another_target_is_tried_before_anything_waits() {
    let mut scheduler = scheduler();
    let pools: Vec<PoolId> = (0..3).map(|_| scheduler.add_pool(at(0), &slow())).collect();
    let route = scheduler.add_route(&pools);
    let places: Vec<PoolId> = (0..6)
        .map(|_| match scheduler.submit(at(0), ask(route)) {
            Submitted::Admitted(_, pool) => pool,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(places, [pools[0], pools[0], pools[1], pools[1], pools[2], pools[2]]);
    waiting(scheduler.submit(at(0), ask(route)));
    assert!(scheduler.expected(at(0), &ask(route)) <= SECOND);
}

#[test]
fn a_target_that_has_just_failed_is_not_tried_again() {
    let mut scheduler = scheduler();
    let pools = [scheduler.add_pool(at(0), &slow()), scheduler.add_pool(at(0), &slow())];
    let route = scheduler.add_route(&pools);
    let submitted = scheduler.submit(at(0), Ask { without: 0b01, ..ask(route) });
    assert!(matches!(submitted, Submitted::Admitted(_, pool) if pool == pools[1]));
    let submitted = scheduler.submit(at(0), Ask { without: 0b11, ..ask(route) });
    assert!(matches!(submitted, Submitted::Refused(paceway_scheduler::Refused::NoTarget)), "{submitted:?}");
}

#[test]
fn a_key_without_credit_comes_last_and_is_tried_again_in_time() {
    let mut scheduler = scheduler();
    let pools = [scheduler.add_pool(at(0), &at_once(9)), scheduler.add_pool(at(0), &at_once(9))];
    let route = scheduler.add_route(&pools);
    let ticket = admitted(scheduler.submit(at(0), ask(route)));
    let broke = refusal(Cause::SpendCap, Some(SECOND * 100_000));
    scheduler.learn(at(0), ticket, &Lesson::Refused(&broke, &LimitReadings::default()));
    let to = |scheduler: &mut Scheduler, now: Moment| match scheduler.submit(now, ask(route)) {
        Submitted::Admitted(_, pool) => pool,
        other => panic!("{other:?}"),
    };
    assert_eq!(to(&mut scheduler, at(1)), pools[1]);
    assert_eq!(to(&mut scheduler, at(899)), pools[1]);
    // Nobody is forced to it while another will do, but alone it is probed.
    let only = Ask { without: 0b10, ..ask(route) };
    assert!(matches!(scheduler.submit(at(901), only), Submitted::Admitted(_, pool) if pool == pools[0]));
}

#[test]
fn limits_of_our_own_hold_back_their_own_and_nobody_else() {
    let (mut scheduler, _, route) = with_pool(&per_minute(Counted::Requests, 6_000, 100));
    let own = scheduler.add_pool(at(0), &slow());
    let limited = Ask { own: [Some(own), None, None, None, None, None], ..by(1, route) };
    admitted(scheduler.submit(at(0), limited));
    admitted(scheduler.submit(at(0), limited));
    let third = waiting(scheduler.submit(at(0), limited));
    let other = waiting(scheduler.submit(at(0), by(2, route)));
    assert_eq!(goes(scheduler.poll(at(0))), other);
    assert_eq!(scheduler.poll(at(0)), None);
    assert_eq!(scheduler.next_wakeup(at(0)), Some(at(1)));
    assert_eq!(goes(scheduler.poll(at(1))), third);
}

#[test]
fn routes_that_share_a_pool_share_its_queue_fairly() {
    let mut scheduler = scheduler();
    let shared = scheduler.add_pool(at(0), &slow());
    let (to_shared, both) = {
        let other = scheduler.add_pool(at(0), &at_once(0));
        (scheduler.add_route(&[shared]), scheduler.add_route(&[other, shared]))
    };
    admitted(scheduler.submit(at(0), by(1, to_shared)));
    admitted(scheduler.submit(at(0), by(1, to_shared)));
    let first = waiting(scheduler.submit(at(0), by(1, to_shared)));
    waiting(scheduler.submit(at(0), by(1, to_shared)));
    let second = waiting(scheduler.submit(at(0), by(2, both)));
    assert_eq!(goes(scheduler.poll(at(1))), first);
    assert_eq!(scheduler.poll(at(1)), None);
    assert!(
        matches!(scheduler.poll(at(2)), Some(Decision::Admitted(ticket, pool)) if ticket == second && pool == shared)
    );
}

#[test]
fn a_place_in_the_queue_counts_who_goes_before() {
    let (mut scheduler, route) = single_file();
    admitted(scheduler.submit(at(0), ask(route)));
    let places: Vec<_> = [1, 1, 1, 2]
        .into_iter()
        .map(|caller| {
            let ticket = waiting(scheduler.submit(at(0), by(caller, route)));
            scheduler.place_in_queue(ticket).unwrap()
        })
        .collect();
    assert_eq!(places, [0, 1, 2, 1]);
    let waiting = scheduler.waiting_for(PoolIdOf::first());
    assert_eq!(
        waiting.iter().map(|(_, CallerId(caller), count)| (*caller, *count)).collect::<Vec<_>>(),
        [(1, 3), (2, 1)]
    );
}

struct PoolIdOf;

impl PoolIdOf {
    /// The id of the first pool of any scheduler.
    fn first() -> PoolId {
        Scheduler::new(Bounds { waiting: 0, waiting_per_caller: 0, ageing: SECOND })
            .add_pool(at(0), &Limits::none())
    }
}
