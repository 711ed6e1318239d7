//! `just bench faults`: what becomes of requests when providers fail, with Paceway in front of one, two and three of them,
//! and beside it an SDK that asks one provider itself.
//!
//! Simulated providers and Paceway run as they ship, in processes of their own and in real time. What Paceway costs when
//! nothing fails is not asked here; that is `just bench overhead`.

mod client;
mod full_house;
mod options;
mod run;
mod scenario;
mod table;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

pub(crate) use options::{Options, USAGE};
use run::Way;
use scenario::Scenario;
use table::Row;

/// Runs every scenario, all ways of it at the same time, and prints what came of it.
pub(crate) async fn faults(options: Options) -> Result<()> {
    println!(
        "{} requests/s for {} s in each run, of both dialects, half of them streamed; what has no end after {} s has failed\n",
        options.load.per_second,
        options.load.seconds,
        client::PATIENCE.as_secs()
    );
    let ways = ways(&options);
    println!("{}", table::heading());
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    for scenario in &options.scenarios {
        for row in side_by_side(scenario, &ways, &options).await? {
            match row {
                Ok(row) => {
                    println!("{}", table::line(&row));
                    rows.push(row);
                }
                Err(error) => broken.push(format!("{error:#}")),
            }
        }
    }
    println!("\n{}", table::LEGEND);
    if let Some(file) = &options.json {
        let json = table::json(&rows, options.load);
        std::fs::write(file, format!("{json:#}\n")).with_context(|| file.display().to_string())?;
    }
    broken.dedup();
    ensure!(broken.is_empty(), "runs that did not come to an end:\n{}", broken.join("\n"));
    Ok(())
}

/// The SDK alone, and Paceway with each number of providers in each way for streams; with one provider nobody else can go on.
fn ways(options: &Options) -> Vec<Way> {
    let both =
        |providers| options.continues.iter().map(move |&continues| Way::Paceway { providers, continues });
    let all = options.providers.iter().copied().flat_map(both);
    let makes_sense = |way: &Way| !matches!(way, Way::Paceway { providers: 1, continues: true });
    std::iter::once(Way::Sdk).chain(all.filter(makes_sense)).collect()
}

/// One scenario in every way at once, so that what else the machine does weighs on all of them alike.
async fn side_by_side(scenario: &Scenario, ways: &[Way], options: &Options) -> Result<Vec<Result<Row>>> {
    let mut running = JoinSet::new();
    for (index, &way) in ways.iter().enumerate() {
        let (scenario, load) = (*scenario, options.load);
        running.spawn(async move {
            let ran = run::run(&scenario, way, load).await;
            (index, ran.with_context(|| format!("{}, {}", scenario.name, way.name())))
        });
    }
    let mut ended = Vec::new();
    while let Some(one) = running.join_next().await {
        ended.push(one?);
    }
    ended.sort_by_key(|(index, _)| *index);
    let row =
        |(index, ran): (usize, Result<run::Ran>)| ran.map(|ran| Row::new(scenario.name, ways[index], &ran));
    Ok(ended.into_iter().map(row).collect())
}
