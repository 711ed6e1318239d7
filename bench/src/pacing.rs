//! `just bench pacing`: how well requests are paced to a provider's limits, beside the SDKs' own retries and beside an
//! oracle that sees the buckets.
//!
//! Everything runs in real time over real sockets, in processes as they ship. It does not say what Paceway costs; that is
//! `just bench overhead`.

mod books;
mod bound;
mod bucket;
mod config;
mod ideal;
mod measure;
mod options;
mod oracle;
mod prompt;
mod run;
mod scenario;
mod sizes;
mod table;
mod workload;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub(crate) use options::{Options, USAGE};
use run::Client;
use scenario::Scenario;
use sizes::Sizes;
use table::Row;
use workload::Workload;

/// Runs every scenario with every client and seed, many at a time, and prints what came of it.
pub(crate) async fn pacing(options: Options) -> Result<()> {
    let sizes = Arc::new(Sizes::load(&options.data));
    let told = sizes.told();
    let places = Arc::new(Semaphore::new(options.at_once.max(1)));
    // Starting keeps the machine busy, which runs that have begun would feel.
    let starting = Arc::new(Semaphore::new(1));
    let mut running = JoinSet::new();
    for scenario in &options.scenarios {
        for seed in options.seeds.clone() {
            let workload =
                Arc::new(Workload::draw(scenario, &sizes, options.minutes * 60.0 * scenario.stretch, seed));
            for &client in &options.clients {
                let (scenario, workload) = (scenario.clone(), Arc::clone(&workload));
                let (places, starting) = (Arc::clone(&places), Arc::clone(&starting));
                running.spawn(async move {
                    let _place = places.acquire_owned().await?;
                    let row = one(&scenario, client, &workload, seed, &starting).await;
                    row.with_context(|| format!("{} {} {seed}", scenario.name, client.name()))
                });
            }
        }
    }
    let total = running.len();
    println!("{total} runs, requests arrive for {} minutes; sizes: {told}", options.minutes);
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    while let Some(ended) = running.join_next().await {
        match ended? {
            Ok(row) => {
                eprintln!(
                    "{:>4}/{total} {} {} {}",
                    rows.len() + 1,
                    row.scenario,
                    row.client.name(),
                    row.seed
                );
                rows.push(row);
            }
            Err(error) => broken.push(format!("{error:#}")),
        }
    }
    table::compare(&mut rows);
    let names: Vec<_> = options.scenarios.iter().map(|scenario| scenario.name).collect();
    println!("{}\n{}", table::tables(&rows, &names, &options.clients), table::LEGEND);
    if let Some(file) = options.json {
        let json = table::json(&rows, options.minutes, told);
        std::fs::write(&file, format!("{json:#}\n")).with_context(|| file.display().to_string())?;
    }
    ensure!(broken.is_empty(), "runs that did not come to an end: {}", broken.join("; "));
    Ok(())
}

async fn one(
    scenario: &Scenario,
    client: Client,
    workload: &Workload,
    seed: u64,
    starting: &Semaphore,
) -> Result<Row> {
    let (outcomes, stats) = match client {
        Client::Ideal => (ideal::outcomes(scenario, workload), Value::Null),
        _ => run::run(scenario, client, workload, seed, starting).await?,
    };
    let numbers = measure::measure(scenario, workload, &outcomes, &stats);
    Ok(Row { scenario: scenario.name, client, seed, bottleneck: workload.bottleneck.name(), numbers })
}
