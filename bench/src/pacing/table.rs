//! Results as tables for people and as JSON for programs.

use serde_json::{Map, Value, json};

use super::measure::{Numbers, number};
use super::run::Client;
use crate::ranks::median;

/// The numbers of one run.
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) client: Client,
    pub(crate) seed: u64,
    pub(crate) bottleneck: &'static str,
    pub(crate) numbers: Numbers,
}

/// How a number is written.
#[derive(Clone, Copy)]
enum As {
    Share,
    Percent,
    Count,
    Seconds,
}

/// Heading, name and kind of each column.
const COLUMNS: [(&str, &str, As); 17] = [
    ("success", "success", As::Share),
    ("goodput", "goodput", As::Share),
    ("÷oracle", "goodput_of_oracle", As::Share),
    ("after", "goodput_after_event", As::Share),
    ("up429", "upstream_429_share", As::Percent),
    ("429s", "client_429", As::Count),
    ("5xx", "client_5xx", As::Count),
    ("broken", "client_broken", As::Count),
    ("wait50", "wait_p50_s", As::Seconds),
    ("wait95", "wait_p95_s", As::Seconds),
    ("wait99", "wait_p99_s", As::Seconds),
    ("makespan", "makespan_ratio", As::Share),
    ("fair", "smallest_share", As::Share),
    ("÷ideal", "share_of_ideal", As::Share),
    ("unfair", "misallocated", As::Share),
    ("large", "large_share", As::Share),
    ("odd", "miscounted", As::Count),
];

pub(crate) const LEGEND: &str = "\
success   requests answered in the end              goodput  work served in the window ÷ what is attainable
÷oracle   goodput ÷ the oracle's, same seed         after    goodput since the limit came back or the overload ended
up429     429s of the provider, share of calls      wait     added before the first byte of an answer, in seconds
429s, 5xx, broken  what clients saw on the way
makespan  until the last answer ÷ the lower bound   fair     the smallest tenant's share ÷ its fair share
÷ideal    fair ÷ the ideal's, same seed             unfair   share of the work that was another tenant's due
large     share of large prompts among the served ÷ among the arrived
ideal     computed, not run: perfect knowledge, and the least served tenant first; requests are not divisible, hence fair < 1
odd       prompts whose tokens the provider counted otherwise than the benchmark (0, or something is wrong)";

/// Adds to each row how it compares with the oracle and the ideal of the same scenario and seed.
pub(crate) fn compare(rows: &mut [Row]) {
    let compared = [
        (Client::Oracle, "goodput", "goodput_of_oracle"),
        (Client::Ideal, "smallest_share", "share_of_ideal"),
    ];
    for (best, name, named) in compared {
        let bests: Vec<_> = rows
            .iter()
            .filter(|row| row.client == best)
            .filter_map(|row| Some((row.scenario, row.seed, number(&row.numbers, name)?)))
            .collect();
        for row in &mut *rows {
            let best = bests.iter().find(|best| (best.0, best.1) == (row.scenario, row.seed));
            let ratio = number(&row.numbers, name).zip(best).map(|(own, best)| own / best.2);
            row.numbers.push((named, ratio.filter(|ratio| ratio.is_finite())));
        }
    }
}

/// One table for each scenario, with medians over the seeds.
pub(crate) fn tables(rows: &[Row], scenarios: &[&str], clients: &[Client]) -> String {
    let tables = scenarios.iter().filter_map(|scenario| {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.scenario == *scenario).collect();
        table(&rows, clients)
    });
    tables.collect()
}

fn table(rows: &[&Row], clients: &[Client]) -> Option<String> {
    let first = rows.first()?;
    let requests = medians(rows, "requests").unwrap_or(0.0);
    let title = format!("\n{}: {requests:.0} requests, limited by {}\n", first.scenario, first.bottleneck);
    let headings: Vec<_> = COLUMNS.iter().map(|(heading, _, _)| format!("{heading:>9}")).collect();
    let lines = clients.iter().filter_map(|client| {
        let rows: Vec<&Row> = rows.iter().copied().filter(|row| row.client == *client).collect();
        let cells: String = COLUMNS.iter().map(|(_, name, kind)| cell(medians(&rows, name), *kind)).collect();
        (!rows.is_empty()).then(|| format!("{:<10}{cells}\n", client.name()))
    });
    Some(title + &format!("{:<10}{}\n", "", headings.concat()) + &lines.collect::<String>())
}

fn medians(rows: &[&Row], name: &str) -> Option<f64> {
    median(rows.iter().filter_map(|row| number(&row.numbers, name)).collect())
}

fn cell(value: Option<f64>, kind: As) -> String {
    let Some(value) = value else { return format!("{:>9}", "–") };
    match kind {
        As::Share => format!("{value:>9.3}"),
        As::Percent => format!("{:>8.1}%", value * 100.0),
        As::Count => format!("{value:>9.0}"),
        As::Seconds if value < 10.0 => format!("{value:>9.3}"),
        As::Seconds => format!("{value:>9.1}"),
    }
}

/// Every number of every run.
pub(crate) fn json(rows: &[Row], minutes: f64, sizes: &str) -> Value {
    let runs = rows.iter().map(|row| {
        let mut run: Map<String, Value> =
            row.numbers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        run.insert("scenario".into(), row.scenario.into());
        run.insert("client".into(), row.client.name().into());
        run.insert("seed".into(), row.seed.into());
        run.insert("bottleneck".into(), row.bottleneck.into());
        Value::Object(run)
    });
    json!({"minutes": minutes, "sizes": sizes, "runs": runs.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(client: Client, seed: u64, goodput: f64) -> Row {
        let numbers = vec![("requests", Some(9.0)), ("goodput", Some(goodput))];
        Row { scenario: "3x", client, seed, bottleneck: "requests", numbers }
    }

    #[test]
    fn each_seed_is_compared_with_its_own_oracle() {
        let mut rows = [
            row(Client::Oracle, 1, 0.5),
            row(Client::Oracle, 2, 1.0),
            row(Client::Sdk, 1, 0.5),
            row(Client::Sdk, 3, 0.5),
        ];
        compare(&mut rows);
        assert_eq!(number(&rows[2].numbers, "goodput_of_oracle"), Some(1.0));
        assert_eq!(number(&rows[3].numbers, "goodput_of_oracle"), None);
    }

    #[test]
    fn a_table_shows_medians_and_a_dash_where_there_is_no_number() {
        let rows = [row(Client::Sdk, 1, 0.2), row(Client::Sdk, 2, 0.9), row(Client::Sdk, 3, 0.4)];
        let table = tables(&rows, &["3x"], &Client::ALL);
        assert!(table.contains("3x: 9 requests, limited by requests"), "{table}");
        assert!(table.contains("sdk               –    0.400"), "{table}");
    }
}
