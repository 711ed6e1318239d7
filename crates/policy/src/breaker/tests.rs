//! The breaker turns as documented, in virtual time.
#![allow(clippy::unwrap_used)]

use super::*;

const RULES: BreakerRules = BreakerRules {
    consecutive: 5,
    share: 0.5,
    window: Duration::from_secs(30),
    least_calls: 20,
    open: Duration::from_secs(5),
    longest_open: Duration::from_mins(1),
    probes: 2,
    ramp: Duration::from_secs(10),
};

fn at(ms: u64) -> Moment {
    Moment::from_nanos(ms * 1_000_000)
}

fn breaker() -> Breaker {
    Breaker::new(&RULES, at(0))
}

fn fail(breaker: &mut Breaker, ms: u64, fault: Fault) {
    let pass = breaker.ask(&RULES, at(ms), 0.0).unwrap();
    breaker.failed(&RULES, at(ms), pass, fault);
}

fn succeed(breaker: &mut Breaker, ms: u64) {
    let pass = breaker.ask(&RULES, at(ms), 0.0).unwrap();
    breaker.succeeded(&RULES, at(ms), pass);
}

/// Open since `ms`, because of the server.
fn opened(ms: u64) -> Breaker {
    let mut breaker = breaker();
    (0..5).for_each(|_| fail(&mut breaker, ms, Fault::Server));
    breaker
}

fn state(breaker: &Breaker, ms: u64) -> State {
    breaker.state(&RULES, at(ms)).0
}

#[test]
fn it_opens_after_failures_in_a_row_and_says_why_and_until_when() {
    let mut breaker = breaker();
    (0..4).for_each(|_| fail(&mut breaker, 100, Fault::Server));
    assert_eq!(state(&breaker, 100), State::Closed);
    fail(&mut breaker, 100, Fault::Server);
    assert_eq!(breaker.state(&RULES, at(100)), (State::Open, Some(Fault::Server)));
    let blocked = breaker.ask(&RULES, at(1_100), 0.0).unwrap_err();
    assert_eq!(blocked, Blocked::Open(Fault::Server, Duration::from_secs(4)));
}

#[test]
fn a_success_ends_a_row_and_kinds_are_counted_apart() {
    let mut breaker = breaker();
    (0..4).for_each(|_| fail(&mut breaker, 0, Fault::Server));
    succeed(&mut breaker, 0);
    (0..4).for_each(|_| fail(&mut breaker, 0, Fault::Server));
    (0..4).for_each(|_| fail(&mut breaker, 0, Fault::Timeout));
    assert_eq!(state(&breaker, 0), State::Closed);
}

#[test]
fn it_opens_by_share_only_once_there_are_enough_calls_in_the_window() {
    let mut breaker = breaker();
    for call in 0..19 {
        if call % 2 == 0 { fail(&mut breaker, call, Fault::Timeout) } else { succeed(&mut breaker, call) }
    }
    assert_eq!(state(&breaker, 19), State::Closed);
    fail(&mut breaker, 19, Fault::Timeout);
    assert_eq!(breaker.state(&RULES, at(19)), (State::Open, Some(Fault::Timeout)));
}

#[test]
fn what_left_the_window_counts_no_more() {
    let mut breaker = breaker();
    for call in 0..10 {
        fail(&mut breaker, call, Fault::Server);
        succeed(&mut breaker, call);
    }
    assert_eq!(state(&breaker, 10), State::Closed, "half of twenty, but the last was a success");
    (0..20).for_each(|call| succeed(&mut breaker, 33_500 + call));
    fail(&mut breaker, 33_600, Fault::Server);
    assert_eq!(state(&breaker, 33_600), State::Closed);
}

#[test]
fn half_open_lets_few_probes_go_and_their_success_begins_the_ramp() {
    let mut breaker = opened(0);
    assert_eq!(state(&breaker, 5_000), State::HalfOpen);
    let first = breaker.ask(&RULES, at(5_000), 0.0).unwrap();
    let second = breaker.ask(&RULES, at(5_000), 0.0).unwrap();
    assert!(matches!(breaker.ask(&RULES, at(5_001), 0.0), Err(Blocked::Open(Fault::Server, _))));
    breaker.succeeded(&RULES, at(5_100), first);
    assert_eq!(state(&breaker, 5_100), State::HalfOpen);
    breaker.succeeded(&RULES, at(5_200), second);
    assert_eq!(state(&breaker, 5_200), State::Ramping);
}

#[test]
fn a_probe_that_fails_doubles_the_time_up_to_a_bound() {
    let mut breaker = opened(0);
    let mut now = 5_000;
    let mut waits = Vec::new();
    for _ in 0..6 {
        fail(&mut breaker, now, Fault::Server);
        let Err(Blocked::Open(_, wait)) = breaker.ask(&RULES, at(now), 0.0) else { panic!("it is open") };
        waits.push(wait.as_secs());
        now += wait.as_secs() * 1_000;
    }
    assert_eq!(waits, [10, 20, 40, 60, 60, 60]);
}

#[test]
fn the_ramp_lets_a_growing_share_go_and_all_who_have_nowhere_else() {
    let mut breaker = opened(0);
    succeed(&mut breaker, 5_000);
    succeed(&mut breaker, 5_000);
    let mut share = |ms: u64| {
        let goes = |dice: &u32| breaker.ask(&RULES, at(ms), f64::from(*dice) / 100.0).is_ok();
        (0..100).filter(goes).count()
    };
    assert_eq!([share(5_000), share(10_000), share(14_000), share(15_000)], [10, 55, 91, 100]);
    assert!(breaker.ask(&RULES, at(5_000), 0.0).is_ok());
    assert_eq!(breaker.ask(&RULES, at(5_000), 0.5), Err(Blocked::Ramping(Fault::Server)));
}

#[test]
fn after_the_ramp_it_is_closed_and_its_time_is_short_again() {
    let mut breaker = opened(0);
    fail(&mut breaker, 5_000, Fault::Server);
    succeed(&mut breaker, 15_000);
    succeed(&mut breaker, 15_000);
    succeed(&mut breaker, 25_000);
    assert_eq!(state(&breaker, 25_000), State::Closed);
    (0..5).for_each(|_| fail(&mut breaker, 26_000, Fault::Timeout));
    let blocked = breaker.ask(&RULES, at(26_000), 0.0).unwrap_err();
    assert_eq!(blocked, Blocked::Open(Fault::Timeout, Duration::from_secs(5)));
}

#[test]
fn failures_on_the_ramp_open_it_sooner_and_for_longer() {
    let mut breaker = opened(0);
    succeed(&mut breaker, 5_000);
    succeed(&mut breaker, 5_000);
    (0..3).for_each(|_| fail(&mut breaker, 6_000, Fault::Server));
    let blocked = breaker.ask(&RULES, at(6_000), 0.0).unwrap_err();
    assert_eq!(blocked, Blocked::Open(Fault::Server, Duration::from_secs(10)));
}

#[test]
fn news_of_a_call_from_before_it_opened_changes_nothing() {
    let mut breaker = breaker();
    let early = breaker.ask(&RULES, at(0), 0.0).unwrap();
    (0..5).for_each(|_| fail(&mut breaker, 1, Fault::Server));
    breaker.succeeded(&RULES, at(2), early);
    breaker.failed(&RULES, at(3), early, Fault::Server);
    assert_eq!((state(&breaker, 3), breaker.times_opened()), (State::Open, 1));
}

#[test]
fn a_probe_without_news_gives_its_place_back_or_loses_it_with_time() {
    let mut breaker = opened(0);
    let first = breaker.ask(&RULES, at(5_000), 0.0).unwrap();
    let _lost = breaker.ask(&RULES, at(5_000), 0.0).unwrap();
    breaker.forgets(first);
    assert!(breaker.ask(&RULES, at(5_001), 0.0).is_ok());
    assert!(breaker.ask(&RULES, at(5_002), 0.0).is_err());
    assert!(
        breaker.ask(&RULES, at(65_002), 0.0).is_ok(),
        "one that never came back does not hold it for ever"
    );
}

#[test]
fn a_sign_of_life_ends_its_time_and_does_not_close_it() {
    let mut breaker = opened(0);
    breaker.may_be_probed(at(1_000));
    assert_eq!(state(&breaker, 1_000), State::HalfOpen);
    fail(&mut breaker, 1_000, Fault::Server);
    assert_eq!(state(&breaker, 1_000), State::Open);
    let mut rejected = self::breaker();
    (0..5).for_each(|_| fail(&mut rejected, 0, Fault::Rejected));
    rejected.may_be_probed(at(1_000));
    assert_eq!(state(&rejected, 1_000), State::Open);
}

/// Whatever happens in whatever order, it never stays shut for longer than its bound, and never panics.
#[test]
fn nobody_is_shut_out_for_ever() {
    for seed in 0..200 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let (mut breaker, mut now, mut out) = (breaker(), 0, Vec::new());
        for _ in 0..2_000 {
            now += dice.u64(0..2_000);
            match dice.u8(0..4) {
                0 | 1 => out.extend(breaker.ask(&RULES, at(now), dice.f64())),
                _ if out.is_empty() => {}
                2 => {
                    let pass = out.swap_remove(dice.usize(..out.len()));
                    breaker.failed(&RULES, at(now), pass, Fault::ALL[dice.usize(..Fault::ALL.len())]);
                }
                _ => {
                    let pass = out.swap_remove(dice.usize(..out.len()));
                    if dice.bool() { breaker.succeeded(&RULES, at(now), pass) } else { breaker.forgets(pass) }
                }
            }
        }
        assert!(breaker.ask(&RULES, at(now + 60_001), 0.0).is_ok(), "seed {seed}");
    }
}

#[test]
fn a_success_of_a_call_from_before_a_failure_takes_no_doubt_away() {
    let mut breaker = breaker();
    let before = breaker.ask(&RULES, at(0), 0.0).unwrap();
    fail(&mut breaker, 100, Fault::Overload);
    breaker.succeeded(&RULES, at(200), before);
    breaker.finished(before);
    assert!(breaker.is_shaky(at(200)));
    let after = breaker.ask(&RULES, at(300), 0.0).unwrap();
    breaker.succeeded(&RULES, at(400), after);
    assert!(breaker.is_shaky(at(400)), "its answer may break off yet");
    breaker.finished(after);
    assert!(!breaker.is_shaky(at(500)));
}

#[test]
fn doubt_ends_by_itself() {
    let mut breaker = breaker();
    fail(&mut breaker, 0, Fault::Server);
    assert!(breaker.is_shaky(at(9_999)) && !breaker.is_shaky(at(10_000)));
}

#[test]
fn it_opens_after_answers_in_a_row_that_broke_off_although_all_had_begun_well() {
    let mut breaker = breaker();
    for call in 0..5 {
        let pass = breaker.ask(&RULES, at(call), 0.0).unwrap();
        breaker.succeeded(&RULES, at(call), pass);
        assert_eq!(state(&breaker, call), State::Closed);
        breaker.broke_off(&RULES, at(call), pass, Fault::Connection);
    }
    assert_eq!(breaker.state(&RULES, at(5)), (State::Open, Some(Fault::Connection)));
}

#[test]
fn one_whole_answer_ends_a_row_of_those_that_broke_off() {
    let mut breaker = breaker();
    for call in 0..9 {
        let pass = breaker.ask(&RULES, at(call), 0.0).unwrap();
        breaker.succeeded(&RULES, at(call), pass);
        if call == 4 {
            breaker.finished(pass);
        } else {
            breaker.broke_off(&RULES, at(call), pass, Fault::Server);
        }
    }
    assert_eq!(state(&breaker, 9), State::Closed);
}
