//! Keys of a shared database, with a copy in the node's own: who may ask is known, and a node starts, while the database is away.
//!
//! Keys are made and revoked in the shared database only. A key that is revoked while a node cannot reach it stays good there until
//! it can.

use std::sync::Arc;

use paceway_domain::{KeyId, UnixMillis};
use paceway_policy::access::{KeyHash, VirtualKey};

use crate::sqlite::Sqlite;
use crate::{Keys, StoreError};

pub(crate) struct CachedKeys {
    pub shared: Arc<dyn Keys>,
    pub local: Arc<Sqlite>,
}

impl Keys for CachedKeys {
    fn all(&self) -> Result<Vec<VirtualKey>, StoreError> {
        match self.shared.all() {
            Ok(keys) => {
                self.local.keep_copy_of_keys(&keys)?;
                Ok(keys)
            }
            Err(StoreError::Away(why)) => {
                let copy = self.local.copy_of_keys()?;
                if copy.is_empty() {
                    return Err(StoreError::Away(why));
                }
                tracing::warn!(why, keys = copy.len(), "PostgreSQL is away: keys are those known before");
                Ok(copy)
            }
            Err(error) => Err(error),
        }
    }

    fn create(&self, hash: KeyHash, name: &str, now: UnixMillis) -> Result<(), StoreError> {
        self.shared.create(hash, name, now)
    }

    fn revoke(&self, id: &KeyId, now: UnixMillis) -> Result<bool, StoreError> {
        self.shared.revoke(id, now)
    }

    fn version(&self) -> Result<i64, StoreError> {
        self.shared.version()
    }
}
