//! The lists of models, in the shape that the caller's headers show.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use paceway_domain::Dialect;
use paceway_gateway::models::{self, ListedModel};
use serde_json::{Value, json};

use crate::House;
use crate::endpoints::{dialect_at, refuse};
use crate::gemini::take_key_from_query;

/// When models that do not say were made: both dialects demand a date and the catalogue has none.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

/// `GET /v1/models` and `GET /v1beta/models`.
pub(crate) async fn list(State(house): State<House>, mut request: Request) -> Response {
    let dialect = asked_in(&mut request);
    let gateway = house.gateway();
    let caller = match gateway.callers.find(request.headers(), gateway.clock.wall()) {
        Ok(caller) => caller,
        Err(refusal) => return refuse(&house, dialect, &refusal),
    };
    let listed: Vec<_> = models::list_for(&gateway.fleet, &caller);
    let data: Vec<_> = listed.iter().map(|model| shape(dialect, model)).collect();
    let list = match dialect {
        Dialect::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": listed.first().map(|model| &model.id),
            "last_id": listed.last().map(|model| &model.id),
        }),
        Dialect::Gemini => json!({"models": data}),
        _ => json!({"object": "list", "data": data}),
    };
    Json(list).into_response()
}

/// `GET /v1/models/{id}` and `GET /v1beta/models/{id}`, where the id may hold slashes.
pub(crate) async fn find(
    State(house): State<House>,
    Path(id): Path<String>,
    mut request: Request,
) -> Response {
    let dialect = asked_in(&mut request);
    let gateway = house.gateway();
    let caller = gateway.callers.find(request.headers(), gateway.clock.wall());
    match caller.and_then(|caller| models::find(&gateway.fleet, &caller, id)) {
        Ok(model) => Json(shape(dialect, &model)).into_response(),
        Err(refusal) => refuse(&house, dialect, &refusal),
    }
}

/// The dialect of the address, or where several share it, of the headers.
fn asked_in(request: &mut Request) -> Dialect {
    take_key_from_query(request);
    dialect_at(request.uri().path(), request.headers())
}

fn shape(dialect: Dialect, model: &ListedModel) -> Value {
    match dialect {
        Dialect::Anthropic => {
            json!({"type": "model", "id": model.id, "display_name": model.id, "created_at": NO_DATE})
        }
        Dialect::Gemini => json!({
            "name": format!("models/{}", model.id),
            "displayName": model.id,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
        }),
        _ => {
            json!({"id": model.id, "object": "model", "created": 0, "owned_by": model.provider})
        }
    }
}
