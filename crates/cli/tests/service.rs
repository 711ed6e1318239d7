//! What the running process does for its clients: pacing, cancelling, versions, secrets.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::future::poll_fn;
use std::path::Path;

use http::Method;
use paceway_sandbox::{Limits, Settings};
use paceway_upstream::Upstream;
use serde_json::{Value, json};
use support::{
    PROVIDER_KEY, Paceway, call, client, data_dir, eventually, provider, providers_at, row, run, send,
};
use tempfile::tempdir;
use tokio::task::JoinSet;

fn ask(model: &str) -> Value {
    json!({"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]})
}

#[tokio::test]
async fn twice_the_burst_at_once_is_answered_without_a_429() {
    let directory = tempdir().unwrap();
    let limits = Limits { requests_per_minute: 300, burst_s: 2.0, ..Limits::default() };
    let (sandbox, address) = provider(Settings { limits, ..Settings::default() }).await;
    let config = format!(
        "{}[[providers.anthropic.limits]]\nmodels = [\"*\"]\nrequests_per_minute = 300\nburst_s = 2\n",
        providers_at(address)
    );
    let paceway = Paceway::start(directory.path(), &config).await;
    let (url, key) = (paceway.url("/v1/messages"), paceway.key().to_owned());
    let mut asking = JoinSet::new();
    for _ in 0..20 {
        let (url, key) = (url.clone(), key.clone());
        asking.spawn(async move {
            let headers = [("x-api-key", key.as_str()), ("anthropic-version", "2023-06-01")];
            send(Method::POST, &url, &headers, ask("claude-haiku-5-5").to_string()).await.unwrap()
        });
    }
    let replies = asking.join_all().await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let waited = replies.iter().filter(|reply| reply.header("x-paceway-queued-ms") != "0").count();
    assert!(waited >= 9, "{waited} of 20 waited, though the burst is 10");
    assert_eq!(sandbox.stats().admitted, 20);
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_the_call_and_is_billed_for_what_was_generated() {
    let directory = tempdir().unwrap();
    let (sandbox, address) = provider(Settings::default()).await;
    let paceway = Paceway::start(directory.path(), &providers_at(address)).await;
    for (path, model, version) in
        [("/v1/messages", "claude-haiku-5-5", true), ("/v1/chat/completions", "claude-haiku-5-5", false)]
    {
        let before = sandbox.stats();
        let mut body = ask(model);
        body["stream"] = json!(true);
        body["max_tokens"] = json!(5_000);
        let mut headers = vec![("x-api-key", paceway.key())];
        if version {
            headers.extend([("anthropic-version", "2023-06-01"), ("x-sandbox-output-tokens", "5000")]);
        }
        let mut answer =
            client().call(call(Method::POST, &paceway.url(path), &headers, body.to_string())).await.unwrap();
        let id = answer.headers["x-paceway-request-id"].to_str().unwrap().to_owned();
        for _ in 0..3 {
            poll_fn(|cx| answer.body.poll_chunk(cx)).await.unwrap().unwrap();
        }
        drop(answer);
        eventually("the provider sees the client go", || {
            (sandbox.stats().abandoned > before.abandoned).then_some(())
        })
        .await;
        let row = eventually("the row", || row(directory.path(), &id)).await;
        assert_eq!(row.outcome, "client_gone");
        assert!(row.usage.output.get() < 4_000 && row.usage.input.get() > 0, "{row:?}");
    }
}

#[tokio::test]
async fn both_api_versions_are_spoken_to_each_caller() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(Settings::default()).await;
    let paceway = Paceway::start(directory.path(), &providers_at(address)).await;
    let mut body = ask("claude-haiku-5-5");
    body["temperature"] = json!(1.0);
    let body = body.to_string();
    let url = paceway.url("/v1/messages?beta=true");
    let bearer = format!("Bearer {}", paceway.key());
    let old = [("x-api-key", paceway.key()), ("anthropic-version", "2023-06-01")];
    let reply = send(Method::POST, &url, &old, body.clone()).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    // The newer version knows no temperature.
    let new = [("authorization", bearer.as_str()), ("anthropic-version", "2026-10-21")];
    let reply = send(Method::POST, &url, &new, body).await.unwrap();
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    assert!(reply.text().contains("temperature"), "{}", reply.text());
}

#[tokio::test]
async fn no_secret_is_printed_anywhere() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(Settings::default()).await;
    let config = format!("{}[log]\nlevel = \"trace\"\n[queue]\nmax_attempts = 2\n", providers_at(address));
    let secret_environment = [("MISTRAL_API_KEY", PROVIDER_KEY)];
    let paceway = Paceway::start_with(directory.path(), &config, &secret_environment).await;
    let mut seen = String::new();
    for model in ["claude-haiku-5-5", "gpt-5-nano", "anthropic/none", "none"] {
        for path in ["/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions"] {
            for fault in ["none", "429", "500", "reset", "cut"] {
                let headers = [
                    ("x-api-key", paceway.key()),
                    ("anthropic-version", "2023-06-01"),
                    ("x-sandbox-fault", fault),
                ];
                let body = ask(model).to_string();
                let reply = send(Method::POST, &paceway.url(path), &headers, body).await.unwrap();
                writeln!(seen, "{:?} {}", reply.headers, reply.text()).unwrap();
            }
        }
    }
    let wrong_key = format!("{}x", paceway.key());
    let headers = [("x-api-key", wrong_key.as_str())];
    seen += send(Method::GET, &paceway.url("/v1/models"), &headers, "").await.unwrap().text();
    seen += paceway.get("/metrics").await.text();
    let key = paceway.key().to_owned();
    let shown_once = paceway.printed.matches(&key).count();
    assert_eq!(shown_once, 2, "the key alone, and in the curl");
    let log = paceway.log();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the log is not verbose, so this test shows nothing"
    );
    seen += &log;
    seen += &paceway.stop().await;
    let config_file = directory.path().join("paceway.toml");
    let shown = run(directory.path(), &["config", "show", "--config", config_file.to_str().unwrap()]).await;
    seen += &String::from_utf8(shown.stdout).unwrap();
    seen += &String::from_utf8(run(directory.path(), &["keys", "list"]).await.stdout).unwrap();
    let hidden = [PROVIDER_KEY, key.as_str()];
    let leaks = |text: &[u8]| hidden.iter().any(|secret| contains(text, secret.as_bytes()));
    assert!(!leaks(seen.as_bytes()), "{seen}");
    for file in files(&data_dir(directory.path())) {
        assert!(!leaks(&fs::read(&file).unwrap()), "{}", file.display());
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    files
}
