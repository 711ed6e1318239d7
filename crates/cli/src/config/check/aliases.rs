//! Aliases that can be read and make no sense: values out of bounds, targets that nobody serves, and settings that change nothing
//! there. Whether a provider has a key is not asked here.

use paceway_gateway::fleet::MOST_TARGETS;
use paceway_policy::routing;
use paceway_policy::routing::region;
use paceway_policy::routing::rules::Rule;
use paceway_policy::routing::strategy::Strategy;

use super::super::model::{AliasRules, StickyConfig, StrategyConfig, TargetConfig, WeightedTarget};
use super::super::unknown_keys::nearest;
use super::super::{Config, ProviderConfig};
use super::Check;

/// How the providers are named that are there when no other is.
const SIMULATED: &str = "simulated-";

impl Check {
    pub(super) fn alias(&mut self, key: &str, alias: &AliasRules, config: &Config) {
        if alias.targets.is_empty() || alias.targets.len() > MOST_TARGETS {
            let got = alias.targets.len();
            self.say(key, format_args!("expected 1 to {MOST_TARGETS} names of models, got {got}"));
        }
        for (index, target) in alias.targets.iter().enumerate() {
            self.target(&format!("{key}.targets[{index}]"), target, config);
            self.twin(&format!("{key}.targets[{index}]"), target, &alias.targets[..index]);
        }
        if let Some(threshold) = alias.threshold {
            self.range(&format!("{key}.threshold"), threshold, 0.0..=1.0);
        }
        if alias.escalate.is_some() && alias.targets.len() < 2 {
            self.say(&format!("{key}.escalate"), "expected at least two targets, the cheap one first");
        }
        self.weights(key, alias);
        self.regions(key, alias, config);
        let reachable: usize =
            alias.targets.iter().map(|target| servers(config, target.model()).len().max(1)).sum();
        if alias.hedge == Some(true) && reachable < 2 {
            self.warn(&format!("{key}.hedge"), "changes nothing: there is no second target to ask");
        }
        if let Some(reasons) = &alias.fallback_on {
            self.reasons(&format!("{key}.fallback_on"), reasons);
        }
        if let Some(patience) = alias.patience_s {
            self.range(&format!("{key}.patience_s"), patience, 0..=86_400);
        }
    }

    fn target(&mut self, key: &str, target: &TargetConfig, config: &Config) {
        let name = target.model();
        let is_policy = ["best", "cheap", "auto"].contains(&name);
        if name.is_empty() || is_policy || config.aliases.contains_key(name) {
            self.say(key, format_args!("expected a model's name, which is no alias itself, got `{name}`"));
        } else if servers(config, name).is_empty() && !name.starts_with(SIMULATED) {
            let Some((provider, _)) = name.split_once('/') else {
                self.say(
                    key,
                    format_args!(
                        "no provider `serves` `{name}`: name it as `PROVIDER/{name}`, or correct it"
                    ),
                );
                return;
            };
            let meant = nearest(provider, config.providers.keys().map(String::as_str));
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            self.say(key, format_args!("there is no provider `{provider}` for `{name}`{meant}"));
        }
        let TargetConfig::Weighted(WeightedTarget { weight, when, .. }) = target else { return };
        if let Some(weight) = weight {
            self.range(&format!("{key}.weight"), *weight, 0..=1_000_000);
        }
        if let Some(Err(error)) = when.as_deref().map(Rule::parse) {
            self.say(&format!("{key}.when"), error);
        }
    }

    /// The same model under another rule is another target.
    fn twin(&mut self, key: &str, target: &TargetConfig, before: &[TargetConfig]) {
        let twin =
            before.iter().position(|other| other.model() == target.model() && rule(other) == rule(target));
        if let Some(twin) = twin {
            let name = target.model();
            self.say(
                key,
                format_args!("`{name}` is target {twin} already, under the same rule: leave one out"),
            );
        }
    }

    fn weights(&mut self, key: &str, alias: &AliasRules) {
        let names = alias.strategy.clone().map(StrategyConfig::names).unwrap_or_default();
        for name in &names {
            if let Err(error) = name.parse::<Strategy>() {
                self.say(&format!("{key}.strategy"), error);
            }
        }
        let has_weights = alias
            .targets
            .iter()
            .any(|target| matches!(target, TargetConfig::Weighted(WeightedTarget { weight: Some(_), .. })));
        // Homes of sessions and prefixes are shared out by weight, too.
        let is_sticky = alias.sticky.is_some_and(|sticky| sticky != StickyConfig::Off);
        if has_weights && !is_sticky && !names.iter().any(|name| name == "weighted") {
            self.warn(
                &format!("{key}.targets"),
                "a `weight` changes nothing without `strategy = \"weighted\"` (or `sticky`), unless a caller wishes that strategy",
            );
        }
    }

    fn regions(&mut self, key: &str, alias: &AliasRules, config: &Config) {
        let Some(regions) = &alias.regions else { return };
        let mut asked = alias.targets.iter().flat_map(|target| servers(config, target.model())).peekable();
        let is_known = asked.peek().is_some();
        let is_inside = |provider: &ProviderConfig| {
            let place = provider.region.as_deref().or(provider.location.as_deref());
            region::may_serve(place, regions).is_ok()
        };
        if is_known && !asked.any(is_inside) {
            self.say(
                &format!("{key}.regions"),
                format_args!(
                    "no target's provider is in any of {}: say `region` of those that are, as in [providers.NAME]",
                    regions.join(", ")
                ),
            );
        }
    }
}

fn rule(target: &TargetConfig) -> Option<&str> {
    match target {
        TargetConfig::Name(_) => None,
        TargetConfig::Weighted(target) => target.when.as_deref(),
    }
}

/// The providers that a target's name means, with keys or without.
fn servers<'c>(config: &'c Config, name: &str) -> Vec<&'c ProviderConfig> {
    let named = name.split_once('/').and_then(|(provider, _)| config.providers.get(provider));
    if let Some(provider) = named {
        return vec![provider];
    }
    let serves =
        |provider: &&ProviderConfig| provider.serves.iter().any(|pattern| routing::matches(pattern, name));
    config.providers.values().filter(serves).collect()
}
