//! Every budget as it stands.

use paceway_domain::MicroUsd;
use paceway_gateway::budgets::{Forecast, Standing, date};
use serde_json::{Value, json};

use super::wire::ErrorBody;
use super::{Asked, Denied, Reply};

/// Show what is spent, held and left of every budget, and what is to come; amounts are in 10⁻⁶ US dollars
#[utoipa::path(
    get,
    path = "/admin/budgets",
    tag = "decisions",
    responses((status = 200, body = Value), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn show(asked: &Asked) -> Result<Reply, Denied> {
    let gateway = asked.house.gateway();
    let standings = gateway.budgets.report(gateway.clock.wall());
    Reply::ok(json!({"budgets": standings.iter().map(shape).collect::<Vec<_>>()}))
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
