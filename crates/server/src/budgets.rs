//! `GET /admin/budgets`: every budget as it stands, for an operator.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use paceway_domain::MicroUsd;
use paceway_gateway::budgets::{Forecast, Standing, date};
use serde_json::{Value, json};

use crate::House;
use crate::admin::not_let_in;

/// `GET /admin/budgets`: what is spent, held and left, and what is to come. Amounts are in 10⁻⁶ US dollars.
pub(crate) async fn list(State(house): State<House>, headers: HeaderMap) -> Response {
    if let Some(refused) = not_let_in(&house, &headers) {
        return refused;
    }
    let gateway = house.gateway();
    let standings = gateway.budgets.report(gateway.clock.wall());
    Json(json!({"budgets": standings.iter().map(shape).collect::<Vec<_>>()})).into_response()
}

fn shape(standing: &Standing) -> Value {
    json!({
        "budget": standing.budget,
        "account": standing.account,
        "from": date(standing.span.from),
        "resets": standing.span.to.map(date),
        "amount_microusd": standing.amount,
        "spent_microusd": standing.spent,
        "held_microusd": standing.held,
        "left_microusd": standing.left,
        "percent": standing.percent,
        "reached": standing.reached,
        "waiting": standing.waiting,
        "forecast": forecast(standing.forecast),
    })
}

fn forecast(forecast: Forecast) -> Value {
    let lasts = |by_then: MicroUsd| json!({"state": "lasts", "spent_by_then_microusd": by_then});
    match forecast {
        Forecast::Unknown => json!({"state": "unknown"}),
        Forecast::Gone => json!({"state": "gone"}),
        Forecast::GoneAt(at) => json!({"state": "gone_at", "at": date(at)}),
        Forecast::Lasts(by_then) => lasts(by_then),
    }
}
