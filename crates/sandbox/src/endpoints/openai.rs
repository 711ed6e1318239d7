//! OpenAI's endpoints.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::json;

use crate::exchange::{Wrong, boxed};
use crate::keys;
use crate::openai::media::Media;
use crate::openai::responses::{self, Deed};
use crate::openai::{OpenAi, chat, embeddings};
use crate::state::Provider;

type House = State<Arc<Provider>>;

pub(super) fn router() -> Router<Arc<Provider>> {
    Router::new()
        .route("/v1/chat/completions", post(chat_completions))
        .route("/v1/embeddings", post(embed))
        .route("/v1/images/generations", post(images))
        .route("/v1/audio/transcriptions", post(transcribe))
        .route("/v1/audio/speech", post(speak))
        .route("/v1/responses", post(respond))
        .route("/v1/responses/input_tokens", post(count))
        .route("/v1/responses/{id}", get(find).delete(delete))
        .route("/v1/responses/{id}/cancel", post(cancel))
        .route("/v1/responses/{id}/input_items", get(list_input))
}

async fn chat_completions(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(chat::read(&body, None));
    provider.generate(&OpenAi, keys::common(&headers), &headers, read).await
}

async fn embed(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(embeddings::read(&body, None));
    provider.generate(&OpenAi, keys::common(&headers), &headers, read).await
}

async fn images(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(Media::images(&body));
    provider.generate(&OpenAi, keys::common(&headers), &headers, read).await
}

async fn transcribe(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let read = boxed(Media::transcription(content_type, &body));
    provider.generate(&OpenAi, keys::common(&headers), &headers, read).await
}

async fn speak(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let read = boxed(Media::speech(&body));
    provider.generate(&OpenAi, keys::common(&headers), &headers, read).await
}

async fn respond(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let key = keys::common(&headers);
    let read = boxed(responses::read(&body, None, &provider.shelf, key.as_deref().unwrap_or_default()));
    provider.generate(&OpenAi, key, &headers, read).await
}

async fn count(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let key = keys::common(&headers);
    let read = boxed(responses::read(&body, None, &provider.shelf, key.as_deref().unwrap_or_default()));
    provider.count(
        &OpenAi,
        key.as_deref(),
        read,
        |tokens| json!({"object": "response.input_tokens", "input_tokens": tokens}),
    )
}

async fn find(house: House, id: Path<String>, headers: HeaderMap) -> Response {
    stored(&house, &id, &headers, Deed::Get)
}

async fn delete(house: House, id: Path<String>, headers: HeaderMap) -> Response {
    stored(&house, &id, &headers, Deed::Delete)
}

async fn cancel(house: House, id: Path<String>, headers: HeaderMap) -> Response {
    stored(&house, &id, &headers, Deed::Cancel)
}

async fn list_input(house: House, id: Path<String>, headers: HeaderMap) -> Response {
    stored(&house, &id, &headers, Deed::ListInput)
}

fn stored(provider: &Provider, id: &str, headers: &HeaderMap, deed: Deed) -> Response {
    let key = keys::common(headers);
    let done = |key: &str| -> Result<_, Wrong> { responses::stored(&provider.shelf, key, id, deed) };
    provider.tell(&OpenAi, key.as_deref(), done)
}
