//! One run: one scenario, one client, one seed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::config::config;
use super::oracle::Oracle;
use super::scenario::Scenario;
use super::workload::{Job, TENANTS, Workload};
use crate::processes::{Gateway, Provider};
use crate::retries;
use crate::upstream::Dialect;
use crate::wire;

/// What a client waits for an answer at most.
const TIMEOUT: Duration = Duration::from_hours(1);

/// What has no answer so long after the start never will: this much, and the time of the arrivals so many times.
const PATIENCE: Duration = Duration::from_mins(10);
const PATIENCE_FACTOR: f64 = 4.0;

/// Who sends the requests, and through what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    /// Straight to the provider, with an SDK's two retries.
    Sdk,
    /// The same with ten.
    Sdk10,
    /// Through Paceway, which is told the limits.
    Declared,
    /// Through Paceway, which is told nothing.
    Learned,
    /// Straight to the provider, with perfect knowledge.
    Oracle,
    /// Nobody: what an oracle that is also fair would reach, computed.
    Ideal,
}

impl Client {
    pub(crate) const ALL: [Self; 6] =
        [Self::Sdk, Self::Sdk10, Self::Declared, Self::Learned, Self::Oracle, Self::Ideal];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sdk => "sdk",
            Self::Sdk10 => "sdk10",
            Self::Declared => "declared",
            Self::Learned => "learned",
            Self::Oracle => "oracle",
            Self::Ideal => "ideal",
        }
    }

    fn retries(self) -> u32 {
        if matches!(self, Self::Sdk10 | Self::Oracle) { 10 } else { 2 }
    }
}

/// What became of one request. Times are in seconds since the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// Which of the workload's.
    pub(crate) job: usize,
    pub(crate) arrived: f64,
    /// When its first byte came, if it was answered in the end.
    pub(crate) first: Option<f64>,
    pub(crate) ended: f64,
    /// 429s, 5xx and broken connections that the client saw.
    pub(crate) refused: u32,
    pub(crate) failed: u32,
    pub(crate) broken: u32,
    /// Whether the provider counted its input otherwise than the benchmark does.
    pub(crate) is_miscounted: bool,
}

struct Run {
    scenario: Scenario,
    client: Client,
    jobs: Vec<Job>,
    /// As sent.
    requests: Vec<Vec<u8>>,
    address: SocketAddr,
    oracle: Oracle,
    start: Instant,
}

/// Runs to the end of the last request.
#[allow(clippy::disallowed_methods)] // A benchmark reads clocks.
pub(crate) async fn run(
    scenario: &Scenario,
    client: Client,
    workload: &Workload,
    seed: u64,
    starting: &Semaphore,
) -> Result<(Vec<Outcome>, Value)> {
    let turn = starting.acquire().await?;
    let provider = Provider::start().await?;
    let phases = scenario.phases(workload.during);
    provider.set(&scenario.settings(phases[0], seed)).await?;
    let gateway = match client {
        Client::Declared | Client::Learned => {
            let is_declared = client == Client::Declared;
            let config = config(scenario, provider.address(), is_declared);
            Some(Gateway::start(&config, TENANTS).await?)
        }
        Client::Sdk | Client::Sdk10 | Client::Oracle | Client::Ideal => None,
    };
    drop(turn);
    let mut dice = Rng::with_seed(seed);
    let requests = workload.jobs.iter().map(|job| {
        let key = gateway.as_ref().map_or("bench", |gateway| &gateway.keys[job.tenant]);
        request(scenario.dialect, job, key, &mut dice)
    });
    let requests = requests.collect();
    let start = Instant::now();
    let run = Arc::new(Run {
        scenario: scenario.clone(),
        client,
        jobs: workload.jobs.clone(),
        requests,
        address: gateway.as_ref().map_or(provider.address(), |gateway| gateway.process.address),
        oracle: Oracle::new(scenario, workload.during, start),
        start,
    });
    let deadline = start + PATIENCE + Duration::from_secs_f64(workload.during * PATIENCE_FACTOR);
    let mut asking = JoinSet::new();
    for index in 0..run.jobs.len() {
        asking.spawn(Arc::clone(&run).ask_until(deadline, index, seed));
    }
    for phase in &phases[1..] {
        tokio::time::sleep_until(start + Duration::from_secs_f64(phase.from)).await;
        provider.set(&scenario.settings(*phase, seed)).await?;
    }
    let outcomes = asking.join_all().await;
    let stats = provider.stats().await.context("at the end of the run")?;
    Ok((outcomes, stats))
}

fn request(dialect: Dialect, job: &Job, key: &str, dice: &mut Rng) -> Vec<u8> {
    let body = job.body(dialect, dice);
    let version = if dialect == Dialect::Anthropic { "anthropic-version: 2023-06-01\r\n" } else { "" };
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {version}authorization: Bearer {key}\r\nx-sandbox-output-tokens: {}\r\n\
         content-length: {}\r\n\r\n",
        Job::path(dialect),
        job.size.output,
        body.len()
    );
    (head + &body).into_bytes()
}

impl Run {
    async fn ask_until(self: Arc<Self>, deadline: Instant, index: usize, seed: u64) -> Outcome {
        let unanswered = Outcome { job: index, arrived: self.jobs[index].at, ..Outcome::default() };
        let asking = tokio::time::timeout_at(deadline, Arc::clone(&self).ask(index, seed));
        asking.await.unwrap_or_else(|_| Outcome { ended: self.now(), ..unanswered })
    }

    /// Asks when it is time, with retries.
    async fn ask(self: Arc<Self>, index: usize, seed: u64) -> Outcome {
        let job = &self.jobs[index];
        tokio::time::sleep_until(self.start + Duration::from_secs_f64(job.at)).await;
        let mut outcome = Outcome { job: index, arrived: self.now(), ..Outcome::default() };
        let mut dice = Rng::with_seed(seed ^ ((index as u64 + 1) << 20));
        if self.client == Client::Oracle {
            self.oracle.admit(job).await;
        }
        for retries in 0.. {
            let answer = self.call(index).await;
            outcome.note(answer.as_ref(), job, self.start);
            if self.client == Client::Oracle && answer.as_ref().is_some_and(|answer| answer.status == 429) {
                self.oracle.refused();
            }
            if outcome.first.is_some() || retries == self.client.retries() {
                break;
            }
            let pause = retries::pause(answer.as_ref(), self.scenario.dialect, retries, dice.f64());
            let Some(pause) = pause else { break };
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        }
        if self.client == Client::Oracle {
            self.oracle.ended();
        }
        outcome.ended = self.now();
        outcome
    }

    async fn call(&self, index: usize) -> Option<wire::Answer> {
        let call = wire::call(self.address, &self.requests[index], self.jobs[index].is_streamed);
        tokio::time::timeout(TIMEOUT, call).await.ok()?.ok()
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

impl Outcome {
    fn note(&mut self, answer: Option<&wire::Answer>, job: &Job, start: Instant) {
        match answer {
            None => self.broken += 1,
            Some(answer) if answer.is_success(job.is_streamed) => {
                self.first = answer.first.map(|first| first.duration_since(start).as_secs_f64());
                self.is_miscounted = answer.input_tokens() != Some(job.size.input);
            }
            Some(answer) if answer.status == 429 => self.refused += 1,
            // An error within a stream comes after its 200.
            Some(_) => self.failed += 1,
        }
    }
}
