//! Another configuration while the process runs: by a change of the file, by SIGHUP and by an admin's call, right or wrong.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use paceway_sandbox::{Latency, Limits, Settings};
use paceway_upstream::Upstream;
use serde_json::{Value, json};
use support::{
    PATIENCE, PROVIDER_KEY, Paceway, Reply, call, client, data_dir, provider, providers_at, run, run_wrong,
    send,
};
use tempfile::tempdir;
use tokio::task::JoinSet;

const RELOADS: usize = 100;
const CLIENTS: usize = 20;

fn question(model: &str) -> Value {
    json!({"model": model, "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]})
}

/// An operator at a running Paceway.
struct Operator<'p> {
    paceway: &'p Paceway,
    directory: &'p Path,
    bearer: String,
}

impl<'p> Operator<'p> {
    fn new(paceway: &'p Paceway, directory: &'p Path) -> Self {
        let token = fs::read_to_string(data_dir(directory).join("admin.token")).unwrap();
        Self { paceway, directory, bearer: format!("Bearer {token}") }
    }

    async fn ask(&self, method: Method, path: &str) -> Reply {
        send(method, &self.paceway.admin_url(path), &[("authorization", &self.bearer)], "").await.unwrap()
    }

    fn write(&self, config: &str) {
        fs::write(self.directory.join("paceway.toml"), config).unwrap();
    }

    async fn reload(&self, config: &str) -> Reply {
        self.write(config);
        self.ask(Method::POST, "/admin/reload").await
    }

    async fn status(&self) -> Value {
        self.ask(Method::GET, "/admin/config").await.json()
    }

    /// Looks at the status until it is so.
    async fn sees(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        let looking = async {
            loop {
                pace.tick().await;
                let status = self.status().await;
                if is_so(&status) {
                    return status;
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never: {what}"))
    }
}

/// A configuration with a mistake, and what is said of it. `number` makes each one another.
fn wrong(config: &str, number: usize) -> (String, String) {
    match number % 4 {
        0 => (format!("{config}[queue]\nmax_wait_s = \"long-{number}\"\n"), format!("long-{number}")),
        1 => (format!("{config}[queue]\nmax_wiat_{number} = 1\n"), format!("queue.max_wiat_{number}")),
        2 => {
            let got = 5_000 + number;
            (
                format!("{config}[queue]\nmax_attempts = {got}\n"),
                format!("queue.max_attempts: expected 1 to 1000, got {got}"),
            )
        }
        _ => {
            let line = config.lines().count() + number + 1;
            (format!("{config}{}[queue\n", "\n".repeat(number)), format!("line {line}"))
        }
    }
}

/// Asks again and again, every fourth client for streams; counts what was answered and keeps what failed.
async fn keep_asking(
    url: String,
    key: String,
    number: usize,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) -> Vec<String> {
    let client = client();
    let streams = number.is_multiple_of(4);
    let mut body = question("claude-haiku-5-5");
    body["stream"] = json!(streams);
    body["max_tokens"] = json!(400);
    let length = if streams { "400" } else { "10" };
    let headers = [
        ("x-api-key", key.as_str()),
        ("anthropic-version", "2023-06-01"),
        ("x-sandbox-output-tokens", length),
    ];
    let mut failed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let end = if streams { "event: message_stop" } else { "\"stop_reason\"" };
        match client.call(call(Method::POST, &url, &headers, body.to_string())).await {
            Err(failure) => failed.push(failure.to_string()),
            Ok(answer) => {
                let status = answer.status;
                let text = match answer.body.collect(usize::MAX).await {
                    Ok(body) => String::from_utf8_lossy(&body).into_owned(),
                    Err(failure) => failure.to_string(),
                };
                if status != 200 || !text.contains(end) {
                    failed.push(format!("{status} {text}"));
                }
            }
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    failed
}

/// A provider that answers quickly and refuses nobody.
fn without_limits() -> Settings {
    let plenty = 1_000_000_000;
    let limits = Limits {
        requests_per_minute: plenty,
        input_tokens_per_minute: plenty,
        output_tokens_per_minute: plenty,
        tokens_per_minute: plenty,
        ..Limits::default()
    };
    let latency = Latency { first_token_ms: 50, per_token_ms: 4.0 };
    Settings { limits, latency, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_a_hundred_reloads_fail_no_request_and_those_with_mistakes_change_nothing() {
    let directory = tempdir().unwrap();
    let (sandbox, address) = provider(without_limits()).await;
    let base = providers_at(address);
    let paceway = Paceway::start(directory.path(), &base).await;
    let operator = Operator::new(&paceway, directory.path());
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (url, key) = (paceway.url("/v1/messages"), paceway.key().to_owned());
        clients.spawn(keep_asking(url, key, number, Arc::clone(&stop), Arc::clone(&done)));
    }
    let (mut generation, mut triggers, mut alias) = (1, BTreeSet::new(), String::new());
    for number in 0..RELOADS {
        let trigger = ["file", "signal", "admin"][number % 3];
        // What is not to be seen by the watch is written while it is off.
        let watches = (number + 1).is_multiple_of(3);
        let new_alias = format!("step-{number}");
        let right =
            format!("{base}[aliases]\n{new_alias} = \"claude-haiku-5-5\"\n[reload]\nwatch = {watches}\n");
        let mistake = number.is_multiple_of(5).then(|| wrong(&base, number));
        operator.write(mistake.as_ref().map_or(&right, |(config, _)| config));
        match trigger {
            "signal" => paceway.signal("HUP").await,
            "admin" => {
                let reply = operator.ask(Method::POST, "/admin/reload").await;
                assert_eq!(reply.status, if mistake.is_some() { 422 } else { 200 }, "{}", reply.text());
            }
            // The one before had a mistake, so that it could not turn the watch on.
            _ if number > 0 && (number - 1).is_multiple_of(5) => paceway.signal("HUP").await,
            _ => {}
        }
        let status = match &mistake {
            Some((_, told)) => {
                operator
                    .sees(told, |status| {
                        let problems = status["last_reload"]["problems"].to_string();
                        status["last_reload"]["result"] == "rejected" && problems.contains(told.as_str())
                    })
                    .await
            }
            None => {
                generation += 1;
                alias = new_alias;
                operator.sees(&alias, |status| status["generation"] == generation).await
            }
        };
        assert_eq!(status["generation"], generation, "{status}");
        triggers.insert(status["last_reload"]["trigger"].as_str().unwrap().to_owned());
        if !alias.is_empty() {
            let reply = paceway.post("/v1/messages", question(&alias).to_string()).await;
            assert_eq!(reply.status, 200, "{alias}: {}", reply.text());
        }
    }
    stop.store(true, Ordering::Relaxed);
    let failed: Vec<String> = clients.join_all().await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(done.load(Ordering::Relaxed) > 1_000, "{done:?} requests are no load");
    assert_eq!((sandbox.stats().refused, sandbox.stats().abandoned), (0, 0));
    assert_eq!(triggers.len(), 3, "{triggers:?}");
    assert_eq!(generation, 1 + 80);
    let metrics = paceway.get("/metrics").await;
    for line in ["paceway_config_generation 81", "paceway_config_reloads_total{result=\"applied\"} 80"] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }
}

#[tokio::test]
async fn a_stream_ends_whole_though_its_provider_is_gone_from_the_configuration() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(Settings::default()).await;
    let paceway = Paceway::start(directory.path(), &providers_at(address)).await;
    let operator = Operator::new(&paceway, directory.path());
    let mut body = question("claude-haiku-5-5");
    (body["stream"], body["max_tokens"]) = (json!(true), json!(300));
    let headers = [
        ("x-api-key", paceway.key()),
        ("anthropic-version", "2023-06-01"),
        ("x-sandbox-output-tokens", "300"),
    ];
    let asking = call(Method::POST, &paceway.url("/v1/messages"), &headers, body.to_string());
    let mut answer = client().call(asking).await.unwrap();
    poll_fn(|cx| answer.body.poll_chunk(cx)).await.unwrap().unwrap();
    let only_openai =
        format!("[providers.openai]\nbase_url = \"http://{address}/v1\"\napi_key = \"{PROVIDER_KEY}\"\n");
    assert_eq!(operator.reload(&only_openai).await.status, 200);
    let refused = paceway.post("/v1/messages", question("claude-haiku-5-5").to_string()).await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    let rest = answer.body.collect(usize::MAX).await.unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("event: message_stop"));
}

#[tokio::test]
async fn learned_limits_stay_where_the_provider_and_its_keys_do() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(Settings::default()).await;
    let config = providers_at(address);
    let paceway = Paceway::start(directory.path(), &config).await;
    let operator = Operator::new(&paceway, directory.path());
    assert_eq!(paceway.post("/v1/messages", question("claude-haiku-5-5").to_string()).await.status, 200);
    let limits = async || {
        let report = operator.ask(Method::GET, "/admin/limits").await.json();
        let limits = report["pools"][0]["limits"].as_array().cloned().unwrap_or_default();
        limits
            .into_iter()
            .map(|limit| (limit["limit"].clone(), limit["units"].clone(), limit["known_from"].clone()))
            .collect::<Vec<_>>()
    };
    let before = limits().await;
    assert!(before.iter().any(|(_, _, from)| from == "learned"), "{before:?}");
    let others = format!("{config}[aliases]\nquick = \"claude-haiku-5-5\"\n[retry]\nmax_retries = 1\n");
    assert_eq!(operator.reload(&others).await.json()["result"], "applied");
    assert_eq!(limits().await, before);
    let serves = config.replace("[providers.openai]", "serves = [\"claude-*\", \"x-*\"]\n[providers.openai]");
    assert_eq!(operator.reload(&serves).await.json()["result"], "applied");
    assert_eq!(limits().await, before);
    let another_key = config.replace(PROVIDER_KEY, "sk-another");
    assert_eq!(operator.reload(&another_key).await.json()["result"], "applied");
    assert!(limits().await.is_empty());
}

#[tokio::test]
async fn the_simulated_provider_stays_until_there_is_a_real_one_and_does_not_come_back_by_itself() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(Settings::default()).await;
    let paceway = Paceway::start(directory.path(), "").await;
    let operator = Operator::new(&paceway, directory.path());
    let alias = "[aliases]\nquick = \"claude-haiku-5-5\"\n";
    assert_eq!(operator.reload(alias).await.json()["result"], "applied");
    let reply = paceway.post("/v1/messages", question("quick").to_string()).await;
    assert_eq!((reply.status, reply.header("x-paceway-simulated")), (200, "true"));
    let real = providers_at(address);
    assert_eq!(operator.reload(&real).await.json()["result"], "applied");
    let reply = paceway.post("/v1/messages", question("claude-haiku-5-5").to_string()).await;
    assert!(reply.status == 200 && !reply.headers.contains_key("x-paceway-simulated"), "{:?}", reply.headers);
    let rejected = operator.reload(alias).await;
    assert_eq!(rejected.status, 422);
    assert!(rejected.text().contains("providers: none would be left"), "{}", rejected.text());
}

#[tokio::test]
async fn what_needs_a_new_start_is_told_and_the_rest_is_in_force() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let operator = Operator::new(&paceway, directory.path());
    let config = "[server]\nmax_connections = 9\nmax_body_bytes = 1024\n[log]\nlevel = \"debug\"\n";
    let reply = operator.reload(config).await.json();
    let sentence = "`server.max_connections` changed from `10000` to `9`: takes effect at the next start";
    assert_eq!((&reply["result"], &reply["needs_restart"]), (&json!("applied"), &json!([sentence])));
    assert!(paceway.log().contains(sentence), "{}", paceway.log());
    let mut long = question("claude-haiku-5-5");
    long["messages"][0]["content"] = json!("x".repeat(2_000));
    assert_eq!(paceway.post("/v1/messages", long.to_string()).await.status, 413);
    let again = operator.ask(Method::POST, "/admin/reload").await.json();
    assert_eq!((&again["result"], &again["generation"]), (&json!("unchanged"), &json!(2)));
}

#[tokio::test]
async fn a_file_that_is_put_in_the_place_of_a_link_is_seen() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let operator = Operator::new(&paceway, directory.path());
    // As Kubernetes does: the name stays a link, and what it leads to changes.
    let (file, new) = (directory.path().join("paceway.toml"), directory.path().join("new"));
    for generation in 2..4 {
        let version = directory.path().join(format!("version-{generation}"));
        fs::create_dir(&version).unwrap();
        let config = format!("[aliases]\nversion-{generation} = \"claude-haiku-5-5\"\n");
        fs::write(version.join("paceway.toml"), config).unwrap();
        std::os::unix::fs::symlink(version.join("paceway.toml"), &new).unwrap();
        fs::rename(&new, &file).unwrap();
        let status = operator.sees("the new version", |status| status["generation"] == generation).await;
        assert_eq!(status["last_reload"]["trigger"], "file");
    }
    assert_eq!(paceway.post("/v1/messages", question("version-3").to_string()).await.status, 200);
}

#[tokio::test]
async fn paceway_reload_says_what_came_of_it_and_shows_no_key() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let operator = Operator::new(&paceway, directory.path());
    operator.write("[reload]\nwatch = false\n");
    let told = String::from_utf8(run(directory.path(), &["reload"]).await.stdout).unwrap();
    assert_eq!(told, "Configuration 2 is in force.\n");
    let told = String::from_utf8(run(directory.path(), &["reload"]).await.stdout).unwrap();
    assert_eq!(told, "Nothing has changed: configuration 2 is in force.\n");
    operator.write("[queue]\nmax_attempts = 0\n[upstream]\nidle_timeout_s = 0\n");
    let told = run_wrong(directory.path(), &["reload"]).await;
    for problem in
        ["number 2 stays", "queue.max_attempts: expected 1 to 1000, got 0", "upstream.idle_timeout_s"]
    {
        assert!(told.contains(problem), "{told}");
    }
    operator.write(&format!("[providers.openai]\napi_key = {PROVIDER_KEY}\n"));
    let told = run_wrong(directory.path(), &["reload"]).await;
    let status = operator.status().await.to_string();
    assert!(told.contains("line 2") && status.contains("line 2"), "{told} {status}");
    for shown in [told, status, paceway.log()] {
        assert!(!shown.contains(PROVIDER_KEY), "{shown}");
    }
    for (method, path) in [(Method::POST, "/admin/reload"), (Method::GET, "/admin/config")] {
        let bearer = format!("Bearer {}", paceway.key());
        let refused =
            send(method, &paceway.admin_url(path), &[("authorization", &bearer)], "").await.unwrap();
        assert_eq!(refused.status, 401);
    }
}
