//! The door: a data directory becomes a store.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::journal::JournalledLedger;
use crate::sqlite::{Sqlite, SqliteResponses};
use crate::{Identity, Ledger, Responses, StoreError};

/// What the opener wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Serve requests: nobody else may serve from this directory at the same time.
    Serve,
    /// Look at or change keys and read totals, also beside a process that serves.
    Administer,
}

/// An open store. Dropping it delivers what its journal still holds.
pub struct Store {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Keys, admins and whose they are.
    pub identity: Arc<dyn Identity>,
    /// The kept responses.
    pub responses: Arc<dyn Responses>,
    /// Held for as long as the store is open; the system lets go of it even after kill -9.
    _lock: Option<File>,
}

/// Opens the store in `directory`, which is made if it does not exist. With [`Access::Serve`], rows that an earlier
/// process left in the journal are delivered first.
///
/// # Errors
/// A [`StoreError`] that names the file and says what to do.
pub fn open(directory: &Path, access: Access) -> Result<Store, StoreError> {
    let unusable = |why| StoreError::Directory { path: directory.display().to_string(), why };
    fs::create_dir_all(directory).map_err(unusable)?;
    let lock = match access {
        Access::Serve => Some(lock(directory)?),
        Access::Administer => None,
    };
    let file = directory.join("paceway.db");
    let sqlite = Arc::new(Sqlite::open(&file)?);
    let responses = Arc::new(SqliteResponses::open(&file)?);
    let ledger: Arc<dyn Ledger> = match access {
        Access::Serve => Arc::new(JournalledLedger::open(directory, Arc::clone(&sqlite))?),
        Access::Administer => Arc::clone(&sqlite) as Arc<dyn Ledger>,
    };
    Ok(Store { ledger, identity: sqlite, responses, _lock: lock })
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("paceway.lock");
    let unusable = |why: io::Error| StoreError::Directory { path: directory.display().to_string(), why };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(directory.display().to_string())),
        Err(TryLockError::Error(why)) => Err(unusable(why)),
    }
}
