//! Budgets in a real process, over real sockets: a crowd, hang-ups, kill -9, another configuration.
#![allow(clippy::unwrap_used)]

#[path = "../../store/tests/support/server.rs"]
mod server;
mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::Method;
use paceway_domain::Secret;
use paceway_sandbox::{Latency, OutputLength, Settings};
use paceway_store::reports::{Adjustment, Question};
use paceway_store::{Access, SharedDatabase, Store, open_shared};
use paceway_upstream::{HttpUpstream, Upstream};
use serde_json::{Value, json};
use support::{Paceway, Reply, call, client, data_dir, provider, providers_at, run};
use tempfile::tempdir;
use tokio::task::{JoinSet, block_in_place};

const CLIENTS: usize = 200;
const BUDGET: u64 = 1_000_000;
/// What a call may cost at most: Opus 5.5 at 8 dollars in (an hour's cache) and 20 out, per million, with up to 2000 tokens out
/// and some 1100 in.
const ONE_CALL: u64 = 52_000;

fn settings() -> Settings {
    Settings {
        limits: paceway_sandbox::Limits {
            requests_per_minute: 1_000_000,
            input_tokens_per_minute: 1_000_000_000,
            output_tokens_per_minute: 1_000_000_000,
            tokens_per_minute: 1_000_000_000,
            ..paceway_sandbox::Limits::default()
        },
        latency: Latency { first_token_ms: 20, per_token_ms: 0.1 },
        output: OutputLength { min_tokens: 50, max_tokens: 2_000 },
        ..Settings::default()
    }
}

fn with_budget(providers: &str, amount_usd: &str) -> String {
    format!("{providers}\n[[budgets]]\nname = \"all\"\namount_usd = {amount_usd}\nwindow = \"month\"\n")
}

/// Everything in the ledger, in micro-dollars.
fn ledger_sum(directory: &Path) -> u64 {
    sum(&paceway_store::open(&data_dir(directory), Access::Administer).unwrap())
}

fn sum(store: &Store) -> u64 {
    store.reports.usage(&Question::default()).unwrap().iter().map(|group| group.cost.0).sum()
}

/// Asks until the budget is spent; every third answer is not waited for to its end. How often it asked.
async fn ask_until_spent(http: Arc<HttpUpstream>, url: String, key: String, number: usize) -> usize {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({
        "model": "claude-opus-5-5", "max_tokens": 2_000, "stream": number.is_multiple_of(2),
        "messages": [{"role": "user", "content": format!("Tell me of {number}")}],
    });
    for asked in 1.. {
        let asking = http.call(call(Method::POST, &url, &headers, body.to_string()));
        let answer = asking.await.unwrap();
        match answer.status.as_u16() {
            402 => return asked,
            200 if (asked + number).is_multiple_of(3) => drop(answer),
            200 => drop(answer.body.collect(usize::MAX).await.unwrap()),
            status => panic!("{status}: {:?}", answer.body.collect(usize::MAX).await),
        }
    }
    unreachable!("a budget ends")
}

async fn account(paceway: &Paceway, directory: &Path) -> Value {
    let token = std::fs::read_to_string(data_dir(directory).join("admin.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let url = paceway.admin_url("/admin/budgets");
    let reply = support::send(Method::GET, &url, &[("authorization", &bearer)], "").await.unwrap();
    assert_eq!(reply.status, 200);
    reply.json()["budgets"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_cannot_pass_a_dollar_and_kill_9_loses_no_spending() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(settings()).await;
    let config = with_budget(&providers_at(address), "1.0");
    let mut paceway = Paceway::start(directory.path(), &config).await;
    let key = paceway.key.take().unwrap();
    let http = Arc::new(client());
    let mut asking = JoinSet::new();
    for number in 0..CLIENTS {
        asking.spawn(ask_until_spent(Arc::clone(&http), paceway.url("/v1/messages"), key.clone(), number));
    }
    let asked: usize = asking.join_all().await.into_iter().sum();
    assert!(asked > CLIENTS + 20, "{asked}");
    let before = support::eventually_async("all settled", async || {
        let account = account(&paceway, directory.path()).await;
        (account["held_microusd"] == 0).then_some(account)
    })
    .await;
    let spent = before["spent_microusd"].as_u64().unwrap();
    assert!(spent <= BUDGET, "{spent}");
    assert!(BUDGET - spent < ONE_CALL, "refused with {} left", BUDGET - spent);
    paceway.kill().await;

    let mut paceway = Paceway::start(directory.path(), &config).await;
    paceway.key = Some(key);
    let after = account(&paceway, directory.path()).await;
    assert_eq!((after["spent_microusd"].as_u64().unwrap(), ledger_sum(directory.path())), (spent, spent));
    let body = json!({"model": "claude-opus-5-5", "max_tokens": 2_000, "messages": [{"role": "user", "content": "Hi"}]});
    let refused = paceway.post("/v1/messages", body.to_string()).await;
    assert_eq!((refused.status, &refused.json()["error"]["type"]), (402, &json!("billing_error")));

    // Twice the amount: what is spent stays spent, and there is room again, without a new start.
    let raised = with_budget(&providers_at(address), "2.0");
    std::fs::write(directory.path().join("paceway.toml"), raised).unwrap();
    paceway.signal("HUP").await;
    let raised = support::eventually_async("the raised budget", async || {
        let account = account(&paceway, directory.path()).await;
        (account["amount_microusd"] == 2_000_000).then_some(account)
    })
    .await;
    assert_eq!(raised["spent_microusd"].as_u64(), Some(spent));
    assert_eq!(paceway.post("/v1/messages", body.to_string()).await.status, 200);
    paceway.stop().await;
}

/// A node with a data directory of its own.
async fn node(directory: &Path, name: &str, address: SocketAddr, url: &str) -> Paceway {
    let storage = format!("[storage]\npostgres = \"{url}\"\nnode = \"{name}\"\n");
    Paceway::start(directory, &(storage + &with_budget(&providers_at(address), "1.0"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_and_two_hundred_clients_cannot_pass_a_dollar() {
    let Some(server) = server::Server::of_its_own() else { return };
    let directories = [tempdir().unwrap(), tempdir().unwrap()];
    let (_, address) = provider(settings()).await;
    let mut one = node(directories[0].path(), "one", address, &server.url()).await;
    let two = node(directories[1].path(), "two", address, &server.url()).await;
    let key = one.key.take().unwrap();
    let http = Arc::new(client());
    let mut asking = JoinSet::new();
    for number in 0..CLIENTS {
        let node = if number.is_multiple_of(2) { &one } else { &two };
        asking.spawn(ask_until_spent(Arc::clone(&http), node.url("/v1/messages"), key.clone(), number));
    }
    let asked: usize = asking.join_all().await.into_iter().sum();
    assert!(asked > CLIENTS + 20, "{asked}");
    one.stop().await;
    two.stop().await;
    let shared = SharedDatabase { url: Secret::new(server.url()), node: "looks".into() };
    let spent = block_in_place(|| {
        sum(&open_shared(&data_dir(directories[0].path()), Access::Administer, Some(&shared)).unwrap())
    });
    assert!(spent <= BUDGET, "{spent}");
    assert!(BUDGET - spent < ONE_CALL, "refused with {} left", BUDGET - spent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_shows_how_budgets_stand() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(settings()).await;
    let paceway = Paceway::start(directory.path(), &with_budget(&providers_at(address), "1.0")).await;
    let listen = paceway.address.to_string();
    let file = directory.path().join("admin.toml");
    std::fs::write(&file, format!("[server]\nlisten = \"{listen}\"\n")).unwrap();
    let shown = run(directory.path(), &["budgets", "--config", file.to_str().unwrap()]).await;
    let said = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success(), "{said}{}", String::from_utf8_lossy(&shown.stderr));
    assert!(said.contains("BUDGET") && said.contains("$1.000000") && said.contains("0 %"), "{said}");
    paceway.stop().await;
}

async fn ask_once(paceway: &Paceway) -> Reply {
    let body = json!({"model": "claude-opus-5-5", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]});
    let reply = paceway.post("/v1/messages", body.to_string()).await;
    assert_eq!(reply.status, 200);
    reply
}

#[tokio::test]
async fn what_a_provider_charged_beyond_the_ledger_counts_while_we_run_and_after_a_new_start() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(settings()).await;
    let config = with_budget(&providers_at(address), "1.0");
    let paceway = Paceway::start(directory.path(), &config).await;
    let id = ask_once(&paceway).await.id().to_owned();
    let row = support::eventually("the row", || support::row(directory.path(), &id)).await;
    let before = account(&paceway, directory.path()).await["spent_microusd"].as_u64().unwrap();
    let correction = Adjustment {
        id: "test/1".into(),
        at: row.arrived_at,
        provider: "anthropic".into(),
        model: "claude-opus-5-5".into(),
        cost: 1_000,
        reason: "a test".into(),
    };
    let store = paceway_store::open(&data_dir(directory.path()), Access::Administer).unwrap();
    assert_eq!(store.reports.adjust(&[correction]).unwrap(), 1);
    support::until("the correction is spent", async || {
        account(&paceway, directory.path()).await["spent_microusd"] == before + 1_000
    })
    .await;
    paceway.kill().await;
    let paceway = Paceway::start(directory.path(), &config).await;
    assert_eq!(account(&paceway, directory.path()).await["spent_microusd"], before + 1_000);
    paceway.stop().await;
}

#[tokio::test]
async fn a_budget_that_a_reload_adds_counts_what_was_spent_a_moment_ago() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(settings()).await;
    let providers = providers_at(address);
    let paceway = Paceway::start(directory.path(), &format!("{providers}\n[reload]\nwatch = false\n")).await;
    let file = directory.path().join("paceway.toml");
    std::fs::write(&file, with_budget(&providers, "1.0")).unwrap();
    ask_once(&paceway).await;
    let token = support::admin_token(directory.path());
    let reloaded = paceway.administer(&token, Method::POST, "/admin/reload", "").await;
    assert_eq!(reloaded.status, 200, "{}", reloaded.text());
    let spent = account(&paceway, directory.path()).await["spent_microusd"].as_u64().unwrap();
    paceway.stop().await;
    assert_eq!(spent, ledger_sum(directory.path()));
    assert!(spent > 0);
}

#[tokio::test]
async fn who_has_not_waited_for_a_budget_is_not_told_that_it_has() {
    let directory = tempdir().unwrap();
    let (_, address) = provider(settings()).await;
    let paceway = Paceway::start(directory.path(), &with_budget(&providers_at(address), "1.0")).await;
    let bearer = format!("Bearer {}", paceway.key.as_ref().unwrap());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({"model": "claude-opus-5-5", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]});
    let url = paceway.url("/v1/chat/completions");
    let reply = support::send(Method::POST, &url, &headers, body.to_string()).await.unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.header("x-paceway-budget").contains("spent="), "the budget counts it");
    assert!(reply.headers.get("x-paceway-wait-reason").is_none(), "{:?}", reply.headers);
    paceway.stop().await;
}
