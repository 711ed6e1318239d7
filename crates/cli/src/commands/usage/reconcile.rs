//! `paceway usage reconcile`: what a provider says it counted and charged, held against the ledger by model and day.
//!
//! Snapshots of a model (`gpt-4o-2024-08-06`, `claude-haiku-4-5-20251001`) count as the model, since a ledger has the name that was
//! asked for and a report the one that served.

mod decimal;
mod drift;
mod pages;
mod report;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use paceway_store::Reports;
use serde_json::json;

use super::say;
use super::summary::signed;
use drift::Drift;
use report::Report;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The provider, as the ledger calls it
    #[arg(long, value_name = "NAME")]
    provider: String,
    /// Pages of Anthropic's usage_report/messages and cost_report, of OpenAI's organization/usage/completions and organization/costs,
    /// or CSV with the columns date, model and some of input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, cost_usd
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write corrections into the ledger, so that it says what the provider charged
    #[arg(long)]
    apply: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(reports: &dyn Reports, options: &Options) -> Result<()> {
    let mut report = Report::default();
    for file in &options.files {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        report.read(&text).with_context(|| file.display().to_string())?;
    }
    let drifts = drift::find(reports, &options.provider, &report)?;
    if options.json {
        let drifts: Vec<_> = drifts.iter().map(as_json).collect();
        say(serde_json::to_string_pretty(&drifts)?);
    } else {
        show(&drifts);
    }
    if !options.apply {
        return Ok(());
    }
    if !report.has_costs() {
        bail!("there is nothing to apply: none of the files says what was charged");
    }
    let adjustments: Vec<_> = drifts.iter().filter_map(|drift| drift.adjustment(&options.provider)).collect();
    let written = reports.adjust(&adjustments)?;
    eprintln!("Corrections written: {written}.");
    Ok(())
}

fn show(drifts: &[Drift]) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "DAY",
        "MODEL",
        "INPUT",
        "CACHE READ",
        "CACHE WRITE",
        "OUTPUT",
        "CHARGED",
        "IN LEDGER",
        "DRIFT",
    ]);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for drift in drifts {
        let tokens = match drift.tokens() {
            Some(tokens) => tokens.map(|count| format!("{count:+}")),
            None => ["", "", "", ""].map(str::to_owned),
        };
        let mut row = vec![drift.day.to_string(), drift.model.clone()];
        row.extend(tokens);
        row.push(drift.charged.map(signed).unwrap_or_default());
        row.push(signed(drift.booked));
        row.push(drift.money().map(signed).unwrap_or_default());
        table.add_row(row);
    }
    say(table);
    say("\nTokens: what the provider counted more (+) or less (-) than the ledger.");
    let charged: i64 = drifts.iter().filter_map(|drift| drift.charged).sum();
    let money: i64 = drifts.iter().filter_map(Drift::money).sum();
    say(format_args!("Charged: {}. More than in the ledger: {}.", signed(charged), signed(money)));
}

fn as_json(drift: &Drift) -> serde_json::Value {
    let tokens = drift.tokens().map(|[input, cache_read, cache_write, output]| {
        json!({"input": input, "cache_read": cache_read, "cache_write": cache_write, "output": output})
    });
    json!({
        "day": drift.day.to_string(), "model": drift.model, "tokens": tokens, "charged_microdollars": drift.charged,
        "ledger_microdollars": drift.booked, "drift_microdollars": drift.money(),
    })
}
