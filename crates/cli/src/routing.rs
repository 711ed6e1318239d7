//! Wiring: what is configured of aliases, fallbacks and breakers becomes what the gateway needs of them.

use std::collections::BTreeMap;
use std::time::Duration;

use paceway_gateway::fleet::{
    AliasSettings, ChainRules, Escalation, EscalationBy, MOST_TARGETS, Sticky, TargetSettings,
};
use paceway_gateway::provider::ProviderSettings;
use paceway_policy::breaker::BreakerRules;
use paceway_policy::fallback::{FallbackRules, Reason, Reasons};
use paceway_policy::routing::rules::Rule;
use paceway_policy::routing::strategy::Strategy;

use crate::config::{
    AliasConfig, Config, EscalateConfig, Fallback, ProviderConfig, StickyConfig, StrategyConfig, TargetConfig,
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

/// The aliases: those that are configured, and `best`, `cheap` and `auto` over these providers.
pub(crate) fn aliases(config: &Config, providers: &[ProviderSettings]) -> BTreeMap<String, AliasSettings> {
    let usual = usual(config);
    let mut aliases = policies(config, providers, &usual);
    let configured = config.aliases.iter();
    aliases.extend(configured.map(|(name, alias)| (name.clone(), alias_settings(alias, &usual))));
    aliases
}

/// The names that there are without being configured.
fn policies(
    config: &Config,
    providers: &[ProviderSettings],
    usual: &ChainRules,
) -> BTreeMap<String, AliasSettings> {
    let picks = |pick: fn(&ProviderConfig) -> &Option<String>| -> Vec<TargetSettings> {
        let target = |provider: &ProviderSettings| {
            let (name, catalogue) = (&provider.candidate.name, &provider.candidate.catalogue);
            // The simulated provider has other names, and the models of the one whose catalogue it uses.
            let known = config.providers.get(name).or_else(|| config.providers.get(catalogue))?;
            let model = format!("{name}/{}", pick(known).as_ref()?);
            Some(TargetSettings { model, weight: 1, when: None })
        };
        providers.iter().filter_map(target).take(MOST_TARGETS).collect()
    };
    let (cheap, best) = (picks(|provider| &provider.cheap), picks(|provider| &provider.best));
    let both: Vec<_> =
        cheap.iter().chain(&best).filter(|target| is_of_first(target, &cheap)).cloned().collect();
    let by_prompt = Escalation { by: EscalationBy::Prompt, threshold: USUAL_THRESHOLD };
    let named = [
        ("best", best, usual.clone()),
        ("cheap", cheap, ChainRules { strategies: vec![Strategy::Cheapest], ..usual.clone() }),
        ("auto", both, ChainRules { escalation: Some(by_prompt), ..usual.clone() }),
    ];
    let named = named.into_iter().filter(|(_, targets, _)| !targets.is_empty());
    named.map(|(name, targets, rules)| (name.to_owned(), AliasSettings { targets, rules })).collect()
}

/// Whether a target is of the provider that the first one is of.
fn is_of_first(target: &TargetSettings, all: &[TargetSettings]) -> bool {
    let provider = |target: &TargetSettings| target.model.split('/').next().map(str::to_owned);
    all.first().is_some_and(|first| provider(first) == provider(target))
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
