//! The questions about identity that every backend has to answer.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use paceway_domain::{Endpoint, Owner, Priority, UnixMillis};
use paceway_policy::access::{Admin, Grant, KeyHash, OwnLimits, Place, Role, Unit, VirtualKey};
use paceway_store::identity::{Applied, AuditPage, Change, Note};
use paceway_store::{Access, Identity, open, open_shared};
use serde_json::json;
use support::postgres::database;

fn place(text: &str) -> Place {
    Place::read(text).unwrap()
}

fn note(action: &str, at: &str) -> Note {
    Note {
        at: UnixMillis(1_764_000_000_000),
        actor: "test".into(),
        action: action.into(),
        subject: at.into(),
        place: place(at),
        before: None,
        after: Some(json!({"name": "after"})),
    }
}

fn apply(identity: &dyn Identity, change: &Change) -> Applied {
    identity.apply(change, &note("test", "")).unwrap()
}

fn unit(at: &str) -> Change {
    Change::AddUnit(Unit { place: place(at), name: format!("the name of {at}"), created_at: UnixMillis(5) })
}

fn add(key: &VirtualKey) -> Change {
    Change::AddKey(Box::new(key.clone()))
}

fn replace(key: &VirtualKey) -> Change {
    Change::ReplaceKey(Box::new(key.clone()))
}

fn key(secret: &str) -> VirtualKey {
    let owner = Owner { organisation: "acme".into(), team: "search".into(), project: "ranking".into() };
    VirtualKey {
        expires_at: Some(UnixMillis(9)),
        grant: Grant {
            models: vec!["claude-*".into()],
            endpoints: vec![Endpoint::Generate, Endpoint::CountTokens],
            priority: Some(Priority::Low),
            limits: OwnLimits { requests_per_minute: Some(60), ..OwnLimits::default() },
        },
        ..VirtualKey::new(KeyHash::of(secret), "a key", owner, UnixMillis(5))
    }
}

fn planted(identity: &dyn Identity) {
    for at in ["acme", "acme/search", "acme/search/ranking"] {
        assert_eq!(apply(identity, &unit(at)), Applied::Done);
    }
}

/// All that a backend has to do. The store is new.
fn conforms(identity: &dyn Identity) {
    units_are_made_where_there_is_a_place_and_go_when_they_are_empty(identity);
    a_key_comes_back_as_it_was_written(identity);
    of_two_changes_to_one_reading_of_a_key_the_second_is_refused(identity);
    admins_come_back_and_are_revoked_once(identity);
    the_log_holds_what_was_done_and_nothing_else(identity);
    old_entries_of_the_log_go_and_that_is_entered(identity);
}

fn units_are_made_where_there_is_a_place_and_go_when_they_are_empty(identity: &dyn Identity) {
    let defaults: Vec<_> = identity.units().unwrap().iter().map(|unit| unit.place.to_string()).collect();
    assert_eq!(defaults, ["default", "default/default", "default/default/default"]);
    assert_eq!(apply(identity, &unit("acme/search")), Applied::NoPlace);
    planted(identity);
    assert_eq!(apply(identity, &unit("acme")), Applied::Exists);
    let renamed = Change::RenameUnit { place: place("acme"), name: "Acme Inc.".into() };
    assert_eq!(apply(identity, &renamed), Applied::Done);
    let found = identity.units().unwrap().into_iter().find(|unit| unit.place == place("acme")).unwrap();
    assert_eq!((found.name.as_str(), found.created_at), ("Acme Inc.", UnixMillis(5)));
    let missing = Change::RenameUnit { place: place("acme/none"), name: "none".into() };
    assert_eq!(apply(identity, &missing), Applied::Missing);
    assert_eq!(apply(identity, &Change::RemoveUnit(place("acme"))), Applied::NotEmpty);
    // A name that only begins like another, or that a pattern would take for it, is another.
    assert_eq!(apply(identity, &unit("acme_1")), Applied::Done);
    assert_eq!(apply(identity, &unit("acme-1")), Applied::Done);
    assert_eq!(apply(identity, &unit("acme-1/team")), Applied::Done);
    assert_eq!(apply(identity, &Change::RemoveUnit(place("acme_1"))), Applied::Done);
    assert_eq!(apply(identity, &Change::RemoveUnit(place("acme_1"))), Applied::Missing);
}

fn a_key_comes_back_as_it_was_written(identity: &dyn Identity) {
    let key = key("pw_first");
    assert_eq!(apply(identity, &add(&key)), Applied::Done);
    assert_eq!(identity.keys().unwrap(), std::slice::from_ref(&key));
    assert_eq!(apply(identity, &add(&key)), Applied::Exists);
    let elsewhere = VirtualKey {
        owner: Owner { project: "none".into(), ..key.owner.clone() },
        ..self::key("pw_elsewhere")
    };
    assert_eq!(apply(identity, &add(&elsewhere)), Applied::NoPlace);
    assert_eq!(apply(identity, &Change::RemoveUnit(place("acme/search/ranking"))), Applied::NotEmpty);
}

fn of_two_changes_to_one_reading_of_a_key_the_second_is_refused(identity: &dyn Identity) {
    let read = identity.keys().unwrap().remove(0);
    let rotated = read.rotated(KeyHash::of("pw_second"), UnixMillis(6), Duration::from_secs(1)).unwrap();
    assert_eq!(apply(identity, &replace(&rotated)), Applied::Done);
    let renamed = VirtualKey { name: "another".into(), ..read };
    assert_eq!(apply(identity, &replace(&renamed)), Applied::Outdated);
    let kept = identity.keys().unwrap().remove(0);
    assert_eq!(kept, VirtualKey { revision: 1, ..rotated });
    let revoked = VirtualKey { revoked_at: Some(UnixMillis(8)), ..kept };
    assert_eq!(apply(identity, &replace(&revoked)), Applied::Done);
    // Keys that let nobody in do not keep their project.
    assert_eq!(apply(identity, &Change::RemoveUnit(place("acme/search/ranking"))), Applied::Done);
}

fn admins_come_back_and_are_revoked_once(identity: &dyn Identity) {
    let role = (Role::Member, place("acme/search"));
    let admin = Admin::new(KeyHash::of("pwadmin_1"), "Ada", role, UnixMillis(5));
    let add = Change::AddAdmin(Box::new(admin.clone()));
    assert_eq!(apply(identity, &add), Applied::Done);
    assert_eq!(apply(identity, &add), Applied::Exists);
    assert_eq!(identity.admins().unwrap(), std::slice::from_ref(&admin));
    assert_eq!(apply(identity, &Change::RemoveUnit(place("acme/search"))), Applied::NotEmpty);
    let revoke = Change::RevokeAdmin { id: admin.id.clone(), at: UnixMillis(7) };
    assert_eq!(apply(identity, &revoke), Applied::Done);
    assert_eq!(apply(identity, &revoke), Applied::Missing);
    assert_eq!(identity.admins().unwrap(), [Admin { revoked_at: Some(UnixMillis(7)), ..admin }]);
    let nowhere = Admin::new(KeyHash::of("pwadmin_2"), "Bob", (Role::Owner, place("none")), UnixMillis(5));
    assert_eq!(apply(identity, &Change::AddAdmin(Box::new(nowhere))), Applied::NoPlace);
}

fn the_log_holds_what_was_done_and_nothing_else(identity: &dyn Identity) {
    let before = identity.version().unwrap();
    let whole = |before, most| AuditPage { place: Place::whole(), before, most };
    let entries = identity.audit(&whole(None, 100)).unwrap();
    assert_eq!(
        (entries[0].number, entries.len() as u64),
        (before, before),
        "one for each change that was made"
    );
    let refused = identity.apply(&unit("acme"), &note("units.create", "acme")).unwrap();
    assert_eq!((refused, identity.version().unwrap()), (Applied::Exists, before));
    let noted = note("reload", "acme/search");
    assert_eq!(identity.apply(&Change::Elsewhere, &noted).unwrap(), Applied::Done);
    assert!(identity.version().unwrap() > before);
    let newest = identity.audit(&whole(None, 1)).unwrap().remove(0);
    assert_eq!(newest.note, noted);
    assert_eq!(identity.audit(&whole(Some(newest.number), 1)).unwrap()[0].number, before);
    let of = |at: &str| identity.audit(&AuditPage { place: place(at), before: None, most: 9 }).unwrap().len();
    assert_eq!((of("acme"), of("acme/search"), of("acme/search/x"), of("acm")), (1, 1, 0, 0));
}

fn old_entries_of_the_log_go_and_that_is_entered(identity: &dyn Identity) {
    let whole = AuditPage { place: Place::whole(), before: None, most: 1_000 };
    let at = |at: u64| Note { at: UnixMillis(at), ..note("reload", "here") };
    for time in [10, 20, 30] {
        assert_eq!(identity.apply(&Change::Elsewhere, &at(time)).unwrap(), Applied::Done);
    }
    let trim = Change::TrimAudit { before: UnixMillis(20) };
    let noted = Note { at: UnixMillis(40), ..note("audit.trim", "") };
    let version = identity.version().unwrap();
    assert_eq!(identity.apply(&trim, &noted).unwrap(), Applied::Done);
    assert_eq!(identity.version().unwrap(), version + 1);
    let times = identity.audit(&whole).unwrap().into_iter().map(|entry| entry.note.at.0);
    let left: Vec<u64> = times.filter(|time| *time < 100).collect();
    assert_eq!(left, [40, 30, 20]);
    // Nothing to do is nothing done, and nothing entered.
    assert_eq!(identity.apply(&trim, &noted).unwrap(), Applied::Missing);
    assert_eq!(identity.version().unwrap(), version + 1);
}

#[test]
fn postgres_conforms() {
    let Some(database) = database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let store = open_shared(directory.path(), Access::Serve, Some(&database.shared("node-1"))).unwrap();
    conforms(store.identity.as_ref());
    let mut client = database.client();
    let touched = ["update audit set actor = ''", "delete from audit", "truncate audit"];
    assert!(touched.into_iter().all(|statement| client.batch_execute(statement).is_err()));
}

#[test]
fn of_many_nodes_that_change_a_key_at_once_each_change_is_made_once_and_none_is_missed() {
    let Some(database) = database() else { return };
    let directories: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let open = |place: usize| {
        let shared = database.shared(&format!("node-{place}"));
        open_shared(directories[place].path(), Access::Administer, Some(&shared)).unwrap().identity
    };
    let first = open(0);
    let key = VirtualKey::new(KeyHash::of("pw_1"), "one", Owner::default(), UnixMillis(5));
    assert_eq!(apply(first.as_ref(), &add(&key)), Applied::Done);
    let before = first.version().unwrap();
    let change = |place: usize| {
        let identity = open(place);
        let read = || identity.keys().unwrap().remove(0);
        let made = |_: &u32| apply(identity.as_ref(), &replace(&read())) == Applied::Done;
        (0..20).filter(made).count() as u64
    };
    let made: u64 = std::thread::scope(|scope| {
        let nodes: Vec<_> = (0..4)
            .map(|place| {
                let change = &change;
                scope.spawn(move || change(place))
            })
            .collect();
        nodes.into_iter().map(|node| node.join().unwrap()).sum()
    });
    assert!(made >= 20, "{made}");
    assert_eq!((first.keys().unwrap()[0].revision, first.version().unwrap() >= before + made), (made, true));
}

#[test]
fn the_log_in_sqlite_is_only_appended_to() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), Access::Serve).unwrap();
    assert_eq!(apply(store.identity.as_ref(), &unit("acme")), Applied::Done);
    let file = rusqlite::Connection::open(directory.path().join("paceway.db")).unwrap();
    let touched = ["update audit set actor = ''", "delete from audit"];
    assert!(touched.into_iter().all(|statement| file.execute_batch(statement).is_err()));
}

#[test]
fn sqlite_conforms() {
    let directory = tempfile::tempdir().unwrap();
    conforms(open(directory.path(), Access::Serve).unwrap().identity.as_ref());
}

#[test]
fn a_change_by_another_process_shows_in_the_version_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let serving = open(directory.path(), Access::Serve).unwrap().identity;
    let before = serving.version().unwrap();
    let other = open(directory.path(), Access::Administer).unwrap().identity;
    assert_eq!(apply(other.as_ref(), &unit("acme")), Applied::Done);
    assert_ne!(serving.version().unwrap(), before);
}
