//! The demo is honest and shows what it promises.
#![allow(clippy::unwrap_used)]

mod support;

use tempfile::tempdir;

/// The numbers of a row, directly and through Paceway.
fn row(table: &str, name: &str) -> [f64; 2] {
    let line =
        table.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{table}"));
    let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap()
}

#[tokio::test]
async fn every_request_is_answered_through_paceway_and_not_without_it() {
    let directory = tempdir().unwrap();
    let output = support::run(directory.path(), &["demo", "--requests", "100"]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{said}{output:?}", output = output.stderr);
    let [answered_directly, answered] = row(&said, "answered");
    assert!(answered_directly < answered, "{said}");
    assert_eq!((answered, row(&said, "failed")[1], row(&said, "429s seen")[1]), (100.0, 0.0, 0.0));
    assert!(
        row(&said, "429s seen")[0] > 0.0 && row(&said, "wasted calls")[0] > row(&said, "wasted calls")[1]
    );
    assert!(said.contains("No model is called"), "{said}");
}
