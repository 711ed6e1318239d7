//! `paceway insights`, over a ledger in which waste was planted.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

use paceway_domain::{
    Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tags, Tokens, UnixMillis, Usage,
};
use paceway_store::ledger::Traits;
use paceway_store::{Access, Row, open};
use serde_json::Value;

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
    let store = open(directory.path(), Access::Serve).unwrap();
    rows.into_iter().for_each(|row| store.ledger.append(row).unwrap());
    directory
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
