//! Azure's endpoints: by deployment and version, and those that are as OpenAI's.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use serde_json::Value;

use crate::azure::{Azure, model_of, no_version};
use crate::exchange::boxed;
use crate::keys;
use crate::openai::{chat, embeddings, responses};
use crate::state::Provider;

type House = State<Arc<Provider>>;

pub(super) fn router() -> Router<Arc<Provider>> {
    Router::new()
        .route("/openai/deployments/{deployment}/chat/completions", post(deployed_chat))
        .route("/openai/deployments/{deployment}/embeddings", post(deployed_embeddings))
        .route("/openai/v1/chat/completions", post(chat_completions))
        .route("/openai/v1/embeddings", post(embed))
        .route("/openai/v1/responses", post(respond))
}

async fn deployed_chat(
    State(provider): House,
    Path(deployment): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !has_version(&uri) {
        return provider.wrong(&Azure, &no_version());
    }
    let model = model_of(&deployment).unwrap_or(&deployment);
    let read = boxed(chat::read(&body, Some(model)).map(chat::Chat::filtered));
    provider.generate(&Azure, keys::azure(&headers), &headers, read).await
}

async fn deployed_embeddings(
    State(provider): House,
    Path(deployment): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !has_version(&uri) {
        return provider.wrong(&Azure, &no_version());
    }
    let model = model_of(&deployment).unwrap_or(&deployment);
    let read = boxed(embeddings::read(&body, Some(model)));
    provider.generate(&Azure, keys::azure(&headers), &headers, read).await
}

async fn chat_completions(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(chat::read(&body, deployment_in(&body)).map(chat::Chat::filtered));
    provider.generate(&Azure, keys::azure(&headers), &headers, read).await
}

async fn embed(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(embeddings::read(&body, deployment_in(&body)));
    provider.generate(&Azure, keys::azure(&headers), &headers, read).await
}

async fn respond(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let key = keys::azure(&headers);
    let read =
        responses::read(&body, deployment_in(&body), &provider.shelf, key.as_deref().unwrap_or_default());
    provider.generate(&Azure, key, &headers, boxed(read)).await
}

fn has_version(uri: &Uri) -> bool {
    keys::query_value(uri.query().unwrap_or_default(), "api-version")
        .is_some_and(|version| !version.is_empty())
}

/// The model of the deployment that a body names.
fn deployment_in(body: &[u8]) -> Option<&'static str> {
    let body: Value = serde_json::from_slice(body).ok()?;
    model_of(body["model"].as_str()?)
}
