//! Bad input: each a clear error, in the caller's dialect where there is a caller.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use http::Method;
use serde_json::{Value, json};
use support::{Paceway, Reply, data_dir, run, run_wrong, send};
use tempfile::tempdir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const JSON: &str = "application/json";

/// What is sent, the status that it gets, and what the message must hold.
struct Case {
    name: &'static str,
    kind: &'static str,
    body: Vec<u8>,
    status: u16,
    told: &'static [&'static str],
}

fn case(name: &'static str, body: impl Into<Vec<u8>>, status: u16, told: &'static [&'static str]) -> Case {
    Case { name, kind: JSON, body: body.into(), status, told }
}

/// Cases that are the same in both dialects. The model is one of the other dialect where translation is what refuses.
fn cases(model: &str, foreign_model: &str) -> Vec<Case> {
    let ask = |changes: Value| {
        let mut body =
            json!({"model": model, "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]});
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        body.to_string()
    };
    let foreign = json!(foreign_model);
    vec![
        case("nothing", "", 400, &["not valid JSON"]),
        case("half", "{\"model\": \"x\", ", 400, &["not valid JSON", "line 1"]),
        case("array", "[1]", 400, &["object"]),
        case("bad UTF-8", b"{\"model\": \"\xff\xfe\"}".to_vec(), 400, &["not valid JSON"]),
        case("two values", "{} {}", 400, &["not valid JSON"]),
        case("no model", r#"{"messages": [{"role": "user", "content": "Hi"}]}"#, 400, &["model"]),
        case("nothing in it", "{}", 400, &["required"]),
        case("model is a number", ask(json!({"model": 5})), 400, &["model: expected", "got 5"]),
        case("stream is a text", ask(json!({"stream": "yes"})), 400, &["stream: expected"]),
        case("max_tokens is a text", ask(json!({"max_tokens": "10"})), 400, &["max_tokens: expected"]),
        case("max_tokens is negative", ask(json!({"max_tokens": -1})), 400, &["max_tokens"]),
        case("max_tokens is zero", ask(json!({"max_tokens": 0})), 400, &["max_tokens"]),
        case(
            "unknown model",
            ask(json!({"model": "claud-haiku-5-5"})),
            404,
            &["`claud-haiku-5-5`", "claude-haiku-5-5"],
        ),
        case("no messages", ask(json!({"messages": []})), 400, &["messages"]),
        case("messages is a text", ask(json!({"messages": "Hi"})), 400, &["messages"]),
        case("no messages, abroad", ask(json!({"model": foreign, "messages": []})), 400, &["messages"]),
        case(
            "messages of texts, abroad",
            ask(json!({"model": foreign, "messages": ["Hi"]})),
            400,
            &["messages"],
        ),
        case(
            "an unknown role, abroad",
            ask(json!({"model": foreign, "messages": [{"role": "wizard", "content": "Hi"}]})),
            400,
            &["messages.0.role", "wizard"],
        ),
        case(
            "a tool that nobody has, abroad",
            ask(json!({"model": foreign, "tools": [{"type": "crystal_ball_20310101", "name": "ball"}]})),
            400,
            &["tools.0", "x-paceway-drop-unsupported"],
        ),
        case("too large", vec![b' '; 40_000], 413, &["32768 bytes", "server.max_body_bytes"]),
        Case { kind: "text/plain", ..case("wrong type", ask(json!({})), 415, &["text/plain", JSON]) },
    ]
}

#[tokio::test]
async fn each_mistake_is_told_in_the_callers_dialect() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "[server]\nmax_body_bytes = 32768\n").await;
    for case in cases("claude-haiku-5-5", "gpt-5-nano") {
        let reply = post(&paceway, "/v1/messages", &case).await;
        check(&case, &reply, &anthropic_message(&reply));
    }
    for case in cases("gpt-5-nano", "claude-haiku-5-5") {
        let reply = post(&paceway, "/v1/chat/completions", &case).await;
        check(&case, &reply, &openai_message(&reply));
    }
    // None of them has hurt it.
    let fine = json!({"model": "gpt-5-nano", "messages": [{"role": "user", "content": "Hi"}]}).to_string();
    assert_eq!(paceway.post("/v1/chat/completions", fine).await.status, 200);
}

async fn post(paceway: &Paceway, path: &str, case: &Case) -> Reply {
    let headers =
        [("x-api-key", paceway.key()), ("content-type", case.kind), ("anthropic-version", "2023-06-01")];
    send(Method::POST, &paceway.url(path), &headers, case.body.clone()).await.unwrap()
}

fn check(case: &Case, reply: &Reply, message: &str) {
    assert_eq!(reply.status, case.status, "{}: {message}", case.name);
    for part in case.told {
        assert!(message.contains(part), "{}: {message}", case.name);
    }
}

/// The message of an error in Anthropic's shape (platform.claude.com/docs/en/api/errors).
fn anthropic_message(reply: &Reply) -> String {
    let body = reply.json();
    assert_eq!(body["type"], "error", "{body}");
    let kind = body["error"]["type"].as_str().unwrap();
    assert!(kind.ends_with("_error") || kind == "request_too_large", "{body}");
    assert!(!reply.header("request-id").is_empty());
    body["error"]["message"].as_str().unwrap().to_owned()
}

/// The message of an error in OpenAI's shape (platform.openai.com/docs/guides/error-codes).
fn openai_message(reply: &Reply) -> String {
    let body = reply.json();
    assert!(body["error"]["type"].is_string() && body["error"].get("code").is_some(), "{body}");
    assert!(!reply.header("x-request-id").is_empty());
    body["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_may_not_ask_is_told_so_before_the_body_is_read() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let unknown = "pw_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let none: &[(&str, &str)] = &[];
    for (headers, told) in [
        (none, "no API key"),
        (&[("x-api-key", unknown)], "not a Paceway virtual key"),
        (&[("authorization", "Bearer sk-ant-own-key")], "not a provider's key"),
        (&[("authorization", "Basic abc")], "no API key"),
    ] {
        let url = paceway.url("/v1/messages");
        let reply = send(Method::POST, &url, headers, "not JSON").await.unwrap();
        let message = anthropic_message(&reply);
        assert_eq!((reply.status, &reply.json()["error"]["type"]), (401, &json!("authentication_error")));
        assert!(message.contains(told), "{message}");
        let url = paceway.url("/v1/chat/completions");
        let reply = send(Method::POST, &url, headers, "not JSON").await.unwrap();
        assert_eq!((reply.status, openai_message(&reply)), (401, message));
    }
    let reply = send(Method::GET, &paceway.url("/v1/massages"), none, "").await.unwrap();
    assert_eq!(reply.status, 404);
    assert!(openai_message(&reply).contains("/v1/messages"));
    let reply = send(Method::GET, &paceway.url("/v1/messages"), none, "").await.unwrap();
    assert_eq!((reply.status, reply.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn a_connection_outlives_refusals_of_requests_whose_body_is_not_read() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let mut connection = BufReader::new(TcpStream::connect(paceway.address).await.unwrap());
    let body = "x".repeat(300_000);
    for (path, status) in
        [("/v1/messages", 401), ("/v1/models", 405), ("/nowhere", 404), ("/v1/chat/completions", 401)]
    {
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        connection.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut connection).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut answer = vec![0; length.parse().unwrap()];
        connection.read_exact(&mut answer).await.unwrap();
    }
}

/// The head of an answer, up to its empty line.
async fn head(connection: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "it hung up: {head}");
    }
    head
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_named() {
    let directory = tempdir().unwrap();
    // Nothing listens on the discard port of a loopback address that nobody uses.
    let config = "[providers.anthropic]\nbase_url = \"http://127.9.9.9:9\"\napi_key = \"k\"\n";
    let paceway = Paceway::start(directory.path(), config).await;
    let body = json!({"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
    let reply = paceway.post("/v1/messages", body.to_string()).await;
    assert_eq!(reply.status, 502);
    let message = anthropic_message(&reply);
    assert!(message.contains("provider `anthropic`"), "{message}");
}

#[tokio::test]
async fn a_port_in_use_is_told_with_what_to_do() {
    let directory = tempdir().unwrap();
    let (_, taken) = support::provider(paceway_sandbox::Settings::default()).await;
    let said = run_wrong(directory.path(), &["serve", "--listen", &taken.to_string()]).await;
    assert!(said.contains(&format!("cannot listen on {taken}")) && said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_told() {
    let directory = tempdir().unwrap();
    // A file in the place of the directory: refused to root as well, whom permissions do not stop.
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let said = run_wrong(directory.path(), &["serve", "--data-dir", file.to_str().unwrap()]).await;
    assert!(said.contains(file.to_str().unwrap()) && said.contains("--data-dir"), "{said}");

    let read_only = directory.path().join("read-only");
    fs::create_dir(&read_only).unwrap();
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(read_only.join("probe"), "").is_ok() {
        eprintln!(
            "SKIPPED: a read-only directory was not tried, because this user may write into it all the same"
        );
        return;
    }
    let said = run_wrong(directory.path(), &["serve", "--data-dir", read_only.to_str().unwrap()]).await;
    assert!(said.contains("read-only") && said.contains("--data-dir"), "{said}");
}

#[tokio::test]
async fn a_data_directory_that_another_process_serves_from_is_told() {
    let directory = tempdir().unwrap();
    let _running = Paceway::start(directory.path(), "").await;
    let said = run_wrong(directory.path(), &["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(said.contains("in use by another running Paceway"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_damaged_is_told_and_left_as_it_is() {
    let directory = tempdir().unwrap();
    Paceway::start(directory.path(), "").await.stop().await;
    let database = data_dir(directory.path()).join("paceway.db");
    let sound = fs::read(&database).unwrap();
    let not_a_database = b"this is not a database, and it is long enough to be looked at".repeat(40);
    let mut torn = sound.clone();
    torn[100..sound.len() / 2].fill(0xA5);
    for damaged in [not_a_database, torn] {
        fs::write(&database, &damaged).unwrap();
        for command in [["serve", "--listen=127.0.0.1:0"], ["keys", "list"]] {
            let said = run_wrong(directory.path(), &command).await;
            assert!(said.contains("paceway.db") && said.contains("backup"), "{said}");
        }
        assert_eq!(fs::read(&database).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_mistake_in_the_configuration_is_told_before_a_port_is_bound() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("paceway.toml");
    fs::write(&file, "[server]\nlisten = \"127.0.0.1:0\"\nmax_body_byts = 1\n").unwrap();
    for command in ["serve", "usage"] {
        let said = run_wrong(directory.path(), &[command, "--config", file.to_str().unwrap()]).await;
        assert!(said.contains("server.max_body_byts") && said.contains("`max_body_bytes`"), "{said}");
    }
    let checked = run(directory.path(), &["config", "check", "--config", file.to_str().unwrap()]).await;
    assert!(!checked.status.success());
    let said = run_wrong(directory.path(), &["serve", "--config", "nowhere.toml"]).await;
    assert!(said.contains("nowhere.toml"), "{said}");
    assert!(!data_dir(directory.path()).exists(), "nothing was opened");
}
