//! Every limit with its level, where it is known from, and who waits for it.

use paceway_gateway::PoolState;
use paceway_gateway::limits_report::{self, LimitsReport, MeterState, OwnPool, ProviderPool};
use serde_json::{Value, json};

use super::wire::ErrorBody;
use super::{Asked, Denied, Reply};

/// Show every limit with its level, where it is known from, and who waits for it
#[utoipa::path(
    get,
    path = "/admin/limits",
    tag = "decisions",
    responses((status = 200, body = Value), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn show(asked: &Asked) -> Result<Reply, Denied> {
    Reply::ok(shape(&limits_report::report(&asked.house.gateway())))
}

fn shape(report: &LimitsReport) -> Value {
    json!({
        "pools": report.pools.iter().map(provider_pool).collect::<Vec<_>>(),
        "own": report.own.iter().map(own_pool).collect::<Vec<_>>(),
        "waiting": report.waiting,
    })
}

fn provider_pool(pool: &ProviderPool) -> Value {
    let waiting = pool.waiting.iter().map(|waiting| {
        json!({
            "priority": format!("{:?}", waiting.priority).to_lowercase(),
            "caller": waiting.caller,
            "requests": waiting.requests,
        })
    });
    let mut told = state(&pool.state);
    told["provider"] = json!(pool.provider);
    told["models"] = json!(pool.models);
    told["quota_group"] = json!(pool.quota_group);
    told["waiting"] = json!(waiting.collect::<Vec<_>>());
    told["expected_wait_s"] = json!(pool.expected_wait.as_secs_f64());
    told
}

fn own_pool(pool: &OwnPool) -> Value {
    let mut told = state(&pool.state);
    told["rule"] = json!(pool.rule);
    told["key"] = json!(pool.key);
    told
}

fn state(pool: &PoolState) -> Value {
    let closed = pool.closed.map(|(cause, time)| json!({"cause": cause.name(), "for_s": time.as_secs_f64()}));
    json!({
        "limits": pool.meters.iter().map(meter).collect::<Vec<_>>(),
        "in_flight": pool.in_flight,
        "most_in_flight": pool.most_in_flight,
        "closed": closed,
    })
}

fn meter(meter: &MeterState) -> Value {
    json!({
        "limit": meter.dimension.to_string(),
        "units": meter.limit,
        "burst": meter.burst,
        "free": i64::try_from(meter.free).unwrap_or(i64::MIN),
        "known_from": format!("{:?}", meter.source).to_lowercase(),
        "others_per_s": meter.others_per_second,
        "used_per_s": meter.used_per_second,
        "exhausted_in_s": meter.exhausted_in.map(|time| time.as_secs_f64()),
    })
}
