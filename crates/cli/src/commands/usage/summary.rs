//! `paceway usage`: sums by what is asked for.

use anyhow::Result;
use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use paceway_domain::MicroUsd;
use paceway_store::Reports;
use paceway_store::reports::{Dimension, Group, Question};
use serde_json::{Map, Value, json};

use super::say;
use super::selection::{Selection, dimension};
use crate::commands::counted;

const SUMS: [&str; 6] = ["REQUESTS", "INPUT", "CACHE READ", "CACHE WRITE", "OUTPUT", "COST"];

#[derive(Debug, Args)]
pub(super) struct Options {
    /// What to sum up by: hour, day, week, month, organisation, team, project, key, provider, model, endpoint, tier, outcome, price_source, tag:NAME
    #[arg(long, value_delimiter = ',', default_value = "provider,model", value_parser = word)]
    by: Vec<Word>,
    #[command(flatten)]
    selection: Selection,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A dimension as it was written.
#[derive(Debug, Clone)]
struct Word(String, Dimension);

fn word(text: &str) -> Result<Word, String> {
    Ok(Word(text.to_owned(), dimension(text)?))
}

pub(super) fn run(reports: &dyn Reports, options: &Options) -> Result<()> {
    let by: Vec<_> = options.by.iter().map(|Word(_, dimension)| dimension.clone()).collect();
    let has_periods = by.iter().any(|by| matches!(by, Dimension::Period(_)));
    let mut groups = reports.usage(&Question { by, filter: options.selection.filter()? })?;
    if !has_periods {
        groups.sort_by_key(|group| std::cmp::Reverse(group.cost));
    }
    if options.json {
        let groups: Vec<_> = groups.iter().map(|group| as_json(&options.by, group)).collect();
        say(serde_json::to_string_pretty(&groups)?);
        return Ok(());
    }
    if groups.is_empty() {
        say("No requests.");
        return Ok(());
    }
    let has_corrections = groups.iter().any(|group| group.correction != 0);
    let mut table = Table::new();
    let named = options.by.iter().map(|Word(text, _)| text.to_uppercase());
    let corrections = has_corrections.then(|| "CORRECTION".to_owned());
    let header: Vec<_> = named.chain(SUMS.map(str::to_owned)).chain(corrections).collect();
    table.load_style(NOTHING).set_header(header);
    for column in table.column_iter_mut().skip(options.by.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for group in &groups {
        let usage = &group.usage;
        let counts = [usage.input, usage.cache_read, usage.cache_write(), usage.output];
        let mut row = group.of.clone();
        row.push(group.requests.to_string());
        row.extend(counts.map(|count| count.to_string()));
        row.push(price(group));
        row.extend(has_corrections.then(|| signed(group.correction)));
        table.add_row(row);
    }
    say(table);
    let sum = groups.iter().fold(MicroUsd::ZERO, |sum, group| sum + group.cost);
    say(format_args!("\nTotal cost: {sum}"));
    if has_corrections {
        let corrections = groups.iter().map(|group| group.correction).sum();
        say(format_args!("Corrections from providers' reports: {}", signed(corrections)));
    }
    let estimated: u64 = groups.iter().map(|group| group.estimated).sum();
    if estimated > 0 {
        say(format_args!(
            "Of {} the usage is an estimate, because the provider's count never came.",
            counted(estimated, "row")
        ));
    }
    if groups.iter().flat_map(|group| &group.of).any(|of| of.starts_with("simulated-")) {
        say("Simulated answers cost nothing; what is counted here is what the real model would have cost.");
    }
    Ok(())
}

fn price(group: &Group) -> String {
    match group.unpriced {
        0 => group.cost.to_string(),
        unpriced if group.cost == MicroUsd::ZERO && unpriced >= group.requests => "unknown".to_owned(),
        unpriced => format!("{} + {unpriced} unknown", group.cost),
    }
}

/// Micro-dollars that may be below zero.
pub(super) fn signed(micro_usd: i64) -> String {
    let sign = if micro_usd < 0 { "-" } else { "" };
    format!("{sign}{}", MicroUsd(micro_usd.unsigned_abs()))
}

fn as_json(by: &[Word], group: &Group) -> Value {
    let usage = &group.usage;
    let mut object: Map<String, Value> =
        by.iter().zip(&group.of).map(|(Word(name, _), of)| (name.clone(), json!(of))).collect();
    object.insert("requests".into(), json!(group.requests));
    object.insert("usage".into(), json!(usage));
    object.insert("cost_microdollars".into(), json!(group.cost));
    object.insert("correction_microdollars".into(), json!(group.correction));
    object.insert("unpriced".into(), json!(group.unpriced));
    object.insert("estimated".into(), json!(group.estimated));
    Value::Object(object)
}
