//! Wiring: what is configured of aliases, fallbacks and breakers becomes what the gateway needs of them.

use std::collections::BTreeMap;
use std::time::Duration;

use paceway_gateway::fleet::{AliasSettings, ChainRules, Escalation, EscalationBy, Sticky, TargetSettings};
use paceway_policy::breaker::BreakerRules;
use paceway_policy::fallback::{FallbackRules, Reason, Reasons};
use paceway_policy::routing::rules::Rule;

use crate::config::{
    AliasConfig, Config, EscalateConfig, Fallback, StickyConfig, StrategyConfig, TargetConfig,
};

/// From which score on a prompt is hard, or an answer doubtful.
const USUAL_THRESHOLD: f64 = 0.5;

/// When targets take each other's place, where an alias does not say.
fn fallback(config: &Config) -> FallbackRules {
    FallbackRules {
        on: reasons(&config.fallback.on),
        patience: Duration::from_secs(config.fallback.patience_s),
    }
}

/// The rules for names that are no aliases.
pub(crate) fn usual(config: &Config) -> ChainRules {
    let Fallback { continue_streams: continues, hedge: hedges, .. } = config.fallback;
    ChainRules { continues, hedges, ..ChainRules::plain(fallback(config)) }
}

/// The aliases.
pub(crate) fn aliases(config: &Config) -> BTreeMap<String, AliasSettings> {
    let usual = usual(config);
    config.aliases.iter().map(|(name, alias)| (name.clone(), alias_settings(alias, &usual))).collect()
}

fn alias_settings(alias: &AliasConfig, usual: &ChainRules) -> AliasSettings {
    let alias = alias.rules();
    let target = |target: TargetConfig| match target {
        TargetConfig::Name(model) => TargetSettings { model, weight: 1, when: None },
        TargetConfig::Weighted(target) => {
            // Configuration was checked, so that every rule can be read.
            let when = target.when.and_then(|rule| Rule::parse(&rule).ok());
            TargetSettings { model: target.model, weight: target.weight.unwrap_or(1), when }
        }
    };
    let strategies = alias.strategy.map(StrategyConfig::names).unwrap_or_default();
    let rules = ChainRules {
        fallback: FallbackRules {
            on: alias.fallback_on.map_or(usual.fallback.on, |on| reasons(&on)),
            patience: alias.patience_s.map_or(usual.fallback.patience, Duration::from_secs),
        },
        // Configuration was checked, so that every name is one.
        strategies: strategies.iter().filter_map(|name| name.parse().ok()).collect(),
        sticky: match alias.sticky {
            None | Some(StickyConfig::Off) => Sticky::Off,
            Some(StickyConfig::Session) => Sticky::Session,
            Some(StickyConfig::Prefix) => Sticky::Prefix,
        },
        regions: alias.regions.unwrap_or_default(),
        continues: alias.continue_streams.unwrap_or(usual.continues),
        hedges: alias.hedge.unwrap_or(usual.hedges),
        escalation: alias.escalate.map(|by| Escalation {
            by: match by {
                EscalateConfig::Prompt => EscalationBy::Prompt,
                EscalateConfig::Answer => EscalationBy::Answer,
            },
            threshold: alias.threshold.unwrap_or(USUAL_THRESHOLD),
        }),
    };
    AliasSettings { targets: alias.targets.into_iter().map(target).collect(), rules }
}

/// When a deployment that fails is left alone.
pub(crate) fn breaker(config: &Config) -> BreakerRules {
    let breaker = &config.breaker;
    BreakerRules {
        consecutive: breaker.consecutive,
        share: f64::from(breaker.share_percent) / 100.0,
        window: Duration::from_secs(breaker.window_s),
        least_calls: breaker.least_calls,
        open: Duration::from_secs(breaker.open_s),
        longest_open: Duration::from_secs(breaker.longest_open_s),
        probes: breaker.probes,
        ramp: Duration::from_secs(breaker.ramp_s),
    }
}

/// Configuration was checked, so that every name is one.
fn reasons(names: &[String]) -> Reasons {
    names.iter().filter_map(|name| Reason::of_name(name)).collect()
}
