//! Gemini's endpoints. The method stands behind the model, after a colon.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;

use crate::exchange::{Dialect, Wrong, boxed};
use crate::gemini::{self, Embedding, Framing, Google, Many};
use crate::keys;
use crate::state::Provider;

type House = State<Arc<Provider>>;

/// Under `/v1`, where other dialects list their models too, the routes are in the parent.
pub(super) fn router() -> Router<Arc<Provider>> {
    Router::new().route("/v1beta/models", get(list)).route("/v1beta/models/{*call}", get(find).post(call))
}

pub(super) async fn list(State(provider): House, uri: Uri, headers: HeaderMap) -> Response {
    let key = keys::google(&headers, uri.query().unwrap_or_default());
    provider.tell(&Google::Gemini, key.as_deref(), |_| Ok(gemini::models()))
}

pub(super) async fn find(State(provider): House, Path(id): Path<String>) -> Response {
    provider.describe(&Google::Gemini, &id, gemini::model)
}

pub(super) async fn call(
    State(provider): House,
    Path(call): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = keys::google(&headers, uri.query().unwrap_or_default());
    let request =
        Request { dialect: Google::Gemini, query: uri.query().unwrap_or_default(), key, headers: &headers };
    request.answer(&provider, &call, &body).await
}

/// A request at either of Google's addresses.
pub(super) struct Request<'a> {
    pub(super) dialect: Google,
    pub(super) query: &'a str,
    pub(super) key: Option<String>,
    pub(super) headers: &'a HeaderMap,
}

impl Request<'_> {
    /// Answers a call such as `gemini-2.5-flash:generateContent`.
    pub(super) async fn answer(self, provider: &Arc<Provider>, call: &str, body: &Bytes) -> Response {
        let (model, method) = call.rsplit_once(':').unwrap_or((call, ""));
        let is_sse = keys::query_value(self.query, "alt") == Some("sse");
        let read = match method {
            "generateContent" => boxed(gemini::read(body, model, Framing::Whole)),
            "streamGenerateContent" if is_sse => boxed(gemini::read(body, model, Framing::Events)),
            "streamGenerateContent" => boxed(gemini::read(body, model, Framing::Array)),
            "embedContent" => boxed(Embedding::read(body, model, Many::One)),
            "batchEmbedContents" => boxed(Embedding::read(body, model, Many::Batch)),
            "predict" if self.dialect == Google::Vertex => {
                boxed(Embedding::read(body, model, Many::Instances))
            }
            "countTokens" => {
                let read = boxed(gemini::read_count(body, model));
                return match self.dialect.model(model) {
                    Some(_) => provider.count(&self.dialect, self.key.as_deref(), read, gemini::counted),
                    None => provider.wrong(&self.dialect, &self.dialect.unknown_model(model)),
                };
            }
            _ => Err(Wrong::new(404, format!("The method {method} is not found."))),
        };
        provider.generate(&self.dialect, self.key, self.headers, read).await
    }
}
