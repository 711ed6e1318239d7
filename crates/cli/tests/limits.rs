//! Limits as an operator sees them: the admin endpoint, `paceway limits`, and limits of our own from configuration.
#![allow(clippy::unwrap_used)]

mod support;

use http::Method;
use serde_json::{Value, json};
use support::{Paceway, data_dir, run, send};
use tempfile::tempdir;

fn question() -> Value {
    json!({"model": "claude-haiku-5-5", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]})
}

#[tokio::test]
async fn limits_are_shown_to_who_has_the_admin_token_and_to_nobody_else() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    assert_eq!(paceway.post("/v1/messages", question().to_string()).await.status, 200);
    let url = paceway.admin_url("/admin/limits");
    let virtual_key = format!("Bearer {}", paceway.key());
    for headers in [vec![], vec![("authorization", virtual_key.as_str())], vec![("x-api-key", paceway.key())]]
    {
        let refused = send(Method::GET, &url, &headers, "").await.unwrap();
        assert_eq!(refused.status, 401);
        assert!(refused.text().contains("admin.token"), "{}", refused.text());
    }
    let token = std::fs::read_to_string(data_dir(directory.path()).join("admin.token")).unwrap();
    let bearer = format!("Bearer {token}");
    let report = send(Method::GET, &url, &[("authorization", &bearer)], "").await.unwrap().json();
    let pool = &report["pools"][0];
    assert_eq!(
        (&pool["provider"], &pool["models"]),
        (&json!("simulated-anthropic"), &json!("claude-haiku-5-5"))
    );
    let limits: Vec<_> = pool["limits"].as_array().unwrap().iter().map(|limit| &limit["limit"]).collect();
    assert!(limits.contains(&&json!("input tokens per minute")), "{report}");
    assert_eq!(pool["limits"][0]["known_from"], "learned");
}

#[cfg(unix)]
#[tokio::test]
async fn the_admin_token_is_its_owners_and_is_not_printed() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let path = data_dir(directory.path()).join("admin.token");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&path).unwrap();
    assert!(!paceway.printed.contains(&token));
}

#[tokio::test]
async fn paceway_limits_shows_a_table_and_says_what_to_do_when_nobody_serves() {
    let directory = tempdir().unwrap();
    let nobody = run(directory.path(), &["limits"]).await;
    let told = String::from_utf8(nobody.stderr).unwrap();
    assert!(!nobody.status.success() && told.contains("admin.token"), "{told}");
    let paceway = Paceway::start(directory.path(), "").await;
    assert_eq!(paceway.post("/v1/messages", question().to_string()).await.status, 200);
    let shown = run(directory.path(), &["limits"]).await;
    let table = String::from_utf8(shown.stdout).unwrap();
    assert!(table.contains("requests per minute") && table.contains("simulated-anthropic"), "{table}");
    assert!(table.contains("0 requests wait"), "{table}");
}

#[tokio::test]
async fn a_limit_of_our_own_from_the_configuration_holds_and_shows_in_the_answer() {
    let directory = tempdir().unwrap();
    let config = "[[callers]]\nname = \"all\"\nkeys = [\"*\"]\nrequests_per_minute = 600\nburst_s = 1\n";
    let paceway = Paceway::start(directory.path(), config).await;
    let reply = paceway.post("/v1/messages", question().to_string()).await;
    assert_eq!(reply.header("ratelimit-policy"), "\"requests-per-minute\";q=600;w=60");
    assert_eq!(reply.header("anthropic-ratelimit-requests-limit"), "600");
}
