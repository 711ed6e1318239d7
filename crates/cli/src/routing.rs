//! Wiring: what is configured of aliases, fallbacks and breakers becomes what the gateway needs of them.

use std::collections::BTreeMap;
use std::time::Duration;

use paceway_gateway::fleet::AliasSettings;
use paceway_policy::breaker::BreakerRules;
use paceway_policy::fallback::{FallbackRules, Reason, Reasons};

use crate::config::Config;

/// When targets take each other's place, where an alias does not say.
pub(crate) fn fallback(config: &Config) -> FallbackRules {
    FallbackRules {
        on: reasons(&config.fallback.on),
        patience: Duration::from_secs(config.fallback.patience_s),
    }
}

/// The aliases.
pub(crate) fn aliases(config: &Config) -> BTreeMap<String, AliasSettings> {
    let usual = fallback(config);
    let settings = |alias: &crate::config::AliasConfig| {
        let rules = alias.rules();
        let fallback = FallbackRules {
            on: rules.fallback_on.map_or(usual.on, |on| reasons(&on)),
            patience: rules.patience_s.map_or(usual.patience, Duration::from_secs),
        };
        AliasSettings { targets: rules.targets, fallback }
    };
    config.aliases.iter().map(|(name, alias)| (name.clone(), settings(alias))).collect()
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
