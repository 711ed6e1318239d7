//! The SQLite backend: one file in WAL mode.

mod copy_of_identity;
mod days;
mod identity;
mod migrations;
mod reports;
mod responses;
mod rows;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceway_domain::RequestId;
use rusqlite::{Connection, ErrorCode};

pub(crate) use reports::SqliteReports;
pub(crate) use responses::SqliteResponses;

use crate::journal::Destination;
use crate::{Ledger, Row, StoreError};

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// An open database.
pub(crate) struct Sqlite {
    connection: Mutex<Connection>,
}

impl Sqlite {
    /// Opens the file, makes it if need be and brings its schema up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path).map_err(|error| named(path, error))?;
        prepare(&mut connection, path).map_err(|error| match error {
            StoreError::Database(error) => named(path, error),
            other => other,
        })?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// A panic inside SQLite's binding leaves the connection as usable as it was: transactions roll back when dropped.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    migrations::bring_up_to_date(connection, path)
}

/// An error at opening, with the file's name where that helps.
fn named(path: &Path, error: rusqlite::Error) -> StoreError {
    let path_text = path.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Corrupt { path: path_text, why: error.to_string() }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::Directory { path: path_text, why: std::io::Error::other(error.to_string()) }
        }
        _ => StoreError::Database(error),
    }
}

impl Destination for Sqlite {
    fn insert(&self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        {
            let mut statement = transaction.prepare_cached(include_str!("sqlite/insert_row.sql"))?;
            let mut days = days::Days::default();
            for row in rows {
                if rows::bind(&mut statement, row)? > 0 {
                    days.count(row);
                }
            }
            days.write(&transaction)?;
        }
        Ok(transaction.commit()?)
    }
}

impl Ledger for Sqlite {
    fn append(&self, row: Row) -> Result<(), StoreError> {
        self.insert(std::slice::from_ref(&row))
    }

    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError> {
        let connection = self.lock();
        let question = "select * from ledger where request_id = ?1 order by part";
        let mut statement = connection.prepare_cached(question)?;
        Ok(statement.query_map([id.as_str()], rows::read)?.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paceway_domain::{Owner, Tokens, UnixMillis};
    use paceway_policy::access::{KeyHash, Place, VirtualKey};
    use rusqlite::params;

    use super::migrations::MIGRATIONS;
    use super::*;
    use crate::identity::{Change, Identity, Note};

    #[test]
    fn keys_of_a_database_from_before_there_were_places_are_in_the_default_project_and_may_do_everything() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        let steps = &MIGRATIONS[..3];
        let before = steps.iter().map(|step| step.sql).collect::<Vec<_>>().join(";");
        old.execute_batch(&format!("{before}; pragma user_version = 3")).unwrap();
        let hash = KeyHash::of("pw_old");
        let insert = "insert into keys (id, hash, name, created_at) values (?1, ?2, 'old', 7)";
        old.execute(insert, params![hash.id().0, hash.0]).unwrap();
        drop(old);
        let now = Sqlite::open(&path).unwrap();
        let expected = VirtualKey::new(hash, "old", Owner::default(), UnixMillis(7));
        assert_eq!(now.keys().unwrap(), [expected]);
        assert_eq!(now.units().unwrap().len(), 3);
    }

    #[test]
    fn what_a_key_may_do_is_never_read_as_more_than_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&directory.path().join("new.db")).unwrap();
        let key = VirtualKey::new(KeyHash::of("pw_1"), "one", Owner::default(), UnixMillis(7));
        let note = Note {
            at: UnixMillis(7),
            actor: "test".into(),
            action: "keys.create".into(),
            subject: key.id.to_string(),
            place: Place::whole(),
            before: None,
            after: None,
        };
        store.apply(&Change::AddKey(Box::new(key)), &note).unwrap();
        for (column, damage) in
            [("models", "["), ("endpoints", r#"["of a later version"]"#), ("limits", "7"), ("place", "?")]
        {
            let write = |value: &str| {
                store.lock().execute(&format!("update keys set {column} = ?1"), [value]).unwrap();
            };
            let before: String =
                store.lock().query_row(&format!("select {column} from keys"), [], |row| row.get(0)).unwrap();
            write(damage);
            let error = store.keys().unwrap_err().to_string();
            assert!(error.contains(column), "{error}");
            write(&before);
        }
        assert!(store.keys().is_ok());
    }

    #[test]
    fn parts_that_were_told_by_their_ids_become_parts_of_their_requests() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&format!("{}; {}; pragma user_version = 2", MIGRATIONS[0].sql, MIGRATIONS[1].sql))
            .unwrap();
        let id = RequestId::from_bits(7);
        for written in [id.to_string(), format!("{id}.1")] {
            old.execute(
                "insert into ledger values (?1, 1, 'k', 'openai', 0, 'm', 'p', 'm', null, 5, 0, 0, 0, 6, 0, 9, 200, 'completed', 1, 0, \
                 null, 2, 0)",
                [&written],
            )
            .unwrap();
        }
        drop(old);
        let rows = Sqlite::open(&path).unwrap().find(&id).unwrap();
        let parts: Vec<_> =
            rows.iter().map(|row| (row.part, row.usage.input, row.owner.team.as_str())).collect();
        assert_eq!(parts, [(0, Tokens(5), "default"), (1, Tokens(5), "default")]);
    }
}
