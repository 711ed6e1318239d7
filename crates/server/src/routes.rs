//! Every address, in one table.

use axum::Router;
use axum::routing::{any, get, post};

use paceway_domain::Dialect;
use paceway_gateway::Endpoint;

use crate::endpoints::to;
use crate::{House, admin, budgets, configuration, endpoints, explain, gemini, models, probes, responses};

/// All endpoints. Those under `/v1` and `/v1beta` need a virtual key, those under `/admin` the admin token; the others tell nothing about
/// anybody.
pub fn router(house: House) -> Router {
    use Dialect::{Anthropic, OpenAi, Responses};
    Router::new()
        .route("/v1/messages", to(Anthropic, Endpoint::Generate))
        .route("/v1/messages/count_tokens", to(Anthropic, Endpoint::CountTokens))
        .route("/v1/chat/completions", to(OpenAi, Endpoint::Generate))
        .route("/v1/responses", to(Responses, Endpoint::Generate))
        .route("/v1/responses/input_tokens", to(Responses, Endpoint::CountTokens))
        .route(
            "/v1/responses/{id}",
            get(responses::one).delete(responses::one).fallback(endpoints::wrong_method_get),
        )
        .route(
            "/v1/responses/{id}/input_items",
            get(responses::input_items).fallback(endpoints::wrong_method_get),
        )
        .route("/v1/responses/{id}/cancel", post(responses::cancel).fallback(endpoints::wrong_method_post))
        .route("/v1/embeddings", to(OpenAi, Endpoint::Embeddings))
        .route("/v1/rerank", to(OpenAi, Endpoint::Rerank))
        .route("/v1/images/generations", to(OpenAi, Endpoint::Images))
        .route("/v1/audio/transcriptions", to(OpenAi, Endpoint::Transcription))
        .route("/v1/audio/speech", to(OpenAi, Endpoint::Speech))
        .route("/v1/models", get(models::list).fallback(endpoints::wrong_method_get))
        // Google's clients ask at either version.
        .route(
            "/v1/models/{*rest}",
            get(models::find).post(gemini::call).fallback(endpoints::wrong_method_get),
        )
        .route("/v1beta/models", get(models::list).fallback(endpoints::wrong_method_get))
        .route(
            "/v1beta/models/{*rest}",
            get(models::find).post(gemini::call).fallback(endpoints::wrong_method_post),
        )
        .route("/", get(probes::root).fallback(endpoints::wrong_method_get))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .route("/admin/limits", get(admin::limits))
        .route("/admin/budgets", get(budgets::list))
        .route("/admin/requests/{id}", get(explain::request))
        .route("/admin/route", post(explain::route))
        .route("/admin/config", get(configuration::status))
        .route("/admin/reload", post(configuration::reload))
        .fallback(any(endpoints::nothing_here))
        .with_state(house)
}
