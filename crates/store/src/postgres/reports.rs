//! What PostgreSQL's ledger answers.

use std::ops::ControlFlow;

use paceway_domain::{MicroUsd, UnixMillis};
use postgres::types::ToSql;

use super::{Postgres, rows};
use crate::columns::signed;
use crate::questions::{self, Engine, Statement, Value};
use crate::reports::{Adjustment, Filter, Group, Question, Reports};
use crate::{Row, StoreError};

/// Rows read at once for an export.
const PAGE: usize = 1_000;

fn values(statement: &Statement) -> Vec<&(dyn ToSql + Sync)> {
    statement
        .values
        .iter()
        .map(|value| match value {
            Value::Text(text) => text as &(dyn ToSql + Sync),
            Value::Number(number) => number as &(dyn ToSql + Sync),
        })
        .collect()
}

impl Postgres {
    fn ask(&self, asked: &Statement) -> Result<Vec<postgres::Row>, StoreError> {
        self.connection.run(|client| Ok(client.query(&asked.sql, &values(asked))?))
    }
}

impl Reports for Postgres {
    fn usage(&self, question: &Question) -> Result<Vec<Group>, StoreError> {
        let answer = self.ask(&questions::usage(question, Engine::Postgres))?;
        let read = |row: &postgres::Row| {
            let of = (0..question.by.len()).map(|place| row.try_get(place)).collect::<Result<_, _>>()?;
            Ok::<_, StoreError>(Group {
                of,
                requests: rows::number(row, "requests")?,
                usage: rows::read_usage(row)?,
                cost: MicroUsd(rows::number(row, "cost")?),
                unpriced: rows::number(row, "unpriced")?,
                estimated: rows::number(row, "estimated")?,
                correction: row.try_get("correction")?,
            })
        };
        StoreError::unless_too_many(answer.iter().map(read).collect::<Result<_, _>>()?)
    }

    fn export(
        &self,
        filter: &Filter,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        questions::visit_pages(PAGE, visit, |after| {
            let answer = self.ask(&questions::page(filter, after, PAGE, Engine::Postgres))?;
            answer.iter().map(rows::read).collect()
        })
    }

    fn adjust(&self, adjustments: &[Adjustment]) -> Result<u64, StoreError> {
        self.connection.run(|client| {
            let mut transaction = client.transaction()?;
            let mut added = 0;
            for Adjustment { id, at, provider, model, cost, reason } in adjustments {
                added += transaction.execute(
                    include_str!("adjust.sql"),
                    &[id, &signed(at.0), provider, model, cost, reason],
                )?;
            }
            transaction.commit()?;
            Ok(added)
        })
    }

    fn corrected(&self, from: UnixMillis, to: Option<UnixMillis>) -> Result<i64, StoreError> {
        let question = "select coalesce(sum(cost), 0)::bigint from adjustments where at >= $1 and at < $2";
        let (from, to) = (signed(from.0), to.map_or(i64::MAX, |to| signed(to.0)));
        self.connection.run(|client| Ok(client.query_one(question, &[&from, &to])?.try_get(0)?))
    }
}
