//! Several nodes on one PostgreSQL: what one does to keys and admins holds at the others. Says so loudly where there is no PostgreSQL.
#![allow(clippy::unwrap_used)]

#[path = "../../store/tests/support/server.rs"]
mod server;
mod support;

use std::time::Duration;

use http::Method;
use paceway_domain::Clock;
use paceway_gateway::clock::RuntimeClock;
use serde_json::json;
use server::Server;
use support::{Paceway, Reply, admin_token, send, until};
use tempfile::tempdir;

async fn ask(paceway: &Paceway, key: &str) -> Reply {
    let headers = [("x-api-key", key), ("anthropic-version", "2023-06-01")];
    let messages = json!([{"role": "user", "content": "Hi"}]);
    let body = json!({"model": "claude-haiku-5-5", "max_tokens": 20, "messages": messages}).to_string();
    send(Method::POST, &paceway.url("/v1/messages"), &headers, body).await.unwrap()
}

#[tokio::test]
async fn a_key_revoked_at_one_node_is_refused_at_the_other_within_a_second_and_known_ones_outlive_an_outage()
{
    let Some(server) = Server::of_its_own() else { return };
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    let url = server.url();
    let shared = [("PACEWAY_STORAGE__POSTGRES", url.as_str())];
    let first = Paceway::start_with(here.path(), "", &shared).await;
    let second = Paceway::start_with(there.path(), "", &shared).await;
    let owner = admin_token(here.path());
    let made = async |name: &str| {
        let body = json!({"name": name}).to_string();
        first.administer(&owner, Method::POST, "/admin/keys", body).await.json()
    };
    let (doomed, lasting) = (made("doomed").await, made("lasting").await);
    let (key, stays) = (doomed["key"].as_str().unwrap(), lasting["key"].as_str().unwrap());
    until("the other node knows the keys", async || ask(&second, stays).await.status == 200).await;
    assert_eq!(ask(&second, key).await.status, 200);
    let path = format!("/admin/keys/{}/revoke", doomed["id"].as_str().unwrap());
    assert_eq!(first.administer(&owner, Method::POST, &path, "").await.status, 200);
    assert_eq!(ask(&first, key).await.status, 401, "at once where it was revoked");
    let clock = RuntimeClock::new();
    let revoked = clock.now();
    until("the other node refuses it", async || ask(&second, key).await.status == 401).await;
    let took = clock.now().since(revoked);
    assert!(took < Duration::from_secs(1), "{took:?}");
    server.kill();
    assert_eq!(ask(&second, stays).await.status, 200);
    let body = json!({"name": "late"}).to_string();
    let told = first.administer(&owner, Method::POST, "/admin/keys", body).await;
    assert!(told.status == 503 && told.text().contains("PostgreSQL"), "{} {}", told.status, told.text());
    second.kill().await;
    let again = Paceway::start_with(there.path(), "", &shared).await;
    assert_eq!(ask(&again, stays).await.status, 200, "a node starts with the keys that it knew");
    assert_eq!(ask(&again, key).await.status, 401, "a revoked one among them");
}
