//! `just bench ledger`: what a row of the ledger costs, and how long questions take over a million of them, on SQLite and PostgreSQL.
//!
//! Writing is measured as CPU of this process, from the call that takes a row to its commit (journal, writer thread, driver); what
//! PostgreSQL's own processes spend is not in it. Making the rows is measured alone and taken off. Questions are medians of many
//! rounds, by the clock.

mod rows;
#[path = "../../crates/store/tests/support/server.rs"]
mod server;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use paceway_domain::{Secret, UnixMillis};
use paceway_store::reports::{Dimension, Filter, Period, Property, Question};
use paceway_store::{Access, SharedDatabase, Store, open_shared};
use rustix::time::{ClockId, clock_gettime};

use crate::median;

pub(crate) const USAGE: &str = "ledger [--rows N] [--postgres URL]";

/// Rounds of each question.
const ROUNDS: usize = 15;

pub(crate) fn ledger(arguments: &[String]) -> Result<()> {
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    let rows: u64 = value("--rows").map_or(Ok(1_000_000), |rows| rows.parse()).context(USAGE)?;
    println!("{rows} rows of {} days; questions: medians of {ROUNDS} rounds\n", rows::DAYS);
    measure("SQLite", rows, None)?;
    let own = if value("--postgres").is_none() { server::Server::start() } else { None };
    let url = value("--postgres").cloned().or_else(|| own.as_ref().map(server::Server::url));
    match url {
        Some(url) => {
            let shared = SharedDatabase { url: Secret::new(url), node: "bench".into() };
            measure("PostgreSQL", rows, Some(&shared))
        }
        None => {
            println!("SKIPPED: no PostgreSQL; install it or say --postgres URL of an empty database");
            Ok(())
        }
    }
}

fn measure(engine: &str, count: u64, shared: Option<&SharedDatabase>) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let making = cpu();
    (0..count).for_each(|number| drop(std::hint::black_box(rows::row(number, count))));
    let making = cpu().saturating_sub(making);
    let (before, clock) = (cpu(), Instant::now());
    let store = open_shared(directory.path(), Access::Serve, shared)?;
    for number in 0..count {
        store.ledger.append(rows::row(number, count))?;
    }
    drop(store);
    let (spent, took) = (cpu().saturating_sub(before), clock.elapsed());
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    let written = each(spent.saturating_sub(making));
    println!(
        "{engine}: a row costs {written:.1} µs of CPU until it is committed ({:.1} µs by the clock)",
        each(took)
    );
    let store = open_shared(directory.path(), Access::Administer, shared)?;
    questions(&store, count)
}

fn questions(store: &Store, count: u64) -> Result<()> {
    let by = |properties: &[Property]| {
        let properties = properties.iter().cloned().map(Dimension::Property);
        properties.chain([Dimension::Period(Period::Day)]).collect::<Vec<_>>()
    };
    let whole = Filter::default();
    let half_days = Filter {
        from: Some(UnixMillis(rows::FIRST + 12 * rows::HOUR)),
        to: Some(UnixMillis(rows::FIRST + (24 * rows::DAYS - 12) * rows::HOUR)),
        with: Vec::new(),
    };
    let one_team = Filter { with: vec![(Property::Team, "team-7".into())], ..half_days.clone() };
    let asked = [
        (
            "by team, model and day",
            Question { by: by(&[Property::Team, Property::Model]), filter: whole.clone() },
        ),
        (
            "the same from noon to noon",
            Question { by: by(&[Property::Team, Property::Model]), filter: half_days },
        ),
        (
            "one team by model and day, noon to noon",
            Question { by: by(&[Property::Model]), filter: one_team },
        ),
        (
            "by outcome and day, which only the rows have",
            Question { by: by(&[Property::Outcome]), filter: whole },
        ),
    ];
    for (name, question) in asked {
        let mut groups = 0;
        let times = (0..ROUNDS)
            .map(|_| {
                let clock = Instant::now();
                groups = store.reports.usage(&question)?.len();
                Ok(clock.elapsed().as_secs_f64() * 1e3)
            })
            .collect::<Result<Vec<_>>>()?;
        println!("  {name:<48}{:>9.1} ms {groups:>8} groups", median(times));
    }
    let clock = Instant::now();
    let mut seen = 0_u64;
    store.reports.export(&Filter::default(), &mut |_| {
        seen += 1;
        ControlFlow::Continue(())
    })?;
    anyhow::ensure!(seen == count, "{seen} rows of {count}");
    println!(
        "  {:<48}{:>9.1} µs a row\n",
        "export of all",
        clock.elapsed().as_secs_f64() * 1e6 / count as f64
    );
    Ok(())
}

/// CPU time of this process, all threads.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
