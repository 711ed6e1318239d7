//! The SQLite backend: one file in WAL mode.

mod responses;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceway_domain::{Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tokens, UnixMillis, Usage};
use paceway_policy::access::{KeyHash, VirtualKey};
use rusqlite::{Connection, ErrorCode, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use responses::SqliteResponses;

use crate::ledger::{Filter, Total};
use crate::{Keys, Ledger, Row, StoreError};

/// Applied in order; a database's `user_version` is the number of those it has.
const MIGRATIONS: [&str; 3] = [
    include_str!("sqlite/0001_keys_and_ledger.sql"),
    include_str!("sqlite/0002_reasoning_and_responses.sql"),
    include_str!("sqlite/0003_owners_parts_and_traits.sql"),
];

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// Rows that are read at once.
const PAGE: i64 = 1_000;

/// An open database.
pub(crate) struct Sqlite {
    connection: Mutex<Connection>,
}

impl Sqlite {
    /// Opens the file, makes it if need be and brings its schema up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(|error| named(path, error))?;
        prepare(&connection, path).map_err(|error| match error {
            StoreError::Database(error) => named(path, error),
            other => other,
        })?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Adds rows in one transaction, synced to disk when this returns. Rows that are there already are left as they are.
    pub(crate) fn insert(&self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        {
            let mut statement = transaction.prepare_cached(include_str!("sqlite/insert_row.sql"))?;
            for row in rows {
                bind(&mut statement, row)?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// A panic inside SQLite's binding leaves the connection as usable as it was: transactions roll back when dropped.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).expect("a handful");
    if version > known {
        return Err(StoreError::TooNew { path: path.display().to_string(), found: version, known });
    }
    for (number, migration) in (1..).zip(MIGRATIONS) {
        if number > version {
            connection
                .execute_batch(&format!("begin; {migration}; pragma user_version = {number}; commit"))?;
        }
    }
    Ok(())
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

fn bind(statement: &mut rusqlite::CachedStatement<'_>, row: &Row) -> Result<(), StoreError> {
    statement.execute(named_params! {
        ":request_id": row.request_id.as_str(),
        ":part": row.part,
        ":arrived_at": signed(row.arrived_at.0),
        ":key": row.key.0,
        ":organisation": row.owner.organisation,
        ":team": row.owner.team,
        ":project": row.owner.project,
        ":tags": json(&row.tags),
        ":endpoint": row.endpoint,
        ":dialect": row.dialect.name(),
        ":streamed": row.streamed,
        ":model_asked": row.model_asked,
        ":provider": row.provider,
        ":model": row.model,
        ":provider_request_id": row.provider_request_id,
        ":input": signed(row.usage.input.get()),
        ":cache_read": signed(row.usage.cache_read.get()),
        ":cache_write_5m": signed(row.usage.cache_write_5m.get()),
        ":cache_write_1h": signed(row.usage.cache_write_1h.get()),
        ":output": signed(row.usage.output.get()),
        ":reasoning": signed(row.usage.reasoning.get()),
        ":audio_input": signed(row.usage.audio_input.get()),
        ":audio_output": signed(row.usage.audio_output.get()),
        ":image_output": signed(row.usage.image_output.get()),
        ":web_searches": row.usage.web_searches,
        ":tier": row.tier.name(),
        ":usage_is_estimated": row.usage_is_estimated,
        ":cost": row.cost.map(|cost| signed(cost.0)),
        ":status": row.status,
        ":outcome": row.outcome,
        ":attempts": row.attempts,
        ":queued_ms": signed(row.queued_ms),
        ":first_byte_ms": row.first_byte_ms.map(signed),
        ":total_ms": signed(row.total_ms),
        ":traits": json(&row.traits),
    })?;
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain names and numbers")
}

/// SQLite's integers are signed. Counts above 2⁶³ do not occur; one that did would be kept as the largest.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let dialect: String = row.get("dialect")?;
    Ok(Row {
        request_id: RequestId::from_text(row.get("request_id")?),
        part: row.get("part")?,
        arrived_at: UnixMillis(unsigned(row, "arrived_at")?),
        key: KeyId(row.get("key")?),
        owner: Owner {
            organisation: row.get("organisation")?,
            team: row.get("team")?,
            project: row.get("project")?,
        },
        tags: from_json(&row.get::<_, String>("tags")?),
        endpoint: row.get("endpoint")?,
        dialect: Dialect::ALL.into_iter().find(|known| known.name() == dialect).unwrap_or(Dialect::Anthropic),
        streamed: row.get("streamed")?,
        model_asked: row.get("model_asked")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        provider_request_id: row.get("provider_request_id")?,
        usage: read_usage(row)?,
        tier: ServiceTier::named(&row.get::<_, String>("tier")?).unwrap_or_default(),
        usage_is_estimated: row.get("usage_is_estimated")?,
        cost: row.get::<_, Option<i64>>("cost")?.map(|cost| MicroUsd(u64::try_from(cost).unwrap_or(0))),
        status: row.get("status")?,
        outcome: row.get("outcome")?,
        attempts: row.get("attempts")?,
        queued_ms: unsigned(row, "queued_ms")?,
        first_byte_ms: row.get::<_, Option<i64>>("first_byte_ms")?.map(|ms| u64::try_from(ms).unwrap_or(0)),
        total_ms: unsigned(row, "total_ms")?,
        traits: from_json(&row.get::<_, String>("traits")?),
    })
}

/// What cannot be read is as if it had not been said: these columns are no accounts.
fn from_json<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

fn read_usage(row: &rusqlite::Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        input: Tokens(unsigned(row, "input")?),
        cache_read: Tokens(unsigned(row, "cache_read")?),
        cache_write_5m: Tokens(unsigned(row, "cache_write_5m")?),
        cache_write_1h: Tokens(unsigned(row, "cache_write_1h")?),
        output: Tokens(unsigned(row, "output")?),
        reasoning: Tokens(unsigned(row, "reasoning")?),
        audio_input: Tokens(unsigned(row, "audio_input")?),
        audio_output: Tokens(unsigned(row, "audio_output")?),
        image_output: Tokens(unsigned(row, "image_output")?),
        web_searches: row.get("web_searches")?,
    })
}

fn unsigned(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

impl Ledger for Sqlite {
    fn append(&self, row: Row) -> Result<(), StoreError> {
        self.insert(std::slice::from_ref(&row))
    }

    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError> {
        let connection = self.lock();
        let question = "select * from ledger where request_id = ?1 order by part";
        let mut statement = connection.prepare_cached(question)?;
        Ok(statement.query_map([id.as_str()], read_row)?.collect::<Result<_, _>>()?)
    }

    fn totals(&self) -> Result<Vec<Total>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(include_str!("sqlite/totals.sql"))?;
        let totals = statement.query_map([], |row| {
            Ok(Total {
                provider: row.get("provider")?,
                model: row.get("model")?,
                requests: unsigned(row, "requests")?,
                usage: read_usage(row)?,
                cost: MicroUsd(unsigned(row, "cost")?),
                unpriced: unsigned(row, "unpriced")?,
            })
        })?;
        Ok(totals.collect::<Result<_, _>>()?)
    }

    fn export(&self, filter: &Filter, visit: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        let to = filter.to.map_or(i64::MAX, |to| signed(to.0));
        let (mut at, mut id, mut part) =
            (filter.from.map_or(0, |from| signed(from.0)), String::new(), -1_i64);
        loop {
            // The lock is let go between pages, so that who writes never waits for the whole of it.
            let page: Vec<Row> = {
                let connection = self.lock();
                let mut statement = connection.prepare_cached(include_str!("sqlite/export.sql"))?;
                statement.query_map(params![at, id, part, to, PAGE], read_row)?.collect::<Result<_, _>>()?
            };
            let Some(last) = page.last() else { return Ok(()) };
            (at, part) = (signed(last.arrived_at.0), i64::from(last.part));
            last.request_id.as_str().clone_into(&mut id);
            page.into_iter().for_each(&mut *visit);
        }
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
    use super::*;

    #[test]
    fn parts_that_were_told_by_their_ids_become_parts_of_their_requests() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&format!("{}; {}; pragma user_version = 2", MIGRATIONS[0], MIGRATIONS[1])).unwrap();
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
