//! The port of reports: what the ledger answers.
//!
//! Everything in UTC. Rows count as soon as they have reached the database, usually within a second. A correction is money that a
//! provider's own account showed to be missing or too much: it belongs to a model and a day, to nobody's team, and is told apart.

use std::ops::ControlFlow;

use paceway_domain::{MicroUsd, UnixMillis, Usage};

use crate::{Row, StoreError};

/// The most groups in one answer.
pub const MOST_GROUPS: usize = 100_000;

/// A length of time to sum up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// `2026-11-28T14:00Z`
    Hour,
    /// `2026-11-28`
    Day,
    /// By the Monday that it begins with: `2026-11-23`.
    Week,
    /// `2026-11`
    Month,
}

/// What a row can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// Whose it was.
    Organisation,
    /// The team in it.
    Team,
    /// The project of the team.
    Project,
    /// The virtual key's id.
    Key,
    /// Who served it.
    Provider,
    /// The model's name there.
    Model,
    /// What was wanted.
    Endpoint,
    /// The service level.
    Tier,
    /// How it ended.
    Outcome,
    /// By which price list it was priced, or why not.
    PriceSource,
    /// The value of the tag of this name.
    Tag(String),
}

/// What to sum up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// By time.
    Period(Period),
    /// By what a row says; rows without such a tag are in the group of the empty text.
    Property(Property),
}

/// Which rows count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those that arrived then or later.
    pub from: Option<UnixMillis>,
    /// Those that arrived before.
    pub to: Option<UnixMillis>,
    /// Those of which each of these is so.
    pub with: Vec<(Property, String)>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// What to sum up by, the coarsest first. Nothing: one group of all.
    pub by: Vec<Dimension>,
    /// Which rows count.
    pub filter: Filter,
}

/// The sums of some rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// What they have in common: a text for each of [`Question::by`].
    pub of: Vec<String>,
    /// Requests.
    pub requests: u64,
    /// Tokens by kind.
    pub usage: Usage,
    /// The sum of all known costs.
    pub cost: MicroUsd,
    /// Rows whose cost is unknown.
    pub unpriced: u64,
    /// Rows whose usage is estimated.
    pub estimated: u64,
    /// Corrections, in micro-dollars: what is to be added to `cost`, below zero where too much was booked.
    pub correction: i64,
}

/// Money that a provider's account showed to be missing or too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// One of the same id is written once.
    pub id: String,
    /// The time that it belongs to.
    pub at: UnixMillis,
    /// The provider.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// In micro-dollars: what is to be added, below zero where too much was booked.
    pub cost: i64,
    /// Where it comes from, for who reads the table.
    pub reason: String,
}

/// What the ledger answers.
pub trait Reports: Send + Sync {
    /// The sums of rows by what is asked, in order of the groups.
    ///
    /// # Errors
    /// When the database cannot be read, or there would be more than [`MOST_GROUPS`] groups.
    fn usage(&self, question: &Question) -> Result<Vec<Group>, StoreError>;

    /// Shows rows in order of their time, one after the other, until the visitor has seen enough. Memory is bounded, however many
    /// there are.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn export(
        &self,
        filter: &Filter,
        visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Writes corrections; those that are there already are left as they are. Returns how many were new.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn adjust(&self, adjustments: &[Adjustment]) -> Result<u64, StoreError>;

    /// The sum of the corrections from a time on, and before another one, in micro-dollars.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn corrected(&self, from: UnixMillis, to: Option<UnixMillis>) -> Result<i64, StoreError>;
}
