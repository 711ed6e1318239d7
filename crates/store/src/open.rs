//! The door: a data directory becomes a store.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use paceway_domain::Secret;

use crate::cached_keys::CachedKeys;
use crate::journal::{Destination, JournalledLedger};
use crate::postgres::{Postgres, Server};
use crate::sqlite::{Sqlite, SqliteReports, SqliteResponses};
use crate::{Keys, Ledger, Reports, Responses, StoreError};

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
    /// What the ledger answers.
    pub reports: Arc<dyn Reports>,
    /// The keys.
    pub keys: Arc<dyn Keys>,
    /// The kept responses.
    pub responses: Arc<dyn Responses>,
    /// Held for as long as the store is open; the system lets go of it even after kill -9.
    _lock: Option<File>,
}

/// A database that many nodes share.
#[derive(Debug, Clone)]
pub struct SharedDatabase {
    /// `postgres://…`
    pub url: Secret,
    /// What this node is called among them.
    pub node: String,
}

impl SharedDatabase {
    /// Whether the URL can be read, and the file that it names. Nothing is opened.
    ///
    /// # Errors
    /// What is wrong with it; no part of the URL is in it.
    pub fn check(&self) -> Result<(), StoreError> {
        Server::new(&self.url, &self.node).map(drop)
    }
}

/// Opens the store in `directory`, which is made if it does not exist. With [`Access::Serve`], rows that an earlier
/// process left in the journal are delivered first.
///
/// # Errors
/// A [`StoreError`] that names the file and says what to do.
pub fn open(directory: &Path, access: Access) -> Result<Store, StoreError> {
    open_shared(directory, access, None)
}

/// As [`open`], with ledger and keys in a database that others use, too. What is in `directory` is this node's own: the journal, a
/// copy of the keys, and kept responses. The database may be away: rows wait in the journal, and keys are those known before.
///
/// # Errors
/// As [`open`], and when the shared database was reached and cannot be used.
pub fn open_shared(
    directory: &Path,
    access: Access,
    shared: Option<&SharedDatabase>,
) -> Result<Store, StoreError> {
    let unusable = |why| StoreError::Directory { path: directory.display().to_string(), why };
    fs::create_dir_all(directory).map_err(unusable)?;
    let lock = match access {
        Access::Serve => Some(lock(directory)?),
        Access::Administer => None,
    };
    let file = directory.join("paceway.db");
    let sqlite = Arc::new(Sqlite::open(&file)?);
    let responses = Arc::new(SqliteResponses::open(&file)?);
    let (database, reports, keys): (Arc<dyn Destination>, Arc<dyn Reports>, Arc<dyn Keys>) = match shared {
        Some(shared) => {
            let server = Server::new(&shared.url, &shared.node)?;
            let port = || Arc::new(Postgres::new(&server));
            let keys = CachedKeys { shared: port(), local: Arc::clone(&sqlite) };
            (port(), port(), Arc::new(keys))
        }
        None => (Arc::clone(&sqlite) as Arc<dyn Destination>, Arc::new(SqliteReports::open(&file)?), sqlite),
    };
    let ledger: Arc<dyn Ledger> = match access {
        Access::Serve => Arc::new(JournalledLedger::open(directory, database)?),
        Access::Administer => database,
    };
    Ok(Store { ledger, reports, keys, responses, _lock: lock })
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
