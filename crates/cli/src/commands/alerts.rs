//! `paceway alerts`: which rules are configured, and whether those who are told can be reached.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use paceway_gateway::alerts::deliver_once;
use paceway_gateway::clock::RuntimeClock;
use paceway_policy::alerts::Notice;

use super::{Common, runtime, say};
use crate::config::Config;
use crate::{alerts, house};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the rules and who is told by them
    List,
    /// Send a test message to a receiver, once
    Test {
        /// Its name: NAME of [notify.NAME]
        name: String,
    },
}

pub(super) fn run(common: &Common, command: &Command) -> Result<()> {
    let config = common.load()?;
    match command {
        Command::List => {
            list(&config);
            Ok(())
        }
        Command::Test { name } => test(&config, name),
    }
}

fn list(config: &Config) {
    if config.alerts.is_empty() {
        say("No alerts: docs/alerts.md says how to write some.");
    }
    for alert in &config.alerts {
        let told = alert.to.join(", ");
        say(format_args!("{}: {} at {}, to {told}", alert.name, alert.measure, alert.fires_at));
    }
    for problem in alerts::destinations(config).1 {
        say(format_args!("not reachable: {problem}"));
    }
}

fn test(config: &Config, name: &str) -> Result<()> {
    let Some(notify) = config.notify.get(name) else {
        let known: Vec<&str> = config.notify.keys().map(String::as_str).collect();
        bail!("there is no [notify.{name}] in the configuration; there are: {}", known.join(", "));
    };
    let destination = notify.destination(name).map_err(|why| anyhow::anyhow!("notify.{name}: {why}"))?;
    let notice = Notice::test(name, house::wall_clock());
    let clock = RuntimeClock::new();
    let sending = deliver_once(&destination, &notice, "msg_test", &clock);
    runtime()?.block_on(sending).with_context(|| format!("`{name}` was not reached"))?;
    say(format_args!("`{name}` has a test message."));
    Ok(())
}
