//! Why requests went where they went, and where one would go.

use paceway_domain::{Dialect, RequestId};
use paceway_gateway::{Address, Arrival, Callers, Endpoint, pipeline};
use serde::Deserialize;
use serde_json::json;

use super::wire::ErrorBody;
use super::{Asked, Denied, Reply};

/// Show the record of a request, or what the ledger knows of it
#[utoipa::path(
    get,
    path = "/admin/requests/{id}",
    tag = "decisions",
    params(("id" = String, Path, description = "Its `x-paceway-request-id`")),
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn request(asked: &Asked) -> Result<Reply, Denied> {
    let (gateway, id) = (asked.house.gateway(), asked.part("id"));
    if let Some(decision) = gateway.decisions.find(id) {
        return Reply::ok(json!({"decision": *decision}));
    }
    let rows = gateway.ledger.find(&RequestId::from_text(id.to_owned()))?;
    if rows.is_empty() {
        return Err(Denied::NotFound(format!(
            "there is no request `{id}`: it is older than the latest that are kept (`explain.keep`) and did not reach a provider, or \
             it is on its way"
        )));
    }
    Reply::ok(json!({"ledger": rows}))
}

/// Whose request, and in which dialect.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DryRun {
    dialect: Option<String>,
    key: Option<String>,
}

/// Say what would become of the request in the body, which is not sent
#[utoipa::path(
    post,
    path = "/admin/route",
    tag = "decisions",
    params(
        ("dialect" = Option<String>, Query, description = "`openai` (if absent), `anthropic` or `responses`"),
        ("key" = Option<String>, Query, description = "The name of the key whose rules are to hold"),
    ),
    request_body(content = serde_json::Value, description = "The request as a client would send it"),
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn route(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: DryRun = asked.query()?;
    let gateway = asked.house.gateway();
    let dialect = match wanted.dialect.as_deref() {
        None | Some("openai") => Dialect::OpenAi,
        Some("anthropic") => Dialect::Anthropic,
        Some("responses") => Dialect::Responses,
        Some(other) => {
            let why = format!("expected openai, anthropic or responses, got `{other}`");
            return Err(Denied::invalid("dialect", why));
        }
    };
    let arrival = Arrival {
        id: gateway.new_request_id(),
        dialect,
        endpoint: Endpoint::Generate,
        address: Address::default(),
        headers: asked.headers.clone(),
        query: None,
        body: asked.body.clone(),
    };
    let caller = match wanted.key.as_deref() {
        None => Callers::operator(),
        Some(name) => gateway.callers.named(name, gateway.clock.wall()).ok_or_else(|| {
            let why = format!("there is no key named `{name}` in use; `paceway keys list` shows them");
            Denied::invalid("key", why)
        })?,
    };
    let decision = pipeline::dry_run(&gateway, &caller, arrival);
    let decision = decision.map_err(|refusal| Denied::invalid("request", refusal.to_string()))?;
    Reply::ok(json!({"decision": decision}))
}
