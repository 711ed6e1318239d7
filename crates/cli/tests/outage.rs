//! The database that nodes share is away under load, and a node is killed meanwhile: every request is answered, every row is there
//! once. With `PACEWAY_TEST_OUTAGE_S=60` it is away for a minute each time instead of for some hundred requests.
#![allow(clippy::unwrap_used)]

#[path = "../../store/tests/support/server.rs"]
mod server;
mod support;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paceway_domain::Secret;
use paceway_sandbox::{Latency, OutputLength, Settings};
use paceway_store::reports::{Filter, Question};
use paceway_store::{Access, SharedDatabase, Store};
use serde_json::json;
use server::Server;
use support::{Paceway, Reply, data_dir, eventually, provider, providers_at, send};
use tempfile::tempdir;
use tokio::task::{JoinSet, block_in_place};

const CLIENTS: usize = 16;

/// What clients saw.
#[derive(Default)]
struct Seen {
    ids: Mutex<Vec<String>>,
    answered: AtomicUsize,
    /// Answers that were none.
    failed: Mutex<Vec<String>>,
}

impl Seen {
    fn take(&self, reply: &Reply) {
        if reply.status == 200 {
            self.ids.lock().unwrap().push(reply.id().to_owned());
            self.answered.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failed.lock().unwrap().push(format!("{} {}", reply.status, reply.text()));
        }
    }

    async fn until_more(&self, count: usize) {
        let goal = self.answered.load(Ordering::Relaxed) + count;
        eventually("more answers", || (self.answered.load(Ordering::Relaxed) >= goal).then_some(())).await;
    }

    /// While the database is away.
    async fn outage(&self) {
        if let Some(seconds) = server::variable("PACEWAY_TEST_OUTAGE_S") {
            tokio::time::sleep(Duration::from_secs(seconds.parse().unwrap())).await;
        }
        self.until_more(200).await;
    }
}

/// Clients that ask on and on, until the process that they ask is gone.
fn ask(paceway: &Paceway, seen: &Arc<Seen>) -> JoinSet<()> {
    let (url, key) = (paceway.url("/v1/messages"), paceway.key().to_owned());
    let mut asking = JoinSet::new();
    for _ in 0..CLIENTS {
        let (url, key, seen) = (url.clone(), key.clone(), Arc::clone(seen));
        asking.spawn(async move {
            let body = json!({
                "model": "claude-haiku-5-5", "max_tokens": 100,
                "messages": [{"role": "user", "content": "Go on."}],
            });
            let headers = [("x-api-key", key.as_str()), ("anthropic-version", "2023-06-01")];
            while let Ok(reply) = send(http::Method::POST, &url, &headers, body.to_string()).await {
                seen.take(&reply);
            }
        });
    }
    asking
}

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
        output: OutputLength { min_tokens: 5, max_tokens: 20 },
        ..Settings::default()
    }
}

fn store(directory: &Path, url: &str) -> Store {
    let shared = SharedDatabase { url: Secret::new(url), node: "test".into() };
    paceway_store::open_shared(&data_dir(directory), Access::Administer, Some(&shared)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_postgres_is_away_requests_are_answered_and_no_row_is_lost_or_doubled() {
    let Some(database) = block_in_place(Server::of_its_own) else { return };
    let directory = tempdir().unwrap();
    let (_, address) = provider(quick()).await;
    let (config, url) = (providers_at(address), database.url());
    let environment = [("PACEWAY_STORAGE__POSTGRES", url.as_str())];
    let seen = Arc::new(Seen::default());

    let paceway = Paceway::start_with(directory.path(), &config, &environment).await;
    let clients = ask(&paceway, &seen);
    seen.until_more(100).await;
    block_in_place(|| database.kill());
    seen.outage().await;
    block_in_place(|| database.start_again());
    seen.until_more(100).await;

    block_in_place(|| database.kill());
    seen.until_more(100).await;
    let key = paceway.key.clone();
    paceway.kill().await;
    clients.join_all().await;

    let mut paceway = Paceway::start_with(directory.path(), &config, &environment).await;
    paceway.key = key;
    let mut clients = ask(&paceway, &seen);
    seen.outage().await;
    block_in_place(|| database.start_again());
    seen.until_more(100).await;
    clients.shutdown().await;
    paceway.stop().await;

    assert_eq!(*seen.failed.lock().unwrap(), [""; 0]);
    let store = store(directory.path(), &url);
    let mut rows = Vec::new();
    let visit = &mut |row: paceway_store::Row| {
        rows.push(row.request_id.to_string());
        ControlFlow::Continue(())
    };
    store.reports.export(&Filter::default(), visit).unwrap();
    let in_ledger: HashSet<_> = rows.iter().collect();
    let ids = seen.ids.lock().unwrap().clone();
    let lost: Vec<_> = ids.iter().filter(|id| !in_ledger.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} rows are lost: {lost:?}", lost.len(), ids.len());
    assert_eq!(in_ledger.len(), rows.len(), "rows are doubled");
    let summed = store.reports.usage(&Question::default()).unwrap()[0].requests;
    assert_eq!(summed, rows.len() as u64, "sums by day are not those of the rows");
}
