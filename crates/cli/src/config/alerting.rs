//! The settings of alerts as types, and what makes no sense in them. What each means stands in `config/default.toml`, not here.

use std::collections::BTreeSet;

use paceway_domain::Secret;
use paceway_gateway::alerts::{Destination, Shape};
use paceway_policy::alerts::{MOST_RULES, Measure};
use paceway_upstream::{Reach, WebhookSecret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;

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
    pub key: Option<String>,
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    pub to: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct NotifyConfig {
    pub kind: NotifyKind,
    /// Those of Slack and Discord are secrets, so it is not part of what is shown.
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub url: Option<Secret>,
    #[serde(default)]
    pub url_env: Option<String>,
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<Secret>,
    #[serde(default)]
    pub secret_env: Option<String>,
    #[serde(default)]
    pub allow_private: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NotifyKind {
    Webhook,
    Slack,
    Discord,
}

impl NotifyConfig {
    /// The receiver.
    ///
    /// # Errors
    /// What is missing or wrong, without repeating a secret.
    pub(crate) fn destination(&self, name: &str) -> Result<Destination, String> {
        let url = needed(self.url.as_ref(), "url", self.url_env.as_deref())?;
        let shape = match self.kind {
            NotifyKind::Slack => Shape::Slack,
            NotifyKind::Discord => Shape::Discord,
            NotifyKind::Webhook => {
                let secret = needed(self.secret.as_ref(), "secret", self.secret_env.as_deref())?;
                Shape::Webhook(WebhookSecret::read(secret).map_err(|error| format!("secret: {error}"))?)
            }
        };
        let reach = if self.allow_private { Reach::Anywhere } else { Reach::PublicOnly };
        Destination::new(name, shape, url, reach).map_err(|error| format!("url: {error}"))
    }
}

fn needed<'s>(secret: Option<&'s Secret>, what: &str, variable: Option<&str>) -> Result<&'s Secret, String> {
    secret.filter(|secret| !secret.is_empty()).ok_or_else(|| match variable {
        Some(variable) => {
            format!("the environment variable {variable} is not set, so that there is no {what}")
        }
        None => format!("expected `{what}`, or `{what}_env` with the name of the variable that holds it"),
    })
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
        // One whose address or secret is not there now is told at the start; others make no sense.
        let is_there =
            notify.url.is_some() && (notify.kind != NotifyKind::Webhook || notify.secret.is_some());
        let is_named = notify.url_env.is_some() || notify.secret_env.is_some();
        if (is_there || !is_named)
            && let Err(why) = notify.destination(name)
        {
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
    if alert.to.is_empty() {
        say("to", "expected at least one name of a [notify.NAME]".into());
    }
}
