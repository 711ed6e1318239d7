//! `paceway config …`.

use anyhow::Result;
use clap::Subcommand;
use schemars::schema_for;

use super::{Common, say};
use crate::config::Config;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with the configuration, if anything is
    Check,
    /// Print what is in force, without secrets
    Show,
    /// Print the JSON schema of the configuration, for editors
    Schema,
}

pub(super) fn run(common: &Common, command: &Command) -> Result<()> {
    match command {
        Command::Check => {
            let config = common.load()?;
            crate::prices::load(&config)?;
            let used: Vec<_> = config.providers_in_use().map(|(name, ..)| name).collect();
            let used =
                if used.is_empty() { "none, so the simulated one".to_owned() } else { used.join(", ") };
            for warning in crate::config::warnings(&config) {
                say(format_args!("Warning: {warning}"));
            }
            say(format_args!("The configuration is correct. Providers with a key: {used}."));
        }
        Command::Show => say(crate::config::show(&common.load()?)),
        Command::Schema => say(serde_json::to_string_pretty(&schema_for!(Config))?),
    }
    Ok(())
}
