//! Limits and callers as configured, in the scheduler's terms.

use paceway_domain::Counted;
use paceway_gateway::lane::PoolSettings;
use paceway_gateway::standing::{self, CallerRule};
use paceway_policy::access::OwnLimits;
use paceway_scheduler::{Charging, Learning, Limits, Priority, Rate};

use crate::config::{self, CallerConfig, LimitConfig, Rates};

/// A way of charging as configured.
pub(crate) fn charging(charging: config::Charging) -> Charging {
    match charging {
        config::Charging::AsGenerated => Charging::AsGenerated,
        config::Charging::Reserved => Charging::Reserved,
        config::Charging::ReservedThenSettled => Charging::ReservedThenSettled,
    }
}

/// A provider's declared limits.
pub(crate) fn pool_settings(limit: &LimitConfig, usual: Charging) -> PoolSettings {
    let charging = limit.charging.map_or(usual, self::charging);
    let learning = match limit.learn {
        None | Some(config::Learn::Everything) => Learning::Everything,
        Some(config::Learn::UpToDeclared) => Learning::UpToDeclared,
        Some(config::Learn::Nothing) => Learning::Nothing,
    };
    let concurrency = limit.rates.concurrency;
    let limits = Limits { rates: rates(&limit.rates), concurrency, charging, learning };
    PoolSettings { models: limit.models.clone(), limits }
}

/// A rule about callers. Their own limits charge what is used, whatever the provider reserves.
pub(crate) fn caller_rule(caller: &CallerConfig) -> CallerRule {
    let rates = rates(&caller.rates);
    let has_limits = !rates.is_empty() || caller.rates.concurrency.is_some();
    CallerRule {
        name: caller.name.clone(),
        keys: caller.keys.clone(),
        priority: match caller.priority {
            Some(config::Priority::High) => Priority::High,
            None | Some(config::Priority::Normal) => Priority::Normal,
            Some(config::Priority::Low) => Priority::Low,
            Some(config::Priority::Batch) => Priority::Batch,
        },
        weight: caller.weight.unwrap_or(1),
        is_team: caller.team,
        models: caller.models.clone().unwrap_or_else(|| vec!["*".into()]),
        limits: has_limits.then(|| Limits { rates, concurrency: caller.rates.concurrency, ..Limits::none() }),
    }
}

fn rates(rates: &Rates) -> Vec<(Counted, Rate)> {
    standing::rates(&OwnLimits {
        requests_per_minute: rates.requests_per_minute,
        input_tokens_per_minute: rates.input_tokens_per_minute,
        output_tokens_per_minute: rates.output_tokens_per_minute,
        tokens_per_minute: rates.tokens_per_minute,
        requests_per_day: rates.requests_per_day,
        tokens_per_day: rates.tokens_per_day,
        concurrency: rates.concurrency,
        burst_s: rates.burst_s,
    })
}
