//! `paceway insights`, over a ledger in which waste was planted.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use http::Method;
use paceway_domain::{
    Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tags, Tokens, UnixMillis, Usage,
};
use paceway_store::ledger::Traits;
use paceway_store::{Access, Row, open};
use serde_json::{Value, json};
use support::{Paceway, admin_token, data_dir, run, until};

/// A request of the priority `batch` at the full price, on 1 November 2026.
fn patient(number: u64) -> Row {
    Row {
        request_id: RequestId::from_bits(u128::from(number)),
        part: 0,
        arrived_at: UnixMillis(1_793_491_200_000 + number * 60_000),
        key: KeyId("0123456789ab".into()),
        owner: Owner::default(),
        tags: Tags::default(),
        endpoint: "generate".into(),
        dialect: Dialect::Anthropic,
        streamed: false,
        model_asked: "claude-sonnet-5-5".into(),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        provider_request_id: None,
        usage: Usage { input: Tokens(1_500), output: Tokens(300), ..Usage::default() },
        tier: ServiceTier::Standard,
        usage_is_estimated: false,
        cost: Some(MicroUsd(6_000)),
        price_source: "catalogue 2026-11-12".into(),
        status: 200,
        outcome: "completed".into(),
        attempts: 1,
        queued_ms: 0,
        first_byte_ms: Some(500),
        total_ms: 900,
        traits: Traits { request_hash: Some(number), is_patient: true, ..Traits::default() },
    }
}

fn ledger(rows: impl IntoIterator<Item = Row>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    plant(directory.path(), rows);
    directory
}

fn plant(data: &Path, rows: impl IntoIterator<Item = Row>) {
    let store = open(data, Access::Serve).unwrap();
    rows.into_iter().for_each(|row| store.ledger.append(row).unwrap());
}

fn insights(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paceway"))
        .args(["insights", "--data-dir", directory.to_str().unwrap()])
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_finding_is_told_with_its_evidence_its_sum_and_what_to_do() {
    let directory = ledger((0..100).map(patient));
    let told = said(&insights(directory.path(), &["--from", "2026-11-01"]));
    assert!(told.starts_with("100 calls looked at, over 1 hour.\n"), "{told}");
    assert!(told.contains("1. batchable: $0.300000 so far, $9.000000 a month"), "{told}");
    for part in ["0123456789ab", "anthropic/claude-sonnet-5-5", "100 of 100", "batch API", "req_pw_"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn programs_get_the_same_as_json() {
    let directory = ledger((0..100).map(patient));
    let output = insights(directory.path(), &["--from", "2026-11-01", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &told["findings"][0];
    assert_eq!(
        (finding["kind"].as_str(), finding["saves_microusd"].as_u64()),
        (Some("batchable"), Some(300_000))
    );
    assert_eq!(finding["examples"].as_array().unwrap().len(), 3);
}

#[test]
fn rows_outside_the_time_asked_for_are_not_looked_at() {
    let directory = ledger((0..100).map(patient));
    let told = said(&insights(directory.path(), &["--from", "2026-10-01", "--to", "2026-11-01"]));
    assert_eq!(told.trim(), "No requests in this time.");
}

#[test]
fn a_time_that_is_none_is_refused_with_an_example() {
    let directory = ledger([]);
    let output = insights(directory.path(), &["--from", "yesterday"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("`yesterday` is no time: write 2026-11-01"), "{told}");
}

/// Of the team `ads`, by another key.
fn of_ads(number: u64) -> Row {
    let owner = Owner { team: "ads".into(), ..Owner::default() };
    Row { key: KeyId("ffffffffffff".into()), owner, ..patient(1_000 + number) }
}

#[tokio::test]
async fn an_admin_sees_what_is_found_in_their_place_and_in_the_time_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let data = data_dir(directory.path());
    std::fs::create_dir_all(&data).unwrap();
    plant(&data, (0..100).map(patient).chain((0..50).map(of_ads)));
    let paceway = Paceway::start(directory.path(), "").await;
    let owner = admin_token(directory.path());
    let made = run(directory.path(), &["teams", "create", "Ads"]).await;
    assert!(made.status.success(), "{made:?}");
    let create =
        ["admins", "create", "--name", "a", "--role", "viewer", "--organisation", "default", "--team", "ads"];
    let ads = String::from_utf8(run(directory.path(), &create).await.stdout).unwrap().trim().to_owned();
    let get = async |token: &str, query: &str| {
        paceway.administer(token, Method::GET, &format!("/admin/insights?{query}"), "").await
    };
    until("the token is known", async || get(&ads, "").await.status != 401).await;
    let november = "from=1793491200000&to=1796083200000";
    let keys = async |token: &str, query: &str| {
        let told = get(token, query).await.json();
        let findings = told["findings"].as_array().unwrap();
        (told["rows"].clone(), findings.iter().map(|finding| finding["key"].clone()).collect::<Vec<_>>())
    };
    let (first, other) = (json!("0123456789ab"), json!("ffffffffffff"));
    assert_eq!(keys(&owner, november).await, (json!(150), vec![first, other.clone()]));
    assert_eq!(keys(&ads, november).await, (json!(50), vec![other.clone()]));
    let asked_for = format!("{november}&organisation=default&team=ads");
    assert_eq!(keys(&owner, &asked_for).await, (json!(50), vec![other]));
    assert_eq!(get(&ads, &format!("{november}&organisation=default")).await.status, 403);
    assert_eq!(keys(&owner, "from=1793404800000&to=1793491200000").await, (json!(0), vec![]));
    for wrong in ["from=5&to=5", "from=0", "form=5"] {
        let refused = get(&owner, wrong).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
}
