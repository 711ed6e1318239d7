//! Vertex's endpoints: Google's models and Anthropic's, at the addresses of a project.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use serde_json::json;

use super::google;
use crate::anthropic::For;
use crate::exchange::{Wrong, boxed};
use crate::gemini::Google;
use crate::keys;
use crate::state::Provider;
use crate::vertex::{self, Vertex};

type House = State<Arc<Provider>>;
/// Project, location, and the model with its method.
type Place = Path<(String, String, String)>;

pub(super) fn router() -> Router<Arc<Provider>> {
    let mut router = Router::new();
    for version in ["v1", "v1beta1"] {
        let models = |publisher: &str| {
            format!(
                "/{version}/projects/{{project}}/locations/{{location}}/publishers/{publisher}/models/{{*call}}"
            )
        };
        router = router
            .route(&models("google"), post(google_call))
            .route(&models("anthropic"), post(anthropic_call));
    }
    router
}

async fn google_call(
    State(provider): House,
    Path((_, _, call)): Place,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let key = keys::bearer_only(&headers);
    let request = google::Request { dialect: Google::Vertex, query, key, headers: &headers };
    request.answer(&provider, &call, &body).await
}

async fn anthropic_call(
    State(provider): House,
    Path((_, _, call)): Place,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = keys::bearer_only(&headers);
    let (model, method) = call.rsplit_once(':').unwrap_or((&call, ""));
    let read = match (model, method) {
        ("count-tokens", "rawPredict") => {
            let read = boxed(vertex::read(&body, model, false, For::Counting));
            return provider.count(&Vertex, key.as_deref(), read, |tokens| json!({"input_tokens": tokens}));
        }
        (model, "rawPredict") => vertex::read(&body, model, false, For::Generating),
        (model, "streamRawPredict") => vertex::read(&body, model, true, For::Generating),
        _ => Err(Wrong::new(404, format!("The method {method} is not found."))),
    };
    provider.generate(&Vertex, key, &headers, boxed(read)).await
}
