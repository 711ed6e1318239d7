//! The command line of `paceway-bench pacing`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::run::Client;
use super::scenario::Scenario;

pub(crate) const USAGE: &str = "pacing [SCENARIO …] [--seeds N] [--first-seed N] [--clients a,b] [--minutes F] \
                                [--at-once N] [--data DIR] [--json FILE]";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) clients: Vec<Client>,
    pub(crate) seeds: std::ops::Range<u64>,
    /// For how long requests arrive.
    pub(crate) minutes: f64,
    /// Runs at the same time.
    pub(crate) at_once: usize,
    pub(crate) data: PathBuf,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads what follows `pacing`.
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            scenarios: Vec::new(),
            clients: Client::ALL.to_vec(),
            seeds: 1..2,
            minutes: 2.0,
            at_once: 24,
            data: "../shared/data".into(),
            json: None,
        };
        let (mut seeds, mut first_seed) = (1, 1);
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if !argument.starts_with("--") {
                options.scenarios.push(scenario(argument)?);
                continue;
            }
            let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
            match argument.as_str() {
                "--seeds" => seeds = value.parse()?,
                "--first-seed" => first_seed = value.parse()?,
                "--minutes" => options.minutes = value.parse()?,
                "--at-once" => options.at_once = value.parse()?,
                "--clients" => options.clients = value.split(',').map(client).collect::<Result<_>>()?,
                "--data" => options.data = value.into(),
                "--json" => options.json = Some(value.into()),
                _ => bail!("{argument} is unknown; usage: {USAGE}"),
            }
        }
        if options.scenarios.is_empty() {
            options.scenarios = Scenario::all();
        }
        options.seeds = first_seed..first_seed + seeds;
        Ok(options)
    }
}

fn scenario(name: &str) -> Result<Scenario> {
    let all = Scenario::all();
    let names: Vec<_> = all.iter().map(|scenario| scenario.name).collect();
    let found = all.iter().find(|scenario| scenario.name == name).cloned();
    found.with_context(|| format!("there is no scenario `{name}`, only {}", names.join(", ")))
}

fn client(name: &str) -> Result<Client> {
    let names = Client::ALL.map(Client::name).join(", ");
    let found = Client::ALL.into_iter().find(|client| client.name() == name);
    found.with_context(|| format!("there is no client `{name}`, only {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options> {
        Options::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn scenarios_clients_and_seeds_are_chosen_by_name_and_number() {
        let options = read("3x batch --clients sdk,oracle --seeds 3 --first-seed 7").expect("it is right");
        let names: Vec<_> = options.scenarios.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["3x", "batch"]);
        assert_eq!(options.clients, [Client::Sdk, Client::Oracle]);
        assert_eq!(options.seeds, 7..10);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let error = read("5x").expect_err("there is none").to_string();
        assert!(error.starts_with("there is no scenario `5x`, only 0.8x, 1.5x"), "{error}");
        assert!(read("--seeds").is_err());
        assert!(read("--pace 3").is_err());
    }
}
