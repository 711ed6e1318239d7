//! The command line: one file for each command.

mod admins;
mod alerts;
mod audit;
mod budgets;
mod config;
mod demo;
mod explain;
mod insights;
mod keys;
mod limits;
mod models;
mod place;
mod reload;
mod sandbox;
mod serve;
mod span;
mod units;
mod usage;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use paceway_gateway::administration::Kind;
use paceway_store::{Access, Store};

use crate::config::Config;
use crate::house;

/// One endpoint in front of every LLM provider, that paces requests so that nobody sees a 429.
#[derive(Debug, Parser)]
#[command(name = "paceway", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

/// Where settings and data are.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Configuration file (TOML) over the built-in defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the ledger and the keys are kept
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway (the default)
    Serve(serve::Options),
    /// Check, show or describe the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Make, list, change, rotate or revoke virtual keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Make, list, rename or delete organisations
    #[command(subcommand)]
    Organisations(units::Command),
    /// Make, list, rename or delete teams
    #[command(subcommand)]
    Teams(units::Command),
    /// Make, list, rename or delete projects
    #[command(subcommand)]
    Projects(units::Command),
    /// Make, list or revoke those who may use the admin API
    #[command(subcommand)]
    Admins(admins::Command),
    /// Show what admins have done
    Audit(audit::Options),
    /// Show what was used and what it cost, by model, team, day and more
    Usage(Box<usage::Usage>),
    /// Show what could have cost less, what it would have saved, and what to do
    Insights(insights::Options),
    /// List alerts, or try whether those who are told can be reached
    #[command(subcommand)]
    Alerts(alerts::Command),
    /// List models with their prices, windows and capabilities
    Models(models::Options),
    /// Show every limit of a running Paceway: what is free, where it is known from, who waits
    Limits,
    /// Show every budget of a running Paceway: what is spent, held and left, and how long it lasts
    Budgets,
    /// Make a running Paceway read its configuration again, and say what came of it
    Reload,
    /// Tell why a request went where it went
    Explain(explain::Explain),
    /// Tell where a request would go, and why, without sending it
    Route(explain::Route),
    /// Send an overload twice, directly and through Paceway, and compare (no key is needed)
    Demo(demo::Options),
    /// Run the simulated provider alone
    Sandbox(sandbox::Options),
}

impl CommandLine {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub(crate) fn run(self) -> Result<()> {
        let Self { command, common } = self;
        match command.unwrap_or_else(|| Command::Serve(serve::Options::default())) {
            Command::Serve(options) => serve::run(&common, &options),
            Command::Config(command) => config::run(&common, &command),
            Command::Keys(command) => keys::run(&common, &command),
            Command::Organisations(command) => units::run(&common, Kind::Organisation, &command),
            Command::Teams(command) => units::run(&common, Kind::Team, &command),
            Command::Projects(command) => units::run(&common, Kind::Project, &command),
            Command::Admins(command) => admins::run(&common, &command),
            Command::Audit(options) => audit::run(&common, &options),
            Command::Usage(options) => usage::run(&common, &options),
            Command::Insights(options) => insights::run(&common, &options),
            Command::Alerts(command) => alerts::run(&common, &command),
            Command::Limits => limits::run(&common),
            Command::Budgets => budgets::run(&common),
            Command::Models(options) => models::run(&common, &options),
            Command::Explain(options) => explain::explain(&common, &options),
            Command::Route(options) => explain::route(&common, &options),
            Command::Reload => reload::run(&common),
            Command::Demo(options) => demo::run(&options),
            Command::Sandbox(options) => sandbox::run(&options),
        }
    }
}

impl Common {
    fn load(&self) -> Result<Config> {
        Ok(crate::config::load(self.config.as_deref())?)
    }

    fn open(&self, config: &Config, access: Access) -> Result<(Store, PathBuf)> {
        let directory = house::data_dir(self.data_dir.as_deref(), config)?;
        let shared = config.storage.shared_database();
        let store = paceway_store::open_shared(&directory, access, shared.as_ref())?;
        Ok((store, directory))
    }

    /// The store beside a process that may be serving from it.
    fn administer(&self) -> Result<Store> {
        Ok(self.open(&self.load()?, Access::Administer)?.0)
    }
}

/// Prints a line for the person at the terminal, or the program behind the pipe.
fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;
    // Whoever reads may have read enough: `paceway models | head`.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// So many of these: `1 hour`, `2 hours`.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_as_one() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "hour")), ["0 hours", "1 hour", "2 hours"]);
    }
}
