//! The questions that every backend has to answer, and those that are the data directory's and the journal's own.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use paceway_domain::{
    Dialect, KeyId, MicroUsd, Owner, RequestId, Secret, ServiceTier, Tags, Tokens, UnixMillis, Usage,
};
use paceway_policy::access::{KeyHash, VirtualKey};
use paceway_store::identity::{Change, Note};
use paceway_store::ledger::Traits;
use paceway_store::reports::{Adjustment, Dimension, Filter, Group, Period, Property, Question};
use paceway_store::{
    Access, Conversation, KeptResponse, Row, SharedDatabase, Store, StoreError, open, open_shared,
};
use support::postgres::{Database, database};
use support::server::Server;
use tempfile::TempDir;

/// Where a node keeps its things.
struct Place {
    directory: TempDir,
    database: Option<Database>,
}

impl Place {
    fn embedded() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), database: None }
    }

    fn with(database: Database) -> Self {
        Self { database: Some(database), ..Self::embedded() }
    }

    fn open(&self, access: Access) -> Store {
        self.open_as("node-1", self.directory.path(), access)
    }

    fn open_as(&self, node: &str, directory: &Path, access: Access) -> Store {
        let shared: Option<SharedDatabase> = self.database.as_ref().map(|database| database.shared(node));
        open_shared(directory, access, shared.as_ref()).unwrap()
    }

    fn requests(&self) -> u64 {
        all(&self.open(Access::Administer)).requests
    }
}

/// Each question, asked of each engine.
macro_rules! ask_every_engine {
    ($($question:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $question() { super::$question(&super::Place::embedded()); })+
        }
        mod postgres {
            $(#[test] fn $question() {
                if let Some(database) = super::database() { super::$question(&super::Place::with(database)); }
            })+
        }
    };
}

ask_every_engine!(
    rows_come_back_summed_by_model_with_unknown_prices_apart,
    a_row_comes_back_as_it_was,
    a_row_delivered_twice_is_there_once,
    a_name_with_odd_characters_is_taken,
    rows_of_a_killed_process_are_delivered_by_the_next_one,
    each_period_has_its_name,
    each_property_can_be_summed_up_by_and_filtered,
    hours_at_the_edges_of_a_time_count_to_the_millisecond,
    earlier_calls_cost_and_are_no_requests,
    an_export_shows_each_row_once_in_order_of_time,
    a_correction_counts_once_and_is_told_apart,
    what_was_spent_is_told_by_scope_and_time,
    rows_that_were_just_taken_can_be_waited_for,
);

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
        price_source: "catalogue 2026-11-12".into(),
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
    all(&open(directory, Access::Administer).unwrap()).requests
}

/// The sums of everything.
fn all(store: &Store) -> Group {
    store.reports.usage(&Question::default()).unwrap().remove(0)
}

/// What each group has in common, and how many requests it has.
fn counted(store: &Store, by: &[Dimension], filter: Filter) -> Vec<(String, u64)> {
    let groups = store.reports.usage(&Question { by: by.to_vec(), filter }).unwrap();
    groups.into_iter().map(|group| (group.of.join(" "), group.requests)).collect()
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

fn rows_come_back_summed_by_model_with_unknown_prices_apart(place: &Place) {
    let store = place.open(Access::Serve);
    store.ledger.append(row(1)).unwrap();
    store.ledger.append(row(2)).unwrap();
    store.ledger.append(Row { cost: None, ..row(3) }).unwrap();
    drop(store);
    let by = vec![Dimension::Property(Property::Provider), Dimension::Property(Property::Model)];
    let question = Question { by, filter: Filter::default() };
    let groups = place.open(Access::Administer).reports.usage(&question).unwrap();
    let [total] = groups.as_slice() else { panic!("{groups:?}") };
    assert_eq!(total.of, ["anthropic", "claude-haiku-5-5"]);
    assert_eq!((total.requests, total.unpriced, total.cost), (3, 1, MicroUsd(8)));
    assert_eq!(total.usage.cache_read, Tokens(9));
}

fn a_row_comes_back_as_it_was(place: &Place) {
    let store = place.open(Access::Serve);
    let rows = [row(1), Row { cost: None, first_byte_ms: None, dialect: Dialect::OpenAi, ..row(2) }];
    for row in &rows {
        store.ledger.append(row.clone()).unwrap();
    }
    drop(store);
    let ledger = place.open(Access::Administer).ledger;
    for row in rows {
        assert_eq!(ledger.find(&row.request_id).unwrap(), [row]);
    }
    assert!(ledger.find(&RequestId::from_bits(3)).unwrap().is_empty());
}

fn a_row_delivered_twice_is_there_once(place: &Place) {
    for _ in 0..2 {
        let store = place.open(Access::Serve);
        store.ledger.append(row(1)).unwrap();
    }
    assert_eq!(place.requests(), 1);
}

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Monday, 23 November 2026, midnight.
const MONDAY: u64 = 1_795_392_000_000;

/// A store with these rows in its database.
fn with_rows(place: &Place, rows: impl IntoIterator<Item = Row>) -> Store {
    let serving = place.open(Access::Serve);
    rows.into_iter().for_each(|row| serving.ledger.append(row).unwrap());
    drop(serving);
    place.open(Access::Administer)
}

fn at(number: u128, at: u64) -> Row {
    Row { arrived_at: UnixMillis(at), ..row(number) }
}

fn between(from: u64, to: u64) -> Filter {
    Filter { from: Some(UnixMillis(from)), to: Some(UnixMillis(to)), with: Vec::new() }
}

fn each_period_has_its_name(place: &Place) {
    let rows = [at(1, MONDAY - 1), at(2, MONDAY), at(3, MONDAY + 8 * DAY + 5 * HOUR)];
    let store = with_rows(place, rows);
    let by = |period| counted(&store, &[Dimension::Period(period)], Filter::default());
    let each = |names: [&str; 3]| names.map(|name| (name.to_owned(), 1));
    assert_eq!(by(Period::Hour), each(["2026-11-22T23:00Z", "2026-11-23T00:00Z", "2026-12-01T05:00Z"]));
    assert_eq!(by(Period::Day), each(["2026-11-22", "2026-11-23", "2026-12-01"]));
    assert_eq!(by(Period::Week), each(["2026-11-16", "2026-11-23", "2026-11-30"]));
    assert_eq!(by(Period::Month), [("2026-11".into(), 2), ("2026-12".into(), 1)]);
}

fn each_property_can_be_summed_up_by_and_filtered(place: &Place) {
    let mut odd = Tags::default();
    assert!(odd.set("$.a\"[0]", "it's"));
    let mut other = Row {
        key: KeyId("ffffffffffff".into()),
        owner: Owner { organisation: "zeta".into(), team: "z-team".into(), project: "z-project".into() },
        endpoint: "rerank".into(),
        provider: "openai".into(),
        model: "z-model".into(),
        outcome: "cut".into(),
        price_source: "unknown model".into(),
        tags: odd,
        ..row(2)
    };
    other.tier = ServiceTier::Standard;
    let store = with_rows(place, [row(1), other]);
    let cases = [
        (Property::Organisation, "acme", "zeta"),
        (Property::Team, "search", "z-team"),
        (Property::Project, "ranking", "z-project"),
        (Property::Key, "0123456789ab", "ffffffffffff"),
        (Property::Provider, "anthropic", "openai"),
        (Property::Model, "claude-haiku-5-5", "z-model"),
        (Property::Endpoint, "generate", "rerank"),
        (Property::Tier, "flex", "standard"),
        (Property::Outcome, "completed", "cut"),
        (Property::PriceSource, "catalogue 2026-11-12", "unknown model"),
        (Property::Tag("$.a\"[0]".into()), "", "it's"),
    ];
    for (property, first, second) in cases {
        let by = [Dimension::Property(property.clone())];
        let mut both = counted(&store, &by, Filter::default());
        both.sort();
        let mut expected = [(first.to_owned(), 1), (second.to_owned(), 1)];
        expected.sort();
        assert_eq!(both, expected, "{property:?}");
        let filter = Filter { with: vec![(property.clone(), second.to_owned())], ..Filter::default() };
        assert_eq!(counted(&store, &by, filter), [(second.to_owned(), 1)], "{property:?}");
    }
}

fn hours_at_the_edges_of_a_time_count_to_the_millisecond(place: &Place) {
    let times = [0, 1, HOUR, DAY - 1, DAY, DAY + 1, 2 * DAY, 2 * DAY + HOUR, 3 * DAY];
    let store = with_rows(place, (1..).zip(times).map(|(number, time)| at(number, MONDAY + time)));
    let count = |from: u64, to: u64| counted(&store, &[], between(MONDAY + from, MONDAY + to))[0].1;
    assert_eq!(count(0, 3 * DAY), 8);
    assert_eq!(count(1, 3 * DAY), 7);
    assert_eq!(count(HOUR, 2 * DAY + 1), 5);
    assert_eq!(count(HOUR, DAY - 1), 1);
    assert_eq!(count(DAY - 1, DAY + 1), 2);
    assert_eq!(count(DAY + 1, 2 * DAY), 1);
    assert_eq!(count(5 * DAY, 6 * DAY), 0);
}

fn earlier_calls_cost_and_are_no_requests(place: &Place) {
    let store = with_rows(place, [row(1), Row { part: 1, usage_is_estimated: true, ..row(1) }]);
    let all = all(&store);
    assert_eq!((all.requests, all.cost, all.estimated), (1, MicroUsd(8), 1));
    assert_eq!(all.usage.input, Tokens(20));
}

fn an_export_shows_each_row_once_in_order_of_time(place: &Place) {
    // Many at one moment, over several pages, and written in another order.
    let store = with_rows(
        place,
        (0..2_500)
            .rev()
            .map(|number| at(number, MONDAY + u64::from(number >= 1_200) + u64::from(number >= 2_400))),
    );
    let mut seen = Vec::new();
    let visit = &mut |row: Row| {
        seen.push(row.request_id);
        ControlFlow::Continue(())
    };
    store.reports.export(&Filter::default(), visit).unwrap();
    let expected: Vec<_> = (0..2_500).map(RequestId::from_bits).collect();
    assert_eq!(seen, expected);
    let mut count = 0;
    let filter = Filter { with: vec![(Property::Team, "search".into())], ..between(MONDAY + 1, MONDAY + 2) };
    let visit = &mut |_| {
        count += 1;
        if count == 1_100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.reports.export(&filter, visit).unwrap();
    assert_eq!(count, 1_100);
}

fn a_correction_counts_once_and_is_told_apart(place: &Place) {
    let store = with_rows(place, [at(1, MONDAY)]);
    let less = Adjustment {
        id: "test/1".into(),
        at: UnixMillis(MONDAY),
        provider: "anthropic".into(),
        model: "claude-haiku-5-5".into(),
        cost: -3,
        reason: "a test".into(),
    };
    let more = Adjustment { id: "test/2".into(), cost: 1, ..less.clone() };
    assert_eq!(store.reports.adjust(&[less.clone(), more.clone()]).unwrap(), 2);
    assert_eq!(store.reports.adjust(&[less, more]).unwrap(), 0);
    let sums = all(&store);
    assert_eq!((sums.requests, sums.cost, sums.correction), (1, MicroUsd(4), -2));
    let corrected = |from, to| store.reports.corrected(UnixMillis(from), to).unwrap();
    assert_eq!([corrected(MONDAY, None), corrected(MONDAY + 1, None)], [-2, 0]);
    assert_eq!(corrected(0, Some(UnixMillis(MONDAY))), 0);
    let by = vec![Dimension::Property(Property::Model), Dimension::Property(Property::Outcome)];
    let groups = store.reports.usage(&Question { by, filter: between(MONDAY, MONDAY + 1) }).unwrap();
    let told: Vec<_> =
        groups.iter().map(|group| (group.of[1].as_str(), group.cost.0, group.correction)).collect();
    assert_eq!(told, [("", 0, -2), ("completed", 4, 0)]);
}

fn rows_that_were_just_taken_can_be_waited_for(place: &Place) {
    let store = place.open(Access::Serve);
    store.ledger.append(row(1)).unwrap();
    assert!(store.ledger.catch_up(Duration::from_secs(20)));
    assert_eq!((all(&store).requests, store.ledger.waiting()), (1, 0));
}

fn what_was_spent_is_told_by_scope_and_time(place: &Place) {
    let theirs = Row { owner: Owner::default(), tags: Tags::default(), ..at(3, MONDAY) };
    let store = with_rows(place, [at(1, MONDAY), at(2, MONDAY + DAY), theirs]);
    let spent = |scope: Property, name: &str| {
        let filter = Filter { with: vec![(scope, name.to_owned())], ..between(MONDAY, MONDAY + DAY) };
        let groups = store.reports.usage(&Question { by: Vec::new(), filter }).unwrap();
        groups.first().map_or(MicroUsd::ZERO, |all| all.cost)
    };
    assert_eq!(spent(Property::Team, "search"), MicroUsd(4));
    assert_eq!(spent(Property::Tag("feature".into()), "search"), MicroUsd(4));
    assert_eq!(spent(Property::Key, "0123456789ab"), MicroUsd(8));
    assert_eq!(spent(Property::Project, "none"), MicroUsd(0));
}

fn a_name_with_odd_characters_is_taken(place: &Place) {
    let mut odd = Tags::default();
    assert!(odd.set("a\0b", "'\u{1f600}\\\0"));
    let store = place.open(Access::Serve);
    store.ledger.append(Row { model_asked: "x\0y'\"".into(), tags: odd, ..row(1) }).unwrap();
    drop(store);
    let found = place.open(Access::Administer).ledger.find(&RequestId::from_bits(1)).unwrap();
    assert!(found[0].model_asked.starts_with('x') && found[0].model_asked.ends_with("y'\""), "{found:?}");
    assert_eq!(found[0].tags.iter().count(), 1);
}

fn rows_of_a_killed_process_are_delivered_by_the_next_one(place: &Place) {
    let copy = tempfile::tempdir().unwrap();
    let store = place.open(Access::Serve);
    for number in 0..50 {
        store.ledger.append(row(number)).unwrap();
    }
    // What the disk holds at this moment is what a killed process leaves behind.
    for entry in fs::read_dir(place.directory.path()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    killed(store);
    drop(place.open_as("node-1", copy.path(), Access::Serve));
    assert_eq!(all(&place.open_as("node-1", copy.path(), Access::Administer)).requests, 50);
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

#[test]
fn two_nodes_that_start_at_once_agree_on_the_schema() {
    let Some(database) = database() else { return };
    let start = &|node: &str| {
        let directory = tempfile::tempdir().unwrap();
        let shared = database.shared(node);
        open_shared(directory.path(), Access::Serve, Some(&shared)).unwrap().ledger.append(row(1)).unwrap();
    };
    std::thread::scope(|scope| {
        for node in ["a", "b", "c", "d"] {
            scope.spawn(move || start(node));
        }
    });
    let place = Place::with(database);
    assert_eq!(place.requests(), 1);
}

#[test]
fn rows_wait_for_a_database_that_is_away_and_come_once_when_it_is_back() {
    let Some(server) = Server::of_its_own() else { return };
    let directory = tempfile::tempdir().unwrap();
    let shared = SharedDatabase { url: Secret::new(server.url()), node: "node-1".into() };
    let open = |access| open_shared(directory.path(), access, Some(&shared)).unwrap();
    let store = open(Access::Serve);
    let key = VirtualKey::new(KeyHash::of("pw_test"), "first", Owner::default(), UnixMillis(1));
    let note = Note {
        at: UnixMillis(1),
        actor: "test".into(),
        action: "keys.create".into(),
        subject: key.id.to_string(),
        place: paceway_policy::access::Place::whole(),
        before: None,
        after: None,
    };
    store.identity.apply(&Change::AddKey(Box::new(key.clone())), &note).unwrap();
    store.identity.keys().unwrap();
    store.ledger.append(row(1)).unwrap();
    eventually(|| store.ledger.waiting() == 0);
    server.kill();
    // More than a segment holds, some of them of a process that is killed while the database is away.
    (2..12_002).for_each(|number| store.ledger.append(row(number)).unwrap());
    assert_eq!(store.ledger.waiting(), 12_000);
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    // What a process left that was killed now, started while the database is still away.
    let next = open_shared(copy.path(), Access::Serve, Some(&shared)).unwrap();
    assert_eq!(next.identity.keys().unwrap(), [key]);
    assert!(next.identity.admins().unwrap().is_empty());
    next.ledger.append(row(20_000)).unwrap();
    server.start_again();
    eventually(|| store.ledger.waiting() + next.ledger.waiting() == 0);
    store.ledger.append(row(1)).unwrap();
    drop((store, next));
    let sums = all(&open(Access::Administer));
    assert_eq!((sums.requests, sums.cost), (12_002, MicroUsd(4 * 12_002)));
    assert_eq!(files_ending_in(directory.path(), ".journal").len(), 1);
}

#[test]
fn a_row_that_the_database_will_never_take_keeps_no_other_waiting() {
    let Some(database) = database() else { return };
    let place = Place::with(database);
    // The sum of both is more than a column holds.
    let vast = |number| Row { cost: Some(MicroUsd(u64::MAX)), ..row(number) };
    let store = with_rows(&place, [row(1), vast(2), vast(3), row(4)]);
    let sums = all(&store);
    assert!(sums.requests >= 2, "{sums:?}");
    let refused = fs::read_to_string(place.directory.path().join("ledger.refused")).unwrap();
    assert_eq!(sums.requests + refused.lines().count() as u64, 4);
}

/// Looks again and again until it is so; ends the test if it never is.
fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    panic!("never");
}

#[test]
fn a_shared_database_of_a_later_version_is_not_touched() {
    let Some(database) = database() else { return };
    let place = Place::with(database);
    place.requests();
    let database = place.database.as_ref().unwrap();
    database.client().batch_execute("insert into paceway_migrations values (9999, 'later')").unwrap();
    let opened = open_shared(place.directory.path(), Access::Serve, Some(&database.shared("node-1")));
    let error = opened.and_then(|store| store.identity.keys().map(drop)).unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 9999, .. }), "{error}");
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
