//! Prices of one's own, from the file to the ledger, and `paceway models`.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use http::Method;
use paceway_domain::MicroUsd;
use paceway_sandbox::Settings;
use serde_json::{Value, json};
use support::{
    Paceway, Reply, data_dir, eventually, paceway, provider, providers_at, row, run, run_wrong, send,
};
use tempfile::tempdir;

/// A price for a request, whatever it holds, so that the amount does not depend on what is answered.
fn fee(dollars_per_thousand: u32) -> String {
    format!(
        "[[models]]\nprovider = \"anthropic\"\nmodel = \"claude-*\"\n[[models.prices]]\ninput = 0\noutput = 0\n\
         request = {dollars_per_thousand}\n"
    )
}

async fn cost(paceway: &Paceway, directory: &Path) -> Option<MicroUsd> {
    let body = json!({"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]});
    let reply: Reply = paceway.post("/v1/messages", body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    eventually("the row", || row(directory, reply.id())).await.cost
}

#[tokio::test]
async fn prices_of_ones_own_hold_from_the_start_and_after_a_reload() {
    let directory = tempdir().unwrap();
    let (_sandbox, address) = provider(Settings::default()).await;
    let file = directory.path().join("prices.toml");
    fs::write(&file, fee(5_000)).unwrap();
    let config = format!("{}[prices]\nfile = {:?}\n", providers_at(address), file.to_str().unwrap());
    let paceway = Paceway::start(directory.path(), &config).await;
    assert_eq!(cost(&paceway, directory.path()).await, Some(MicroUsd(5_000_000)));

    let token = fs::read_to_string(data_dir(directory.path()).join("admin.token")).unwrap();
    let bearer = format!("Bearer {token}");
    let url = paceway.admin_url("/admin/reload");
    let headers = [("authorization", bearer.as_str())];
    let reload = || send(Method::POST, &url, &headers, "");
    fs::write(&file, fee(7_000)).unwrap();
    assert_eq!(reload().await.unwrap().status, 200);
    assert_eq!(cost(&paceway, directory.path()).await, Some(MicroUsd(7_000_000)));

    fs::write(&file, "[[models]]\nprovider = \"antropic\"\nmodel = \"m\"\n").unwrap();
    let refused = reload().await.unwrap();
    assert!(refused.text().contains("line 2") && refused.text().contains("anthropic"), "{}", refused.text());
    assert_eq!(cost(&paceway, directory.path()).await, Some(MicroUsd(7_000_000)));
}

#[tokio::test]
async fn a_file_with_mistakes_is_told_before_anything_is_opened() {
    let directory = tempdir().unwrap();
    let (config, prices) = (directory.path().join("paceway.toml"), directory.path().join("prices.toml"));
    fs::write(&config, format!("[prices]\nfile = {:?}\n", prices.to_str().unwrap())).unwrap();
    let config = config.to_str().unwrap();
    let said = run_wrong(directory.path(), &["serve", "--config", config]).await;
    assert!(said.contains("prices.file") && said.contains("No such file"), "{said}");
    fs::write(&prices, "[discounts]\nanthropic = 120\n").unwrap();
    for command in [vec!["serve"], vec!["config", "check"], vec!["models"]] {
        let arguments: Vec<&str> = command.into_iter().chain(["--config", config]).collect();
        let said = run_wrong(directory.path(), &arguments).await;
        assert!(said.contains("prices.toml: line 2: discounts.anthropic") && said.contains("120"), "{said}");
    }
    assert!(!data_dir(directory.path()).exists(), "nothing was opened");
}

async fn listed(directory: &Path, arguments: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["models", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let output = run(directory, &arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn names(models: &[Value]) -> Vec<&str> {
    models.iter().map(|model| model["model"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn models_are_listed_and_filtered() {
    let directory = tempdir().unwrap();
    let all = listed(directory.path(), &[]).await;
    assert!(all.len() > 2_000, "{}", all.len());
    let found = listed(directory.path(), &["--provider", "anthropic", "--search", "HAIKU-5"]).await;
    assert_eq!(names(&found), ["claude-haiku-5-5"]);
    assert_eq!(found[0]["prices"]["input"], "0.1");
    assert_eq!(found[0]["long_context"][0]["prices"]["cache_write_1h"], "1");
    let cheap = ["--provider", "openai", "--capability", "vision", "--max-input-price", "0.1"];
    let found = listed(directory.path(), &cheap).await;
    assert_eq!(
        names(&found),
        ["gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", "gpt-5-nano", "gpt-5-nano-2025-08-07", "gpt-6-luna"]
    );
    let later = ["--provider", "gemini", "--search", "gemini-4-argon", "--day", "2026-12-01"];
    assert_eq!(listed(directory.path(), &later).await[0]["prices"]["output"], "20");
}

#[tokio::test]
async fn unknown_prices_are_said_to_be_unknown() {
    let directory = tempdir().unwrap();
    let found = listed(directory.path(), &["--provider", "gemini", "--search", "lyria-3.5"]).await;
    assert_eq!(found[0]["prices"], Value::Null);
    assert_eq!(found[0]["unknown_because"], "no price of this model is known");
    let table = run(directory.path(), &["models", "--provider", "gemini", "--search", "lyria-3.5"]).await;
    assert!(String::from_utf8(table.stdout).unwrap().contains("unknown"));
}

#[tokio::test]
async fn models_that_were_shut_down_or_have_no_price_are_told_at_the_start() {
    let directory = tempdir().unwrap();
    let (_sandbox, address) = provider(Settings::default()).await;
    let aliases =
        "[aliases]\nold = \"openai/gpt-4-0613\"\nown = \"openai/ft-of-ours\"\nfine = \"claude-haiku-5-5\"\n";
    let paceway = Paceway::start(directory.path(), &format!("{}{aliases}", providers_at(address))).await;
    let log = paceway.log();
    assert!(log.contains("`openai/gpt-4-0613` was to be shut down on 2026-10-23"), "{log}");
    assert!(log.contains("no price of `openai/ft-of-ours` is known"), "{log}");
    assert!(!log.contains("`anthropic/claude-haiku-5-5`"), "{log}");
}

#[tokio::test]
async fn a_reader_may_stop_reading() {
    let directory = tempdir().unwrap();
    let mut child =
        paceway(directory.path()).arg("models").stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().await.unwrap().success());
}
