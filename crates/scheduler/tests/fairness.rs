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
    let mut order = served(&mut scheduler, running, &asks, 6);
    order.sort_unstable();
    assert_eq!(order, [1, 1, 2, 2, 3, 3]);
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
    assert!(order.iter().filter(|&&caller| caller == 2).count().abs_diff(40) <= 1);
}

#[test]
fn what_counts_as_served_is_tokens_and_not_requests() {
    let mut scheduler =
        Scheduler::new(Bounds { waiting: 10_000, waiting_per_caller: 10_000, ageing: SECOND * 60 });
    let pool = scheduler.add_pool(at(0), &per_minute(Counted::Input, 60_000, 4_000));
    let route = scheduler.add_route(&[pool]);
    let sizes = [(1, 4_000), (2, 1_000)];
    let mut asks = Vec::new();
    for (caller, size) in sizes.repeat(100) {
        let ask = Ask { cost: cost(size, 0), ..by(caller, route) };
        match scheduler.submit(at(0), ask) {
            Submitted::Admitted(..) => {}
            Submitted::Waiting(ticket) => asks.push((ticket, caller)),
            Submitted::Refused(why) => panic!("{why:?}"),
        }
    }
    let mut tokens = [0, 0];
    for second in 1..=100 {
        while let Some(Decision::Admitted(ticket, _)) = scheduler.poll(at(second)) {
            let (_, caller) = asks.iter().find(|(asked, _)| *asked == ticket).unwrap();
            let (place, size) = if *caller == 1 { (0, 4_000) } else { (1, 1_000) };
            tokens[place] += size;
        }
    }
    assert!(i32::abs(tokens[0] - tokens[1]) <= 8_000, "{tokens:?}");
}

/// Ten callers, one of which asks ten times as much: over twenty minutes each of the others gets its due.
#[test]
fn shares_converge_under_a_flood() {
    let mut scheduler = scheduler_with_room();
    let pool = scheduler.add_pool(at(0), &per_minute(Counted::Input, 60_000, 60_000));
    let route = scheduler.add_route(&[pool]);
    let mut dice = fastrand::Rng::with_seed(7);
    let mut whose = std::collections::HashMap::new();
    let mut served = [0_u64; 10];
    for second in 0..1_200 {
        let mut submit = |scheduler: &mut Scheduler, caller: u64, dice: &mut fastrand::Rng| {
            let size = dice.u64(50..2_000);
            let ask = Ask { cost: cost(size, 0), ..by(caller, route) };
            match scheduler.submit(at(second), ask) {
                Submitted::Admitted(..) => Some((caller, size)),
                Submitted::Waiting(ticket) => {
                    whose.insert(ticket, (caller, size));
                    None
                }
                Submitted::Refused(_) => None,
            }
        };
        let mut gone: Vec<(u64, u64)> = Vec::new();
        for _ in 0..10 {
            gone.extend(submit(&mut scheduler, 0, &mut dice));
        }
        for caller in 1..10 {
            if dice.u8(0..4) == 0 {
                gone.extend(submit(&mut scheduler, caller, &mut dice));
            }
        }
        while let Some(Decision::Admitted(ticket, _)) = scheduler.poll(at(second)) {
            gone.push(whose[&ticket]);
        }
        for (caller, size) in gone {
            served[usize::try_from(caller).unwrap()] += size;
        }
    }
    // 1,260,000 tokens in all, a tenth each.
    let least = served.iter().min().unwrap();
    assert!(*least >= 126_000 * 9 / 10, "{served:?}");
}

fn scheduler_with_room() -> Scheduler {
    Scheduler::new(Bounds { waiting: 100_000, waiting_per_caller: 100_000, ageing: SECOND * 60 })
}

/// One request a second, of which a whole minute's may go at once.
#[test]
fn who_comes_back_after_a_pause_goes_first_for_a_while_and_no_longer() {
    let mut scheduler =
        Scheduler::new(Bounds { waiting: 10_000, waiting_per_caller: 10_000, ageing: SECOND * 60 });
    let pool = scheduler.add_pool(at(0), &per_minute(Counted::Requests, 60, 60));
    let route = scheduler.add_route(&[pool]);
    for _ in 0..1_000 {
        scheduler.submit(at(0), by(1, route));
    }
    let mut now = 0;
    let mut next = |scheduler: &mut Scheduler| {
        now += 1;
        goes(scheduler.poll(at(now)))
    };
    for _ in 0..300 {
        next(&mut scheduler);
    }
    let returned: Vec<_> = (0..200).map(|_| waiting(scheduler.submit(at(300), by(2, route)))).collect();
    let order: Vec<bool> = (0..100).map(|_| returned.contains(&next(&mut scheduler))).collect();
    let before = order.iter().take_while(|is_theirs| **is_theirs).count();
    // What the other one was served in five minutes has faded to that of two.
    assert!((60..=83).contains(&before), "{before}");
    let after = order[before..].iter().filter(|is_theirs| **is_theirs).count();
    assert!(after.abs_diff((100 - before) / 2) <= 1, "{after} of {}", 100 - before);
}

#[test]
fn a_burst_that_one_caller_took_is_made_good_to_the_others() {
    let (mut scheduler, _, route) = with_pool(&per_minute(Counted::Requests, 60, 6));
    for _ in 0..6 {
        admitted(scheduler.submit(at(0), by(1, route)));
    }
    let greedy = waiting(scheduler.submit(at(0), by(1, route)));
    let others: Vec<_> = [2, 2, 3].map(|caller| waiting(scheduler.submit(at(0), by(caller, route)))).into();
    let order: Vec<_> = (1..=4).map(|second| goes(scheduler.poll(at(second)))).collect();
    assert_eq!(order[..3].iter().filter(|ticket| others.contains(ticket)).count(), 3);
    assert_eq!(order[3], greedy);
}

#[test]
fn a_higher_class_goes_first_and_what_it_overtakes_ages_into_it_one_at_a_time() {
    let (mut scheduler, route) = single_file();
    let mut running = admitted(scheduler.submit(at(0), ask(route)));
    let of = |priority, caller| Ask { priority, ..by(caller, route) };
    let old: Vec<_> = (0..10).map(|_| waiting(scheduler.submit(at(0), of(Priority::Normal, 1)))).collect();
    for _ in 0..100 {
        waiting(scheduler.submit(at(0), of(Priority::High, 2)));
    }
    let mut order = Vec::new();
    for second in 1..=100 {
        scheduler.settle(at(second), running, cost(10, 10));
        running = goes(scheduler.poll(at(second)));
        order.push(old.contains(&running));
    }
    // For a minute only the high ones go; from then on the old ones have their turns among them.
    let first = order.iter().position(|is_old| *is_old).unwrap();
    assert!((58..=61).contains(&first), "{first}");
    assert!(order[first..first + 20].iter().filter(|is_old| **is_old).count() >= 8, "{order:?}");
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
    let second = waiting(scheduler.submit(at(0), by(1, to_shared)));
    waiting(scheduler.submit(at(0), by(1, to_shared)));
    let first = waiting(scheduler.submit(at(0), by(2, both)));
    // The burst went to the first caller: the other one is next.
    assert!(
        matches!(scheduler.poll(at(1)), Some(Decision::Admitted(ticket, pool)) if ticket == first && pool == shared)
    );
    assert_eq!(scheduler.poll(at(1)), None);
    assert_eq!(goes(scheduler.poll(at(2))), second);
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
