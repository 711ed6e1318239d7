//! Probes and metrics.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::House;

/// `GET /` and `HEAD /`: Claude Code asks before it sends anything.
pub(crate) async fn root() -> &'static str {
    "Paceway\n"
}

/// `GET /healthz`: the process runs.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: new requests are taken.
pub(crate) async fn readyz(State(house): State<House>) -> Response {
    if house.is_ready() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
    }
}

/// `GET /metrics`, for Prometheus.
pub(crate) async fn metrics(State(house): State<House>) -> Response {
    match house.gateway().metrics_text() {
        Ok(text) => {
            ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
                .into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
