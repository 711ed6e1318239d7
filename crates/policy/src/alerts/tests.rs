//! Rules over virtual hours and days: when they fire, when they keep silent, and what they say.
#![allow(clippy::unwrap_used)]

mod each;

use std::time::Duration;

use paceway_domain::{MicroUsd, UnixMillis};

use super::window::Ended;
use super::{Alerts, Change, Happening, MOST_RULES, Measure, Notice, Readings, Rule, Scope};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Some Sunday.
const START: u64 = 1_793_491_200_000;

fn rule(measure: Measure, fires_at: u64, clears_at: u64) -> Rule {
    Rule {
        name: "r".into(),
        measure,
        over: Duration::from_hours(1),
        fires_at,
        clears_at,
        least: 0,
        repeat: Duration::from_hours(4),
        scope: Scope::default(),
        each: None,
        to: vec!["ops".into()],
    }
}

fn alerts(rules: Vec<Rule>) -> Alerts {
    let mut alerts = Alerts::default();
    alerts.configure(rules);
    alerts
}

fn happening(at: u64) -> Happening<'static> {
    Happening {
        at: UnixMillis(START + at),
        organisation: "acme",
        team: "search",
        project: "web",
        key: "k1",
        provider: "openai",
        model: "gpt-5",
        spent: MicroUsd::ZERO,
        tokens: 0,
        ended: None,
        absorbed: 0,
    }
}

fn spent(at: u64, micro: u64) -> Happening<'static> {
    Happening { spent: MicroUsd(micro), ..happening(at) }
}

fn ended(at: u64, is_error: bool, queued_ms: u64) -> Happening<'static> {
    Happening { ended: Some(Ended { is_error, queued_ms }), ..happening(at) }
}

fn asked(alerts: &mut Alerts, at: u64) -> Option<Change> {
    only(alerts.ask(UnixMillis(START + at), &Readings::default())).map(|notice| notice.change)
}

fn only(mut notices: Vec<Notice>) -> Option<Notice> {
    assert!(notices.len() <= 1, "{notices:?}");
    notices.pop()
}

fn with_breakers(open: &[&str]) -> Readings {
    let open = open.iter().map(|model| ("openai".to_owned(), (*model).to_owned()));
    Readings { open_breakers: open.collect(), ..Readings::default() }
}

#[test]
fn spending_fires_at_its_threshold_and_clears_when_the_window_has_passed() {
    let mut alerts = alerts(vec![rule(Measure::Spend, 1_000, 800)]);
    alerts.happened(&spent(0, 999));
    assert_eq!(asked(&mut alerts, 1), None);
    alerts.happened(&spent(2, 1));
    assert_eq!(asked(&mut alerts, 3), Some(Change::Fires));
    assert_eq!(asked(&mut alerts, 59 * MINUTE), None);
    assert_eq!(asked(&mut alerts, 61 * MINUTE), Some(Change::Clears));
}

#[test]
fn a_value_that_sways_about_its_threshold_is_told_once() {
    let mut alerts = alerts(vec![rule(Measure::BreakerOpen, 3, 2)]);
    let mut ask = |at, open: &[&str]| {
        only(alerts.ask(UnixMillis(START + at), &with_breakers(open))).map(|notice| notice.change)
    };
    assert_eq!(ask(0, &["a", "b", "c"]), Some(Change::Fires));
    assert_eq!(ask(1, &["a", "b"]), None);
    assert_eq!(ask(2, &["a", "b", "c"]), None);
    assert_eq!(ask(3, &["a"]), Some(Change::Clears));
}

#[test]
fn what_goes_on_is_told_again_only_after_its_time() {
    let mut alerts = alerts(vec![rule(Measure::BreakerOpen, 1, 1)]);
    let told = (0..=12 * 60).filter_map(|minute| {
        let at = UnixMillis(START + minute * MINUTE);
        only(alerts.ask(at, &with_breakers(&["a"]))).map(|notice| (minute / 60, notice.change))
    });
    let told: Vec<_> = told.collect();
    let again = Change::StillFires;
    assert_eq!(told, [(0, Change::Fires), (4, again), (8, again), (12, again)]);
}

#[test]
fn what_fires_and_clears_all_the_time_is_no_storm() {
    let mut alerts = alerts(vec![rule(Measure::BreakerOpen, 1, 1)]);
    let told = (0..24 * 60).filter_map(|minute| {
        let open = if minute % 2 == 0 { vec!["a"] } else { vec![] };
        only(alerts.ask(UnixMillis(START + minute * MINUTE), &with_breakers(&open)))
    });
    // Six times four hours: each told once, and once that it is over.
    assert_eq!(told.count(), 12);
}

#[test]
fn what_was_not_told_is_not_told_to_be_over() {
    let mut alerts = alerts(vec![rule(Measure::BreakerOpen, 1, 1)]);
    let mut ask = |at, open: &[&str]| {
        only(alerts.ask(UnixMillis(START + at), &with_breakers(open))).map(|notice| notice.change)
    };
    assert_eq!(ask(0, &["a"]), Some(Change::Fires));
    assert_eq!(ask(1, &[]), Some(Change::Clears));
    assert_eq!(ask(2, &["a"]), None);
    assert_eq!(ask(3, &[]), None);
    assert_eq!(ask(5 * HOUR, &["a"]), Some(Change::Fires));
}

#[test]
fn many_subjects_are_one_notice_that_names_some_of_them() {
    let mut alerts = alerts(vec![rule(Measure::BreakerOpen, 1, 1)]);
    let models: Vec<String> = (0..14).map(|number| format!("m{number}")).collect();
    let open: Vec<&str> = models.iter().map(String::as_str).collect();
    let notice = only(alerts.ask(UnixMillis(START), &with_breakers(&open))).unwrap();
    assert_eq!((notice.subjects.len(), notice.more_subjects, notice.value), (10, 4, 14));
    assert!(notice.text.starts_with("Alert `r` fires: 14 deployments left alone"), "{}", notice.text);
    assert!(notice.text.ends_with("openai/m9 and 4 more."), "{}", notice.text);
}

#[test]
fn errors_count_as_a_share_of_enough_requests() {
    let mut alerts = alerts(vec![Rule { least: 20, ..rule(Measure::ErrorRate, 1_000, 500) }]);
    (0..19).for_each(|at| alerts.happened(&ended(at, true, 0)));
    assert_eq!(asked(&mut alerts, 20), None);
    (20..190).for_each(|at| alerts.happened(&ended(at, false, 0)));
    let notice = only(alerts.ask(UnixMillis(START + 200), &Readings::default())).unwrap();
    assert_eq!((notice.change, notice.value), (Change::Fires, 19 * 10_000 / 189));
}

#[test]
fn absorbed_refusals_and_tokens_are_counted() {
    let mut absorbed = alerts(vec![rule(Measure::AbsorbedRefusals, 3, 1)]);
    (0..3).for_each(|at| absorbed.happened(&Happening { absorbed: 1, ..happening(at) }));
    assert_eq!(asked(&mut absorbed, 4), Some(Change::Fires));
    let mut tokens = alerts(vec![rule(Measure::Tokens, 100, 50)]);
    tokens.happened(&Happening { tokens: 100, ..happening(0) });
    assert_eq!(asked(&mut tokens, 1), Some(Change::Fires));
}

#[test]
fn the_wait_of_ninety_five_in_a_hundred_is_told_to_within_a_fifth() {
    let mut alerts = alerts(vec![rule(Measure::QueueWaitP95, 9_000, 5_000)]);
    (0..94).for_each(|at| alerts.happened(&ended(at, false, 10)));
    (94..100).for_each(|at| alerts.happened(&ended(at, false, 10_000)));
    let notice = only(alerts.ask(UnixMillis(START + 100), &Readings::default())).unwrap();
    assert!((8_334..=12_000).contains(&notice.value), "{}", notice.value);
    let mut few = self::alerts(vec![rule(Measure::QueueWaitP95, 9_000, 5_000)]);
    (0..97).for_each(|at| few.happened(&ended(at, false, 10)));
    (97..100).for_each(|at| few.happened(&ended(at, false, 10_000)));
    assert_eq!(asked(&mut few, 100), None);
}

/// A dollar an hour by night and ten by day, for so many days.
fn days_of_spending(alerts: &mut Alerts, days: u64) {
    for hour in 0..days * 24 {
        let by_day = (8..20).contains(&(hour % 24));
        alerts.happened(&spent(hour * HOUR + 1, if by_day { 10_000_000 } else { 1_000_000 }));
    }
}

#[test]
fn what_is_usual_by_day_is_a_spike_by_night() {
    let spike = || alerts(vec![rule(Measure::SpendSpike, 30_000, 20_000)]);
    let mut by_night = spike();
    days_of_spending(&mut by_night, 4);
    by_night.happened(&spent(4 * DAY + 2 * HOUR, 9_000_000));
    let notice =
        only(by_night.ask(UnixMillis(START + 4 * DAY + 2 * HOUR + MINUTE), &Readings::default())).unwrap();
    assert_eq!((notice.change, notice.value), (Change::Fires, 90_000));
    let mut by_day = spike();
    days_of_spending(&mut by_day, 4);
    by_day.happened(&spent(4 * DAY + 12 * HOUR, 12_000_000));
    assert_eq!(asked(&mut by_day, 4 * DAY + 12 * HOUR + MINUTE), None);
}

#[test]
fn nothing_is_a_spike_before_anything_is_usual_nor_below_the_least_sum() {
    let mut new = alerts(vec![rule(Measure::SpendSpike, 30_000, 20_000)]);
    new.happened(&spent(0, 1));
    new.happened(&spent(3 * HOUR, 900_000_000));
    assert_eq!(asked(&mut new, 3 * HOUR + 1), None);
    let mut small = alerts(vec![Rule { least: 5_000_000, ..rule(Measure::SpendSpike, 30_000, 20_000) }]);
    (0..96).for_each(|hour| small.happened(&spent(hour * HOUR, 1)));
    small.happened(&spent(97 * HOUR, 4_000_000));
    assert_eq!(asked(&mut small, 97 * HOUR + 1), None);
}

#[test]
fn a_retirement_fires_when_it_is_near_and_names_the_model() {
    let mut alerts = alerts(vec![rule(Measure::RetirementDays, 30, 30)]);
    let at = |days| Readings {
        retirements: vec![("openai".into(), "gpt-4o".into(), days), ("openai".into(), "gpt-5".into(), 400)],
        ..Readings::default()
    };
    assert_eq!(alerts.ask(UnixMillis(START), &at(31)), []);
    let notice = only(alerts.ask(UnixMillis(START + DAY), &at(30))).unwrap();
    assert_eq!(notice.change, Change::Fires);
    assert!(
        notice.text.contains("retires in 30 days") && notice.text.contains("openai/gpt-4o in 30 days"),
        "{}",
        notice.text
    );
    assert!(!notice.text.contains("gpt-5"), "{}", notice.text);
}

#[test]
fn one_is_told_as_one() {
    let mut tokens = alerts(vec![rule(Measure::Tokens, 1, 1)]);
    tokens.happened(&Happening { tokens: 1, ..happening(0) });
    let notice = only(tokens.ask(UnixMillis(START + 1), &Readings::default())).unwrap();
    assert_eq!(notice.text, "Alert `r` fires: 1 token used in the last hour (it fires at 1 token).");
    let mut days = alerts(vec![rule(Measure::RetirementDays, 30, 30)]);
    let tomorrow = vec![("openai".into(), "gpt-4o".into(), 1)];
    let tomorrow = Readings { retirements: tomorrow, ..Readings::default() };
    let notice = only(days.ask(UnixMillis(START), &tomorrow)).unwrap();
    assert_eq!(notice.subjects, ["openai/gpt-4o in 1 day"]);
}

#[test]
fn a_budget_fires_at_its_share_and_is_named() {
    let mut alerts = alerts(vec![rule(Measure::BudgetShare, 8_000, 7_500)]);
    let at = |share| Readings {
        budgets: vec![("team-a".into(), share), ("team-b".into(), 100)],
        ..Readings::default()
    };
    assert_eq!(alerts.ask(UnixMillis(START), &at(7_999)), []);
    let notice = only(alerts.ask(UnixMillis(START + 1), &at(8_050))).unwrap();
    assert_eq!((notice.subjects.as_slice(), notice.value), (&["team-a".to_owned()][..], 8_050));
    assert!(notice.text.contains("80.50 % of a budget is spent"), "{}", notice.text);
    assert_eq!(only(alerts.ask(UnixMillis(START + 2), &at(7_600))), None);
    assert_eq!(only(alerts.ask(UnixMillis(START + 3), &at(100))).unwrap().change, Change::Clears);
}

#[test]
fn a_rule_counts_only_what_is_in_its_scope() {
    let of = |scope| alerts(vec![Rule { scope, ..rule(Measure::Spend, 1, 1) }]);
    let mut ours = of(Scope { team: Some("sea*".into()), model: Some("gpt-*".into()), ..Scope::default() });
    ours.happened(&spent(0, 5));
    assert_eq!(asked(&mut ours, 1), Some(Change::Fires));
    let mut theirs = of(Scope { team: Some("ads".into()), ..Scope::default() });
    theirs.happened(&spent(0, 5));
    assert_eq!(asked(&mut theirs, 1), None);
}

#[test]
fn a_rule_that_stays_the_same_keeps_what_it_remembers_when_others_change() {
    let mut alerts = alerts(vec![rule(Measure::Spend, 10, 5)]);
    alerts.happened(&spent(0, 10));
    assert_eq!(asked(&mut alerts, 1), Some(Change::Fires));
    alerts.configure(vec![rule(Measure::Tokens, 10, 5), rule(Measure::Spend, 10, 5)]);
    assert_eq!(asked(&mut alerts, 2), None);
    alerts.configure(vec![rule(Measure::Spend, 9, 5); MOST_RULES + 1]);
    assert_eq!(alerts.watched.len(), MOST_RULES);
}

#[test]
fn what_happened_earlier_may_be_told_later_and_what_is_too_old_is_not_counted() {
    let mut alerts = alerts(vec![rule(Measure::Spend, 10, 5)]);
    alerts.happened(&spent(2 * HOUR, 4));
    alerts.happened(&spent(2 * HOUR - 30 * MINUTE, 6));
    alerts.happened(&spent(0, 1_000));
    let notice = only(alerts.ask(UnixMillis(START + 2 * HOUR), &Readings::default())).unwrap();
    assert_eq!(notice.value, 10);
    assert_eq!(notice.text, "Alert `r` fires: $0.00 spent in the last hour (it fires at $0.00).");
}

#[test]
fn a_project_is_meant_by_its_name_or_by_the_path_to_it() {
    let fires = |project: &str, team: Option<&str>| {
        let scope = Scope { project: Some(project.into()), team: team.map(Into::into), ..Scope::default() };
        let mut alerts = alerts(vec![Rule { scope, ..rule(Measure::Spend, 1, 1) }]);
        alerts.happened(&spent(0, 5));
        asked(&mut alerts, 1) == Some(Change::Fires)
    };
    assert!(fires("web", None) && fires("acme/*/web", None) && fires("*", Some("acme/search")));
    assert!(!fires("shop", None) && !fires("umbrella/search/web", None) && !fires("*", Some("umbrella/*")));
}
