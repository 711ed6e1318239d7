//! Azure and Vertex: OpenAI's, Google's and Anthropic's dialects at other addresses, with other keys and errors.
#![allow(clippy::unwrap_used)]

mod support;

use paceway_sandbox::{Latency, Limits, Settings};
use serde_json::{Value, json};
use support::{Client, joined, with};

const CHAT: &str = "/openai/deployments/my-gpt-5-mini/chat/completions?api-version=2024-10-21";
const VERTEX: &str = "/v1/projects/p/locations/global/publishers";

fn azure() -> Client {
    Client::new(&[("api-key", "any")])
}

fn vertex() -> Client {
    Client::new(&[("authorization", "Bearer any")])
}

fn one_request(headers: &[(&'static str, &'static str)]) -> Client {
    let limits = Limits { requests_per_minute: 1, ..Limits::default() };
    let latency = Latency { first_token_ms: 0, per_token_ms: 0.0 };
    Client::with(Settings { limits, latency, ..Settings::default() }, headers)
}

fn chat(over: Value) -> Value {
    with(json!({"messages": [{"role": "user", "content": "Hello"}]}), over)
}

fn messages(over: Value) -> Value {
    with(chat(json!({"anthropic_version": "vertex-2023-10-16", "max_tokens": 99})), over)
}

#[tokio::test]
async fn a_deployment_answers_as_its_model_and_its_stream_begins_with_the_filters() {
    let whole = azure().post(CHAT, &chat(json!({}))).await.ok();
    assert_eq!(whole["model"], "gpt-5-mini");
    assert!(whole["prompt_filter_results"].is_array());
    let events = azure().post(CHAT, &chat(json!({"stream": true}))).await.events();
    assert_eq!(events[0]["choices"], json!([]));
    assert_eq!(whole["choices"][0]["message"]["content"], joined(&events, "/choices/0/delta/content"));
}

#[tokio::test]
async fn azure_needs_its_version_a_deployment_and_its_key() {
    let without_version =
        azure().post("/openai/deployments/gpt-5-mini/chat/completions", &chat(json!({}))).await;
    assert_eq!(without_version.status, 404);
    let path = "/openai/deployments/none/chat/completions?api-version=1";
    let unknown = azure().post(path, &chat(json!({}))).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!("DeploymentNotFound")));
    assert_eq!(Client::new(&[("x-api-key", "any")]).post(CHAT, &chat(json!({}))).await.status, 401);
}

#[tokio::test]
async fn azures_newer_address_takes_the_deployment_in_the_body() {
    let named = json!({"model": "my-gpt-5-mini"});
    azure().post("/openai/v1/chat/completions", &chat(named.clone())).await.ok();
    azure().post("/openai/v1/responses", &with(named, json!({"input": "Hello"}))).await.ok();
    let path = "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21";
    azure().post(path, &json!({"input": "Hello"})).await.ok();
}

#[tokio::test]
async fn azure_says_how_long_to_wait() {
    let client = one_request(&[("api-key", "any")]);
    client.post(CHAT, &chat(json!({}))).await.ok();
    let refused = client.post(CHAT, &chat(json!({}))).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (429, &json!("429")));
    assert_eq!(refused.headers["retry-after"], "60");
    assert_eq!(refused.headers["x-ratelimit-remaining-requests"], "0");
}

#[tokio::test]
async fn gemini_answers_on_vertex() {
    let path = format!("{VERTEX}/google/models/gemini-2.5-flash:generateContent");
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]});
    let answer = vertex().post(&path, &body).await.ok();
    assert_eq!(answer["candidates"][0]["finishReason"], "STOP");
    let instances = json!({"instances": [{"content": "Hi"}], "parameters": {"outputDimensionality": 4}});
    let path = format!("{VERTEX}/google/models/gemini-embedding-001:predict");
    let embedded = vertex().post(&path, &instances).await.ok();
    assert_eq!(embedded["predictions"][0]["embeddings"]["values"].as_array().unwrap().len(), 4);
    assert_eq!(Client::new(&[("x-goog-api-key", "any")]).post(&path, &instances).await.status, 401);
}

#[tokio::test]
async fn claude_answers_on_vertex_whole_and_streamed() {
    let path = |method: &str| format!("{VERTEX}/anthropic/models/claude-sonnet-4-5@20250929:{method}");
    let whole = vertex().post(&path("rawPredict"), &messages(json!({}))).await.ok();
    assert_eq!(whole["model"], "claude-sonnet-4-5");
    let stream = vertex().post(&path("streamRawPredict"), &messages(json!({"stream": true}))).await;
    assert_eq!(whole["content"][0]["text"], joined(&stream.events(), "/delta/text"));
    let newer = messages(json!({"anthropic_version": "2026-10-21"}));
    vertex().post(&path("rawPredict"), &newer).await.ok();
    let count = format!("{VERTEX}/anthropic/models/count-tokens:rawPredict");
    let counted = vertex().post(&count, &messages(json!({"model": "claude-sonnet-4-5"}))).await.ok();
    assert_eq!(counted["input_tokens"], whole["usage"]["input_tokens"]);
}

#[tokio::test]
async fn claude_on_vertex_refuses_in_two_voices() {
    let path = format!("{VERTEX}/anthropic/models/claude-sonnet-5-5:rawPredict");
    let refused = vertex().post(&path, &messages(json!({"model": "claude-sonnet-5-5"}))).await;
    assert_eq!((refused.status, &refused.json()["type"]), (400, &json!("error")));
    let client = one_request(&[("authorization", "Bearer any")]);
    client.post(&path, &messages(json!({}))).await.ok();
    let limited = client.post(&path, &messages(json!({}))).await;
    assert_eq!((limited.status, &limited.json()["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert!(!limited.headers.contains_key("retry-after"));
}
