//! Each inefficiency planted in a clean ledger is found, alone and with what it would save; and none is found where none is.
#![allow(clippy::unwrap_used)]

mod ledgers;

use std::sync::Arc;

use paceway_domain::{MicroUsd, Tokens};

use crate::pricing::PriceBook;

use super::finding::LEAST_REQUESTS;
use super::{Finding, Insights, Kind, MOST_GROUPS, Observed, Outcome};
use ledgers::{SHAPES, clean, found, row, small};

/// The findings in a clean ledger into which these rows are mixed.
fn planted(rows: Vec<Observed>) -> Vec<Finding> {
    let mut all: Vec<Observed> = SHAPES.iter().flat_map(|shape| clean(7, *shape)).chain(rows).collect();
    all.sort_by_key(|row| row.at);
    found(&all)
}

fn only(rows: Vec<Observed>) -> Finding {
    let findings = planted(rows);
    let [finding] = findings.as_slice() else { panic!("not one finding: {findings:#?}") };
    finding.clone()
}

/// So many rows of the key `wasteful`, a minute apart, each made by its number.
fn many(count: u64, make: impl Fn(u64) -> Observed) -> Vec<Observed> {
    (0..count)
        .map(|number| Observed { key: paceway_domain::KeyId("wasteful".into()), ..make(number) })
        .collect()
}

#[test]
fn a_clean_ledger_has_no_findings_whatever_its_shape() {
    for shape in SHAPES {
        for seed in 0..40 {
            let findings = found(&clean(seed, shape));
            assert!(findings.is_empty(), "{shape:?}, seed {seed}: {findings:#?}");
        }
    }
}

#[test]
fn clean_ledgers_together_have_no_findings_either() {
    assert_eq!(planted(Vec::new()), []);
}

#[test]
fn a_cache_that_is_written_and_never_read_is_found_with_what_the_writing_cost() {
    let finding = only(many(100, |number| {
        let mut row = row(number, "anthropic", "claude-sonnet-5-5");
        row.usage.input = Tokens(100);
        row.usage.cache_write_5m = Tokens(10_000);
        row
    }));
    // Writing costs 2.50 dollars a million and plain input 2: half a dollar a million, a million tokens.
    assert_eq!((finding.kind, finding.saves.so_far), (Kind::CacheWritesUnread, MicroUsd(500_000)));
    assert_eq!((finding.requests, finding.saves.is_at_most), (100, false));
}

#[test]
fn a_cache_that_is_read_often_enough_is_not_found() {
    assert_eq!(
        planted(many(100, |number| {
            let mut row = row(number, "anthropic", "claude-sonnet-5-5");
            match number % 2 {
                0 => row.usage.cache_write_5m = Tokens(10_000),
                _ => row.usage.cache_read = Tokens(10_000),
            }
            row
        })),
        []
    );
}

fn with_head(number: u64, head: u64) -> Observed {
    let mut row = row(number, "openai", "gpt-5");
    row.usage.input = Tokens(6_000);
    Observed { head_hash: Some(head), head_shape: Some(77), head_tokens: Some(5_000), ..row }
}

#[test]
fn a_beginning_that_changes_by_its_date_alone_is_found_with_what_reading_would_save() {
    let finding = only(many(101, |number| with_head(number, 1_000 + number)));
    // 5,000 tokens at 1.125 dollars a million less, a hundred times; the first has nothing to read.
    assert_eq!((finding.kind, finding.saves.so_far), (Kind::VolatilePrefix, MicroUsd(562_500)));
}

#[test]
fn a_beginning_that_stays_or_of_which_a_few_take_turns_is_not_found() {
    assert_eq!(planted(many(200, |number| with_head(number, 5))), []);
    assert_eq!(planted(many(200, |number| with_head(number, number % 20))), []);
}

fn easy(number: u64, complexity: Option<u8>) -> Observed {
    let mut row = row(number, "anthropic", "claude-opus-5-5");
    row.usage.input = Tokens(500);
    row.usage.output = Tokens(100);
    row.cost = Some(MicroUsd(4_000));
    Observed { complexity, ..row }
}

#[test]
fn a_large_model_on_short_easy_calls_is_found_and_scaled_by_those_looked_at() {
    let finding = only(many(400, |number| easy(number, number.is_multiple_of(8).then_some(10))));
    // 4,000 micro-dollars at Opus, 100 at Haiku, 400 calls.
    assert_eq!((finding.kind, finding.saves.so_far), (Kind::BigModelForEasyCalls, MicroUsd(1_560_000)));
    assert_eq!((finding.requests, finding.of, finding.saves.is_at_most), (50, 50, true));
    assert!(finding.advice.contains("claude-haiku-5-5"), "{}", finding.advice);
}

#[test]
fn hard_calls_calls_that_were_never_looked_at_and_the_small_model_itself_are_not_found() {
    assert_eq!(planted(many(400, |number| easy(number, Some(70)))), []);
    assert_eq!(planted(many(400, |number| easy(number, None))), []);
    let at_small = |number| Observed { model: "claude-haiku-5-5".into(), ..easy(number, Some(10)) };
    assert_eq!(planted(many(400, at_small)), []);
}

fn bounded(number: u64, bound: u64, is_cut: bool) -> Observed {
    Observed { max_tokens: Some(bound), is_cut, ..row(number, "openai", "gpt-5") }
}

#[test]
fn a_bound_that_cuts_most_answers_is_found_with_what_they_cost() {
    let finding = only(many(100, |number| bounded(number, 256, number % 4 != 0)));
    assert_eq!((finding.kind, finding.requests, finding.of), (Kind::AnswersCut, 75, 100));
    assert_eq!((finding.saves.so_far, finding.saves.is_at_most), (MicroUsd(75 * 2_000), true));
}

#[test]
fn a_bound_that_cuts_some_answers_or_is_meant_to_is_not_found() {
    assert_eq!(planted(many(100, |number| bounded(number, 256, number % 10 == 0))), []);
    assert_eq!(planted(many(100, |number| bounded(number, 5, true))), []);
}

#[test]
fn what_is_asked_again_is_found_with_what_all_but_the_first_cost() {
    let again = |number| Observed { request_hash: Some(number % 5), ..row(number, "openai", "gpt-5") };
    let finding = only(many(100, again));
    assert_eq!((finding.kind, finding.saves.so_far), (Kind::Duplicates, MicroUsd(95 * 2_000)));
}

#[test]
fn what_is_asked_again_after_a_day_or_was_not_answered_before_is_not_found() {
    let daily = |number| {
        let mut row = row(number, "openai", "gpt-5");
        row.at.0 += number * 86_400_000;
        Observed { request_hash: Some(1), ..row }
    };
    assert_eq!(planted(many(100, daily)), []);
    let failed = |number| Observed {
        request_hash: Some(1),
        outcome: Outcome::Other,
        cost: Some(MicroUsd::ZERO),
        ..row(number, "openai", "gpt-5")
    };
    assert_eq!(planted(many(100, failed)), []);
}

fn with_tools(number: u64, called: u32) -> Observed {
    let mut row = row(number, "openai", "gpt-5");
    row.usage.input = Tokens(4_000);
    Observed { tools_offered: 12, tools_called: called, tools_tokens: Some(3_000), ..row }
}

#[test]
fn tools_that_nobody_calls_are_found_with_what_their_tokens_cost() {
    let finding = only(many(100, |number| with_tools(number, 0)));
    // 3,000 tokens at 1.25 dollars a million, a hundred times.
    assert_eq!((finding.kind, finding.saves.so_far), (Kind::UnusedTools, MicroUsd(375_000)));
}

#[test]
fn tools_that_are_called_now_and_then_are_not_found() {
    assert_eq!(planted(many(100, |number| with_tools(number, u32::from(number % 25 == 0)))), []);
}

#[test]
fn calls_that_were_paid_for_and_lost_are_found_by_the_way_they_were_lost() {
    for (outcome, word) in [
        (Outcome::ClientGone, "timeout"),
        (Outcome::Cut, "target"),
        (Outcome::Continued, "break"),
        (Outcome::HedgeLost, "hedging"),
    ] {
        let lost = |number| {
            let row = row(number, "openai", "gpt-5");
            if number % 2 == 0 { row } else { Observed { outcome, ..row } }
        };
        let finding = only(many(100, lost));
        assert_eq!((finding.kind, finding.requests), (Kind::CostlyRetries, 50), "{outcome:?}");
        assert_eq!(finding.saves.so_far, MicroUsd(50 * 2_000), "{outcome:?}");
        assert!(finding.advice.contains(word), "{}", finding.advice);
    }
}

#[test]
fn failures_that_cost_nothing_are_not_found() {
    let failed = |number| Observed {
        outcome: Outcome::Cut,
        cost: Some(MicroUsd::ZERO),
        ..row(number, "openai", "gpt-5")
    };
    assert_eq!(planted(many(100, failed)), []);
}

#[test]
fn patient_requests_at_full_price_are_found_with_half_of_it() {
    let finding = only(many(100, |number| Observed { is_patient: true, ..row(number, "openai", "gpt-5") }));
    assert_eq!((finding.kind, finding.saves.so_far), (Kind::Batchable, MicroUsd(100_000)));
    let waited = only(many(100, |number| Observed { queued_ms: 900_000, ..row(number, "openai", "gpt-5") }));
    assert_eq!(waited.kind, Kind::Batchable);
}

#[test]
fn patient_requests_where_no_batches_are_sold_are_not_found() {
    let elsewhere =
        |number| Observed { catalogue: "groq".into(), is_patient: true, ..row(number, "groq", "x") };
    assert_eq!(planted(many(100, elsewhere)), []);
}

#[test]
fn fewer_than_enough_requests_show_nothing() {
    let patient = |number| Observed { is_patient: true, ..row(number, "openai", "gpt-5") };
    assert_eq!(planted(many(LEAST_REQUESTS - 1, patient)), []);
    assert_eq!(planted(many(LEAST_REQUESTS, patient)).len(), 1);
}

#[test]
fn a_finding_names_examples_and_says_what_a_month_would_save() {
    let patient = |number: u64| {
        let mut row = row(number, "openai", "gpt-5");
        row.at.0 = number * 86_400_000 / 10;
        Observed { is_patient: true, ..row }
    };
    let rows = many(101, patient);
    let mut insights = Insights::new(Arc::new(PriceBook::default()), small());
    for row in &rows {
        insights.see(row);
    }
    let report = insights.report();
    let finding = &report.findings[0];
    assert_eq!(report.window_ms, 10 * 86_400_000);
    assert_eq!((finding.saves.so_far, finding.saves.per_month), (MicroUsd(101_000), MicroUsd(303_000)));
    assert_eq!(finding.examples, [rows[0].request.clone(), rows[1].request.clone(), rows[2].request.clone()]);
}

#[test]
fn groups_beyond_the_bound_are_counted_and_not_looked_at() {
    let mut insights = Insights::new(Arc::new(PriceBook::default()), small());
    for number in 0..=MOST_GROUPS as u64 {
        let key = paceway_domain::KeyId(format!("key-{number}"));
        insights.see(&Observed { key, ..row(number, "openai", "gpt-5") });
    }
    let report = insights.report();
    assert_eq!((report.rows, report.left_out), (MOST_GROUPS as u64, 1));
}
