//! Identity in a shared database, with a copy of keys and admins in the node's own: who may ask is known, and a node starts, while the
//! database is away.
//!
//! Changes are made in the shared database only. A key that is revoked while a node cannot reach it stays good there until it can.

use std::sync::Arc;

use paceway_policy::access::{Admin, Unit, VirtualKey};

use crate::StoreError;
use crate::identity::{Applied, AuditEntry, AuditPage, Change, Identity, Note};
use crate::sqlite::Sqlite;

pub(crate) struct CachedIdentity {
    pub shared: Arc<dyn Identity>,
    pub local: Arc<Sqlite>,
}

impl Identity for CachedIdentity {
    fn units(&self) -> Result<Vec<Unit>, StoreError> {
        self.shared.units()
    }

    fn keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        match self.shared.keys() {
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

    fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        match self.shared.admins() {
            Ok(admins) => {
                self.local.keep_copy_of_admins(&admins)?;
                Ok(admins)
            }
            Err(StoreError::Away(_)) => self.local.copy_of_admins(),
            Err(error) => Err(error),
        }
    }

    fn audit(&self, page: &AuditPage) -> Result<Vec<AuditEntry>, StoreError> {
        self.shared.audit(page)
    }

    fn apply(&self, change: &Change, note: &Note) -> Result<Applied, StoreError> {
        self.shared.apply(change, note)
    }

    fn version(&self) -> Result<u64, StoreError> {
        self.shared.version()
    }
}
