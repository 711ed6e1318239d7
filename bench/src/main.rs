//! Benchmarks. `just bench pacing`: how well it paces (`pacing.rs`). `just bench faults`: what becomes of requests when
//! providers fail (`faults.rs`). `just bench route`: how well it tells hard tasks from easy ones (`route.rs`). `just bench ledger`:
//! what rows and questions cost (`ledger.rs`). `just bench overhead`: what Paceway costs on top of a plain reverse proxy.
//!
//! A fixed-answer upstream, nginx as a plain reverse proxy and Paceway with keys, limits, ledger and metrics run on this
//! machine. Each kind of answer is asked for in rounds, nginx and Paceway by turns; each round gives one ratio, and the
//! median of the ratios is what counts, because such a machine is noisy.
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // A benchmark reads clocks and prints.

mod allocations;
mod crossings;
mod decisions;
mod faults;
mod ledger;
mod load;
mod pacing;
mod processes;
mod ranks;
mod retries;
mod route;
mod targets;
mod translate;
mod upstream;
mod wire;

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::load::{Latencies, Request};
use crate::targets::{Nginx, Paceway, Target};
use crate::upstream::{Dialect, Kind};

/// The one that ships, so that times are those that users have.
#[cfg(not(feature = "allocations"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds of each measurement.
const ROUNDS: usize = 7;
/// Requests a second for latencies.
const RATE: u32 = 1_000;
/// How long latencies are watched, in each round.
const WATCH: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["pacing", ..] => runtime.block_on(pacing::pacing(pacing::Options::read(&arguments[1..])?)),
        ["route", ..] => route::route(&route::Options::read(&arguments[1..])?),
        ["faults", ..] => runtime.block_on(faults::faults(faults::Options::read(&arguments[1..])?)),
        ["ledger", ..] => ledger::ledger(&arguments[1..]),
        ["scheduler"] => {
            decisions::decisions();
            Ok(())
        }
        ["translate"] => {
            translate::translate();
            runtime.block_on(crossings::crossings())
        }
        ["overhead"] => runtime.block_on(overhead()),
        // One line of it, to work on.
        ["cpu", kind, dialect] => {
            let kind = Kind::named(kind).context("whole, burst or paced")?;
            runtime.block_on(cpu(kind, Dialect::named(dialect).context("anthropic or openai")?))
        }
        // The fixed-answer upstream, in a process of its own.
        ["upstream", kind, dialect] => {
            let kind = Kind::named(kind).context("whole, burst or paced")?;
            runtime.block_on(upstream::serve(kind, Dialect::named(dialect).context("anthropic or openai")?))
        }
        _ => bail!(
            "usage: paceway-bench overhead | scheduler | translate | cpu whole|burst|paced anthropic|openai | {} | {} | {} | {}",
            ledger::USAGE,
            pacing::USAGE,
            faults::USAGE,
            route::USAGE
        ),
    }
}

async fn overhead() -> Result<()> {
    println!(
        "CPU per request, in µs: median of {ROUNDS} rounds, and the median of the rounds' ratios to nginx\n"
    );
    println!("{:<34}{:>10}{:>10}{:>10}", "", "nginx", "Paceway", "ratio");
    for dialect in [Dialect::Anthropic, Dialect::OpenAi] {
        for kind in [Kind::Whole, Kind::Burst, Kind::Paced] {
            cpu(kind, dialect).await?;
        }
    }
    latency().await?;
    start().await
}

/// CPU time per request behind each proxy.
async fn cpu(kind: Kind, dialect: Dialect) -> Result<()> {
    let (count, connections) = match kind {
        Kind::Whole => (8_000, 32),
        Kind::Burst => (4_000, 32),
        Kind::Paced => (1_200, 64),
    };
    let upstream = targets::start_upstream(kind, dialect).await?;
    let nginx = Nginx::start(upstream.address).await?;
    let paceway = Paceway::start(upstream.address).await?;
    let mut measured: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let targets: [&dyn Target; 2] = [&nginx, &paceway];
        for (target, measured) in targets.iter().zip(&mut measured) {
            let request = Request::new(target.address(), target.key(), dialect, kind);
            let before = target.cpu()?;
            load::closed(&request, count, connections).await?;
            let spent = target.cpu()?.saturating_sub(before);
            // The first round only warms up.
            if round > 0 {
                measured.push(spent.as_secs_f64() * 1e6 / f64::from(count));
            }
        }
    }
    let ratios = measured[1].iter().zip(&measured[0]).map(|(paceway, nginx)| paceway / nginx).collect();
    let [nginx, paceway] = measured.map(median);
    let name = format!("{}, {}", kind.told(), dialect.name());
    println!("{name:<34}{nginx:>10.1}{paceway:>10.1}{:>9.2}×", median(ratios));
    Ok(())
}

/// Latency of small answers at a steady rate.
async fn latency() -> Result<()> {
    let (kind, dialect) = (Kind::Whole, Dialect::Anthropic);
    let upstream = targets::start_upstream(kind, dialect).await?;
    let nginx = Nginx::start(upstream.address).await?;
    let paceway = Paceway::start(upstream.address).await?;
    let mut measured: [Vec<Latencies>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let targets: [&dyn Target; 3] = [&upstream, &nginx, &paceway];
        for (target, measured) in targets.iter().zip(&mut measured) {
            let request = Request::new(target.address(), target.key(), dialect, kind);
            let latencies = load::steady(&request, RATE, WATCH).await?;
            if round > 0 {
                measured.push(latencies);
            }
        }
    }
    println!("\nLatency at {RATE} requests/s, 800-byte answers, in µs: medians of {ROUNDS} rounds\n");
    println!("{:<34}{:>10}{:>10}{:>12}", "", "p50", "p99", "added p50");
    let p50s = |of: &[Latencies]| of.iter().map(|round| round.p50).collect::<Vec<_>>();
    let direct = p50s(&measured[0]);
    for (name, measured) in ["no proxy", "nginx", "Paceway"].iter().zip(&measured) {
        let added = median(p50s(measured).iter().zip(&direct).map(|(p50, direct)| p50 - direct).collect());
        let p99 = median(measured.iter().map(|round| round.p99).collect());
        println!("{name:<34}{:>10.0}{p99:>10.0}{added:>12.0}", median(p50s(measured)));
    }
    let added = |of: &[Latencies]| p50s(of).iter().zip(&direct).map(|(p50, direct)| p50 - direct).collect();
    let (nginx, paceway): (Vec<f64>, Vec<f64>) = (added(&measured[1]), added(&measured[2]));
    let ratios = paceway.iter().zip(&nginx).map(|(paceway, nginx)| paceway / nginx).collect();
    println!("\nPaceway's added p50 is {:.2}× nginx's (median of the rounds' ratios).", median(ratios));
    Ok(())
}

/// The first answer after a start with nothing there yet, and memory.
async fn start() -> Result<()> {
    let upstream = targets::start_upstream(Kind::Whole, Dialect::Anthropic).await?;
    let mut first_answers = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..ROUNDS {
        let paceway = Paceway::start(upstream.address).await?;
        let request = Request::new(paceway.address(), paceway.key(), Dialect::Anthropic, Kind::Whole);
        load::closed(&request, 1, 1).await?;
        first_answers.push(paceway.since_start().as_secs_f64() * 1e3);
        idle.push(paceway.resident_mib()?);
    }
    println!("\nFirst answer after the start in an empty data directory: {:.0} ms", median(first_answers));
    println!("Resident memory after the first answer: {:.1} MiB", median(idle));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
