//! kill -9 and SIGTERM in the middle of work.
#![allow(clippy::unwrap_used)]

mod support;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use paceway_sandbox::{Latency, OutputLength, Settings};
use paceway_upstream::{HttpUpstream, Upstream};
use serde_json::json;
use support::{Paceway, call, client, eventually, provider, providers_at, row, run};
use tempfile::tempdir;
use tokio::task::JoinSet;

const CLIENTS: usize = 200;
/// After how many whole answers each process is killed.
const KILLS: [usize; 3] = [150, 333, 600];

/// Answers quickly, so that many end in the very moment of the kill.
fn quick() -> Settings {
    Settings {
        limits: paceway_sandbox::Limits {
            requests_per_minute: 1_000_000,
            input_tokens_per_minute: 1_000_000_000,
            output_tokens_per_minute: 1_000_000_000,
            tokens_per_minute: 1_000_000_000,
            ..paceway_sandbox::Limits::default()
        },
        latency: Latency { first_token_ms: 20, per_token_ms: 1.0 },
        output: OutputLength { min_tokens: 5, max_tokens: 60 },
        ..Settings::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_every_whole_answer_has_its_row() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(quick()).await;
    let config = providers_at(address);
    let mut key = None;
    let mut received = Vec::new();
    for kill_after in KILLS {
        let mut paceway = Paceway::start(directory.path(), &config).await;
        key = key.or(paceway.key.take());
        paceway.key.clone_from(&key);
        received.extend(under_load_until_killed(paceway, kill_after).await);
    }
    Paceway::start(directory.path(), &config).await.stop().await;
    let missing: Vec<_> = received.iter().filter(|id| row(directory.path(), id).is_none()).collect();
    assert!(missing.is_empty(), "{} of {} rows are missing: {missing:?}", missing.len(), received.len());
    let completed = |id: &String| row(directory.path(), id).unwrap().outcome == "completed";
    assert!(received.iter().all(completed));
    assert!(run(directory.path(), &["usage"]).await.status.success());
}

/// Lets all clients ask on and on, half of them for streams, and kills the process after so many whole answers. Returns
/// the ids of those.
async fn under_load_until_killed(paceway: Paceway, kill_after: usize) -> Vec<String> {
    let whole = Arc::new(AtomicUsize::new(0));
    let http = Arc::new(client());
    let mut asking = JoinSet::new();
    for number in 0..CLIENTS {
        let (http, whole) = (Arc::clone(&http), Arc::clone(&whole));
        let (url, key) = (paceway.url("/v1/messages"), paceway.key().to_owned());
        asking.spawn(async move {
            let mut ids = Vec::new();
            while let Some(id) = ask(&http, &url, &key, number % 2 == 0).await {
                ids.push(id);
                whole.fetch_add(1, Ordering::Relaxed);
            }
            ids
        });
    }
    eventually("enough whole answers", || (whole.load(Ordering::Relaxed) >= kill_after).then_some(())).await;
    paceway.kill().await;
    let ids: Vec<String> = asking.join_all().await.concat();
    assert!(ids.len() >= kill_after, "{} answers", ids.len());
    ids
}

/// The request's id, if the answer came whole; `None` when the connection broke.
async fn ask(http: &HttpUpstream, url: &str, key: &str, stream: bool) -> Option<String> {
    let body = json!({
        "model": "claude-haiku-5-5", "max_tokens": 100, "stream": stream,
        "messages": [{"role": "user", "content": "Go on."}],
    });
    let headers = [("x-api-key", key), ("anthropic-version", "2023-06-01")];
    let answer = http.call(call(Method::POST, url, &headers, body.to_string())).await.ok()?;
    assert_eq!(answer.status, 200);
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
    let body = answer.body.collect(usize::MAX).await.ok()?;
    let body = std::str::from_utf8(&body).unwrap();
    let is_whole = if stream { body.contains("event: message_stop") } else { body.ends_with('}') };
    is_whole.then_some(id)
}

#[tokio::test]
async fn on_sigterm_running_streams_end_whole_and_are_in_the_ledger() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(quick()).await;
    let paceway = Paceway::start(directory.path(), &providers_at(address)).await;
    let body = json!({
        "model": "claude-haiku-5-5", "max_tokens": 1000, "stream": true,
        "messages": [{"role": "user", "content": "Go on."}],
    });
    let headers = [
        ("x-api-key", paceway.key()),
        ("anthropic-version", "2023-06-01"),
        ("x-sandbox-output-tokens", "400"),
    ];
    let request = call(Method::POST, &paceway.url("/v1/messages"), &headers, body.to_string());
    let mut answer = client().call(request).await.unwrap();
    let first = poll_fn(|cx| answer.body.poll_chunk(cx)).await.unwrap().unwrap();
    assert!(first.starts_with(b"event: message_start"));
    paceway.ask_to_stop().await;
    let rest = answer.body.collect(usize::MAX).await.unwrap();
    assert!(std::str::from_utf8(&rest).unwrap().contains("event: message_stop"));
    paceway.stop().await;
    let id = answer.headers["x-paceway-request-id"].to_str().unwrap();
    let row = row(directory.path(), id).unwrap();
    assert_eq!((row.outcome.as_str(), row.usage.output.get()), ("completed", 400));
}
