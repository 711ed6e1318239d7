//! Rules that follow each team, project or key by itself.

use paceway_domain::UnixMillis;

use super::super::{Alerts, Change, Each, Happening, MOST_FOLLOWED, Measure, Readings, Rule};
use super::{DAY, HOUR, MINUTE, START, alerts, days_of_spending, ended, happening, only, rule, spent};

fn spent_by(team: &'static str, at: u64, micro: u64) -> Happening<'static> {
    Happening { team, ..spent(at, micro) }
}

fn each(each: Each, rule: Rule) -> Rule {
    Rule { each: Some(each), ..rule }
}

/// What is told at this time: what has become of it, and for whom.
fn told_of(alerts: &mut Alerts, at: u64) -> Vec<(Change, Vec<String>)> {
    let notices = alerts.ask(UnixMillis(START + at), &Readings::default());
    notices.into_iter().map(|notice| (notice.change, notice.subjects)).collect()
}

fn search(change: Change) -> Vec<(Change, Vec<String>)> {
    vec![(change, vec!["acme/search".to_owned()])]
}

#[test]
fn each_team_has_a_count_of_its_own_and_is_named() {
    let mut alerts = alerts(vec![each(Each::Team, rule(Measure::Spend, 50_000_000, 40_000_000))]);
    alerts.happened(&spent_by("search", 0, 49_000_000));
    alerts.happened(&spent_by("ads", 0, 49_000_000));
    assert_eq!(told_of(&mut alerts, 1), []);
    alerts.happened(&spent_by("search", 2, 2_200_000));
    let notice = only(alerts.ask(UnixMillis(START + 3), &Readings::default())).unwrap();
    assert_eq!(notice.headline, "`r` fires for team acme/search");
    let text = "Alert `r` fires for team acme/search: $51.20 spent in the last hour (it fires at $50.00).";
    assert_eq!((notice.text.as_str(), notice.value), (text, 51_200_000));
    assert_eq!(notice.since, Some(UnixMillis(START + 3)));
}

#[test]
fn each_team_is_told_once_clears_alone_and_is_told_again_after_its_time() {
    let mut alerts = alerts(vec![each(Each::Team, rule(Measure::Spend, 1_000, 800))]);
    alerts.happened(&spent_by("search", 0, 1_000));
    assert_eq!(told_of(&mut alerts, 1), search(Change::Fires));
    alerts.happened(&spent_by("ads", 30 * MINUTE, 1_000));
    assert_eq!(told_of(&mut alerts, 30 * MINUTE), [(Change::Fires, vec!["acme/ads".to_owned()])]);
    assert_eq!(told_of(&mut alerts, 61 * MINUTE), search(Change::Clears));
    alerts.happened(&spent_by("search", 62 * MINUTE, 1_000));
    assert_eq!(told_of(&mut alerts, 62 * MINUTE), []);
    assert_eq!(told_of(&mut alerts, 92 * MINUTE), [(Change::Clears, vec!["acme/ads".to_owned()])]);
    alerts.happened(&spent_by("search", 4 * HOUR, 1_000));
    assert_eq!(told_of(&mut alerts, 4 * HOUR + 1), search(Change::Fires));
}

#[test]
fn many_teams_at_once_are_one_notice_that_names_the_worst() {
    let mut alerts = alerts(vec![each(Each::Team, rule(Measure::Tokens, 10, 5))]);
    let teams = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    for (number, team) in (0..).zip(teams) {
        alerts.happened(&Happening { team, tokens: 10 + number, ..happening(0) });
    }
    let notice = only(alerts.ask(UnixMillis(START + 1), &Readings::default())).unwrap();
    assert_eq!((notice.subjects.len(), notice.more_subjects, notice.value), (10, 2, 21));
    let text = "Alert `r` fires for 12 teams: up to 21 tokens used in the last hour (it fires at 10 tokens): acme/l, ";
    assert!(notice.text.starts_with(text) && notice.text.ends_with("acme/c and 2 more."), "{}", notice.text);
}

#[test]
fn teams_of_one_name_in_two_organisations_are_two_and_so_are_projects_and_keys() {
    let of = |level, one: Happening<'static>, other: Happening<'static>| {
        let mut alerts = alerts(vec![each(level, rule(Measure::Spend, 10, 5))]);
        alerts.happened(&one);
        alerts.happened(&other);
        alerts.happened(&other);
        told_of(&mut alerts, 1).into_iter().flat_map(|(_, subjects)| subjects).collect::<Vec<_>>()
    };
    let other = || Happening { organisation: "umbrella", ..spent(0, 5) };
    assert_eq!(of(Each::Team, spent(0, 5), other()), ["umbrella/search"]);
    assert_eq!(of(Each::Project, spent(0, 5), other()), ["umbrella/search/web"]);
    assert_eq!(of(Each::Key, spent(0, 5), Happening { key: "k2", ..spent(0, 5) }), ["k2"]);
}

#[test]
fn a_share_is_taken_of_each_teams_own_requests() {
    let errors = Rule { least: 10, ..rule(Measure::ErrorRate, 5_000, 2_000) };
    let mut alerts = alerts(vec![each(Each::Team, errors)]);
    (0..10).for_each(|at| alerts.happened(&ended(at, true, 0)));
    (0..90).for_each(|at| alerts.happened(&Happening { team: "ads", ..ended(at, false, 0) }));
    assert_eq!(told_of(&mut alerts, 100), search(Change::Fires));
}

#[test]
fn a_spike_is_one_against_what_is_usual_for_that_team() {
    let mut alerts = alerts(vec![each(Each::Team, rule(Measure::SpendSpike, 30_000, 20_000))]);
    days_of_spending(&mut alerts, 4);
    for hour in 0..96 {
        alerts.happened(&spent_by("ads", hour * HOUR + 1, 9_000_000));
    }
    let night = 4 * DAY + 2 * HOUR;
    alerts.happened(&spent_by("search", night, 9_000_000));
    alerts.happened(&spent_by("ads", night, 9_000_000));
    assert_eq!(told_of(&mut alerts, night + MINUTE), search(Change::Fires));
}

#[test]
fn so_many_are_followed_that_the_rest_is_told_and_idle_ones_make_room() {
    let mut alerts = alerts(vec![each(Each::Key, rule(Measure::Spend, 10, 5))]);
    let keys: Vec<String> = (0..=MOST_FOLLOWED).map(|number| format!("k{number:04}")).collect();
    let last = &keys[MOST_FOLLOWED];
    for key in &keys {
        alerts.happened(&Happening { key, ..spent(0, 1) });
    }
    alerts.happened(&Happening { key: last, ..spent(0, 10) });
    assert_eq!(told_of(&mut alerts, 1), []);
    assert_eq!(alerts.newly_full(), ["r"]);
    assert!(alerts.newly_full().is_empty());
    alerts.happened(&Happening { key: last, ..spent(2 * HOUR, 10) });
    assert_eq!(told_of(&mut alerts, 2 * HOUR + 1), [(Change::Fires, vec![last.clone()])]);
}

#[test]
fn who_was_told_lately_is_not_forgotten_to_make_room() {
    let mut alerts = alerts(vec![each(Each::Key, rule(Measure::Spend, 10, 5))]);
    alerts.happened(&Happening { key: "loud", ..spent(0, 10) });
    assert_eq!(told_of(&mut alerts, 1).len(), 1);
    assert_eq!(told_of(&mut alerts, 61 * MINUTE).len(), 1);
    let keys: Vec<String> = (0..MOST_FOLLOWED).map(|number| format!("k{number:04}")).collect();
    for key in &keys {
        alerts.happened(&Happening { key, ..spent(2 * HOUR, 1) });
    }
    alerts.happened(&Happening { key: "loud", ..spent(2 * HOUR, 10) });
    assert_eq!(told_of(&mut alerts, 2 * HOUR + 1), []);
    assert_eq!(told_of(&mut alerts, 2 * HOUR + 2 * MINUTE), []);
}
