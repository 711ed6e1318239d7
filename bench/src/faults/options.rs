//! The command line of `paceway-bench faults`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use super::scenario::Scenario;

pub(crate) const USAGE: &str = "faults [--scenario a,b] [--providers 1,2,3] [--streams end,continue] [--seconds N] [--rate N] [--seed N] [--json FILE]";

/// The requests of each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// For how long requests arrive.
    pub(crate) seconds: u64,
    /// How many in each of these, at a constant rate whether answers come or not.
    pub(crate) per_second: u64,
    pub(crate) seed: u64,
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) scenarios: Vec<Scenario>,
    /// With how many providers behind Paceway each scenario runs.
    pub(crate) providers: Vec<usize>,
    /// Whether streams that break are continued; each way runs.
    pub(crate) continues: Vec<bool>,
    pub(crate) load: Load,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads what follows `faults`.
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            scenarios: Scenario::ALL.to_vec(),
            providers: vec![1, 2, 3],
            continues: vec![false],
            load: Load { seconds: 20, per_second: 20, seed: 1 },
            json: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
            match argument.as_str() {
                "--scenario" => options.scenarios = value.split(',').map(scenario).collect::<Result<_>>()?,
                "--providers" => {
                    options.providers = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                "--streams" => options.continues = value.split(',').map(continues).collect::<Result<_>>()?,
                "--seconds" => options.load.seconds = value.parse()?,
                "--rate" => options.load.per_second = value.parse()?,
                "--seed" => options.load.seed = value.parse()?,
                "--json" => options.json = Some(value.into()),
                _ => bail!("{argument} is unknown; usage: {USAGE}"),
            }
        }
        ensure!(!options.providers.contains(&0), "--providers counts from 1");
        ensure!(
            options.load.seconds > 0 && options.load.per_second > 0,
            "--seconds and --rate are at least 1"
        );
        Ok(options)
    }
}

fn continues(word: &str) -> Result<bool> {
    match word {
        "end" => Ok(false),
        "continue" => Ok(true),
        _ => bail!("--streams takes `end`, `continue` or both, not `{word}`"),
    }
}

fn scenario(name: &str) -> Result<Scenario> {
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name == name);
    let names = || Scenario::ALL.map(|scenario| scenario.name).join(", ");
    found.with_context(|| format!("there is no scenario `{name}`, only {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options> {
        Options::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn scenarios_and_numbers_of_providers_are_lists() {
        let options = read("--scenario hangs,dead-region --providers 1,3 --seconds 5").expect("it is right");
        let names: Vec<_> = options.scenarios.iter().map(|scenario| scenario.name).collect();
        assert_eq!((names, options.providers), (vec!["hangs", "dead-region"], vec![1, 3]));
        assert_eq!(options.load, Load { seconds: 5, per_second: 20, seed: 1 });
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let error = read("--scenario fire").expect_err("there is none").to_string();
        assert!(error.starts_with("there is no scenario `fire`, only healthy, "), "{error}");
        for line in ["--seconds", "--seconds 0", "--providers 0", "--speed 3", "--streams stop"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
