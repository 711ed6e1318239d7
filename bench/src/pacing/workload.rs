//! The requests of one run, all drawn before it begins.

use fastrand::Rng;

use super::bound::Arrival;
use super::prompt::Text;
use super::scenario::{Arrivals, Dimension, Scenario, Shape};
use super::sizes::{Size, Sizes};
use crate::ranks::percentile;
use crate::upstream::Dialect;

pub(crate) const TENANTS: usize = 20;
/// Requests that are drawn to know what is usual.
const SAMPLE: usize = 20_000;
/// The bursts of on-off loads and their period, in seconds.
const ON_S: f64 = 20.0;
const PERIOD_S: f64 = 60.0;
/// What tenants beside the flooding one send of their share.
const QUIET_SHARE: f64 = 0.5;
/// A model of each dialect that the sandbox knows.
const MODELS: [&str; 2] = ["claude-haiku-5-5", "gpt-5-mini"];

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// In seconds since the start.
    pub(crate) at: f64,
    pub(crate) tenant: usize,
    /// As the provider counts them.
    pub(crate) size: Size,
    pub(crate) max_tokens: u64,
    pub(crate) is_streamed: bool,
    text: Text,
    is_large: bool,
}

impl Job {
    /// How much of a limit it takes.
    pub(crate) fn work(&self, dimension: Dimension, scenario: &Scenario) -> f64 {
        match dimension {
            Dimension::Requests => 1.0,
            Dimension::Input => self.size.input as f64,
            Dimension::Output => self.size.output as f64,
            Dimension::Tokens => self.size.input.max(self.max_tokens) as f64,
            Dimension::Places => self.duration(scenario),
        }
    }

    /// From the admission to the last byte, in seconds.
    pub(crate) fn duration(&self, scenario: &Scenario) -> f64 {
        (Scenario::FIRST_TOKEN_MS + scenario.per_token_ms * self.size.output as f64) / 1e3
    }

    /// From the admission to the first byte, in seconds.
    pub(crate) fn latency(&self, scenario: &Scenario) -> f64 {
        if self.is_streamed { Scenario::FIRST_TOKEN_MS / 1e3 } else { self.duration(scenario) }
    }

    pub(crate) fn path(dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Anthropic => "/v1/messages",
            Dialect::OpenAi => "/v1/chat/completions",
        }
    }

    /// The body of the request.
    pub(crate) fn body(&self, dialect: Dialect, dice: &mut Rng) -> String {
        let text = self.text.write(self.size.input - overhead(dialect), dice);
        let (model, bound, rest) = match dialect {
            Dialect::Anthropic => (MODELS[0], "max_tokens", ""),
            Dialect::OpenAi if self.is_streamed => {
                (MODELS[1], "max_completion_tokens", r#""stream_options":{"include_usage":true},"#)
            }
            Dialect::OpenAi => (MODELS[1], "max_completion_tokens", ""),
        };
        let text = serde_json::Value::String(text);
        format!(
            r#"{{"model":"{model}","{bound}":{},"stream":{},{rest}"messages":[{{"role":"user","content":{text}}}]}}"#,
            self.max_tokens, self.is_streamed
        )
    }
}

/// What a message costs beside its text (`crates/sandbox/src/{anthropic,openai}.rs`).
fn overhead(dialect: Dialect) -> u64 {
    match dialect {
        Dialect::Anthropic => 4,
        Dialect::OpenAi => 3,
    }
}

/// The requests of one run.
pub(crate) struct Workload {
    /// In the order in which they arrive.
    pub(crate) jobs: Vec<Job>,
    /// What limits it most.
    pub(crate) bottleneck: Dimension,
    /// For how long they arrive, in seconds.
    pub(crate) during: f64,
}

impl Workload {
    pub(crate) fn draw(scenario: &Scenario, sizes: &Sizes, during: f64, seed: u64) -> Self {
        let (bottleneck, attainable) = attainable(scenario, sizes);
        let mut dice = Rng::with_seed(seed);
        let mut jobs = Vec::new();
        match scenario.arrivals {
            Arrivals::Batch(minutes) => {
                let capacity = scenario.capacity(bottleneck, during);
                let mut left = capacity.rate * 60.0 * minutes;
                while left > 0.0 {
                    let job = draw(scenario, sizes, 0.0, &mut dice);
                    left -= job.work(bottleneck, scenario);
                    jobs.push(job);
                }
            }
            Arrivals::Poisson(load) | Arrivals::OnOff(load) => {
                let is_pulsed = matches!(scenario.arrivals, Arrivals::OnOff(_));
                let mut at = 0.0;
                loop {
                    at -= (1.0 - dice.f64()).ln() / (attainable * load);
                    if is_pulsed && at % PERIOD_S > ON_S {
                        at = (at / PERIOD_S).ceil() * PERIOD_S;
                    }
                    if at >= during {
                        break;
                    }
                    jobs.push(draw(scenario, sizes, at, &mut dice));
                }
            }
        }
        let mut inputs: Vec<f64> = jobs.iter().map(|job| job.size.input as f64).collect();
        inputs.sort_by(f64::total_cmp);
        let large = percentile(&inputs, 0.9).unwrap_or(0.0);
        if scenario.shape != Shape::LargePrompts {
            for job in &mut jobs {
                job.is_large = job.size.input as f64 >= large;
            }
        }
        Self { jobs, bottleneck, during }
    }

    /// When how much of a dimension arrives.
    pub(crate) fn arrivals(&self, dimension: Dimension, scenario: &Scenario) -> Vec<Arrival> {
        self.jobs.iter().map(|job| (job.at, job.work(dimension, scenario))).collect()
    }

    /// Whether a request counts as large: by the scenario, or as one of the largest tenth.
    pub(crate) fn is_large(&self, index: usize) -> bool {
        self.jobs[index].is_large
    }
}

/// The dimension that limits most, and how many requests per second it allows.
fn attainable(scenario: &Scenario, sizes: &Sizes) -> (Dimension, f64) {
    let mut dice = Rng::with_seed(0);
    let sample: Vec<_> = (0..SAMPLE).map(|_| draw(scenario, sizes, 0.0, &mut dice)).collect();
    let rates = scenario.dimensions().into_iter().map(|dimension| {
        let mean = sample.iter().map(|job| job.work(dimension, scenario)).sum::<f64>() / SAMPLE as f64;
        (dimension, scenario.capacity(dimension, 0.0).rate / mean)
    });
    rates.min_by(|a, b| a.1.total_cmp(&b.1)).expect("every provider has limits")
}

fn draw(scenario: &Scenario, sizes: &Sizes, at: f64, dice: &mut Rng) -> Job {
    let mut size = sizes.draw(dice);
    let mut is_large = false;
    match scenario.shape {
        Shape::AsDrawn => {}
        Shape::OutputBound => size = Size { input: size.input / 8, output: size.output * 2 },
        Shape::RequestBound => size = Size { input: size.input.min(300), output: size.output.min(60) },
        Shape::LargePrompts if dice.f64() < 0.1 => {
            is_large = true;
            size.input = dice.u64(50_000..=100_000);
        }
        Shape::LargePrompts => size.input /= 4,
    }
    size.input = size.input.max(overhead(scenario.dialect) + 2);
    let tenant = if !scenario.is_flooded {
        dice.usize(..TENANTS)
    } else if let Arrivals::Poisson(load) = scenario.arrivals {
        let others = QUIET_SHARE * (TENANTS - 1) as f64 / TENANTS as f64 / load;
        if dice.f64() < others { dice.usize(1..TENANTS) } else { 0 }
    } else {
        0
    };
    let text = match (scenario.is_exotic, dice.bool()) {
        (false, _) => Text::English,
        (true, false) => Text::Chinese,
        (true, true) => Text::Json,
    };
    // Callers of OpenAI's are charged for what they bound; those of Anthropic's bound generously.
    let max_tokens = match scenario.dialect {
        Dialect::Anthropic => size.output.max(1_000) + 1_000,
        Dialect::OpenAi => size.output + dice.u64(size.output / 2..=size.output * 2),
    };
    Job { at, tenant, size, max_tokens, is_streamed: dice.bool(), text, is_large }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(name: &str) -> (Scenario, Workload) {
        let scenario =
            Scenario::all().into_iter().find(|scenario| scenario.name == name).expect("it is there");
        let workload = Workload::draw(&scenario, &Sizes::BuiltIn, 600.0, 1);
        (scenario, workload)
    }

    fn total(workload: &Workload, scenario: &Scenario) -> f64 {
        workload.jobs.iter().map(|job| job.work(workload.bottleneck, scenario)).sum()
    }

    #[test]
    fn a_batch_is_worth_its_minutes_of_quota() {
        let (scenario, workload) = draw("batch");
        let minutes = total(&workload, &scenario) / Scenario::INPUT_PER_MINUTE;
        assert!((3.3..3.35).contains(&minutes), "{minutes}");
    }

    #[test]
    fn on_off_loads_are_silent_most_of_the_time() {
        let (_, workload) = draw("on-off");
        assert!(workload.jobs.iter().all(|job| job.at % PERIOD_S <= ON_S));
    }

    #[test]
    fn a_flood_leaves_the_other_tenants_half_of_their_share() {
        let (scenario, workload) = draw("flood");
        let flood = workload.jobs.iter().filter(|job| job.tenant == 0).count() as f64;
        let others = 1.0 - flood / workload.jobs.len() as f64;
        assert!((0.13..0.19).contains(&others), "0.475 of 3: {others}");
        assert_eq!(scenario.arrivals, Arrivals::Poisson(3.0));
    }

    #[test]
    fn each_scenario_is_limited_by_what_it_is_named_after() {
        let bottlenecks = ["output-bound", "request-bound", "concurrency-8", "openai", "3x"]
            .map(|name| draw(name).1.bottleneck);
        let expected =
            [Dimension::Output, Dimension::Requests, Dimension::Places, Dimension::Tokens, Dimension::Input];
        assert_eq!(bottlenecks, expected);
    }
}
