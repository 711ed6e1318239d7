//! What Paceway remembers: the ports (ledger, keys, responses) and their backends.
//!
//! The only crate that knows a database. [`open`] is the door; behind it is one SQLite file per data directory, and in
//! front of the ledger a journal that makes a finished request durable without waiting for the database. No prices, no
//! policy: rows come in complete and go out as they came.

mod journal;
pub mod keys;
pub mod ledger;
mod open;
pub mod responses;
mod sqlite;

pub use keys::Keys;
pub use ledger::{Filter, Ledger, Row};
pub use open::{Access, Store, open};
pub use responses::{Conversation, KeptResponse, Responses};

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory cannot be made or written.
    #[error(
        "the data directory {path} cannot be used: {why}; choose another with --data-dir or make it writable"
    )]
    Directory {
        /// Which one.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// Another process has it.
    #[error(
        "the data directory {0} is in use by another running Paceway: stop that one or choose another --data-dir"
    )]
    InUse(String),
    /// The database file is damaged, or not a database.
    #[error(
        "the database {path} is damaged or is not a database ({why}): move it away and Paceway starts a new one, or \
         restore it from a backup"
    )]
    Corrupt {
        /// Which file.
        path: String,
        /// What SQLite said.
        why: String,
    },
    /// It was written by a later Paceway.
    #[error("the database {path} has schema {found}, this Paceway knows up to {known}: use a newer Paceway")]
    TooNew {
        /// Which file.
        path: String,
        /// The schema found.
        found: i64,
        /// The newest schema known.
        known: i64,
    },
    /// Any other error of the database.
    #[error("the database refused: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file could not be read or written.
    #[error("the journal {path} cannot be written: {why}")]
    Journal {
        /// Which file.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
}
