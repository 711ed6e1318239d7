//! Results as a table for people and as JSON for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::End;
use super::options::Load;
use super::run::{Ran, Way};
use crate::ranks::percentile;

pub(crate) const LEGEND: &str = "\
success    requests answered from beginning to end
midway     streams that broke after the first byte of their answer: nobody can ask again for them
failed     all others, by the status that the client saw (0: no head of an answer)
p50, p99   from the moment at which a request was due to its last byte, in ms, of those that were answered
calls      calls that reached a provider, for each request of a client
errors-N, resets, hangs, bodies, cut-*, stream-errors, garbage: N % or 10 % of the calls to every provider, each by its own chance
first-*, *-region, overload: every call to the first provider and none to the others (overload: in the middle third of the time)
SDK alone  the retry rules of the official SDKs, two retries, against the first provider";

/// The numbers of one run.
#[derive(Debug)]
pub(crate) struct Row {
    scenario: &'static str,
    way: Way,
    requests: usize,
    answered: usize,
    midway: usize,
    failed: BTreeMap<u16, usize>,
    /// In milliseconds.
    p50: Option<f64>,
    p99: Option<f64>,
    calls: f64,
}

impl Row {
    pub(crate) fn new(scenario: &'static str, way: Way, ran: &Ran) -> Self {
        let mut row = Self {
            scenario,
            way,
            requests: ran.outcomes.len(),
            answered: 0,
            midway: 0,
            failed: BTreeMap::new(),
            p50: None,
            p99: None,
            calls: ran.upstream_calls as f64 / ran.outcomes.len().max(1) as f64,
        };
        let mut latencies = Vec::new();
        for outcome in &ran.outcomes {
            match outcome.end {
                End::Answered => latencies.push(outcome.took.as_secs_f64() * 1e3),
                End::BrokeMidway => row.midway += 1,
                End::Failed(status) => *row.failed.entry(status).or_default() += 1,
            }
        }
        latencies.sort_by(f64::total_cmp);
        row.answered = latencies.len();
        (row.p50, row.p99) = (percentile(&latencies, 0.5), percentile(&latencies, 0.99));
        row
    }

    fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.requests.max(1) as f64
    }
}

pub(crate) fn heading() -> String {
    format!(
        "{:<20}{:<22}{:>9}{:>9}{:>9}{:>9}{:>8}  {}",
        "", "", "success", "midway", "p50 ms", "p99 ms", "calls", "failed"
    )
}

/// One line of the table.
pub(crate) fn line(row: &Row) -> String {
    let whole = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.0}"));
    let failed: Vec<_> = row.failed.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    let line = format!(
        "{:<20}{:<22}{:>8.1}%{:>8.1}%{:>9}{:>9}{:>8.2}  {}",
        row.scenario,
        row.way.name(),
        row.percent(row.answered),
        row.percent(row.midway),
        whole(row.p50),
        whole(row.p99),
        row.calls,
        failed.join(", ")
    );
    line.trim_end().to_owned()
}

/// Every number of every run.
pub(crate) fn json(rows: &[Row], load: Load) -> Value {
    let run = |row: &Row| {
        let (client, providers, continues) = match row.way {
            Way::Sdk => ("sdk", 1, false),
            Way::Paceway { providers, continues } => ("paceway", providers, continues),
        };
        let failed: BTreeMap<String, usize> =
            row.failed.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        json!({
            "scenario": row.scenario, "client": client, "providers": providers, "continues": continues, "requests": row.requests,
            "answered": row.answered, "midway": row.midway, "failed_by_status": failed, "p50_ms": row.p50,
            "p99_ms": row.p99, "calls_per_request": row.calls,
        })
    };
    let Load { seconds, per_second, seed } = load;
    let runs: Vec<_> = rows.iter().map(run).collect();
    json!({"seconds": seconds, "per_second": per_second, "seed": seed, "runs": runs})
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::faults::run::Outcome;

    fn row() -> Row {
        let outcome = |end, ms| Outcome { end, took: Duration::from_millis(ms) };
        let outcomes = vec![
            outcome(End::Answered, 300),
            outcome(End::Answered, 100),
            outcome(End::BrokeMidway, 9_000),
            outcome(End::Failed(500), 9_000),
        ];
        Row::new(
            "errors-10",
            Way::Paceway { providers: 2, continues: false },
            &Ran { outcomes, upstream_calls: 6 },
        )
    }

    #[test]
    fn latencies_are_those_of_what_was_answered_and_broken_streams_count_apart() {
        let line = line(&row());
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[4..], ["50.0%", "25.0%", "100", "300", "1.50", "1", "×", "500"]);
    }

    #[test]
    fn a_run_without_an_answer_has_no_latency() {
        let ran = Ran { outcomes: Vec::new(), upstream_calls: 0 };
        assert!(super::line(&Row::new("dead-region", Way::Sdk, &ran)).ends_with("–        –    0.00"));
    }

    #[test]
    fn json_has_every_number_of_a_run() {
        let json = json(&[row()], Load { seconds: 1, per_second: 4, seed: 1 });
        let run = &json["runs"][0];
        assert_eq!(
            (&run["providers"], &run["failed_by_status"]["500"], &run["p99_ms"]),
            (&json!(2), &json!(1), &json!(300.0))
        );
    }
}
