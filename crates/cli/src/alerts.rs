//! Rules of alerts and their receivers, from configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use paceway_gateway::alerts::Destination;
use paceway_policy::alerts::{Measure, Rule, Scope};

use crate::config::{AlertConfig, Config};

/// How long a window is, and how long a rule is silent after it spoke, where configuration says neither, in seconds.
const USUAL_OVER_S: u64 = 3_600;
const USUAL_REPEAT_S: u64 = 14_400;
/// Without `clears_at`, a rule clears at so much of `fires_at`, in percent.
const CLEARS_AT: f64 = 90.0;

/// The rules, which were checked.
pub(crate) fn rules(config: &Config) -> Vec<Rule> {
    config.alerts.iter().filter_map(rule).collect()
}

fn rule(alert: &AlertConfig) -> Option<Rule> {
    let measure = Measure::named(&alert.measure)?;
    let scale = measure.scale();
    let usual_end =
        if measure.is_bad_when_low() { alert.fires_at } else { alert.fires_at * CLEARS_AT / 100.0 };
    let least_scale = if measure == Measure::SpendSpike { Measure::Spend.scale() } else { 1 };
    Some(Rule {
        name: alert.name.clone(),
        measure,
        over: Duration::from_secs(alert.over_s.unwrap_or(USUAL_OVER_S)),
        fires_at: whole(alert.fires_at, scale),
        clears_at: whole(alert.clears_at.unwrap_or(usual_end), scale),
        least: whole(alert.least.unwrap_or_else(|| usual_least(measure)), least_scale),
        repeat: Duration::from_secs(alert.repeat_s.unwrap_or(USUAL_REPEAT_S)),
        scope: Scope {
            team: alert.team.clone(),
            project: alert.project.clone(),
            key: alert.key.clone(),
            provider: alert.provider.clone(),
            model: alert.model.clone(),
        },
        each: alert.each(),
        to: alert.to.clone(),
    })
}

/// Twenty requests, or a dollar.
fn usual_least(measure: Measure) -> f64 {
    if measure == Measure::SpendSpike { 1.0 } else { 20.0 }
}

/// A number of a measure's own units, at least one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A cast of a float saturates.
fn whole(value: f64, scale: u64) -> u64 {
    ((value * scale as f64).round() as u64).max(1)
}

/// The receivers that can be reached, and a sentence for each that cannot: for want of its address or its secret.
pub(crate) fn destinations(config: &Config) -> (BTreeMap<String, Arc<Destination>>, Vec<String>) {
    let (mut reachable, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, notify) in &config.notify {
        match notify.destination(name) {
            Ok(destination) => {
                reachable.insert(name.clone(), Arc::new(destination));
            }
            Err(why) => problems.push(format!("notify.{name}: {why}")),
        }
    }
    (reachable, problems)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paceway_policy::alerts::Each;

    use super::*;

    fn alert(measure: &str, fires_at: f64) -> AlertConfig {
        AlertConfig {
            name: "a".into(),
            measure: measure.into(),
            over_s: None,
            fires_at,
            clears_at: None,
            least: None,
            repeat_s: None,
            team: None,
            project: None,
            key: None,
            provider: None,
            model: None,
            each: false,
            to: vec!["ops".into()],
        }
    }

    #[test]
    fn each_is_of_what_is_said_once() {
        let each = |team: &str, key: Option<&str>| {
            let one = AlertConfig { each: true, team: Some(team.into()), ..alert("spend", 1.0) };
            rule(&AlertConfig { key: key.map(Into::into), ..one }).unwrap().each
        };
        assert_eq!((each("*", None), each("*", Some("*"))), (Some(Each::Team), None));
    }

    #[test]
    fn thresholds_become_whole_numbers_of_the_measures_unit() {
        let spend = rule(&alert("spend", 12.5)).unwrap();
        assert_eq!((spend.fires_at, spend.clears_at), (12_500_000, 11_250_000));
        let errors = rule(&alert("error_rate", 0.5)).unwrap();
        assert_eq!((errors.fires_at, errors.least), (50, 20));
        let spike = rule(&alert("spend_spike", 300.0)).unwrap();
        assert_eq!((spike.fires_at, spike.least), (30_000, 1_000_000));
        let wait = rule(&AlertConfig { clears_at: Some(2.0), ..alert("queue_wait_p95", 30.0) }).unwrap();
        assert_eq!((wait.fires_at, wait.clears_at), (30_000, 2_000));
        let breaker = rule(&alert("breaker_open", 1.0)).unwrap();
        assert_eq!((breaker.fires_at, breaker.clears_at), (1, 1));
    }
}
