//! The copy of a shared database's keys and admins. Not the node's own, which are in tables of their own.

use paceway_policy::access::{Admin, VirtualKey};

use super::Sqlite;
use super::identity::{read_admin, read_key, rows, write_admin, write_key};
use crate::StoreError;

impl Sqlite {
    /// Replaces the copy whole.
    pub(crate) fn keep_copy_of_keys(&self, keys: &[VirtualKey]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("delete from copy_of_keys", [])?;
        let into_the_copy = include_str!("insert_key.sql").replace("into keys", "into copy_of_keys");
        for key in keys {
            write_key(&transaction, &into_the_copy, key)?;
        }
        Ok(transaction.commit()?)
    }

    /// The copy; empty if there never was one.
    pub(crate) fn copy_of_keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        rows(&self.lock(), "select * from copy_of_keys order by created_at, rowid", read_key)
    }

    /// Replaces the copy whole.
    pub(crate) fn keep_copy_of_admins(&self, admins: &[Admin]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("delete from copy_of_admins", [])?;
        let into_the_copy = include_str!("insert_admin.sql").replace("into admins", "into copy_of_admins");
        for admin in admins {
            write_admin(&transaction, &into_the_copy, admin)?;
        }
        Ok(transaction.commit()?)
    }

    /// The copy; empty if there never was one.
    pub(crate) fn copy_of_admins(&self) -> Result<Vec<Admin>, StoreError> {
        rows(&self.lock(), "select * from copy_of_admins order by created_at, id", read_admin)
    }
}
