//! The endpoints: which dialect speaks at which path, and where its key is.

mod azure;
mod bedrock;
mod cohere;
mod google;
mod openai;
mod vertex;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::anthropic::{self, Anthropic, For};
use crate::exchange::boxed;
use crate::keys;
use crate::openai::OpenAi;
use crate::state::Provider;
use crate::stats::Stats;

/// The header that marks every answer as simulated.
const MARK: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-simulated"), HeaderValue::from_static("paceway-sandbox"));
/// Anthropic's bound on a request body, in bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;

pub(crate) fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{id}", get(find_model).post(google::call))
        .merge(openai::router())
        .merge(google::router())
        .merge(bedrock::router())
        .merge(azure::router())
        .merge(vertex::router())
        .merge(cohere::router())
        .layer(middleware::from_fn(mark))
        .route("/", get(|| async { "This is Paceway's simulated provider.\n" }))
        .route("/sandbox/stats", get(stats))
        .route("/sandbox/settings", put(change_settings))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(provider)
}

type House = State<Arc<Provider>>;

async fn messages(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(anthropic::read(&headers, &body, For::Generating));
    provider.generate(&Anthropic, keys::common(&headers), &headers, read).await
}

async fn count_tokens(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = anthropic::read(&headers, &body, For::Counting);
    let key = keys::common(&headers);
    provider.count(&Anthropic, key.as_deref(), boxed(read), |tokens| json!({"input_tokens": tokens}))
}

async fn list_models(house: House, uri: Uri, headers: HeaderMap) -> Response {
    if headers.contains_key("x-goog-api-key") {
        return google::list(house, uri, headers).await;
    }
    Json(if speaks_anthropic(&headers) { anthropic::models() } else { crate::openai::models() })
        .into_response()
}

async fn find_model(house: House, id: Path<String>, headers: HeaderMap) -> Response {
    if headers.contains_key("x-goog-api-key") {
        google::find(house, id).await
    } else if speaks_anthropic(&headers) {
        house.describe(&Anthropic, &id, anthropic::model)
    } else {
        house.describe(&OpenAi, &id, crate::openai::model)
    }
}

fn speaks_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

async fn stats(State(provider): House) -> Json<Stats> {
    Json(provider.stats.snapshot())
}

/// Lays the fields that are given over the settings in force.
async fn change_settings(State(provider): House, Json(change): Json<Value>) -> Response {
    let mut settings = serde_json::to_value(provider.settings().as_ref()).unwrap_or_default();
    merge(&mut settings, &change);
    match serde_json::from_value(settings) {
        Ok(settings) => {
            provider.set(settings);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

fn merge(base: &mut Value, over: &Value) {
    match (base.as_object_mut(), over.as_object()) {
        (Some(fields), Some(over)) => {
            for (name, value) in over {
                merge(fields.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *base = over.clone(),
    }
}

async fn mark(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let (name, value) = MARK;
    response.headers_mut().insert(name, value);
    response
}
