//! What could have cost less.

use std::sync::Arc;

use paceway_domain::UnixMillis;
use paceway_gateway::insights;
use serde::Deserialize;

use super::usage::place_or_own;
use super::wire::ErrorBody;
use super::{Asked, Denied, Reply};

/// What is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    from: Option<u64>,
    to: Option<u64>,
    organisation: Option<String>,
    team: Option<String>,
    project: Option<String>,
}

/// Find what could have cost less within the admin's place, the most first: who, by which evidence, what it would have saved in 10⁻⁶ US
/// dollars, how that was reckoned and what to do. It reads every row of that time, so that one answer is made at a time
#[utoipa::path(
    get,
    path = "/admin/insights",
    tag = "usage",
    params(
        ("from" = Option<u64>, Query, description = "Requests that arrived then or later; absent: 30 days before `to`, and at most 366"),
        ("to" = Option<u64>, Query, description = "Requests that arrived before; absent: until now"),
        ("organisation" = Option<String>, Query, description = "Of this organisation only"),
        ("team" = Option<String>, Query, description = "Of this team of it only"),
        ("project" = Option<String>, Query, description = "Of this project of it only"),
    ),
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn show(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: Wanted = asked.query()?;
    let place = place_or_own(asked, [&wanted.organisation, &wanted.team, &wanted.project])?;
    let span = (wanted.from.map(UnixMillis), wanted.to.map(UnixMillis));
    let gateway = asked.house.gateway();
    let (prices, providers) = (Arc::clone(&gateway.prices), &gateway.known_providers);
    let report = asked.house.administration.insights(&asked.actor, &place, span, prices, providers)?;
    Reply::ok(insights::to_json(&report))
}
