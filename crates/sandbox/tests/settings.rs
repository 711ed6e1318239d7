//! Settings that are changed in mid-run, over the endpoints that other processes use.
#![allow(clippy::unwrap_used)]

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use paceway_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};
use tower_service::Service;

struct Provider(axum::Router);

impl Provider {
    /// One request a minute, answered at once.
    async fn with_one_request() -> Self {
        let mut provider = Self(Sandbox::new(Settings::default()).router());
        let latency = json!({"first_token_ms": 0, "per_token_ms": 0.0});
        provider.set(json!({"limits": {"requests_per_minute": 1}, "latency": latency})).await;
        provider
    }

    async fn set(&mut self, settings: Value) {
        let (status, _, _) = self.send("PUT", "/sandbox/settings", &settings).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }

    async fn ask(&mut self) -> (StatusCode, HeaderMap, Value) {
        let body = json!({"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
        self.send("POST", "/v1/messages", &body).await
    }

    async fn stats(&mut self) -> Value {
        self.send("GET", "/sandbox/stats", &Value::Null).await.2
    }

    async fn send(&mut self, method: &str, path: &str, body: &Value) -> (StatusCode, HeaderMap, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", "any")
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let (head, body) = self.0.call(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

fn is_about_limits(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().contains("ratelimit") || name.as_str().contains("retry-after"))
}

#[tokio::test]
async fn quiet_limit_headers_leave_the_stated_wait() {
    let mut provider = Provider::with_one_request().await;
    provider.set(json!({"quiet": {"limit_headers": true}})).await;
    let (status, headers, _) = provider.ask().await;
    assert_eq!(status, StatusCode::OK);
    assert!(!is_about_limits(&headers), "{headers:?}");
    let (status, headers, body) = provider.ask().await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(headers["retry-after"], "60");
    assert!(body["error"]["message"].as_str().unwrap().contains("1 requests per minute"), "{body}");
}

#[tokio::test]
async fn quiet_reasons_leave_a_bare_429() {
    let mut provider = Provider::with_one_request().await;
    provider.set(json!({"quiet": {"reasons": true}})).await;
    let (_, headers, _) = provider.ask().await;
    assert!(is_about_limits(&headers), "{headers:?}");
    let (status, headers, body) = provider.ask().await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!is_about_limits(&headers), "{headers:?}");
    assert_eq!(body["error"]["message"], "Too many requests.");
}

#[tokio::test]
async fn an_overload_episode_begins_and_ends_and_states_no_wait() {
    let mut provider = Provider::with_one_request().await;
    provider.set(json!({"faults": {"overloaded": 1.0}})).await;
    let (status, headers, body) = provider.ask().await;
    assert_eq!(status.as_u16(), 529);
    assert!(!is_about_limits(&headers), "{headers:?}");
    assert_eq!(body["error"]["type"], "overloaded_error");
    provider.set(json!({"faults": {"overloaded": 0.0}})).await;
    assert_eq!(provider.ask().await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_limit_that_is_raised_shows_in_the_next_answer() {
    let mut provider = Provider::with_one_request().await;
    provider.ask().await;
    provider.set(json!({"limits": {"requests_per_minute": 6_000_000_000_u64}})).await;
    let (status, headers, _) = provider.ask().await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["anthropic-ratelimit-requests-limit"], "6000000000");
}

#[tokio::test]
async fn refusals_are_counted_by_what_refused() {
    let mut provider = Provider::with_one_request().await;
    provider.ask().await;
    provider.ask().await;
    provider.set(json!({"faults": {"rate_limited": 1.0}})).await;
    provider.ask().await;
    provider.set(json!({"faults": {"rate_limited": 0.0, "overloaded": 1.0}})).await;
    provider.ask().await;
    let stats = provider.stats().await;
    let refused_for =
        json!({"requests": 1, "input": 0, "output": 0, "tokens": 0, "concurrency": 0, "fault": 1});
    assert_eq!(stats["refused_for"], refused_for);
    assert_eq!(
        [&stats["calls"], &stats["admitted"], &stats["refused"], &stats["failed"], &stats["most_in_flight"]],
        [4, 1, 2, 1, 1].map(|count: u64| json!(count)).each_ref()
    );
}
