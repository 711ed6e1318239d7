//! Many callers of several budgets at once, from seeds: what must hold of every one of them, whatever comes in which order.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // What came of a submission is consumed by looking at it.

use std::collections::HashMap;

use paceway_domain::{KeyId, MicroUsd, Owner, Tags, Tokens, UnixMillis};
use paceway_policy::budget::{
    Accounts, Action, Book, Budget, Grant, Hold, Ladder, Level, Need, Period, Place, Rung, Scope, Short,
    Submitted, Ticket, Whose, Window, Woken,
};
use proptest::prelude::*;

/// 2026-11-28T00:00:00Z.
const MIDNIGHT: u64 = 1_795_824_000_000;
const HOUR_MS: u64 = 3_600_000;

fn budget(name: &str, scope: Scope, amount: u64, rungs: Vec<(u32, Action)>) -> Budget {
    let rungs = rungs.into_iter().map(|(at_percent, action)| Rung { at_percent, action }).collect();
    Budget {
        name: name.into(),
        scope,
        amount: MicroUsd(amount),
        window: Window::utc(Period::Hour),
        ladder: Ladder::new(rungs),
        allows_unpriced: false,
    }
}

fn each_team(amount: u64) -> Budget {
    let scope = Scope { level: Level::Team, pattern: "*".into(), is_each: true };
    budget("teams", scope, amount, vec![(100, Action::Refuse)])
}

fn everyone(amount: u64) -> Budget {
    budget("all", Scope::everyone(), amount, vec![(100, Action::Refuse)])
}

fn in_team<T>(team: &str, act: impl FnOnce(&Whose<'_>) -> T) -> T {
    let owner = Owner { team: team.into(), ..Owner::default() };
    act(&Whose { key: &KeyId("k".into()), name: "n", owner: &owner, tags: &Tags::default() })
}

fn exactly(cost: u64) -> Need {
    Need { least: MicroUsd(cost), most: MicroUsd(cost) }
}

fn held(submitted: Submitted) -> Hold {
    let Submitted::Held(hold) = submitted else { panic!("not held: {submitted:?}") };
    hold
}

fn waits(submitted: Submitted) -> Ticket {
    let Submitted::Waits(ticket) = submitted else { panic!("does not wait: {submitted:?}") };
    ticket
}

fn refused(submitted: Submitted) -> Short {
    let Submitted::Refused(short) = submitted else { panic!("not refused: {submitted:?}") };
    short
}

fn only(woken: Vec<Woken>) -> (Ticket, Hold) {
    let [Woken { ticket, outcome }] = <[Woken; 1]>::try_from(woken).unwrap();
    (ticket, outcome.unwrap())
}

/// One budget for everybody, at midnight.
struct Desk {
    book: Book,
    accounts: Accounts,
    now: UnixMillis,
}

impl Desk {
    fn of(budget: Budget) -> Self {
        let (mut book, now) = (Book::new(vec![budget], false), UnixMillis(MIDNIGHT));
        let accounts = in_team("a", |whose| book.accounts(whose, now));
        Self { book, accounts, now }
    }

    fn submit(&mut self, need: Need) -> Submitted {
        self.book.submit(&self.accounts, need, Place::Back, self.now)
    }

    fn spend(&mut self, cost: u64) {
        let hold = held(self.submit(exactly(cost)));
        assert_eq!(self.book.settle(hold, MicroUsd(cost), self.now), []);
    }

    fn settle(&mut self, hold: Hold, actual: u64) -> Vec<Woken> {
        self.book.settle(hold, MicroUsd(actual), self.now)
    }

    fn figures(&mut self) -> (u64, u64) {
        let standing = self.book.report(self.now).remove(0);
        (standing.spent.0, standing.held.0)
    }
}

#[test]
fn what_does_not_fit_because_of_running_calls_waits_for_them_and_then_goes() {
    let mut desk = Desk::of(everyone(100));
    let first = held(desk.submit(exactly(60)));
    let second = waits(desk.submit(exactly(60)));
    assert_eq!(desk.figures(), (0, 60));
    let (ticket, hold) = only(desk.settle(first, 10));
    assert_eq!((ticket, hold.amount()), (second, MicroUsd(60)));
    assert_eq!(desk.figures(), (10, 60));
}

#[test]
fn who_would_not_fit_even_if_all_came_out_at_nothing_is_refused_and_told_by_how_much() {
    let mut desk = Desk::of(everyone(100));
    desk.spend(70);
    let short = refused(desk.submit(exactly(31)));
    assert_eq!((short.spent, short.over, short.line), (MicroUsd(70), MicroUsd(1), MicroUsd(100)));
    assert_eq!(short.resets_at, Some(UnixMillis(MIDNIGHT + HOUR_MS)));
    desk.spend(30);
}

#[test]
fn a_waiting_one_that_cannot_go_any_more_is_refused_when_that_is_known() {
    let mut desk = Desk::of(everyone(100));
    let first = held(desk.submit(exactly(60)));
    waits(desk.submit(exactly(60)));
    let woken = desk.settle(first, 50);
    assert!(matches!(woken.as_slice(), [Woken { outcome: Err(_), .. }]), "{woken:?}");
}

#[test]
fn small_ones_do_not_pass_by_a_large_one_that_waits() {
    let mut desk = Desk::of(everyone(100));
    let first = held(desk.submit(exactly(60)));
    let large = waits(desk.submit(exactly(90)));
    let small = waits(desk.submit(exactly(10)));
    let woken = desk.settle(first, 0);
    let tickets: Vec<Ticket> = woken.iter().map(|woken| woken.ticket).collect();
    assert_eq!(tickets, [large, small]);
}

#[test]
fn a_correction_is_spent_by_everybody_in_its_window_alone() {
    let mut desk = Desk::of(everyone(100));
    desk.spend(50);
    let (budget, span) = desk.book.of_everyone(desk.now).remove(0);
    assert_eq!(desk.book.correct(&budget, span, 30, desk.now), []);
    assert_eq!(desk.figures(), (80, 0));
    let short = refused(desk.submit(exactly(21)));
    assert_eq!((short.spent, short.over), (MicroUsd(80), MicroUsd(1)));
    // It is the sum of all corrections, not one more; and nothing is less than nothing.
    assert_eq!(desk.book.correct(&budget, span, -60, desk.now), []);
    assert_eq!(desk.figures(), (0, 0));
    desk.now = UnixMillis(MIDNIGHT + HOUR_MS);
    assert_eq!(desk.book.correct(&budget, span, 30, desk.now), []);
    assert_eq!(desk.figures(), (0, 0));
}

#[test]
fn a_correction_belongs_to_no_team() {
    assert_eq!(Book::new(vec![each_team(100)], false).of_everyone(UnixMillis(MIDNIGHT)), []);
}

#[test]
fn a_correction_that_makes_room_lets_go_who_waits() {
    let mut desk = Desk::of(everyone(100));
    desk.spend(30);
    let _running = held(desk.submit(exactly(60)));
    let waiting = waits(desk.submit(exactly(40)));
    let (budget, span) = desk.book.of_everyone(desk.now).remove(0);
    let (ticket, hold) = only(desk.book.correct(&budget, span, -30, desk.now));
    assert_eq!((ticket, hold.amount()), (waiting, MicroUsd(40)));
}

#[test]
fn nodes_lease_what_a_correction_has_left() {
    let (mut book, now) = (Book::new(vec![everyone(100)], true), UnixMillis(MIDNIGHT));
    let accounts = in_team("a", |whose| book.accounts(whose, now));
    let (budget, span) = book.of_everyone(now).remove(0);
    assert_eq!(book.correct(&budget, span, 30, now), []);
    let claim = book.claims(now, false).remove(0);
    assert_eq!(claim.line, MicroUsd(70));
    // Leased before the correction was known.
    let grant = Grant { allotment: MicroUsd(100), elsewhere: MicroUsd(0), is_scarce: false };
    assert_eq!(book.allot(&[(claim, grant)], now), []);
    refused(book.submit(&accounts, exactly(71), Place::Back, now));
    assert_eq!(held(book.submit(&accounts, exactly(70), Place::Back, now)).amount(), MicroUsd(70));
}

#[test]
fn one_that_stops_waiting_lets_those_behind_it_go() {
    let mut desk = Desk::of(everyone(100));
    let _running = held(desk.submit(exactly(60)));
    let large = waits(desk.submit(exactly(90)));
    let small = waits(desk.submit(exactly(10)));
    let (ticket, hold) = only(desk.book.cancel(large, desk.now));
    assert_eq!((ticket, hold.amount()), (small, MicroUsd(10)));
}

#[test]
fn a_call_is_held_at_every_level_or_at_none() {
    let mut book = Book::new(vec![each_team(50), everyone(1_000)], false);
    let now = UnixMillis(MIDNIGHT);
    let accounts = in_team("a", |whose| book.accounts(whose, now));
    let short = refused(book.submit(&accounts, exactly(51), Place::Back, now));
    assert_eq!(short.budget, "teams (default/a)");
    let held_in_all: u64 = book.report(now).iter().map(|standing| standing.held.0).sum();
    assert_eq!(held_in_all, 0);
}

#[test]
fn a_call_counts_in_the_window_in_which_it_was_held() {
    let mut desk = Desk::of(everyone(100));
    let late = held(desk.submit(exactly(60)));
    desk.now = UnixMillis(MIDNIGHT + HOUR_MS);
    let next = held(desk.submit(exactly(100)));
    assert_eq!(desk.settle(late, 60), []);
    assert_eq!(desk.figures(), (0, 100));
    assert_eq!(desk.settle(next, 40), []);
    assert_eq!(desk.figures(), (40, 0));
}

#[test]
fn what_does_not_fit_whole_is_capped_where_the_ladder_allows_it() {
    let rungs = vec![(95, Action::CapOutput(Tokens(500))), (100, Action::Refuse)];
    let mut desk = Desk::of(budget("all", Scope::everyone(), 100, rungs));
    desk.spend(70);
    let capped = held(desk.submit(Need { least: MicroUsd(20), most: MicroUsd(60) }));
    assert_eq!(capped.amount(), MicroUsd(30));
    refused(desk.submit(Need { least: MicroUsd(31), most: MicroUsd(60) }));
}

#[test]
fn who_pauses_goes_when_the_budget_starts_anew_and_keeps_nobody_from_what_is_left() {
    let mut desk = Desk::of(budget("all", Scope::everyone(), 100, vec![(100, Action::Pause)]));
    desk.spend(90);
    let paused = waits(desk.submit(exactly(50)));
    desk.spend(10);
    assert_eq!(desk.book.next_wakeup(), Some(UnixMillis(MIDNIGHT + HOUR_MS)));
    assert_eq!(desk.book.wake(UnixMillis(MIDNIGHT + HOUR_MS - 1)), []);
    let (ticket, _hold) = only(desk.book.wake(UnixMillis(MIDNIGHT + HOUR_MS)));
    assert_eq!(ticket, paused);
}

#[test]
fn what_is_over_is_charged_once_and_the_rest_is_held_on() {
    let mut desk = Desk::of(everyone(100));
    let mut hold = held(desk.submit(exactly(60)));
    desk.book.charge(&mut hold, MicroUsd(20), desk.now);
    assert_eq!(desk.figures(), (20, 40));
    assert!(desk.book.extend(&mut hold, MicroUsd(40)));
    assert!(!desk.book.extend(&mut hold, MicroUsd(1)));
    assert_eq!(desk.settle(hold, 30), []);
    assert_eq!(desk.figures(), (50, 0));
}

#[test]
fn each_rung_that_alerts_does_so_once_in_a_window() {
    let rungs = vec![(50, Action::Alert), (70, Action::Alert), (100, Action::Refuse)];
    let mut desk = Desk::of(budget("all", Scope::everyone(), 100, rungs));
    let mut told = |cost| {
        desk.spend(cost);
        desk.book.take_alerts().iter().map(|alert| alert.at_percent).collect::<Vec<_>>()
    };
    assert_eq!(
        [told(49), told(1), told(10), told(10), told(5)],
        [vec![], vec![50], vec![], vec![70], vec![]]
    );
}

#[test]
fn another_amount_keeps_what_is_spent_and_held_and_lets_go_who_fits_now() {
    let mut desk = Desk::of(everyone(100));
    let _running = held(desk.submit(exactly(60)));
    let waiting = waits(desk.submit(exactly(60)));
    let (ticket, _hold) = only(desk.book.replace(vec![everyone(120)], desk.now));
    assert_eq!((ticket, desk.figures()), (waiting, (0, 120)));
}

#[test]
fn what_was_spent_before_counts_in_its_window() {
    let mut desk = Desk::of(everyone(100));
    in_team("a", |whose| desk.book.was_spent("all", whose, MicroUsd(80), desk.now));
    assert_eq!(refused(desk.submit(exactly(30))).spent, MicroUsd(80));
}

/// A caller in the simulation.
#[derive(Debug, Clone, Copy)]
struct Call {
    team: u64,
    most: u64,
    /// What it comes out at, in percent of the most.
    share: u64,
    /// How long it takes, and how long it waits.
    takes: u64,
    patience: u64,
}

/// What was seen of all calls.
#[derive(Debug, Default)]
struct Seen {
    spent: u64,
    by_team: HashMap<u64, u64>,
    answered: usize,
    given_up: usize,
    refused_with_room: usize,
    most_in_all: u64,
    most_of_a_team: u64,
}

const ALL: u64 = 10_000;
const TEAM: u64 = 4_000;

/// One call comes each millisecond, at most.
fn simulate(calls: &[Call]) -> (Seen, Book, UnixMillis) {
    let mut book = Book::new(vec![each_team(TEAM), everyone(ALL)], false);
    let mut seen = Seen::default();
    let mut running: Vec<(u64, Call, Hold)> = Vec::new();
    let mut waiting: HashMap<Ticket, (u64, Call)> = HashMap::new();
    let mut time = 0;
    while time < calls.len() as u64 || !running.is_empty() || !waiting.is_empty() {
        let now = UnixMillis(MIDNIGHT + time);
        let mut outcomes: Vec<(Call, Result<Hold, Short>)> = Vec::new();
        let mut woken = Vec::new();
        if let Some(&call) = usize::try_from(time).ok().and_then(|at| calls.get(at)) {
            let accounts = in_team(&call.team.to_string(), |whose| book.accounts(whose, now));
            match book.submit(&accounts, exactly(call.most), Place::Back, now) {
                Submitted::Held(hold) => outcomes.push((call, Ok(hold))),
                Submitted::Refused(short) => outcomes.push((call, Err(short))),
                Submitted::Waits(ticket) => {
                    waiting.insert(ticket, (time + call.patience, call));
                }
            }
        }
        let (over, still): (Vec<_>, Vec<_>) = running.into_iter().partition(|(ends, ..)| *ends <= time);
        running = still;
        for (_, call, hold) in over {
            let actual = call.most * call.share / 100;
            seen.spent += actual;
            *seen.by_team.entry(call.team).or_default() += actual;
            seen.answered += 1;
            woken.extend(book.settle(hold, MicroUsd(actual), now));
            outcomes.extend(told(&mut waiting, woken.drain(..)));
        }
        let late: Vec<Ticket> =
            waiting.iter().filter(|(_, (until, _))| *until <= time).map(|(ticket, _)| *ticket).collect();
        for ticket in late {
            if waiting.remove(&ticket).is_some() {
                seen.given_up += 1;
                let woken = book.cancel(ticket, now);
                outcomes.extend(told(&mut waiting, woken.into_iter()));
            }
        }
        for (call, outcome) in outcomes {
            match outcome {
                Ok(hold) => running.push((time + call.takes, call, hold)),
                Err(_) => {
                    let team_left = TEAM - seen.by_team.get(&call.team).copied().unwrap_or(0);
                    // As things stand at the end of this millisecond: spending only grows.
                    let had_room = ALL - seen.spent >= call.most && team_left >= call.most;
                    seen.refused_with_room += usize::from(had_room);
                }
            }
        }
        for standing in book.report(now) {
            let in_all = standing.spent.0 + standing.held.0;
            let most =
                if standing.budget == "all" { &mut seen.most_in_all } else { &mut seen.most_of_a_team };
            *most = (*most).max(in_all);
        }
        time += 1;
    }
    (seen, book, UnixMillis(MIDNIGHT + time))
}

fn told(
    waiting: &mut HashMap<Ticket, (u64, Call)>,
    woken: impl Iterator<Item = Woken>,
) -> Vec<(Call, Result<Hold, Short>)> {
    woken.filter_map(|woken| Some((waiting.remove(&woken.ticket)?.1, woken.outcome))).collect()
}

fn call() -> impl Strategy<Value = Call> {
    (0..4_u64, 1..900_u64, 0..=100_u64, 1..60_u64, 1..400_u64)
        .prop_map(|(team, most, share, takes, patience)| Call { team, most, share, takes, patience })
}

proptest! {
    #[test]
    fn spent_and_held_never_pass_any_budget_and_nobody_is_refused_for_whom_there_is_room(
        calls in prop::collection::vec(call(), 1..200)
    ) {
        let (seen, mut book, end) = simulate(&calls);
        prop_assert!(seen.most_in_all <= ALL && seen.most_of_a_team <= TEAM);
        prop_assert_eq!(seen.refused_with_room, 0);
        let report = book.report(end);
        let all = report.iter().find(|standing| standing.budget == "all").unwrap();
        prop_assert_eq!((all.spent.0, all.held.0, all.waiting), (seen.spent, 0, 0));
        let teams: u64 = report.iter().filter(|standing| standing.budget == "teams").map(|team| team.spent.0).sum();
        prop_assert_eq!(teams, seen.spent);
    }
}

#[test]
fn a_crowd_uses_a_budget_up_to_less_than_one_calls_worth() {
    let mut random = fastrand::Rng::with_seed(7);
    let calls: Vec<Call> = (0..2_000)
        .map(|_| Call {
            team: random.u64(0..40),
            most: 100,
            share: random.u64(0..=100),
            takes: random.u64(1..200),
            patience: 100_000,
        })
        .collect();
    let (seen, ..) = simulate(&calls);
    assert!(seen.answered > 150, "{seen:?}");
    assert!(ALL - seen.spent < 100, "{seen:?}");
    assert_eq!((seen.given_up, seen.refused_with_room), (0, 0));
}
