//! The SQLite backend: one file in WAL mode.

mod copy_of_keys;
mod days;
mod migrations;
mod reports;
mod responses;
mod rows;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceway_domain::{KeyId, Owner, RequestId, UnixMillis};
use paceway_policy::access::{KeyHash, VirtualKey};
use rusqlite::{Connection, ErrorCode, params};

pub(crate) use reports::SqliteReports;
pub(crate) use responses::SqliteResponses;

use crate::columns::signed;
use crate::journal::Destination;
use crate::{Keys, Ledger, Row, StoreError};

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

impl Keys for Sqlite {
    fn all(&self) -> Result<Vec<VirtualKey>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("select hash, name, revoked_at from keys order by created_at, rowid")?;
        let keys = statement.query_map([], |row| {
            Ok(VirtualKey {
                hash: KeyHash(row.get(0)?),
                name: row.get(1)?,
                owner: Owner::default(),
                is_revoked: row.get::<_, Option<i64>>(2)?.is_some(),
            })
        })?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    fn create(&self, hash: KeyHash, name: &str, now: UnixMillis) -> Result<(), StoreError> {
        self.lock().execute(
            "insert into keys (id, hash, name, created_at) values (?1, ?2, ?3, ?4)",
            params![hash.id().0, hash.0, name, signed(now.0)],
        )?;
        Ok(())
    }

    fn revoke(&self, id: &KeyId, now: UnixMillis) -> Result<bool, StoreError> {
        let changed = self.lock().execute(
            "update keys set revoked_at = ?2 where id = ?1 and revoked_at is null",
            params![id.0, signed(now.0)],
        )?;
        Ok(changed > 0)
    }

    /// `data_version` changes when another connection commits, whatever it changed: the ledger's own writer uses this
    /// connection and so does not count.
    fn version(&self) -> Result<i64, StoreError> {
        Ok(self.lock().pragma_query_value(None, "data_version", |row| row.get(0))?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paceway_domain::Tokens;

    use super::migrations::MIGRATIONS;
    use super::*;

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
