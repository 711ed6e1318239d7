//! Limits and callers as configured, in the scheduler's terms.

use paceway_domain::{Counted, Window};
use paceway_gateway::lane::PoolSettings;
use paceway_gateway::standing::CallerRule;
use paceway_scheduler::{Charging, Learning, Limits, Priority, Rate};

use crate::config::{self, CallerConfig, LimitConfig, Rates};

/// Seconds of refill that may be used at once where the configuration does not say.
const DEFAULT_BURST_S: u64 = 60;

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
    let burst_s = rates.burst_s.unwrap_or(DEFAULT_BURST_S);
    let minute = |counted, units: Option<u64>| Some((counted, Rate::per_minute(units?, burst_s)));
    let day = |counted, units: Option<u64>| Some((counted, Rate::whole(units?, Window::Day)));
    let declared = [
        minute(Counted::Requests, rates.requests_per_minute),
        minute(Counted::Input, rates.input_tokens_per_minute),
        minute(Counted::Output, rates.output_tokens_per_minute),
        minute(Counted::Total, rates.tokens_per_minute),
        day(Counted::Requests, rates.requests_per_day),
        day(Counted::Total, rates.tokens_per_day),
    ];
    declared.into_iter().flatten().collect()
}
