//! `paceway limits`: every limit of a running Paceway, from its admin endpoint.

use anyhow::{Result, ensure};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use http::Method;
use serde_json::Value;

use super::{Common, counted, runtime, say};
use crate::{admin, house};

pub(super) fn run(common: &Common) -> Result<()> {
    let config = common.load()?;
    let directory = house::data_dir(common.data_dir.as_deref(), &config)?;
    let asking = admin::ask(&directory, &config, (Method::GET, "/admin/limits"), Vec::new());
    let (status, report) = runtime()?.block_on(asking)?;
    ensure!(status.is_success(), "Paceway answered with {status}: is it this data directory's?");
    show(&serde_json::from_slice(&report)?);
    Ok(())
}

fn show(report: &Value) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "PROVIDER",
        "MODELS",
        "KEYS",
        "LIMIT",
        "FREE",
        "OF",
        "BURST",
        "KNOWN FROM",
        "IN FLIGHT",
        "WAITING",
        "WAIT",
        "CLOSED",
    ]);
    let pools = report["pools"].as_array().into_iter().flatten();
    let own = report["own"].as_array().into_iter().flatten();
    let mut is_empty = true;
    for pool in pools.chain(own) {
        is_empty = false;
        add(&mut table, pool);
    }
    if is_empty {
        say("No limit is known yet: they are learned from the first answers.");
    } else {
        say(table);
    }
    let waiting = report["waiting"].as_u64().unwrap_or(0);
    let wait = if waiting == 1 { "waits" } else { "wait" };
    say(format_args!("{} {wait}.", counted(waiting, "request")));
}

fn add(table: &mut Table, pool: &Value) {
    let text =
        |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).replace("null", "-");
    let waiting: u64 = pool["waiting"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|caller| caller["requests"].as_u64())
        .sum();
    let whose = if pool["rule"].is_null() {
        [text(&pool["provider"]), text(&pool["models"]), text(&pool["quota_group"])]
    } else {
        ["(own)".to_owned(), text(&pool["rule"]), text(&pool["key"])]
    };
    let closed = &pool["closed"];
    let closed = if closed.is_null() {
        "-".to_owned()
    } else {
        format!("{} {:.0} s", text(&closed["cause"]), closed["for_s"].as_f64().unwrap_or_default())
    };
    let in_flight = match pool["most_in_flight"].as_u64() {
        Some(most) => format!("{} of {most}", pool["in_flight"]),
        None => pool["in_flight"].to_string(),
    };
    let wait = pool["expected_wait_s"].as_f64().map_or_else(|| "-".to_owned(), |wait| format!("{wait:.1} s"));
    let none = [Value::Null];
    let limits = pool["limits"].as_array().filter(|limits| !limits.is_empty());
    for limit in limits.map_or(none.as_slice(), Vec::as_slice) {
        let fields = ["limit", "free", "units", "burst", "known_from"].map(|field| text(&limit[field]));
        let rest = [in_flight.clone(), waiting.to_string(), wait.clone(), closed.clone()];
        table.add_row(whose.iter().cloned().chain(fields).chain(rest));
    }
}
