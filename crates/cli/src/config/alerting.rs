//! The rules of alerts as types, and what makes no sense in them. What each means stands in `config/default.toml`, not here.

use std::collections::BTreeSet;

use paceway_policy::alerts::{Each, MOST_RULES, Measure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;
use super::notify::Unreachable;

/// Receivers of alerts.
const MOST_RECEIVERS: usize = 16;

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct AlertConfig {
    pub name: String,
    pub measure: String,
    #[serde(default)]
    pub over_s: Option<u64>,
    pub fires_at: f64,
    #[serde(default)]
    pub clears_at: Option<f64>,
    #[serde(default)]
    pub least: Option<f64>,
    #[serde(default)]
    pub repeat_s: Option<u64>,
    #[serde(default)]
    pub team: Option<String>,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub each: bool,
    pub to: Vec<String>,
}

impl AlertConfig {
    /// What each of is told apart; `None` as well where that cannot be said.
    pub(crate) fn each(&self) -> Option<Each> {
        match (self.each, &self.team, &self.project, &self.key) {
            (true, Some(_), None, None) => Some(Each::Team),
            (true, None, Some(_), None) => Some(Each::Project),
            (true, None, None, Some(_)) => Some(Each::Key),
            _ => None,
        }
    }
}

/// A sentence for each mistake, with the key that it is about.
pub(super) fn problems(config: &Config) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if config.alerts.len() > MOST_RULES {
        problems.push((
            "alerts".into(),
            format!("expected at most {MOST_RULES} rules, got {}", config.alerts.len()),
        ));
    }
    if config.notify.len() > MOST_RECEIVERS {
        let got = config.notify.len();
        problems.push(("notify".into(), format!("expected at most {MOST_RECEIVERS} receivers, got {got}")));
    }
    let mut names = BTreeSet::new();
    for (index, alert) in config.alerts.iter().enumerate() {
        let mut say = |key: &str, what: String| problems.push((format!("alerts[{index}].{key}"), what));
        if alert.name.is_empty() || !names.insert(&alert.name) {
            say("name", "expected a name of its own".into());
        }
        of_alert(alert, &mut say);
        for name in alert.to.iter().filter(|name| !config.notify.contains_key(*name)) {
            say("to", format!("there is no [notify.{name}]"));
        }
    }
    for (name, notify) in &config.notify {
        problems.extend(notify.stray().map(|key| {
            (format!("notify.{name}.{key}"), format!("kind = \"{}\" does not have it", notify.kind.name()))
        }));
        if let Err(Unreachable::Mistake(why)) = notify.destination(name) {
            problems.push((format!("notify.{name}"), why));
        }
    }
    problems
}

fn of_alert(alert: &AlertConfig, say: &mut impl FnMut(&str, String)) {
    let Some(measure) = Measure::named(&alert.measure) else {
        let names = Measure::ALL.map(Measure::name);
        return say("measure", format!("expected one of {}, got `{}`", names.join(", "), alert.measure));
    };
    let is_number = |value: f64| value.is_finite() && (0.0..=1e12).contains(&value);
    if !is_number(alert.fires_at) || alert.fires_at <= 0.0 {
        say("fires_at", format!("expected more than 0 {}, got {}", measure.unit(), alert.fires_at));
    }
    if let Some(clears_at) = alert.clears_at {
        let is_apart =
            if measure.is_bad_when_low() { clears_at >= alert.fires_at } else { clears_at <= alert.fires_at };
        if !is_number(clears_at) || !is_apart {
            let side = if measure.is_bad_when_low() { "least" } else { "most" };
            say("clears_at", format!("expected at {side} `fires_at` = {}, got {clears_at}", alert.fires_at));
        }
    }
    if alert.least.is_some_and(|least| !is_number(least)) {
        say("least", "expected a number that is not negative".into());
    }
    let ranges = [("over_s", alert.over_s, 60..=604_800), ("repeat_s", alert.repeat_s, 60..=2_592_000)];
    for (key, value, range) in ranges {
        if let Some(value) = value.filter(|value| !range.contains(value)) {
            say(key, format!("expected {} to {}, got {value}", range.start(), range.end()));
        }
    }
    if alert.each && alert.each().is_none() {
        say("each", "each of what? Say one of `team`, `project` and `key`; \"*\" stands for all".into());
    }
    if alert.each && !measure.is_counted() {
        say("each", format!("`{}` is not counted by team, project or key", measure.name()));
    }
    if alert.to.is_empty() {
        say("to", "expected at least one name of a [notify.NAME]".into());
    }
}
