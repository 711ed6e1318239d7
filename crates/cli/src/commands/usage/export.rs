//! `paceway usage export`: rows as they are, oldest first, however many. Corrections are no rows; `paceway usage` shows them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use paceway_store::{Reports, Row};

use super::selection::Selection;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// One object a line, as the journal has them, or a table without what shows waste
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Where to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

/// In the order of [`cells`].
const COLUMNS: [&str; 35] = [
    "request_id",
    "part",
    "arrived_at_ms",
    "key",
    "organisation",
    "team",
    "project",
    "tags",
    "endpoint",
    "dialect",
    "streamed",
    "model_asked",
    "provider",
    "model",
    "provider_request_id",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
    "image_output_tokens",
    "web_searches",
    "tier",
    "usage_is_estimated",
    "cost_microdollars",
    "price_source",
    "status",
    "outcome",
    "attempts",
    "queued_ms",
    "first_byte_ms",
    "total_ms",
];

pub(super) fn run(reports: &dyn Reports, options: &Options) -> Result<()> {
    let filter = options.selection.filter()?;
    let out: Box<dyn Write> = match &options.output {
        Some(path) => {
            Box::new(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?)
        }
        None => Box::new(io::stdout().lock()),
    };
    let mut out = BufWriter::new(out);
    let mut written = match options.format {
        Format::Csv => line(&mut out, COLUMNS.map(str::to_owned)),
        Format::Jsonl => Ok(()),
    };
    if written.is_ok() {
        reports.export(&filter, &mut |row| {
            written = match options.format {
                Format::Csv => line(&mut out, cells(&row)),
                Format::Jsonl => serde_json::to_writer(&mut out, &row)
                    .map_err(io::Error::from)
                    .and_then(|()| out.write_all(b"\n")),
            };
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    match written.and_then(|()| out.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the export cannot be written"),
    }
}

fn cells(row: &Row) -> [String; 35] {
    let Row { owner, usage, .. } = row;
    let optional = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        row.request_id.to_string(),
        row.part.to_string(),
        row.arrived_at.0.to_string(),
        row.key.to_string(),
        owner.organisation.clone(),
        owner.team.clone(),
        owner.project.clone(),
        serde_json::to_string(&row.tags).unwrap_or_default(),
        row.endpoint.clone(),
        row.dialect.to_string(),
        row.streamed.to_string(),
        row.model_asked.clone(),
        row.provider.clone(),
        row.model.clone(),
        row.provider_request_id.clone().unwrap_or_default(),
        usage.input.to_string(),
        usage.cache_read.to_string(),
        usage.cache_write_5m.to_string(),
        usage.cache_write_1h.to_string(),
        usage.output.to_string(),
        usage.reasoning.to_string(),
        usage.audio_input.to_string(),
        usage.audio_output.to_string(),
        usage.image_output.to_string(),
        usage.web_searches.to_string(),
        row.tier.name().to_owned(),
        row.usage_is_estimated.to_string(),
        optional(row.cost.map(|cost| cost.0)),
        row.price_source.clone(),
        row.status.to_string(),
        row.outcome.clone(),
        row.attempts.to_string(),
        row.queued_ms.to_string(),
        optional(row.first_byte_ms),
        row.total_ms.to_string(),
    ]
}

fn line(out: &mut impl Write, cells: [String; 35]) -> io::Result<()> {
    let cells = cells.map(|cell| quoted(&cell));
    out.write_all(cells.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

/// RFC 4180; a text that a spreadsheet would take for a formula begins with an apostrophe, since names come from clients.
fn quoted(cell: &str) -> String {
    let cell =
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_is_never_a_formula() {
        assert_eq!(quoted("claude"), "claude");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
