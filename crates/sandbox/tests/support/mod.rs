//! A provider that answers at once, and readers of what it answers.
#![allow(dead_code, clippy::unwrap_used)] // Each test file uses a part.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request};
use bytes::Bytes;
use http_body_util::BodyExt;
use paceway_sandbox::{Latency, Sandbox, Settings};
use serde_json::Value;
use tower_service::Service;

/// An answer as a client sees it.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The JSON of a 200.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The data of its server-sent events that are JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text());
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The type of each event, with one for a run of the same.
    pub(crate) fn event_types(&self) -> Vec<String> {
        let mut types: Vec<_> =
            self.events().iter().map(|event| event["type"].as_str().unwrap_or("?").to_owned()).collect();
        types.dedup();
        types
    }
}

/// A provider and the headers that each request has.
pub(crate) struct Client {
    router: axum::Router,
    headers: Vec<(&'static str, &'static str)>,
}

impl Client {
    pub(crate) fn new(headers: &[(&'static str, &'static str)]) -> Self {
        let latency = Latency { first_token_ms: 0, per_token_ms: 0.0 };
        Self::with(Settings { latency, ..Settings::default() }, headers)
    }

    pub(crate) fn with(settings: Settings, headers: &[(&'static str, &'static str)]) -> Self {
        Self { router: Sandbox::new(settings).router(), headers: headers.to_vec() }
    }

    pub(crate) fn header(&mut self, name: &'static str, value: &'static str) {
        self.headers.push((name, value));
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, String::new()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        let (head, body) = self.router.clone().call(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, bytes }
    }
}

/// The texts at a pointer in each of the values, joined.
pub(crate) fn joined(values: &[Value], pointer: &str) -> String {
    values.iter().filter_map(|value| value.pointer(pointer)?.as_str()).collect()
}

/// Lays fields over an object.
pub(crate) fn with(mut base: Value, over: Value) -> Value {
    let Value::Object(over) = over else { panic!("{over} is no object") };
    for (name, value) in over {
        base[name] = value;
    }
    base
}

/// The smallest picture, as base64.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
