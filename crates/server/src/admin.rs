//! What an operator may ask: `GET /admin/limits`. Behind the admin token, which is not a virtual key.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paceway_gateway::limits_report::{self, LimitsReport, MeterState, OwnPool, ProviderPool};
use paceway_gateway::{AdminToken, PoolState};
use serde_json::{Value, json};

use crate::House;

/// `GET /admin/limits`: every limit with its level, where it is known from, and who waits for it.
pub(crate) async fn limits(State(house): State<House>, headers: HeaderMap) -> Response {
    if let Some(refused) = not_let_in(&house, &headers) {
        return refused;
    }
    Json(shape(&limits_report::report(&house.gateway()))).into_response()
}

/// The refusal of whoever does not send the admin token; `None` for who does.
pub(crate) fn not_let_in(house: &House, headers: &HeaderMap) -> Option<Response> {
    if is_let_in(&house.admin, headers) {
        return None;
    }
    let told = json!({"error": {
        "type": "authentication_error",
        "message": "this needs the admin token: send `authorization: Bearer …` with what the file `admin.token` in the \
            data directory holds, or run `paceway limits` or `paceway reload`",
    }});
    Some((StatusCode::UNAUTHORIZED, Json(told)).into_response())
}

fn is_let_in(token: &AdminToken, headers: &HeaderMap) -> bool {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    bearer.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|given| token.is(given))
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
