//! Who may administer what, route by route, and what keys let in: over real sockets, with the command line beside it.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use http::Method;
use paceway_gateway::clock::RuntimeClock;
use paceway_policy::access::{Action, Place, Role, may};
use paceway_server::admin_routes;
use paceway_store::identity::{AuditPage, Change};
use serde_json::{Value, json};
use support::{Paceway, admin_token, eventually, run, run_wrong, send, until};
use tempfile::tempdir;

/// Every route with the least role that may ask there. What is not in this table, or not as it says, fails the test below.
const LEAST_ROLES: [(&str, &str, &str); 34] = [
    ("GET", "/admin/organisations", "viewer"),
    ("POST", "/admin/organisations", "admin"),
    ("GET", "/admin/organisations/{organisation}", "viewer"),
    ("PATCH", "/admin/organisations/{organisation}", "admin"),
    ("DELETE", "/admin/organisations/{organisation}", "admin"),
    ("GET", "/admin/organisations/{organisation}/teams", "viewer"),
    ("POST", "/admin/organisations/{organisation}/teams", "admin"),
    ("GET", "/admin/organisations/{organisation}/teams/{team}", "viewer"),
    ("PATCH", "/admin/organisations/{organisation}/teams/{team}", "admin"),
    ("DELETE", "/admin/organisations/{organisation}/teams/{team}", "admin"),
    ("GET", "/admin/organisations/{organisation}/teams/{team}/projects", "viewer"),
    ("POST", "/admin/organisations/{organisation}/teams/{team}/projects", "admin"),
    ("GET", "/admin/organisations/{organisation}/teams/{team}/projects/{project}", "viewer"),
    ("PATCH", "/admin/organisations/{organisation}/teams/{team}/projects/{project}", "admin"),
    ("DELETE", "/admin/organisations/{organisation}/teams/{team}/projects/{project}", "admin"),
    ("GET", "/admin/keys", "viewer"),
    ("POST", "/admin/keys", "member"),
    ("GET", "/admin/keys/{id}", "viewer"),
    ("PATCH", "/admin/keys/{id}", "member"),
    ("POST", "/admin/keys/{id}/rotate", "member"),
    ("POST", "/admin/keys/{id}/revoke", "member"),
    ("GET", "/admin/admins", "viewer"),
    ("POST", "/admin/admins", "owner"),
    ("POST", "/admin/admins/{id}/revoke", "owner"),
    ("GET", "/admin/audit", "viewer"),
    ("GET", "/admin/usage", "viewer"),
    ("GET", "/admin/insights", "viewer"),
    ("GET", "/admin/limits", "viewer"),
    ("GET", "/admin/budgets", "viewer"),
    ("GET", "/admin/requests/{id}", "viewer"),
    ("POST", "/admin/route", "viewer"),
    ("GET", "/admin/config", "viewer"),
    ("POST", "/admin/reload", "admin"),
    ("GET", "/admin/openapi.json", "viewer"),
];
const ROLES: [&str; 4] = ["viewer", "member", "admin", "owner"];

/// Makes an admin on the command line and returns the token.
async fn admin(directory: &Path, options: &[&str]) -> String {
    made(directory, &[&["admins", "create", "--name", "test"], options].concat()).await
}

/// What a command prints that makes something which is shown once.
async fn made(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Waits until a token that another process made is known here.
async fn known(paceway: &Paceway, token: &str) {
    let ask = async || paceway.administer(token, Method::GET, "/admin/openapi.json", "").await.status;
    until("the token is known", async || ask().await != 401).await;
}

fn question() -> String {
    json!({"model": "claude-haiku-5-5", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]})
        .to_string()
}

async fn ask(paceway: &Paceway, key: &str) -> support::Reply {
    let headers = [("x-api-key", key), ("anthropic-version", "2023-06-01")];
    send(Method::POST, &paceway.url("/v1/messages"), &headers, question()).await.unwrap()
}

#[test]
fn the_table_of_routes_is_what_the_server_serves() {
    let served: BTreeSet<_> = admin_routes()
        .iter()
        .map(|route| {
            let least = route.roles().next().unwrap().name();
            (route.method.to_string(), route.path.clone(), least)
        })
        .collect();
    let expected: BTreeSet<_> =
        LEAST_ROLES.iter().map(|&(method, path, role)| (method.to_owned(), path.to_owned(), role)).collect();
    assert_eq!(served, expected);
    assert!(admin_routes().iter().all(|route| {
        let roles: Vec<_> = route.roles().map(Role::name).collect();
        ROLES.ends_with(&roles)
    }));
}

#[test]
fn the_documented_table_of_roles_is_what_the_code_says() {
    let document = include_str!("../../../docs/identity.md");
    let header = Action::ALL.map(Action::name).join(" | ");
    assert!(document.contains(&format!("| role | {header} |")), "{header}");
    for role in Role::ALL {
        let cells = Action::ALL.map(|action| if may(role, action) { "yes" } else { "–" }).join(" | ");
        let row = format!("| {} | {cells} |", role.name());
        assert!(document.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn every_route_lets_in_the_roles_of_the_table_and_no_other() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let owner = admin_token(directory.path());
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push(admin(directory.path(), &["--role", role]).await);
    }
    known(&paceway, tokens.last().unwrap()).await;
    let log = async || paceway.administer(&owner, Method::GET, "/admin/audit?limit=1", "").await.json();
    for (method, path, least) in LEAST_ROLES {
        let path = path
            .replace("{organisation}", "none")
            .replace("{team}", "none")
            .replace("{project}", "none")
            .replace("{id}", "none");
        let url = paceway.admin_url(&path);
        let method: Method = method.parse().unwrap();
        let nobody = send(method.clone(), &url, &[], "{}").await.unwrap();
        assert_eq!(nobody.status, 401, "{method} {path}: {}", nobody.text());
        let key = paceway.administer(paceway.key(), method.clone(), &path, "{}").await;
        assert_eq!(key.status, 401, "{method} {path}: {}", key.text());
        let may_from = ROLES.iter().position(|role| *role == least).unwrap();
        for (place, token) in tokens.iter().enumerate() {
            let before = log().await;
            let reply = paceway.administer(token, method.clone(), &path, "{}").await;
            let told = format!("{method} {path} as {}: {} {}", ROLES[place], reply.status, reply.text());
            assert_ne!(reply.status, 401, "{told}");
            assert_eq!(reply.status == 403, place < may_from, "{told}");
            let has_changed_nothing = log().await == before;
            assert!(has_changed_nothing || place >= may_from, "{told}");
        }
    }
}

#[tokio::test]
async fn a_member_of_a_team_manages_keys_there_and_sees_nothing_else() {
    let directory = tempdir().unwrap();
    let at = directory.path();
    let paceway = Paceway::start(at, "").await;
    for command in [
        vec!["organisations", "create", "Acme"],
        vec!["teams", "create", "Search", "--organisation", "acme"],
        vec!["teams", "create", "Ads", "--organisation", "acme"],
        vec!["projects", "create", "Ranking", "--organisation", "acme", "--team", "search"],
        vec!["projects", "create", "Bids", "--organisation", "acme", "--team", "ads"],
    ] {
        made(at, &command).await;
    }
    let options = ["--role", "member", "--organisation", "acme", "--team", "search"];
    let token = admin(at, &options).await;
    known(&paceway, &token).await;
    let create = async |team: &str, project: &str| {
        let body = json!({"name": "k", "organisation": "acme", "team": team, "project": project});
        paceway.administer(&token, Method::POST, "/admin/keys", body.to_string()).await
    };
    let own = create("search", "ranking").await;
    assert_eq!(own.status, 201, "{}", own.text());
    assert_eq!(ask(&paceway, own.json()["key"].as_str().unwrap()).await.status, 200, "it works at once");
    let other = create("ads", "bids").await;
    assert_eq!(other.status, 403);
    assert!(other.text().contains("the role member of team `acme/search`"), "{}", other.text());
    let get = async |path: &str| paceway.administer(&token, Method::GET, path, "").await;
    let keys = get("/admin/keys").await.json();
    assert_eq!(keys["data"].as_array().unwrap().len(), 1, "{keys}");
    let teams = get("/admin/organisations/acme/teams").await.json();
    assert_eq!(teams["data"].as_array().unwrap().len(), 1, "{teams}");
    let first = run(at, &["keys", "list"]).await.stdout;
    let first = String::from_utf8(first).unwrap();
    let first = first.lines().find(|line| line.contains("first")).unwrap().split_whitespace().next().unwrap();
    for (method, path) in
        [(Method::GET, format!("/admin/keys/{first}")), (Method::POST, format!("/admin/keys/{first}/revoke"))]
    {
        assert_eq!(
            paceway.administer(&token, method, &path, "").await.status,
            404,
            "a key of others is not seen"
        );
    }
    assert_eq!(get("/admin/limits").await.status, 403, "limits concern everyone");
    assert_eq!(ask(&paceway, paceway.key()).await.status, 200);
    let team = json!({"of": ["search"], "requests": 1});
    until("usage of the team, and of no other, is known", async || {
        let used = get("/admin/usage?by=team").await.json();
        let [group] = used["data"].as_array().unwrap().as_slice() else { return false };
        group["of"] == team["of"] && group["requests"] == team["requests"]
    })
    .await;
    assert_eq!(get("/admin/usage?by=team&organisation=default").await.status, 403);
    let audit = get("/admin/audit").await.json();
    let seen = audit["data"].as_array().unwrap();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|entry| entry["place"].as_str().unwrap().starts_with("acme/search")), "{audit}");
}

#[tokio::test]
async fn a_key_that_the_command_line_revokes_is_refused_within_a_second() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let key = made(directory.path(), &["keys", "create", "--name", "doomed"]).await;
    until("the key is known", async || ask(&paceway, &key).await.status == 200).await;
    let listed = String::from_utf8(run(directory.path(), &["keys", "list"]).await.stdout).unwrap();
    let id = listed.lines().find(|line| line.contains("doomed")).unwrap().split_whitespace().next().unwrap();
    made(directory.path(), &["keys", "revoke", id]).await;
    let clock = RuntimeClock::new();
    let revoked = paceway_domain::Clock::now(&clock);
    until("the key is refused", async || ask(&paceway, &key).await.status == 401).await;
    let took = paceway_domain::Clock::now(&clock).since(revoked);
    assert!(took < Duration::from_secs(1), "{took:?}");
    let refused = ask(&paceway, &key).await;
    assert!(refused.text().contains("revoked"), "{}", refused.text());
}

#[tokio::test]
async fn both_secrets_of_a_rotated_key_work_until_the_overlap_is_over() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let owner = admin_token(directory.path());
    let post = async |path: &str, body: Value| {
        paceway.administer(&owner, Method::POST, path, body.to_string()).await.json()
    };
    let made = post("/admin/keys", json!({"name": "rotating"})).await;
    let (id, first) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let path = format!("/admin/keys/{id}/rotate");
    let rotated = post(&path, json!({"overlap_s": 3_600})).await;
    let second = rotated["key"].as_str().unwrap();
    assert_eq!((&rotated["id"], &rotated["state"]), (&made["id"], &json!("rotating")));
    assert_eq!((ask(&paceway, first).await.status, ask(&paceway, second).await.status), (200, 200));
    let again = post(&path, json!({"overlap_s": 3_600})).await;
    assert!(again["error"]["message"].as_str().unwrap().contains("overlap of 0"), "{again}");
    let ended = post(&path, json!({})).await;
    let refused = ask(&paceway, second).await;
    assert!(refused.status == 401 && refused.text().contains("replaced by a new one"), "{}", refused.text());
    assert_eq!(ask(&paceway, first).await.status, 401);
    assert_eq!(ask(&paceway, ended["key"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_key_is_refused_what_it_may_not_have_in_each_dialect_and_lists_only_what_it_may() {
    let directory = tempdir().unwrap();
    let at = directory.path();
    let config = "[aliases]\nfast = [\"gpt-5-nano\"]\n";
    let paceway = Paceway::start(at, config).await;
    let options = ["keys", "create", "--models", "claude-*,fast", "--endpoints", "generate"];
    let key = made(at, &options).await;
    let bearer = format!("Bearer {key}");
    until("the key is known", async || ask(&paceway, &key).await.status == 200).await;
    let post = async |path: &str, body: Value, more: &[(&str, &str)]| {
        let headers =
            [&[("authorization", bearer.as_str()), ("anthropic-version", "2023-06-01")], more].concat();
        send(Method::POST, &paceway.url(path), &headers, body.to_string()).await.unwrap()
    };
    let messages = json!([{"role": "user", "content": "Hi"}]);
    let chat = |model: &str| json!({"model": model, "max_tokens": 20, "messages": messages});
    for (path, kind) in [
        ("/v1/messages", json!({"type": "permission_error"})),
        ("/v1/chat/completions", json!({"type": "invalid_request_error"})),
    ] {
        let refused = post(path, chat("gpt-5-nano"), &[]).await;
        let error = &refused.json()["error"];
        assert_eq!((refused.status, &error["type"]), (403, &kind["type"]), "{error}");
        assert!(error["message"].as_str().unwrap().contains("it may use claude-*, fast"), "{error}");
    }
    let gemini = json!({"contents": [{"parts": [{"text": "Hi"}]}]});
    let refused = post("/v1beta/models/gpt-5-nano:generateContent", gemini, &[]).await;
    let error = &refused.json()["error"];
    assert_eq!((refused.status, &error["status"]), (403, &json!("PERMISSION_DENIED")), "{error}");
    let responses = json!({"model": "gpt-5-nano", "input": "Hi"});
    assert_eq!(post("/v1/responses", responses, &[]).await.status, 403);
    // By an alias that it may name, the model behind it; not by a wish beside a model that it may name.
    let fast = || json!({"model": "fast", "messages": messages});
    assert_eq!(post("/v1/chat/completions", fast(), &[]).await.status, 200);
    let wished = post("/v1/chat/completions", fast(), &[("x-paceway-models", "gpt-5-nano")]).await;
    assert_eq!(wished.status, 403, "{}", wished.text());
    let embeddings = post("/v1/embeddings", json!({"model": "claude-haiku-5-5", "input": "Hi"}), &[]).await;
    assert!(
        embeddings.status == 403 && embeddings.text().contains("it may be used for generate"),
        "{}",
        embeddings.text()
    );
    let list = send(Method::GET, &paceway.url("/v1/models"), &[("authorization", &bearer)], "")
        .await
        .unwrap()
        .json();
    let ids: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"fast") && ids.contains(&"claude-haiku-5-5"), "{ids:?}");
    assert!(ids.iter().all(|id| *id == "fast" || id.starts_with("claude-")), "{ids:?}");
    let one = send(Method::GET, &paceway.url("/v1/models/gpt-5-nano"), &[("authorization", &bearer)], "")
        .await
        .unwrap();
    assert_eq!(one.status, 403);
}

#[tokio::test]
async fn a_keys_own_limits_and_priority_reach_the_scheduler() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let owner = admin_token(directory.path());
    let body =
        json!({"name": "small", "limits": {"requests_per_minute": 600, "burst_s": 1}, "priority": "low"});
    let made = paceway.administer(&owner, Method::POST, "/admin/keys", body.to_string()).await.json();
    let reply = ask(&paceway, made["key"].as_str().unwrap()).await;
    assert_eq!(reply.header("ratelimit-policy"), "\"requests-per-minute\";q=600;w=60");
    let report = paceway.administer(&owner, Method::GET, "/admin/limits", "").await.json();
    assert_eq!(
        (&report["own"][0]["rule"], &report["own"][0]["key"]),
        (&json!("key"), &made["id"]),
        "{report}"
    );
}

#[tokio::test]
async fn what_is_wrong_in_an_admins_request_is_told_with_what_would_be_right() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let owner = admin_token(directory.path());
    for (method, path, body, status, part) in [
        ("POST", "/admin/keys", r#"{"nmae": "x"}"#, 400, "did you mean `name`?"),
        ("POST", "/admin/keys", r#"{"name": ""}"#, 400, "name: expected 1 to 128 bytes"),
        ("POST", "/admin/keys", r#"{"name": "x", "endpoints": ["chat"]}"#, 400, "expected any of generate,"),
        ("POST", "/admin/keys", r#"{"name": "x", "models": [""]}"#, 400, "1 to 128 bytes"),
        ("POST", "/admin/keys", r#"{"name": "x", "expires_at": 5}"#, 400, "a time to come"),
        ("POST", "/admin/keys", r#"{"name": "x", "project": "none"}"#, 404, "default/default/none"),
        (
            "POST",
            "/admin/keys",
            r#"{"name": "x", "limits": {"concurrency": 0}}"#,
            400,
            "limits.concurrency: expected 1",
        ),
        ("POST", "/admin/keys", "{", 400, "body: EOF"),
        ("GET", "/admin/keys?limit=0", "", 400, "limit: expected 1 to 1000, got 0"),
        ("GET", "/admin/keys?limits=1", "", 400, "did you mean `limit`?"),
        ("GET", "/admin/keys?team=a", "", 400, "a team is named with its organisation"),
        ("GET", "/admin/usage?by=colour", "", 400, "got `colour`"),
        ("GET", "/admin/keys/none", "", 404, "there is no key `none`"),
        ("POST", "/admin/organisations", r#"{"name": "x", "id": "A b"}"#, 400, "expected 1 to 64 of a-z"),
        (
            "POST",
            "/admin/organisations",
            r#"{"name": "default"}"#,
            409,
            "organisation `default` exists already",
        ),
        ("DELETE", "/admin/organisations/default", "", 409, "is not empty"),
        (
            "POST",
            "/admin/admins",
            r#"{"name": "x", "role": "root"}"#,
            400,
            "expected one of viewer, member, admin, owner",
        ),
        ("PUT", "/admin/keys", "", 405, "GET /admin/openapi.json lists"),
        ("GET", "/admin/none", "", 404, "GET /admin/openapi.json lists"),
    ] {
        let reply = paceway.administer(&owner, method.parse().unwrap(), path, body).await;
        assert!(
            reply.status == status && reply.text().contains(part),
            "{method} {path} {body}: {} {}",
            reply.status,
            reply.text()
        );
    }
    let elsewhere = send(Method::GET, &paceway.url("/admin/limits"), &[], "").await.unwrap();
    assert!(elsewhere.status == 404 && elsewhere.text().contains("admin.listen"), "{}", elsewhere.text());
    let told = run_wrong(directory.path(), &["keys", "create", "--project", "none"]).await;
    assert!(told.contains("there is no project `default/default/none`"), "{told}");
    assert!(told.contains("those there are: default"), "{told}");
    let told = run_wrong(directory.path(), &["keys", "create", "--team", "new"]).await;
    assert!(told.contains("there is no team `default/new`"), "{told}");
    assert!(told.contains("paceway teams create new --organisation default"), "{told}");
    made(directory.path(), &["teams", "create", "New"]).await;
    let told = run_wrong(directory.path(), &["keys", "create", "--team", "new"]).await;
    assert!(told.contains("team `default/new` has no project yet"), "{told}");
    assert!(told.contains("paceway projects create default --organisation default --team new"), "{told}");
    made(directory.path(), &["projects", "create", "default", "--organisation", "default", "--team", "new"])
        .await;
    made(directory.path(), &["keys", "create", "--team", "new"]).await;
    let told = run_wrong(directory.path(), &["admins", "create", "--name", "x", "--role", "root"]).await;
    assert!(told.contains("expected one of viewer"), "{told}");
}

#[tokio::test]
async fn one_limit_and_the_priority_of_a_key_can_be_taken_away() {
    let directory = tempdir().unwrap();
    let at = directory.path();
    let limited = ["--requests-per-minute", "5", "--tokens-per-day", "900", "--priority", "low"];
    made(at, &[&["keys", "create"], &limited[..]].concat()).await;
    let listed = made(at, &["keys", "list"]).await;
    let id = listed.lines().last().unwrap().split_whitespace().next().unwrap();
    let none = ["--requests-per-minute", "none", "--priority", "none"];
    let told = made(at, &[&["keys", "update", id], &none[..]].concat()).await;
    assert!(!told.contains("requests per minute") && told.contains("900 tokens per day"), "{told}");
    assert!(told.contains("as rules for callers say"), "{told}");
    let output = run(at, &["keys", "update", id, "--tokens-per-day", "few"]).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("expected a whole number, or `none` for no limit"), "{told}");
}

#[tokio::test]
async fn old_entries_of_the_log_go_at_the_start_and_that_is_in_the_log() {
    let directory = tempdir().unwrap();
    let at = directory.path();
    made(at, &["organisations", "create", "Acme"]).await;
    let store = paceway_store::open(&support::data_dir(at), paceway_store::Access::Administer).unwrap();
    let mut old = store.identity.audit(&everything()).unwrap().remove(0).note;
    old.at = paceway_domain::UnixMillis(1);
    store.identity.apply(&Change::Elsewhere, &old).unwrap();
    made(at, &["organisations", "create", "Later"]).await;
    let paceway = Paceway::start(at, "[admin]\naudit_keep_days = 30\n").await;
    let entries = eventually("the entry", || {
        let entries = store.identity.audit(&everything()).unwrap();
        entries.iter().any(|entry| entry.note.action == "audit.trim").then_some(entries)
    })
    .await;
    assert!(entries.iter().all(|entry| entry.note.at != old.at), "{entries:?}");
    assert!(entries.iter().any(|entry| entry.note.subject == "acme"), "{entries:?}");
    paceway.stop().await;
}

fn everything() -> AuditPage {
    AuditPage { place: Place::whole(), before: None, most: 100 }
}

#[tokio::test]
async fn everything_that_was_done_is_in_the_log_whoever_did_it_and_without_secrets() {
    let directory = tempdir().unwrap();
    let at = directory.path();
    let paceway = Paceway::start(at, "[log]\nlevel = \"trace\"\n").await;
    let owner = admin_token(at);
    let token = admin(at, &["--role", "owner"]).await;
    known(&paceway, &token).await;
    let post = async |path: &str, body: Value| {
        paceway.administer(&token, Method::POST, path, body.to_string()).await.json()
    };
    let made = post("/admin/keys", json!({"name": "logged"})).await;
    let rotated =
        post(&format!("/admin/keys/{}/rotate", made["id"].as_str().unwrap()), json!({"overlap_s": 60})).await;
    post("/admin/reload", json!({})).await;
    assert_eq!(ask(&paceway, rotated["key"].as_str().unwrap()).await.status, 200);
    let audit = paceway.administer(&owner, Method::GET, "/admin/audit", "").await;
    let entries = audit.json();
    let told: Vec<_> = entries["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (entry["action"].as_str().unwrap(), entry["actor"].as_str().unwrap().split(' ').next().unwrap())
        })
        .collect();
    let expected = [
        ("configuration.reload", "test"),
        ("keys.rotate", "test"),
        ("keys.create", "test"),
        ("admins.create", "command"),
        ("keys.create", "command"),
    ];
    assert_eq!(told, expected, "{entries}");
    let shown = String::from_utf8(run(at, &["audit"]).await.stdout).unwrap();
    assert!(shown.contains("keys.rotate") && shown.contains("command line"), "{shown}");
    let mut seen = format!("{}{shown}", audit.text());
    for path in ["/admin/keys", "/admin/admins", "/admin/config", "/admin/openapi.json", "/admin/none"] {
        seen += paceway.administer(&token, Method::GET, path, "").await.text();
    }
    seen += paceway.administer(&format!("{token}x"), Method::GET, "/admin/keys", "").await.text();
    for arguments in [["admins", "list"], ["keys", "list"], ["config", "show"]] {
        seen += &String::from_utf8(run(at, &arguments).await.stdout).unwrap();
    }
    let log = paceway.log();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the log is not verbose, so this test shows nothing"
    );
    seen += &log;
    seen += &paceway.printed;
    let secrets = [made["key"].as_str().unwrap(), rotated["key"].as_str().unwrap(), &token, &owner];
    for secret in secrets {
        assert!(!seen.contains(secret), "a secret is shown");
        let kept = std::fs::read_dir(support::data_dir(at)).unwrap().map(|entry| entry.unwrap().path());
        let others = kept.filter(|path| !path.ends_with("admin.token"));
        for file in others {
            let bytes = std::fs::read(&file).unwrap();
            let is_in = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_in, "{}", file.display());
        }
    }
}

#[tokio::test]
async fn a_revoked_admin_is_let_in_no_more_and_the_file_always_is() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let owner = admin_token(directory.path());
    let body = json!({"name": "Ada", "role": "owner"}).to_string();
    let ada = paceway.administer(&owner, Method::POST, "/admin/admins", body).await.json();
    let token = ada["token"].as_str().unwrap();
    let path = format!("/admin/admins/{}/revoke", ada["id"].as_str().unwrap());
    assert_eq!(paceway.administer(token, Method::POST, &path, "").await.status, 200, "even by itself");
    assert_eq!(paceway.administer(token, Method::GET, "/admin/keys", "").await.status, 401, "at once");
    assert_eq!(paceway.administer(&owner, Method::GET, "/admin/keys", "").await.status, 200);
}

#[tokio::test]
async fn the_openapi_document_has_every_route_and_is_printed_by_the_command_line_too() {
    let directory = tempdir().unwrap();
    let paceway = Paceway::start(directory.path(), "").await;
    let document = paceway
        .administer(&admin_token(directory.path()), Method::GET, "/admin/openapi.json", "")
        .await
        .json();
    for (method, path, least) in LEAST_ROLES {
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation["responses"].is_object(), "{method} {path} is not in the document");
        assert!(operation["description"].as_str().unwrap().contains(least), "{operation}");
    }
    let operations =
        document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len());
    assert_eq!(operations.sum::<usize>(), LEAST_ROLES.len());
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
    }
    let printed = run(directory.path(), &["config", "openapi"]).await.stdout;
    assert_eq!(serde_json::from_slice::<Value>(&printed).unwrap(), document);
}

#[tokio::test]
async fn without_an_admin_address_there_is_no_admin_api() {
    let directory = tempdir().unwrap();
    let config = directory.path().join("off.toml");
    std::fs::write(&config, "[admin]\nlisten = \"\"\n[server]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let mut command = support::paceway(directory.path());
    command.env_remove("PACEWAY_ADMIN__LISTEN").args(["serve", "--config", config.to_str().unwrap()]);
    let _serving =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let noted = support::data_dir(directory.path()).join("paceway.admin-address");
    eventually("it serves", || noted.exists().then_some(())).await;
    let told = run_wrong(directory.path(), &["limits"]).await;
    assert!(told.contains("admin.token") || told.contains("`admin.listen` is empty"), "{told}");
}
