//! What SQLite's ledger answers, on a connection of its own: a long answer keeps no row from being written.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use paceway_domain::{MicroUsd, UnixMillis};
use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, ToSql, params, params_from_iter};

use super::days::Days;
use super::rows;
use crate::columns::{signed, unsigned};
use crate::questions::{self, Engine, Value};
use crate::reports::{Adjustment, Filter, Group, Question, Reports};
use crate::{Row, StoreError};

/// Rows read at once for an export.
const PAGE: usize = 1_000;

/// The connection. The schema is [`Sqlite`](super::Sqlite)'s, which is opened first.
pub(crate) struct SqliteReports {
    connection: Mutex<Connection>,
}

impl SqliteReports {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(super::BUSY)?;
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Number(number) => Ok(ToSqlOutput::Owned(SqlValue::Integer(*number))),
        }
    }
}

impl Reports for SqliteReports {
    fn usage(&self, question: &Question) -> Result<Vec<Group>, StoreError> {
        let asked = questions::usage(question, Engine::Sqlite);
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&asked.sql)?;
        let groups = statement.query_map(params_from_iter(&asked.values), |row| {
            let of = (0..question.by.len()).map(|place| row.get(place)).collect::<Result<_, _>>()?;
            Ok(Group {
                of,
                requests: rows::number(row, "requests")?,
                usage: rows::read_usage(row)?,
                cost: MicroUsd(rows::number(row, "cost")?),
                unpriced: rows::number(row, "unpriced")?,
                estimated: rows::number(row, "estimated")?,
                correction: row.get("correction")?,
            })
        })?;
        StoreError::unless_too_many(groups.collect::<Result<_, _>>()?)
    }

    fn export(
        &self,
        filter: &Filter,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        questions::visit_pages(PAGE, visit, |after| {
            let asked = questions::page(filter, after, PAGE, Engine::Sqlite);
            let connection = self.lock();
            let mut statement = connection.prepare_cached(&asked.sql)?;
            Ok(statement.query_map(params_from_iter(&asked.values), rows::read)?.collect::<Result<_, _>>()?)
        })
    }

    fn adjust(&self, adjustments: &[Adjustment]) -> Result<u64, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let (mut days, mut added) = (Days::default(), 0);
        for adjustment in adjustments {
            let Adjustment { id, at, provider, model, cost, reason } = adjustment;
            let is_new = transaction.execute(
                "insert or ignore into adjustments (id, at, provider, model, cost, reason) values (?1, ?2, ?3, ?4, ?5, ?6)",
                params![id, signed(at.0), provider, model, cost, reason],
            )? > 0;
            if is_new {
                days.correct(adjustment);
                added += 1;
            }
        }
        days.write(&transaction)?;
        transaction.commit()?;
        Ok(unsigned(added))
    }

    fn corrected(&self, from: UnixMillis, to: Option<UnixMillis>) -> Result<i64, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("select coalesce(sum(cost), 0) from adjustments where at >= ?1 and at < ?2")?;
        let to = to.map_or(i64::MAX, |to| signed(to.0));
        Ok(statement.query_row([signed(from.0), to], |row| row.get(0))?)
    }
}
