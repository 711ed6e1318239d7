//! The responses of requests that a fault ends before they are admitted.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::exchange::{Dialect, Exchange, Wrong};
use crate::fault::Fault;
use crate::provider::NO_REASON;
use crate::serve::Hangup;
use crate::settings::Settings;
use crate::state::Provider;
use crate::stats::add;

/// What a proxy or a portal puts in place of an answer.
const PAGE: &str = "<!DOCTYPE html>\n<html>\n<head><title>Just a moment...</title></head>\n\
                    <body><h1>Checking your connection</h1><p>A simulated page; this is no answer.</p></body>\n</html>\n";
const SERVER_ERROR: &str = "Internal server error (simulated fault).";

impl Provider {
    /// The response of a request that fails before it is admitted; none if the fault comes later.
    pub(crate) async fn fail(
        &self,
        dialect: &dyn Dialect,
        exchange: &dyn Exchange,
        fault: Fault,
        settings: &Settings,
    ) -> Option<Response> {
        add(&self.stats.struck, 1);
        let ask = exchange.ask();
        let wrong = match fault {
            Fault::RateLimited if settings.quiet.reasons => Wrong::new(429, NO_REASON),
            Fault::RateLimited => {
                Wrong::new(429, "This request would exceed a rate limit (simulated fault).")
            }
            Fault::ServerError => Wrong::new(500, SERVER_ERROR),
            Fault::Broken if !ask.stream => Wrong::new(500, SERVER_ERROR),
            Fault::Overloaded => Wrong::new(dialect.overloaded(), "Overloaded (simulated fault)."),
            Fault::Unauthorized => dialect.denied(),
            Fault::NotFound => dialect.unknown_model(&ask.model),
            Fault::TooLong => {
                exchange.too_long(ask.input_tokens).unwrap_or_else(|| dialect.too_long(ask.input_tokens))
            }
            Fault::Filtered => dialect.filtered()?,
            Fault::Garbage => return Some(page()),
            Fault::Reset => {
                let mut response = Response::new(Body::empty());
                response.extensions_mut().insert(Hangup);
                return Some(response);
            }
            Fault::Hang => std::future::pending().await,
            Fault::Slow => {
                tokio::time::sleep(Duration::from_millis(settings.faults.slow_ms)).await;
                return None;
            }
            Fault::Cut | Fault::CutEarly | Fault::Stall | Fault::Drip | Fault::Broken => return None,
        };
        let mut response = self.wrong(dialect, &wrong);
        match wrong.status {
            429 => {
                add(&self.stats.faults, 1);
                if !settings.quiet.reasons && dialect.states_wait() {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                }
            }
            500.. => add(&self.stats.failed, 1),
            _ => {}
        }
        Some(response)
    }
}

fn page() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], PAGE).into_response()
}
