//! The lists of models, in the shape that the caller's headers show.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use paceway_domain::Dialect;
use paceway_gateway::models::{self, ListedModel};
use serde_json::{Value, json};

use crate::House;
use crate::endpoints::refuse;
use crate::gemini::take_key_from_query;

/// When models that do not say were made: both dialects demand a date and the catalogue has none.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

/// `GET /v1/models`.
pub(crate) async fn list(State(house): State<House>, headers: HeaderMap) -> Response {
    let dialect = models::dialect_of(&headers);
    if let Err(refusal) = house.gateway.callers.find(&headers) {
        return refuse(&house, dialect, &refusal);
    }
    let listed: Vec<_> = models::list(&house.gateway.fleet);
    let data: Vec<_> = listed.iter().map(|model| shape(dialect, model)).collect();
    let list = match dialect {
        Dialect::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": listed.first().map(|model| &model.id),
            "last_id": listed.last().map(|model| &model.id),
        }),
        _ => json!({"object": "list", "data": data}),
    };
    Json(list).into_response()
}

/// `GET /v1/models/{id}`, where the id may hold slashes.
pub(crate) async fn find(State(house): State<House>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let dialect = models::dialect_of(&headers);
    let found = house.gateway.callers.find(&headers).and_then(|_| models::find(&house.gateway.fleet, &id));
    match found {
        Ok(model) => Json(shape(dialect, &model)).into_response(),
        Err(refusal) => refuse(&house, dialect, &refusal),
    }
}

/// `GET /v1beta/models`.
pub(crate) async fn list_gemini(State(house): State<House>, mut request: Request) -> Response {
    take_key_from_query(&mut request);
    if let Err(refusal) = house.gateway.callers.find(request.headers()) {
        return refuse(&house, Dialect::Gemini, &refusal);
    }
    let models: Vec<_> = models::list(&house.gateway.fleet).iter().map(gemini_shape).collect();
    Json(json!({"models": models})).into_response()
}

/// `GET /v1beta/models/{id}`.
pub(crate) async fn find_gemini(
    State(house): State<House>,
    Path(id): Path<String>,
    mut request: Request,
) -> Response {
    take_key_from_query(&mut request);
    let found =
        house.gateway.callers.find(request.headers()).and_then(|_| models::find(&house.gateway.fleet, &id));
    match found {
        Ok(model) => Json(gemini_shape(&model)).into_response(),
        Err(refusal) => refuse(&house, Dialect::Gemini, &refusal),
    }
}

fn gemini_shape(model: &ListedModel) -> Value {
    json!({
        "name": format!("models/{}", model.id),
        "displayName": model.id,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    })
}

fn shape(dialect: Dialect, model: &ListedModel) -> Value {
    match dialect {
        Dialect::Anthropic => {
            json!({"type": "model", "id": model.id, "display_name": model.id, "created_at": NO_DATE})
        }
        _ => {
            json!({"id": model.id, "object": "model", "created": 0, "owned_by": model.provider})
        }
    }
}
