//! Bedrock's endpoints.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;

use crate::bedrock::{Bedrock, Converse, Invoke};
use crate::exchange::{Exchange, Wrong, boxed};
use crate::keys;
use crate::state::Provider;

type House = State<Arc<Provider>>;

pub(super) fn router() -> Router<Arc<Provider>> {
    Router::new()
        .route("/model/{id}/converse", post(converse))
        .route("/model/{id}/converse-stream", post(converse_stream))
        .route("/model/{id}/invoke", post(invoke))
        .route("/model/{id}/invoke-with-response-stream", post(invoke_stream))
}

async fn converse(house: House, id: Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&house, &headers, boxed(Converse::read(&body, &id, false))).await
}

async fn converse_stream(house: House, id: Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&house, &headers, boxed(Converse::read(&body, &id, true))).await
}

async fn invoke(house: House, id: Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&house, &headers, boxed(Invoke::read(&body, &id, false))).await
}

async fn invoke_stream(house: House, id: Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&house, &headers, boxed(Invoke::read(&body, &id, true))).await
}

async fn answer(
    provider: &Arc<Provider>,
    headers: &HeaderMap,
    read: Result<Box<dyn Exchange>, Wrong>,
) -> Response {
    provider.generate(&Bedrock, keys::amazon(headers), headers, read).await
}
