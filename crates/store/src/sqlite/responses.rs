//! Kept responses in SQLite, on a connection of their own: a request waits for the write, so it must not wait for the
//! ledger's, which are synced to disk.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceway_domain::{KeyId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

use crate::StoreError;
use crate::responses::{Conversation, KeptResponse, Responses};

/// How long a statement waits for another connection that writes.
const BUSY: Duration = Duration::from_secs(5);

/// The connection. The schema is [`Sqlite`](super::Sqlite)'s, which is opened first.
pub(crate) struct SqliteResponses {
    connection: Mutex<Connection>,
}

impl SqliteResponses {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // A crash of the machine, not of the process, may lose the last ones.
        connection.pragma_update(None, "synchronous", "normal")?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Responses for SqliteResponses {
    fn keep(&self, response: &KeptResponse) -> Result<(), StoreError> {
        let content = response.content.as_ref();
        self.lock().execute(
            "insert or replace into responses (id, key, created_at, provider, quota_group, input, answer)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                response.id,
                response.key.0,
                i64::try_from(response.created_at.0).unwrap_or(i64::MAX),
                response.provider,
                response.quota_group,
                content.map(|content| &content.input),
                content.map(|content| &content.answer),
            ],
        )?;
        Ok(())
    }

    fn find(&self, key: &KeyId, id: &str) -> Result<Option<KeptResponse>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("select * from responses where id = ?1 and key = ?2")?;
        let read = |row: &rusqlite::Row<'_>| {
            let input: Option<Vec<u8>> = row.get("input")?;
            let answer: Option<Vec<u8>> = row.get("answer")?;
            Ok(KeptResponse {
                id: row.get("id")?,
                key: KeyId(row.get("key")?),
                created_at: UnixMillis(u64::try_from(row.get::<_, i64>("created_at")?).unwrap_or(0)),
                provider: row.get("provider")?,
                quota_group: row.get("quota_group")?,
                content: input.zip(answer).map(|(input, answer)| Conversation { input, answer }),
            })
        };
        Ok(statement.query_row(params![id, key.0], read).optional()?)
    }

    fn forget(&self, key: &KeyId, id: &str) -> Result<bool, StoreError> {
        let forgotten =
            self.lock().execute("delete from responses where id = ?1 and key = ?2", params![id, key.0])?;
        Ok(forgotten > 0)
    }

    fn sweep(&self, before: UnixMillis, most: u64) -> Result<usize, StoreError> {
        let before = i64::try_from(before.0).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let forgotten = self.lock().execute(
            "delete from responses where created_at < ?1 or id in
             (select id from responses order by created_at desc, id limit -1 offset ?2)",
            params![before, most],
        )?;
        Ok(forgotten)
    }
}
