//! The schema in SQLite, and how a file is brought up to date.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::StoreError;
use crate::migrations::{Migration, missing, newest};

/// In order of their numbers.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "keys and ledger", sql: include_str!("0001_keys_and_ledger.sql") },
    Migration {
        number: 2,
        name: "reasoning and responses",
        sql: include_str!("0002_reasoning_and_responses.sql"),
    },
    Migration {
        number: 3,
        name: "owners, parts and traits",
        sql: include_str!("0003_owners_parts_and_traits.sql"),
    },
    Migration { number: 4, name: "usage by day", sql: include_str!("0004_usage_by_day.sql") },
    Migration { number: 5, name: "copy of keys", sql: include_str!("0005_copy_of_keys.sql") },
    Migration { number: 10, name: "identity", sql: include_str!("0010_identity.sql") },
    Migration { number: 30, name: "price source", sql: include_str!("0030_price_source.sql") },
    Migration { number: 31, name: "audit retention", sql: include_str!("0031_audit_retention.sql") },
];

/// Before there was a table of the steps, `user_version` was their count. It still is the highest number, so that a Paceway of
/// that time refuses what it does not know.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    // Another process may do the same just now: whoever comes second finds it done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = newest(MIGRATIONS);
    let too_new = |found| StoreError::TooNew { path: path.display().to_string(), found, known };
    if version > known {
        return Err(too_new(version));
    }
    let has_table = transaction.table_exists(None, "migrations")?;
    let applied: Vec<i64> = if has_table {
        let mut statement = transaction.prepare("select number from migrations")?;
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    } else {
        (1..=version).collect()
    };
    let wanted = missing(MIGRATIONS, &applied).map_err(too_new)?;
    if !has_table {
        transaction.execute_batch(
            "create table migrations (number integer not null primary key, name text not null) strict",
        )?;
        for step in MIGRATIONS.iter().filter(|step| applied.contains(&step.number)) {
            remember(&transaction, step)?;
        }
    }
    for step in wanted {
        transaction.execute_batch(step.sql)?;
        remember(&transaction, step)?;
    }
    if version != known {
        transaction.pragma_update(None, "user_version", known)?;
    }
    Ok(transaction.commit()?)
}

fn remember(connection: &Connection, step: &Migration) -> Result<(), StoreError> {
    connection
        .execute("insert into migrations (number, name) values (?1, ?2)", params![step.number, step.name])?;
    Ok(())
}
