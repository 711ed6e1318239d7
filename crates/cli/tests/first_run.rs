//! What a newcomer sees: one command, a key, a curl that works, and an answer that says that it is simulated.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use http::Method;
use serde_json::{Value, json};
use support::{Paceway, run, send};
use tempfile::tempdir;

#[tokio::test]
async fn the_printed_curl_works_when_pasted() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let curl = paceway.printed.split("Try it:").nth(1).unwrap();
    assert!(curl.trim_start().starts_with("curl "), "{curl}");
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: the printed command was not run, because curl is not installed");
        return;
    }
    let pasted = format!("{} --silent --show-error", curl.trim());
    let output = Command::new("sh").args(["-c", &pasted]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["type"], &answer["role"]), (&json!("message"), &json!("assistant")), "{answer}");
    assert!(answer["content"][0]["text"].as_str().unwrap().contains("imulated"), "{answer}");
}

#[tokio::test]
async fn the_first_key_is_shown_once_and_works_after_a_restart() {
    let directory = tempdir().unwrap();
    let first = Paceway::start(directory.path(), "").await;
    assert!(first.printed.contains("SIMULATED"), "{}", first.printed);
    let key = first.key().to_owned();
    first.stop().await;
    let mut second = Paceway::start(directory.path(), "").await;
    assert!(second.key.is_none() && !second.printed.contains(&key), "{}", second.printed);
    second.key = Some(key);
    let body = json!({"model": "claude-haiku-5-5", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]});
    let reply = second.post("/v1/messages", body.to_string()).await;
    assert_eq!((reply.status, reply.header("x-paceway-simulated")), (200, "true"));
}

#[tokio::test]
async fn models_are_listed_in_the_dialect_that_the_headers_show() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let openai = paceway.get("/v1/models").await.json();
    assert_eq!(openai["object"], "list");
    let id = openai["data"][0]["id"].as_str().unwrap();
    let one = paceway.get(&format!("/v1/models/{id}")).await.json();
    assert_eq!((&one["object"], &one["id"]), (&json!("model"), &json!(id)));

    let headers = [("x-api-key", paceway.key()), ("anthropic-version", "2026-10-21")];
    let list = send(Method::GET, &paceway.url("/v1/models"), &headers, "").await.unwrap().json();
    assert_eq!((&list["has_more"], &list["data"][0]["type"]), (&json!(false), &json!("model")), "{list}");
    let unknown = send(Method::GET, &paceway.url("/v1/models/claud-haiku-5-5"), &headers, "").await.unwrap();
    assert_eq!((unknown.status, &unknown.json()["type"]), (404, &json!("error")));
    assert!(unknown.text().contains("claude-haiku-5-5"), "{}", unknown.text());

    let headers = [("x-goog-api-key", paceway.key())];
    for version in ["v1", "v1beta"] {
        let list = paceway.url(&format!("/{version}/models"));
        let list = send(Method::GET, &list, &headers, "").await.unwrap().json();
        let name = list["models"][0]["name"].as_str().unwrap();
        let one = send(Method::GET, &paceway.url(&format!("/{version}/{name}")), &headers, "").await.unwrap();
        assert_eq!(one.json()["name"], name);
    }
}

#[tokio::test]
async fn google_clients_are_answered_at_either_version_of_the_address() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let headers = [("x-goog-api-key", paceway.key()), ("content-type", "application/json")];
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}).to_string();
    for version in ["v1", "v1beta"] {
        let address = paceway.url(&format!("/{version}/models/claude-haiku-5-5:generateContent"));
        let reply = send(Method::POST, &address, &headers, body.clone()).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.json()["candidates"][0]["content"]["parts"][0]["text"].is_string(), "{}", reply.text());
        let nothing = paceway.url(&format!("/{version}/models/claude-none:generateContent"));
        let reply = send(Method::POST, &nothing, &headers, body.clone()).await.unwrap();
        assert_eq!((reply.status, &reply.json()["error"]["status"]), (404, &json!("NOT_FOUND")));
    }
}

#[tokio::test]
async fn probes_and_metrics_answer_without_a_key() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    for path in ["/healthz", "/readyz", "/"] {
        for method in [Method::GET, Method::HEAD] {
            let reply = send(method, &paceway.url(path), &[], "").await.unwrap();
            assert_eq!(reply.status, 200, "{path}");
        }
    }
    let body = json!({"model": "gpt-5-nano", "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(paceway.post("/v1/chat/completions?beta=true", body.to_string()).await.status, 200);
    let metrics = send(Method::GET, &paceway.url("/metrics"), &[], "").await.unwrap();
    assert!(metrics.text().contains("simulated-openai"), "{}", metrics.text());
    assert!(metrics.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn keys_made_and_revoked_beside_a_running_server_count_within_seconds() {
    let directory = tempdir().unwrap();
    let mut paceway = Paceway::start(directory.path(), "").await;
    let made = run(directory.path(), &["keys", "create", "--name", "second"]).await;
    paceway.key = Some(String::from_utf8(made.stdout).unwrap().trim().to_owned());
    until_status(&paceway, 200).await;
    let said = String::from_utf8(made.stderr).unwrap();
    let id = said.split_once("the id ").unwrap().1.split_once(';').unwrap().0.to_owned();
    assert!(run(directory.path(), &["keys", "revoke", &id]).await.status.success());
    until_status(&paceway, 401).await;
}

async fn until_status(paceway: &Paceway, status: u16) {
    let looking = async { while paceway.get("/v1/models").await.status != status {} };
    tokio::time::timeout(support::PATIENCE, looking).await.unwrap();
}
