//! `paceway usage`: what the ledger holds, summed by model.

use anyhow::Result;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use paceway_domain::MicroUsd;
use paceway_store::reports::{Dimension, Property, Question};

use super::{Common, say};

const HEADER: [&str; 8] =
    ["PROVIDER", "MODEL", "REQUESTS", "INPUT", "CACHE READ", "CACHE WRITE", "OUTPUT", "LIST PRICE"];

pub(super) fn run(common: &Common) -> Result<()> {
    let by = vec![Dimension::Property(Property::Provider), Dimension::Property(Property::Model)];
    let mut totals = common.administer()?.reports.usage(&Question { by, ..Question::default() })?;
    totals.sort_by_key(|total| std::cmp::Reverse(total.cost));
    if totals.is_empty() {
        say("No requests yet.");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEADER);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for total in &totals {
        let price = match total.unpriced {
            0 => total.cost.to_string(),
            unpriced if unpriced == total.requests => "unknown".to_owned(),
            unpriced => format!("{} + {unpriced} unknown", total.cost),
        };
        let usage = &total.usage;
        let counts = [usage.input, usage.cache_read, usage.cache_write(), usage.output];
        let mut row = total.of.clone();
        row.push(total.requests.to_string());
        row.extend(counts.map(|count| count.to_string()));
        row.push(price);
        table.add_row(row);
    }
    say(table);
    let sum = totals.iter().fold(MicroUsd::ZERO, |sum, total| sum + total.cost);
    say(format_args!("\nTotal at list prices: {sum}"));
    if totals.iter().any(|total| total.of[0].starts_with("simulated-")) {
        say("Simulated answers cost nothing; their price is what the real model would have cost.");
    }
    Ok(())
}
