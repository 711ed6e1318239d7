//! The schema in PostgreSQL, and how a database is brought up to date.

use postgres::Client;

use crate::StoreError;
use crate::migrations::{Migration, missing, newest};

/// In order of their numbers.
const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "keys and ledger", sql: include_str!("0001_keys_and_ledger.sql") },
    Migration { number: 4, name: "usage by day", sql: include_str!("0004_usage_by_day.sql") },
    Migration { number: 10, name: "identity", sql: include_str!("0010_identity.sql") },
    Migration { number: 20, name: "budget leases", sql: include_str!("0020_budget_leases.sql") },
    Migration { number: 30, name: "price source", sql: include_str!("0030_price_source.sql") },
    Migration { number: 31, name: "audit retention", sql: include_str!("0031_audit_retention.sql") },
];

/// Held while the schema is changed, so that two nodes that start at once do it one after the other. The number is this table's
/// own and has no meaning: `pace` in ASCII.
const LOCK: i64 = 0x7061_6365;

/// Everything in one transaction: a schema is up to date or as it was.
pub(super) fn bring_up_to_date(client: &mut Client, place: &str) -> Result<(), StoreError> {
    let mut transaction = client.transaction()?;
    // A step may have years of rows to go through, and another node may be at it.
    transaction.batch_execute("set local statement_timeout = 0; set local lock_timeout = 0")?;
    transaction.execute("select pg_advisory_xact_lock($1)", &[&LOCK])?;
    transaction.batch_execute(
        "create table if not exists paceway_migrations (
            number bigint not null primary key,
            name text not null,
            applied_at timestamptz not null default now()
        )",
    )?;
    let rows = transaction.query("select number from paceway_migrations", &[])?;
    let applied: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    let too_new = |found| StoreError::TooNew { path: place.to_owned(), found, known: newest(MIGRATIONS) };
    for step in missing(MIGRATIONS, &applied).map_err(too_new)? {
        transaction.batch_execute(step.sql)?;
        transaction.execute(
            "insert into paceway_migrations (number, name) values ($1, $2)",
            &[&step.number, &step.name],
        )?;
    }
    Ok(transaction.commit()?)
}
