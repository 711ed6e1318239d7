//! The questions that every backend has to answer, and the journal's own.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use paceway_domain::{
    Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tags, Tokens, UnixMillis, Usage,
};
use paceway_policy::access::KeyHash;
use paceway_store::ledger::Traits;
use paceway_store::{Access, Conversation, Filter, KeptResponse, Row, Store, StoreError, open};

fn row(number: u128) -> Row {
    Row {
        request_id: RequestId::from_bits(number),
        part: 0,
        arrived_at: UnixMillis(1_764_000_000_000),
        key: KeyId("0123456789ab".into()),
        owner: Owner { organisation: "acme".into(), team: "search".into(), project: "ranking".into() },
        tags: tags(),
        endpoint: "generate".into(),
        dialect: Dialect::Anthropic,
        streamed: true,
        model_asked: "claude-haiku-5-5".into(),
        provider: "anthropic".into(),
        model: "claude-haiku-5-5".into(),
        provider_request_id: Some("req_011".into()),
        usage: Usage {
            input: Tokens(10),
            output: Tokens(5),
            reasoning: Tokens(2),
            cache_read: Tokens(3),
            web_searches: 1,
            ..Usage::default()
        },
        tier: ServiceTier::Flex,
        usage_is_estimated: false,
        cost: Some(MicroUsd(4)),
        status: 200,
        outcome: "completed".into(),
        attempts: 1,
        queued_ms: 0,
        first_byte_ms: Some(120),
        total_ms: 900,
        traits: Traits { request_hash: Some(u64::MAX), tools_offered: 2, is_cut: true, ..Traits::default() },
    }
}

fn tags() -> Tags {
    let mut tags = Tags::default();
    assert!(tags.set("feature", "search"));
    tags
}

fn requests(directory: &Path) -> u64 {
    let totals = open(directory, Access::Administer).unwrap().ledger.totals().unwrap();
    totals.iter().map(|total| total.requests).sum()
}

fn files_ending_in(directory: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect()
}

/// A store that ends as kill -9 ends it: nothing is delivered, no destructor runs.
fn killed(store: Store) {
    std::mem::forget(store);
}

#[test]
fn rows_come_back_summed_by_model_with_unknown_prices_apart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Access::Serve).unwrap();
    store.ledger.append(row(1)).unwrap();
    store.ledger.append(row(2)).unwrap();
    store.ledger.append(Row { cost: None, ..row(3) }).unwrap();
    drop(store);
    let totals = open(directory.path(), Access::Administer).unwrap().ledger.totals().unwrap();
    let [total] = totals.as_slice() else { panic!("{totals:?}") };
    assert_eq!((total.requests, total.unpriced, total.cost), (3, 1, MicroUsd(8)));
    assert_eq!(total.usage.cache_read, Tokens(9));
}

#[test]
fn a_row_comes_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Access::Serve).unwrap();
    let rows = [row(1), Row { cost: None, first_byte_ms: None, dialect: Dialect::OpenAi, ..row(2) }];
    for row in &rows {
        store.ledger.append(row.clone()).unwrap();
    }
    drop(store);
    let ledger = open(directory.path(), Access::Administer).unwrap().ledger;
    for row in rows {
        assert_eq!(ledger.find(&row.request_id).unwrap(), [row]);
    }
    assert!(ledger.find(&RequestId::from_bits(3)).unwrap().is_empty());
}

#[test]
fn rows_are_exported_in_the_order_of_their_arrival_each_once_and_only_those_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Access::Serve).unwrap();
    // More than one page, of which many arrived in the same millisecond.
    for number in (0..2_500_u64).rev() {
        let arrived_at = UnixMillis(number / 5);
        store.ledger.append(Row { arrived_at, ..row(u128::from(number)) }).unwrap();
    }
    drop(store);
    let ledger = open(directory.path(), Access::Administer).unwrap().ledger;
    let exported = |from: Option<u64>, to: Option<u64>| {
        let mut ids = Vec::new();
        let filter = Filter { from: from.map(UnixMillis), to: to.map(UnixMillis) };
        ledger.export(&filter, &mut |row| ids.push(row.request_id)).unwrap();
        ids
    };
    let ids = |numbers: std::ops::Range<u128>| numbers.map(RequestId::from_bits).collect::<Vec<_>>();
    assert_eq!(exported(None, None), ids(0..2_500));
    assert_eq!(exported(Some(10), Some(12)), ids(50..60));
    assert_eq!(exported(Some(500), None), []);
}

#[test]
fn a_row_delivered_twice_is_there_once() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let store = open(directory.path(), Access::Serve).unwrap();
        store.ledger.append(row(1)).unwrap();
    }
    assert_eq!(requests(directory.path()), 1);
}

#[test]
fn rows_of_a_killed_process_are_delivered_by_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Access::Serve).unwrap();
    for number in 0..50 {
        store.ledger.append(row(number)).unwrap();
    }
    // What the disk holds at this moment is what a killed process leaves behind.
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    killed(store);
    drop(open(copy.path(), Access::Serve).unwrap());
    assert_eq!(requests(copy.path()), 50);
}

#[test]
fn a_line_cut_short_loses_only_itself() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path(), Access::Serve).unwrap());
    let other = tempfile::tempdir().unwrap();
    let store = open(other.path(), Access::Serve).unwrap();
    store.ledger.append(row(1)).unwrap();
    store.ledger.append(row(2)).unwrap();
    let segment = files_ending_in(other.path(), ".journal").remove(0);
    let lines = fs::read(segment).unwrap();
    killed(store);
    fs::write(directory.path().join("ledger-00000042.journal"), &lines[..lines.len() - 20]).unwrap();
    drop(open(directory.path(), Access::Serve).unwrap());
    assert_eq!(requests(directory.path()), 1);
}

#[test]
fn a_journal_does_not_grow_once_its_rows_are_delivered() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..5 {
        open(directory.path(), Access::Serve).unwrap().ledger.append(row(number)).unwrap();
    }
    let sizes: u64 = files_ending_in(directory.path(), ".journal")
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!((sizes, requests(directory.path())), (0, 5));
}

#[test]
fn a_key_is_found_until_it_is_revoked_and_once_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Access::Serve).unwrap();
    let hash = KeyHash::of("pw_test");
    store.keys.create(hash, "first", UnixMillis(1)).unwrap();
    assert!(!store.keys.all().unwrap()[0].is_revoked);
    assert!(store.keys.revoke(&hash.id(), UnixMillis(2)).unwrap());
    assert!(!store.keys.revoke(&hash.id(), UnixMillis(3)).unwrap());
    let keys = store.keys.all().unwrap();
    assert_eq!((keys[0].name.as_str(), keys[0].is_revoked), ("first", true));
}

#[test]
fn a_change_by_another_process_shows_in_the_version_and_our_own_rows_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let serving = open(directory.path(), Access::Serve).unwrap();
    let before = serving.keys.version().unwrap();
    serving.keys.create(KeyHash::of("pw_own"), "own", UnixMillis(1)).unwrap();
    assert_eq!(serving.keys.version().unwrap(), before);
    let other = open(directory.path(), Access::Administer).unwrap();
    other.keys.create(KeyHash::of("pw_other"), "other", UnixMillis(1)).unwrap();
    assert_ne!(serving.keys.version().unwrap(), before);
}

#[test]
fn two_processes_may_not_serve_from_one_directory() {
    let directory = tempfile::tempdir().unwrap();
    let _first = open(directory.path(), Access::Serve).unwrap();
    assert!(matches!(open(directory.path(), Access::Serve), Err(StoreError::InUse(_))));
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("paceway.db");
    fs::write(&path, "this is not a database, it only has its name ".repeat(40)).unwrap();
    let Err(error) = open(directory.path(), Access::Serve) else { panic!("it opened") };
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("paceway.db"), "{error}");
    assert!(fs::read_to_string(path).unwrap().starts_with("this is not"));
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let Err(error) = open(&file.join("data"), Access::Serve) else { panic!("it opened") };
    assert!(error.to_string().contains("file/data"), "{error}");
}

#[test]
fn a_database_of_a_later_version_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path(), Access::Serve).unwrap());
    let path = directory.path().join("paceway.db");
    let bytes = fs::read(&path).unwrap();
    let mut later = bytes.clone();
    later[63] = 99; // user_version: a big-endian integer at offset 60 (sqlite.org/fileformat2.html, 1.3)
    fs::write(&path, later).unwrap();
    let Err(error) = open(directory.path(), Access::Serve) else { panic!("it opened") };
    assert!(matches!(error, StoreError::TooNew { found: 99, .. }), "{error}");
}

fn kept(id: &str, created_at: u64) -> KeptResponse {
    KeptResponse {
        id: id.into(),
        key: KeyId("0123456789ab".into()),
        created_at: UnixMillis(created_at),
        provider: "anthropic".into(),
        quota_group: "main".into(),
        content: Some(Conversation { input: b"[]".to_vec(), answer: b"{}".to_vec() }),
    }
}

#[test]
fn a_kept_response_is_seen_by_its_own_key_only() {
    let directory = tempfile::tempdir().unwrap();
    let responses = open(directory.path(), Access::Serve).unwrap().responses;
    let theirs = KeptResponse { content: None, ..kept("resp_2", 5) };
    responses.keep(&kept("resp_1", 5)).unwrap();
    responses.keep(&theirs).unwrap();
    let (own, other) = (KeyId("0123456789ab".into()), KeyId("ffffffffffff".into()));
    assert_eq!(responses.find(&own, "resp_1").unwrap(), Some(kept("resp_1", 5)));
    assert_eq!(responses.find(&own, "resp_2").unwrap(), Some(theirs));
    assert_eq!(responses.find(&other, "resp_1").unwrap(), None);
    assert!(!responses.forget(&other, "resp_1").unwrap());
    assert!(responses.forget(&own, "resp_1").unwrap());
    assert_eq!(responses.find(&own, "resp_1").unwrap(), None);
}

#[test]
fn old_responses_and_too_many_are_swept_oldest_first() {
    let directory = tempfile::tempdir().unwrap();
    let responses = open(directory.path(), Access::Serve).unwrap().responses;
    for (id, at) in [("resp_1", 10), ("resp_2", 20), ("resp_3", 30), ("resp_4", 40)] {
        responses.keep(&kept(id, at)).unwrap();
    }
    assert_eq!(responses.sweep(UnixMillis(15), 2).unwrap(), 2);
    let own = KeyId("0123456789ab".into());
    let left: Vec<_> = ["resp_1", "resp_2", "resp_3", "resp_4"]
        .into_iter()
        .filter(|id| responses.find(&own, id).unwrap().is_some())
        .collect();
    assert_eq!(left, ["resp_3", "resp_4"]);
}
