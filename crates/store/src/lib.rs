//! What Paceway remembers: the ports (ledger, keys, responses) and their backends.
//!
//! The only crate that knows a database. [`open`] is the door; behind it is one SQLite file per data directory, or for many nodes
//! one PostgreSQL ([`open_shared`]), and in front of the ledger a journal that makes a finished request durable without waiting for the database. No prices, no
//! policy: rows come in complete and go out as they came.

mod cached_keys;
mod columns;
mod journal;
pub mod keys;
pub mod ledger;
mod migrations;
mod open;
mod postgres;
mod questions;
pub mod reports;
pub mod responses;
mod sqlite;

pub use keys::Keys;
pub use ledger::{Ledger, Row};
pub use open::{Access, SharedDatabase, Store, open, open_shared};
pub use reports::Reports;
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
    /// PostgreSQL cannot be reached, or the connection broke; it may be back later.
    #[error("PostgreSQL is away: {0}")]
    Away(String),
    /// PostgreSQL did not do what it was asked.
    #[error("PostgreSQL refused: {0}")]
    Postgres(String),
    /// PostgreSQL does not take these values, now or later.
    #[error("PostgreSQL does not take such values: {0}")]
    Unfit(String),
    /// The URL of PostgreSQL makes no sense. It is not repeated: it may hold a password.
    #[error(
        "storage.postgres is no URL of a PostgreSQL database: {0}; write \
         postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full"
    )]
    Address(&'static str),
    /// The file of certificates that vouch for PostgreSQL's makes no sense.
    #[error("the root certificates {path} (sslrootcert in storage.postgres) cannot be used: {why}")]
    RootCertificate {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A question with an answer too long to be held.
    #[error(
        "the answer would have more than {} groups: ask for a shorter time, or by less",
        reports::MOST_GROUPS
    )]
    TooManyGroups,
    /// A file could not be read or written.
    #[error("the journal {path} cannot be written: {why}")]
    Journal {
        /// Which file.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
}

impl StoreError {
    /// Whether it is for what rows hold that they were refused, so that there is no use in trying again.
    fn is_about_rows(&self) -> bool {
        match self {
            Self::Unfit(_) => true,
            Self::Database(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            _ => false,
        }
    }

    fn unless_too_many(groups: Vec<reports::Group>) -> Result<Vec<reports::Group>, Self> {
        if groups.len() > reports::MOST_GROUPS { Err(Self::TooManyGroups) } else { Ok(groups) }
    }
}

impl From<::postgres::Error> for StoreError {
    /// Away or refused: what the server itself said is a refusal, unless it says that it is just going or coming.
    fn from(error: ::postgres::Error) -> Self {
        /// Classes of codes: connection exceptions, rolled back for another's sake, too few resources, an operator's intervention
        /// (PostgreSQL 18, Appendix A).
        const AWAY: [&str; 4] = ["08", "40", "53", "57P"];
        /// Data exceptions, violations of constraints.
        const UNFIT: [&str; 2] = ["22", "23"];
        let is_in = |classes: &[&str], code: &str| classes.iter().any(|class| code.starts_with(class));
        match error.as_db_error() {
            Some(said) if is_in(&AWAY, said.code().code()) => Self::Away(said.message().to_owned()),
            Some(said) if is_in(&UNFIT, said.code().code()) => {
                Self::Unfit(format!("{} ({})", said.message(), said.code().code()))
            }
            Some(said) => Self::Postgres(format!("{} ({})", said.message(), said.code().code())),
            None if error.code().is_none() && is_of_the_network(&error) => Self::Away(chain(&error)),
            None => Self::Postgres(chain(&error)),
        }
    }
}

/// Whether an error comes from a connection, not from a value that does not fit its column.
fn is_of_the_network(error: &::postgres::Error) -> bool {
    use std::error::Error as _;
    error.is_closed() || error.source().is_none_or(<dyn std::error::Error>::is::<std::io::Error>)
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        said = format!("{said}: {why}");
        cause = why.source();
    }
    said
}
