//! `paceway usage …`: what the ledger holds, summed up, row by row, or held against what a provider says.

mod export;
mod reconcile;
mod selection;
mod summary;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{Common, say};

/// `paceway usage` sums up; its commands do more.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Usage {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    summary: summary::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write every row, oldest first, as CSV or as JSON lines
    Export(Box<export::Options>),
    /// Hold the ledger against a provider's own usage and cost reports, by model and day
    Reconcile(reconcile::Options),
}

pub(super) fn run(common: &Common, options: &Usage) -> Result<()> {
    let reports = common.administer()?.reports;
    match &options.command {
        None => summary::run(&*reports, &options.summary),
        Some(Command::Export(options)) => export::run(&*reports, options),
        Some(Command::Reconcile(options)) => reconcile::run(&*reports, options),
    }
}
