//! The copy of a shared database's keys.

use paceway_domain::Owner;
use paceway_policy::access::{KeyHash, VirtualKey};
use rusqlite::params;

use super::Sqlite;
use crate::StoreError;

impl Sqlite {
    /// Replaces the copy whole.
    pub(crate) fn keep_copy_of_keys(&self, keys: &[VirtualKey]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("delete from copy_of_keys", [])?;
        for key in keys {
            transaction.execute(
                "insert into copy_of_keys (hash, name, is_revoked) values (?1, ?2, ?3)",
                params![key.hash.0, key.name, key.is_revoked],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// The copy; empty if there never was one.
    pub(crate) fn copy_of_keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("select hash, name, is_revoked from copy_of_keys order by place")?;
        let keys = statement.query_map([], |row| {
            Ok(VirtualKey {
                hash: KeyHash(row.get(0)?),
                name: row.get(1)?,
                owner: Owner::default(),
                is_revoked: row.get(2)?,
            })
        })?;
        Ok(keys.collect::<Result<_, _>>()?)
    }
}
