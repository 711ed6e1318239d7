//! `paceway usage` and its commands, on a ledger with a few known rows.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use paceway_domain::{
    Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tags, Tokens, UnixMillis, Usage,
};
use paceway_store::ledger::Traits;
use paceway_store::{Access, Row};
use serde_json::{Value, json};
use support::{data_dir, run, run_wrong};
use tempfile::{TempDir, tempdir};

/// 23 November 2026, noon.
const NOON: u64 = 1_795_392_000_000 + 12 * 3_600_000;
const DAY: u64 = 86_400_000;

fn row(number: u128, team: &str, at: u64) -> Row {
    let mut tags = Tags::default();
    assert!(tags.set("feature", "a,\"b\""));
    Row {
        request_id: RequestId::from_bits(number),
        part: 0,
        arrived_at: UnixMillis(at),
        key: KeyId("0123456789ab".into()),
        owner: Owner { team: team.into(), ..Owner::default() },
        tags,
        endpoint: "generate".into(),
        dialect: Dialect::Anthropic,
        streamed: false,
        model_asked: "claude-haiku-4-5".into(),
        provider: "anthropic".into(),
        model: "claude-haiku-4-5".into(),
        provider_request_id: None,
        usage: Usage { input: Tokens(700), cache_read: Tokens(100), output: Tokens(250), ..Usage::default() },
        tier: ServiceTier::Standard,
        usage_is_estimated: false,
        cost: Some(MicroUsd(600_000)),
        price_source: "catalogue 2026-11-12".into(),
        status: 200,
        outcome: "completed".into(),
        attempts: 1,
        queued_ms: 0,
        first_byte_ms: None,
        total_ms: 900,
        traits: Traits::default(),
    }
}

/// Two rows of one day and one of the next.
fn ledger() -> TempDir {
    let directory = tempdir().unwrap();
    let ledger = paceway_store::open(&data_dir(directory.path()), Access::Administer).unwrap().ledger;
    ledger.append(row(1, "search", NOON)).unwrap();
    ledger.append(row(2, "chat", NOON)).unwrap();
    ledger.append(row(3, "chat", NOON + DAY)).unwrap();
    directory
}

async fn said(directory: &Path, arguments: &[&str]) -> String {
    let output = run(directory, arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn json_of(directory: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&said(directory, arguments).await).unwrap()
}

#[tokio::test]
async fn usage_is_summed_up_by_what_is_asked_for() {
    let directory = ledger();
    let told =
        said(directory.path(), &["usage", "--by", "day,team", "--from", "2026-11-23", "--to", "2026-11-24"])
            .await;
    let lines: Vec<_> =
        told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines[1..3],
        ["2026-11-23 chat 1 700 100 0 250 $0.600000", "2026-11-23 search 1 700 100 0 250 $0.600000"]
    );
    assert!(told.contains("Total cost: $1.200000"), "{told}");
    let groups =
        json_of(directory.path(), &["usage", "--by", "team", "--tag", "feature=a,\"b\"", "--json"]).await;
    let costs: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (&group["team"], &group["cost_microdollars"]))
        .collect();
    let by_list = json_of(directory.path(), &["usage", "--by", "price_source", "--json"]).await;
    assert_eq!(by_list[0]["price_source"], "catalogue 2026-11-12");
    assert_eq!(costs, [(&json!("chat"), &json!(1_200_000)), (&json!("search"), &json!(600_000))]);
}

#[tokio::test]
async fn what_makes_no_sense_is_told_with_what_would() {
    let directory = ledger();
    let told = run_wrong(directory.path(), &["usage", "--from", "yesterday"]).await;
    assert!(told.contains("yesterday") && told.contains("2026-11-01"), "{told}");
    let output = run(directory.path(), &["usage", "--by", "colour"]).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("colour") && told.contains("tag:NAME"), "{told}");
}

#[tokio::test]
async fn an_export_has_every_row_oldest_first() {
    let directory = ledger();
    let csv = said(directory.path(), &["usage", "export"]).await;
    let lines: Vec<_> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "a header, three rows and the end of the last line");
    assert!(lines[0].starts_with("request_id,part,arrived_at_ms,"), "{csv}");
    assert!(lines[1].contains(",600000,catalogue 2026-11-12,200,"), "{csv}");
    assert!(lines[1].contains(",search,default,\"{\"\"feature\"\":\"\"a,\\\"\"b\\\"\"\"\"}\","), "{csv}");
    let jsonl = said(directory.path(), &["usage", "export", "--format", "jsonl", "--team", "chat"]).await;
    let rows: Vec<Row> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows, [row(2, "chat", NOON), row(3, "chat", NOON + DAY)]);
}

#[tokio::test]
async fn a_report_shows_the_drift_and_is_applied_once() {
    let directory = ledger();
    let usage = directory.path().join("usage.json");
    let costs = directory.path().join("costs.json");
    fs::write(&usage, include_str!("../src/commands/usage/reconcile/fixtures/anthropic_usage.json")).unwrap();
    fs::write(&costs, include_str!("../src/commands/usage/reconcile/fixtures/anthropic_costs.json")).unwrap();
    let (usage, costs) = (usage.to_str().unwrap(), costs.to_str().unwrap());
    let reconcile = ["usage", "reconcile", "--provider", "anthropic", "--json", usage, costs];
    let drifts = json_of(directory.path(), &reconcile).await;
    let expected = json!([
        {"day": "2026-11-23", "model": "", "tokens": {"input": 0, "cache_read": 0, "cache_write": 0, "output": 0},
         "charged_microdollars": 20_000, "ledger_microdollars": 0, "drift_microdollars": 20_000},
        {"day": "2026-11-23", "model": "claude-haiku-4-5",
         "tokens": {"input": 100, "cache_read": 0, "cache_write": 1_700, "output": 0},
         "charged_microdollars": 1_237_891, "ledger_microdollars": 1_200_000, "drift_microdollars": 37_891},
    ]);
    assert_eq!(drifts, expected);
    let apply = [&reconcile[..], &["--apply"]].concat();
    let written = async || String::from_utf8(run(directory.path(), &apply).await.stderr).unwrap();
    assert!(written().await.contains("written: 2"));
    assert!(written().await.contains("written: 0"));
    let month = json_of(directory.path(), &["usage", "--by", "month", "--json"]).await;
    assert_eq!(
        (&month[0]["cost_microdollars"], &month[0]["correction_microdollars"]),
        (&json!(1_800_000), &json!(57_891))
    );
}

#[tokio::test]
async fn a_report_that_cannot_be_held_against_the_ledger_is_told() {
    let directory = ledger();
    let file = directory.path().join("report");
    let told = async |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let arguments =
            [&["usage", "reconcile", "--provider", "openai", file.to_str().unwrap()], more].concat();
        run_wrong(directory.path(), &arguments).await
    };
    let twice = "date,model,cost_usd\n2026-11-23,gpt-4o,1\n2026-11-23,gpt-4o,1\n";
    assert!(told(twice, &[]).await.contains("read before"));
    let of_no_model = r#"{"data": [{"start_time": 0, "results": [{"input_tokens": 5, "model": null}]}]}"#;
    assert!(told(of_no_model, &[]).await.contains("group_by"));
    let without_costs = "date,model,output_tokens\n2026-11-23,gpt-4o,1\n";
    assert!(told(without_costs, &["--apply"]).await.contains("nothing to apply"));
    assert!(told("", &[]).await.contains("empty"));
}
