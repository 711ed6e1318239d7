//! How the ledger's columns hold what has no type of its own in SQL. The same in every engine.

use paceway_domain::{Dialect, MicroUsd};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain names and numbers")
}

/// What cannot be read is as if it had not been said: these columns are no accounts.
pub(crate) fn from_json<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// SQL's integers are signed. Counts above 2⁶³ do not occur; one that did would be kept as the largest.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Back again; no count is below zero.
pub(crate) fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

pub(crate) fn dialect(name: &str) -> Dialect {
    Dialect::ALL.into_iter().find(|known| known.name() == name).unwrap_or(Dialect::Anthropic)
}

pub(crate) fn cost(column: Option<i64>) -> Option<MicroUsd> {
    column.map(|cost| MicroUsd(unsigned(cost)))
}
