//! The PostgreSQL backend: one database for many nodes.
//!
//! A port is a [`Postgres`] with a connection of its own. What it does blocks, for as long as a statement may take; callers that must
//! not wait use a thread for waiting. A server that is away is [`StoreError::Away`], never a panic and never a wait without end.

mod address;
mod connection;
mod keys;
mod migrations;
mod reports;
mod rows;
mod tls;

use std::sync::Arc;

use paceway_domain::RequestId;

pub(crate) use connection::{Connection, Server};

use crate::journal::Destination;
use crate::{Ledger, Row, StoreError};

/// The most rows in one statement; a list for each column is held of them.
const ROWS_AT_ONCE: usize = 1_000;

/// One port to the database.
pub(crate) struct Postgres {
    connection: Connection,
}

impl Postgres {
    pub(crate) fn new(server: &Arc<Server>) -> Self {
        Self { connection: Connection::new(server) }
    }
}

impl Destination for Postgres {
    fn insert(&self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        // Each with a transaction of its own, so that days are locked in one order.
        for some in rows.chunks(ROWS_AT_ONCE) {
            self.connection.run(|client| {
                let mut transaction = client.transaction()?;
                rows::insert(&mut transaction, some)?;
                Ok(transaction.commit()?)
            })?;
        }
        Ok(())
    }
}

impl Ledger for Postgres {
    fn append(&self, row: Row) -> Result<(), StoreError> {
        self.insert(std::slice::from_ref(&row))
    }

    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError> {
        let question = "select *, tags::text as tags_text, traits::text as traits_text from ledger
                        where request_id = $1 order by part";
        let rows = self.connection.run(|client| Ok(client.query(question, &[&id.as_str()])?))?;
        rows.iter().map(rows::read).collect()
    }
}
