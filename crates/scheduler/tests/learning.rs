//! What is learned from answers and refusals: one lesson a test.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod support;

use std::time::Duration;

use paceway_domain::{Cause, Counted, LimitReading, LimitReadings, Moment, RateRefusal, Window};
use paceway_scheduler::{
    Ask, Charging, Learning, Lesson, Limits, RouteId, Scheduler, Source, Submitted, Ticket,
};
use support::{
    SECOND, admitted, ask, at, by, cost, free, goes, per_minute, reading, refusal, said, slow, unknown,
    waiting, with_pool,
};

fn ms(millis: u64) -> Moment {
    Moment::ZERO.after(Duration::from_millis(millis))
}

/// A request that is answered after 100 ms, with these headers.
fn answered(scheduler: &mut Scheduler, now: Moment, route: RouteId, readings: &LimitReadings) -> Ticket {
    let ticket = admitted(scheduler.submit(now, ask(route)));
    scheduler.learn(now.after(SECOND / 10), ticket, &Lesson::Answered(readings));
    ticket
}

fn refused(scheduler: &mut Scheduler, now: Moment, ticket: Ticket, refusal: &RateRefusal) {
    scheduler.learn(now, ticket, &Lesson::Refused(refusal, &LimitReadings::default()));
}

fn limit_of(counted: Counted, limit: u64, wait: Option<Duration>) -> RateRefusal {
    let cause = Cause::Limit { counted: Some(counted), window: Some(Window::Minute) };
    RateRefusal { limit: Some(limit), ..refusal(cause, wait) }
}

#[test]
fn the_first_answer_teaches_the_limits_of_a_pool_of_which_nothing_was_known() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    answered(&mut scheduler, at(0), route, &said(reading(Counted::Requests, 60, 59)));
    let [meter] = scheduler.state(at(1), pool).meters.try_into().unwrap();
    assert_eq!((meter.limit, meter.source), (60, Source::Learned));
    assert!((59..=60).contains(&meter.free), "{meter:?}");
}

#[test]
fn a_pool_of_which_nothing_is_known_begins_with_a_few_and_doubles() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    let first: Vec<Ticket> = (0..8).map(|_| admitted(scheduler.submit(at(0), ask(route)))).collect();
    waiting(scheduler.submit(at(0), ask(route)));
    for ticket in first {
        scheduler.learn(at(1), ticket, &Lesson::Answered(&LimitReadings::default()));
    }
    assert_eq!(scheduler.state(at(1), pool).most_in_flight, Some(16));
}

#[test]
fn what_was_sent_since_a_reading_was_taken_is_allowed_for() {
    let limits = Limits { learning: Learning::Everything, ..per_minute(Counted::Requests, 60, 60) };
    let (mut scheduler, pool, route) = with_pool(&limits);
    let first = admitted(scheduler.submit(ms(0), ask(route)));
    for _ in 0..6 {
        admitted(scheduler.submit(ms(50), ask(route)));
    }
    // The provider read its books before the six arrived: it saw 59.
    scheduler.learn(ms(100), first, &Lesson::Answered(&said(reading(Counted::Requests, 60, 59))));
    assert_eq!(free(&mut scheduler, ms(100), pool), 53);
    // Another reading that has seen them changes nothing either.
    let last = admitted(scheduler.submit(ms(100), ask(route)));
    scheduler.learn(ms(200), last, &Lesson::Answered(&said(reading(Counted::Requests, 60, 52))));
    assert_eq!(free(&mut scheduler, ms(200), pool), 52);
}

#[test]
fn somebody_else_who_uses_the_quota_is_noticed_and_allowed_for_and_forgotten() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    // A provider that hands out one a second, of which somebody else takes half.
    let mut theirs: f64 = 0.0;
    let mut remaining: f64 = 60.0;
    for second in 0..120 {
        remaining = (remaining + 1.0).min(60.0);
        theirs += 0.5;
        while theirs >= 1.0 {
            theirs -= 1.0;
            remaining -= 1.0;
        }
        if let Some(ticket) = at_once(&mut scheduler, at(second), route) {
            remaining -= 1.0;
            let left = remaining.max(0.0) as u64;
            let headers = said(reading(Counted::Requests, 60, left));
            scheduler.learn(at(second).after(SECOND / 10), ticket, &Lesson::Answered(&headers));
            scheduler.settle(at(second).after(SECOND / 5), ticket, cost(10, 10));
        }
    }
    let [meter] = scheduler.state(at(120), pool).meters.try_into().unwrap();
    assert!((0.3..0.7).contains(&meter.others_per_second), "{meter:?}");
    for second in 200..900 {
        if let Some(ticket) = at_once(&mut scheduler, at(second), route) {
            let headers = said(reading(Counted::Requests, 60, 59));
            scheduler.learn(at(second).after(SECOND / 10), ticket, &Lesson::Answered(&headers));
            scheduler.settle(at(second).after(SECOND / 5), ticket, cost(10, 10));
        }
    }
    let [meter] = scheduler.state(at(900), pool).meters.try_into().unwrap();
    assert!(meter.others_per_second < 0.05, "{meter:?}");
}

/// A request that goes at once or not at all.
fn at_once(scheduler: &mut Scheduler, now: Moment, route: RouteId) -> Option<Ticket> {
    match scheduler.submit(now, ask(route)) {
        Submitted::Admitted(ticket, _) => Some(ticket),
        Submitted::Waiting(ticket) => {
            scheduler.cancel(now, ticket);
            None
        }
        Submitted::Refused(_) => None,
    }
}

#[test]
fn a_limit_that_changes_in_mid_run_is_followed_both_ways() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    for (second, limit) in [(0, 60), (10, 30), (20, 120)] {
        answered(&mut scheduler, at(second), route, &said(reading(Counted::Requests, limit, limit - 1)));
        let [meter] = scheduler.state(at(second + 1), pool).meters.try_into().unwrap();
        assert_eq!((meter.limit, meter.burst), (limit, limit), "after {second} s");
    }
}

#[test]
fn a_declared_ceiling_holds_against_what_the_provider_allows_and_a_lower_limit_counts() {
    let limits = Limits { learning: Learning::UpToDeclared, ..per_minute(Counted::Requests, 60, 60) };
    let (mut scheduler, pool, route) = with_pool(&limits);
    for (second, said_limit, expected) in [(0, 600, 60), (10, 30, 30), (20, 600, 60)] {
        answered(
            &mut scheduler,
            at(second),
            route,
            &said(reading(Counted::Requests, said_limit, said_limit)),
        );
        assert_eq!(scheduler.state(at(second + 1), pool).meters[0].limit, expected);
    }
}

#[test]
fn the_time_until_all_is_free_is_a_finer_reading_than_a_rounded_remainder() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    let headers = said(LimitReading {
        counted: Counted::Output,
        window: Some(Window::Minute),
        limit: Some(8_000),
        remaining: Some((6_500, 7_500)),
        full_in: Some((Duration::from_millis(6_900), Duration::from_millis(7_100))),
    });
    answered(&mut scheduler, at(0), route, &headers);
    // 7 s of 133 a second are used: about 7,067 are left, less what is expected of the request in flight.
    let free = free(&mut scheduler, ms(100), pool);
    assert!((7_000..7_140).contains(&free), "{free}");
}

#[test]
fn a_burst_smaller_than_the_limit_is_read_off_what_remains_and_when_all_is_free() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    let headers = said(LimitReading {
        remaining: Some((9, 9)),
        full_in: Some((Duration::from_millis(300), Duration::from_millis(1_300))),
        ..reading(Counted::Requests, 60, 9)
    });
    answered(&mut scheduler, at(0), route, &headers);
    let [meter] = scheduler.state(at(1), pool).meters.try_into().unwrap();
    assert!((9..=10).contains(&meter.burst), "{meter:?}");
}

#[test]
fn a_burst_that_is_refused_is_learned_and_grows_back_little_by_little() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    let full = said(reading(Counted::Requests, 60, 59));
    let ticket = answered(&mut scheduler, at(0), route, &full);
    scheduler.settle(at(1), ticket, cost(1, 1));
    // 60 a minute are enforced as one a second.
    let first = admitted(scheduler.submit(at(2), ask(route)));
    let second = admitted(scheduler.submit(at(2), ask(route)));
    refused(&mut scheduler, at(2), second, &limit_of(Counted::Requests, 60, Some(SECOND)));
    let [meter] = scheduler.state(at(2), pool).meters.try_into().unwrap();
    assert!(meter.burst <= 2 && meter.free <= 0, "{meter:?}");
    scheduler.learn(at(400), first, &Lesson::Answered(&full));
    let [meter] = scheduler.state(at(400), pool).meters.try_into().unwrap();
    assert!(meter.burst > 20, "{meter:?}");
}

#[test]
fn a_refusal_that_names_its_limit_says_when_the_next_one_goes_and_others_may_go_before() {
    let (mut scheduler, _, route) = with_pool(&unknown());
    let large = admitted(scheduler.submit(at(0), Ask { cost: cost(600, 0), ..ask(route) }));
    refused(&mut scheduler, at(0), large, &limit_of(Counted::Input, 6_000, Some(SECOND * 4)));
    // 200 are free now, and 100 more each second.
    admitted(scheduler.submit(at(0), Ask { cost: cost(150, 0), ..by(2, route) }));
    let again = waiting(scheduler.submit(at(0), Ask { cost: cost(600, 0), ..by(1, route) }));
    assert_eq!(scheduler.poll(at(5)), None);
    assert_eq!(goes(scheduler.poll(ms(5_500))), again);
}

#[test]
fn the_latest_reset_among_the_limits_that_a_request_does_not_fit_counts() {
    let rates = vec![
        (Counted::Requests, paceway_scheduler::Rate::per_minute(60, 2)),
        (Counted::Input, paceway_scheduler::Rate::per_minute(6_000, 10)),
        (Counted::Output, paceway_scheduler::Rate::per_minute(600, 60)),
    ];
    let (mut scheduler, _, route) = with_pool(&Limits { rates, ..Limits::none() });
    let first = admitted(scheduler.submit(at(0), Ask { cost: cost(900, 600), ..ask(route) }));
    scheduler.settle(at(0), first, cost(900, 600));
    // Output has nothing left for 60 s more, but a request that needs 10 of it waits for 10 only, and 5 s for its input.
    let wait = scheduler.expected(at(0), &Ask { cost: cost(600, 10), ..ask(route) });
    assert_eq!(wait, SECOND * 5);
    let wait = scheduler.expected(at(0), &Ask { cost: cost(600, 100), ..ask(route) });
    assert_eq!(wait, SECOND * 10);
}

#[test]
fn a_lock_from_a_refusal_is_not_overwritten_by_an_older_optimistic_reading() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    let early = admitted(scheduler.submit(at(0), ask(route)));
    let late = admitted(scheduler.submit(at(1), ask(route)));
    refused(&mut scheduler, at(2), late, &limit_of(Counted::Requests, 60, Some(SECOND * 20)));
    assert_eq!(free(&mut scheduler, at(2), pool), -19);
    scheduler.learn(at(3), early, &Lesson::Answered(&said(reading(Counted::Requests, 60, 58))));
    assert_eq!(free(&mut scheduler, at(3), pool), -18);
}

#[test]
fn a_refusal_without_a_word_closes_the_pool_and_one_probe_opens_it() {
    let (mut scheduler, _, route) = with_pool(&slow());
    let ticket = admitted(scheduler.submit(at(0), ask(route)));
    refused(&mut scheduler, at(0), ticket, &refusal(Cause::Unknown, Some(SECOND * 30)));
    let probe = waiting(scheduler.submit(at(1), ask(route)));
    let other = waiting(scheduler.submit(at(1), ask(route)));
    assert_eq!(scheduler.poll(at(29)), None);
    assert_eq!(scheduler.next_wakeup(at(29)), Some(at(30)));
    assert_eq!(goes(scheduler.poll(at(30))), probe);
    assert_eq!(scheduler.poll(at(30)), None);
    scheduler.learn(at(31), probe, &Lesson::Answered(&LimitReadings::default()));
    assert_eq!(goes(scheduler.poll(at(31))), other);
}

#[test]
fn a_key_is_never_stranded_when_its_probe_is_lost() {
    let (mut scheduler, _, route) = with_pool(&slow());
    let ticket = admitted(scheduler.submit(at(0), ask(route)));
    refused(&mut scheduler, at(0), ticket, &refusal(Cause::Overload, None));
    let probe = waiting(scheduler.submit(at(0), ask(route)));
    let other = waiting(scheduler.submit(at(0), ask(route)));
    assert_eq!(goes(scheduler.poll(at(1))), probe);
    scheduler.cancel(at(2), probe);
    assert_eq!(goes(scheduler.poll(at(2))), other);
}

#[test]
fn too_many_at_once_lowers_what_may_be_in_flight_and_nothing_else() {
    let (mut scheduler, pool, route) =
        with_pool(&Limits { learning: Learning::Everything, ..slow_and_many() });
    let tickets: Vec<Ticket> = (0..6).map(|_| admitted(scheduler.submit(at(0), ask(route)))).collect();
    for ticket in &tickets[4..] {
        refused(&mut scheduler, at(0), *ticket, &refusal(Cause::Concurrency, None));
    }
    let state = scheduler.state(at(0), pool);
    assert_eq!((state.in_flight, state.most_in_flight, state.closed), (4, Some(4), None));
    let next = waiting(scheduler.submit(at(0), ask(route)));
    scheduler.settle(at(1), tickets[0], cost(1, 1));
    assert_eq!(goes(scheduler.poll(at(1))), next);
}

fn slow_and_many() -> Limits {
    per_minute(Counted::Requests, 600, 600)
}

#[test]
fn an_overload_is_backed_off_from_and_the_full_rate_is_back_within_a_minute() {
    let (mut scheduler, pool, route) = with_pool(&slow_and_many());
    let tickets: Vec<Ticket> = (0..5).map(|_| admitted(scheduler.submit(at(0), ask(route)))).collect();
    for ticket in tickets {
        refused(&mut scheduler, at(0), ticket, &refusal(Cause::Overload, None));
    }
    let mut now = at(0);
    let mut calls = 0;
    let mut in_flight = Vec::new();
    for _ in 0..3 {
        in_flight.push(waiting(scheduler.submit(now, by(calls, route))));
    }
    while now < at(80) {
        now = now.after(SECOND / 10);
        while let Some(decision) = scheduler.poll(now) {
            calls += 1;
            let ticket = goes(Some(decision));
            // It ends after 20 s of overload.
            if now < at(20) {
                refused(&mut scheduler, now, ticket, &refusal(Cause::Overload, None));
            } else {
                scheduler.learn(now, ticket, &Lesson::Answered(&LimitReadings::default()));
                scheduler.settle(now, ticket, cost(10, 10));
            }
            scheduler.submit(now, by(calls, route));
        }
        if now < at(20) {
            assert!(calls <= 7, "{calls} calls into an overload");
        }
    }
    assert_eq!(scheduler.state(now, pool).closed, None);
    assert!(calls > 100, "{calls}");
}

#[test]
fn a_provider_that_says_nothing_is_paced_below_what_it_refused() {
    let (mut scheduler, pool, route) = with_pool(&unknown());
    let (refusals, calls) = no_signals(&mut scheduler, route, 1_800);
    let state = scheduler.state(at(1_800), pool);
    assert!(state.meters.iter().all(|meter| meter.source == Source::Guessed), "{state:?}");
    // It allows one a second, and refuses in silence what is above it.
    assert!(calls > 1_600, "{calls} calls in 1,800 s, {refusals} refusals");
    assert!(refusals * 80 < calls, "{refusals} refusals of {calls} calls");
}

/// A provider that allows 60 a minute, at most 10 at once free, and says nothing at all.
fn no_signals(scheduler: &mut Scheduler, route: RouteId, until: u64) -> (u64, u64) {
    let (mut free, mut refusals, mut calls) = (10.0, 0, 0);
    for tenth in 0..until * 10 {
        let now = ms(tenth * 100);
        free = f64::min(free + 0.1, 10.0);
        let mut gone = Vec::new();
        if let Submitted::Admitted(ticket, _) = scheduler.submit(now, by(0, route)) {
            gone.push(ticket);
        }
        while let Some(decision) = scheduler.poll(now) {
            gone.push(goes(Some(decision)));
        }
        for ticket in gone {
            if free >= 1.0 {
                free -= 1.0;
                calls += 1;
                scheduler.learn(now, ticket, &Lesson::Answered(&LimitReadings::default()));
                scheduler.settle(now, ticket, cost(10, 10));
            } else {
                refusals += 1;
                refused(scheduler, now, ticket, &refusal(Cause::Unknown, None));
            }
        }
    }
    (refusals, calls)
}

#[test]
fn limits_of_our_own_learn_nothing() {
    let (mut scheduler, pool, route) = with_pool(&slow());
    answered(&mut scheduler, at(0), route, &said(reading(Counted::Requests, 6_000, 5_999)));
    let [meter] = scheduler.state(at(0), pool).meters.try_into().unwrap();
    assert_eq!((meter.limit, meter.burst, meter.source), (60, 2, Source::Declared));
}

#[test]
fn absurd_readings_change_nothing_and_panic_nowhere() {
    let (mut scheduler, pool, route) = with_pool(&Limits::unknown(Charging::Reserved));
    let absurd = [
        LimitReading { limit: Some(u64::MAX), ..reading(Counted::Total, 0, u64::MAX) },
        LimitReading { limit: Some(0), ..reading(Counted::Requests, 0, 0) },
        LimitReading {
            window: None,
            full_in: Some((Duration::MAX, Duration::MAX)),
            ..reading(Counted::Input, 1, 1)
        },
        LimitReading { window: Some(Window::Month), ..reading(Counted::Output, u64::MAX, 0) },
        LimitReading { limit: None, remaining: None, window: None, ..reading(Counted::Output, 1, 1) },
    ];
    for (second, reading) in (0..).zip(absurd) {
        if let Submitted::Admitted(ticket, _) = scheduler.submit(at(second), ask(route)) {
            scheduler.learn(at(second), ticket, &Lesson::Answered(&said(reading)));
        }
        scheduler.state(at(second), pool);
    }
}

/// Asks, and waits until it may go.
fn ask_and_wait(scheduler: &mut Scheduler, now: &mut Moment, route: RouteId) -> Ticket {
    match scheduler.submit(*now, by(0, route)) {
        Submitted::Admitted(ticket, _) => ticket,
        Submitted::Waiting(ticket) => {
            while scheduler.poll(*now).is_none() {
                *now = now.after(SECOND / 10);
            }
            ticket
        }
        Submitted::Refused(why) => panic!("{why:?}"),
    }
}

#[test]
fn two_refusals_of_one_who_seldom_asks_hold_it_back_for_seconds_and_not_for_minutes() {
    let (mut scheduler, _, route) = with_pool(&unknown());
    let mut now = at(0);
    for _ in 0..2 {
        let ticket = ask_and_wait(&mut scheduler, &mut now, route);
        refused(&mut scheduler, now, ticket, &refusal(Cause::Unknown, Some(SECOND)));
    }
    // Whatever it was is over. Somebody asks whenever the last answer is there.
    let (end, mut answers) = (now.after(SECOND * 60), 0);
    while now < end {
        let ticket = ask_and_wait(&mut scheduler, &mut now, route);
        scheduler.learn(now, ticket, &Lesson::Answered(&LimitReadings::default()));
        scheduler.settle(now, ticket, cost(10, 10));
        answers += 1;
        now = now.after(SECOND / 2);
    }
    assert!(answers > 40, "{answers} answers in a minute");
}
