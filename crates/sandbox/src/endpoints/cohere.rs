//! Cohere's endpoints, and Jina's.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;

use crate::cohere::{Chat, Cohere, Embed, Rerank, Shape};
use crate::exchange::boxed;
use crate::keys;
use crate::state::Provider;

type House = State<Arc<Provider>>;

pub(super) fn router() -> Router<Arc<Provider>> {
    Router::new()
        .route("/v2/chat", post(chat))
        .route("/v2/embed", post(embed))
        .route("/v2/rerank", post(rerank))
        .route("/v1/rerank", post(rerank_as_jina))
}

async fn chat(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(Chat::read(&body));
    provider.generate(&Cohere::Own, keys::bearer_only(&headers), &headers, read).await
}

async fn embed(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(Embed::read(&body));
    provider.generate(&Cohere::Own, keys::bearer_only(&headers), &headers, read).await
}

async fn rerank(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(Rerank::read(&body, Shape::Cohere));
    provider.generate(&Cohere::Own, keys::bearer_only(&headers), &headers, read).await
}

async fn rerank_as_jina(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(Rerank::read(&body, Shape::Jina));
    provider.generate(&Cohere::Jina, keys::bearer_only(&headers), &headers, read).await
}
