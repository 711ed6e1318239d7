//! Why requests went where they went, and where one would go: `GET /admin/requests/{id}` and `POST /admin/route`. Behind the admin
//! token.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use paceway_domain::{Dialect, RequestId};
use paceway_gateway::{Address, Arrival, Callers, Endpoint, pipeline};
use serde::Deserialize;
use serde_json::json;

use crate::House;
use crate::admin::not_let_in;

/// `GET /admin/requests/{id}`: the record of a request, or what the ledger knows of it.
pub(crate) async fn request(
    State(house): State<House>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = not_let_in(&house, &headers) {
        return refused;
    }
    let gateway = house.gateway();
    if let Some(decision) = gateway.decisions.find(&id) {
        return Json(json!({"decision": *decision})).into_response();
    }
    let ledger = std::sync::Arc::clone(&gateway.ledger);
    let asked = RequestId::from_text(id.clone());
    let found = tokio::task::spawn_blocking(move || ledger.find(&asked)).await;
    match found {
        Ok(Ok(rows)) if !rows.is_empty() => Json(json!({"ledger": rows})).into_response(),
        _ => told(
            StatusCode::NOT_FOUND,
            "not_found_error",
            &format!(
                "there is no request `{id}`: it is older than the latest that are kept (`explain.keep`) and did not reach a \
                 provider, or it is on its way"
            ),
        ),
    }
}

/// Whose request, and in which dialect.
#[derive(Deserialize)]
pub(crate) struct DryRun {
    dialect: Option<String>,
    key: Option<String>,
}

/// `POST /admin/route`: what would become of the request in the body, which is not sent.
pub(crate) async fn route(
    State(house): State<House>,
    Query(dry_run): Query<DryRun>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = not_let_in(&house, &headers) {
        return refused;
    }
    let gateway = house.gateway();
    let dialect = match dry_run.dialect.as_deref() {
        None | Some("openai") => Dialect::OpenAi,
        Some("anthropic") => Dialect::Anthropic,
        Some("responses") => Dialect::Responses,
        Some(other) => {
            let why = format!("dialect: expected openai, anthropic or responses, got `{other}`");
            return told(StatusCode::BAD_REQUEST, "invalid_request_error", &why);
        }
    };
    let arrival = Arrival {
        id: gateway.new_request_id(),
        dialect,
        endpoint: Endpoint::Generate,
        address: Address::default(),
        headers,
        query: None,
        body,
    };
    let caller = match dry_run.key.as_deref() {
        None => Callers::operator(),
        Some(name) => match gateway.callers.named(name) {
            Some(caller) => caller,
            None => {
                let why =
                    format!("key: there is no key named `{name}` in use; `paceway keys list` shows them");
                return told(StatusCode::BAD_REQUEST, "invalid_request_error", &why);
            }
        },
    };
    match pipeline::dry_run(&gateway, &caller, arrival) {
        Ok(decision) => Json(json!({"decision": decision})).into_response(),
        Err(refusal) => told(StatusCode::BAD_REQUEST, "invalid_request_error", &refusal.to_string()),
    }
}

fn told(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"type": kind, "message": message}}))).into_response()
}
