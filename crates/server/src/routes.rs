//! Every address, in one table.

use axum::Router;
use axum::routing::{any, get, post};

use crate::{House, admin, endpoints, models, probes};

/// All endpoints. Those under `/v1` need a virtual key, those under `/admin` the admin token; the others tell nothing about
/// anybody.
pub fn router(house: House) -> Router {
    Router::new()
        .route("/v1/messages", post(endpoints::messages).fallback(endpoints::wrong_method_post))
        .route(
            "/v1/messages/count_tokens",
            post(endpoints::count_tokens).fallback(endpoints::wrong_method_post),
        )
        .route(
            "/v1/chat/completions",
            post(endpoints::chat_completions).fallback(endpoints::wrong_method_post),
        )
        .route("/v1/models", get(models::list).fallback(endpoints::wrong_method_get))
        .route("/v1/models/{*id}", get(models::find).fallback(endpoints::wrong_method_get))
        .route("/", get(probes::root).fallback(endpoints::wrong_method_get))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .route("/admin/limits", get(admin::limits))
        .fallback(any(endpoints::nothing_here))
        .with_state(house)
}
