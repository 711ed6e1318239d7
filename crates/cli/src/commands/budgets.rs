//! `paceway budgets`: every budget of a running Paceway, from its admin endpoint.

use anyhow::{Result, ensure};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use http::Method;
use paceway_domain::MicroUsd;
use serde_json::Value;

use super::{Common, runtime, say};
use crate::{admin, house};

const HEADER: [&str; 10] =
    ["BUDGET", "ACCOUNT", "SPENT", "HELD", "LEFT", "OF", "USED", "RUNGS", "RESETS", "AT THIS RATE"];

pub(super) fn run(common: &Common) -> Result<()> {
    let config = common.load()?;
    let directory = house::data_dir(common.data_dir.as_deref(), &config)?;
    let asking = admin::ask(&directory, &config, (Method::GET, "/admin/budgets"), Vec::new());
    let (status, report) = runtime()?.block_on(asking)?;
    ensure!(status.is_success(), "Paceway answered with {status}: is it this data directory's?");
    show(&serde_json::from_slice(&report)?);
    Ok(())
}

fn show(report: &Value) {
    let budgets = report["budgets"].as_array().map(Vec::as_slice).unwrap_or_default();
    if budgets.is_empty() {
        say("There are no budgets: add some as [[budgets]] to the configuration.");
        return;
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEADER);
    for column in table.column_iter_mut().skip(2).take(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for budget in budgets {
        table.add_row(row(budget));
    }
    say(table);
}

fn row(budget: &Value) -> Vec<String> {
    let text = |name: &str| budget[name].as_str().unwrap_or("-").to_owned();
    let money = |name: &str| MicroUsd(budget[name].as_u64().unwrap_or_default()).to_string();
    let rungs = budget["reached"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let rungs: Vec<&str> = rungs.collect();
    vec![
        text("budget"),
        Some(text("account")).filter(|account| !account.is_empty()).unwrap_or_else(|| "-".into()),
        money("spent_microusd"),
        money("held_microusd"),
        money("left_microusd"),
        money("amount_microusd"),
        format!("{} %", budget["percent"]),
        if rungs.is_empty() { "-".into() } else { rungs.join(", ") },
        text("resets"),
        forecast(&budget["forecast"]),
    ]
}

fn forecast(forecast: &Value) -> String {
    match forecast["state"].as_str() {
        Some("gone") => "gone".into(),
        Some("gone_at") => format!("gone at {}", forecast["at"].as_str().unwrap_or("?")),
        Some("lasts") => {
            let by_then = MicroUsd(forecast["spent_by_then_microusd"].as_u64().unwrap_or_default());
            format!("lasts ({by_then} by then)")
        }
        _ => "not known yet".into(),
    }
}
