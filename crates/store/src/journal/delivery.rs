//! Delivery of rows from the journal to a database: all or none, but for rows that the database will never take.

use std::path::Path;

use super::segment;
use crate::{Ledger, Row, StoreError};

/// Rows handed to the database at once.
const BATCH: usize = 1_000;

/// A database that takes rows from the journal.
pub(crate) trait Destination: Ledger {
    /// Adds rows, safe when this returns. Rows that are there already are left as they are.
    fn insert(&self, rows: &[Row]) -> Result<(), StoreError>;
}

/// Moves rows to the database. A row that it will never take would keep all behind it waiting for ever: it is set aside, in a file of
/// the directory.
pub(super) fn deliver(database: &dyn Destination, directory: &Path, rows: &[Row]) -> Result<(), StoreError> {
    for some in rows.chunks(BATCH) {
        match database.insert(some) {
            Err(error) if error.is_about_rows() => one_by_one(database, directory, some)?,
            other => other?,
        }
    }
    Ok(())
}

fn one_by_one(database: &dyn Destination, directory: &Path, rows: &[Row]) -> Result<(), StoreError> {
    for row in rows {
        match database.insert(std::slice::from_ref(row)) {
            Err(error) if error.is_about_rows() => {
                let path = segment::set_aside(directory, row)?;
                let (request, path) = (row.request_id.as_str(), path.display());
                tracing::error!(%error, request, %path, "a ledger row was refused and is kept in a file");
            }
            other => other?,
        }
    }
    Ok(())
}
