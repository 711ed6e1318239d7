//! Virtual keys in PostgreSQL.

use paceway_domain::{KeyId, Owner, UnixMillis};
use paceway_policy::access::{KeyHash, VirtualKey};
use postgres::Transaction;

use super::Postgres;
use crate::columns::signed;
use crate::{Keys, StoreError};

impl Keys for Postgres {
    fn all(&self) -> Result<Vec<VirtualKey>, StoreError> {
        let question = "select hash, name, revoked_at is not null from keys order by created_at, id";
        let rows = self.connection.run(|client| Ok(client.query(question, &[])?))?;
        let read = |row: &postgres::Row| {
            let hash = <[u8; 32]>::try_from(row.get::<_, &[u8]>(0)).ok()?;
            Some(VirtualKey {
                hash: KeyHash(hash),
                name: row.get(1),
                owner: Owner::default(),
                is_revoked: row.get(2),
            })
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    fn create(&self, hash: KeyHash, name: &str, now: UnixMillis) -> Result<(), StoreError> {
        self.connection.run(|client| {
            let mut transaction = client.transaction()?;
            transaction.execute(
                "insert into keys (id, hash, name, created_at) values ($1, $2, $3, $4)",
                &[&hash.id().0, &hash.0.as_slice(), &name, &signed(now.0)],
            )?;
            note_change(&mut transaction)?;
            Ok(transaction.commit()?)
        })
    }

    fn revoke(&self, id: &KeyId, now: UnixMillis) -> Result<bool, StoreError> {
        self.connection.run(|client| {
            let mut transaction = client.transaction()?;
            let changed = transaction.execute(
                "update keys set revoked_at = $2 where id = $1 and revoked_at is null",
                &[&id.0, &signed(now.0)],
            )?;
            note_change(&mut transaction)?;
            transaction.commit()?;
            Ok(changed > 0)
        })
    }

    fn version(&self) -> Result<i64, StoreError> {
        let question = "select number from revisions where name = 'keys'";
        self.connection.run(|client| Ok(client.query_one(question, &[])?.get(0)))
    }
}

fn note_change(transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute("update revisions set number = number + 1 where name = 'keys'", &[])?;
    Ok(())
}
