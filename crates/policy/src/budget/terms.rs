//! What is said to the book of budgets, and what it answers.

use paceway_domain::{MicroUsd, UnixMillis};

use super::account::Standing;

/// The accounts that a request falls into; none if no budget counts it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts(pub(super) Vec<u64>);

impl Accounts {
    /// Whether no budget counts it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// At most, with its output bounded as far as it may be.
    pub least: MicroUsd,
    /// At most, as it was asked.
    pub most: MicroUsd,
}

/// Where a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind all others.
    Back,
    /// Before all others: it has been let go once already.
    Front,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub(super) i64);

/// Money that is held for a call. Whoever has it settles it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "money that is held is settled or released"]
pub struct Hold {
    /// The accounts, and the window of each in which it counts.
    pub(super) lines: Vec<(u64, UnixMillis)>,
    pub(super) amount: MicroUsd,
}

impl Hold {
    /// How much is held.
    pub fn amount(&self) -> MicroUsd {
        self.amount
    }
}

/// Why money is not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    /// The budget, and the account of it.
    pub budget: String,
    /// What may be spent.
    pub line: MicroUsd,
    /// What is spent.
    pub spent: MicroUsd,
    /// By how much the call might pass the line.
    pub over: MicroUsd,
    /// When the budget starts anew; `None`: never.
    pub resets_at: Option<UnixMillis>,
    /// Whether too many wait already.
    pub is_crowded: bool,
}

/// What becomes of a request for money.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is held.
    Held(Hold),
    /// It waits.
    Waits(Ticket),
    /// It does not fit.
    Refused(Short),
}

/// What became of one who waited.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "who waits has to be told"]
pub struct Woken {
    /// Who.
    pub ticket: Ticket,
    /// The money, or why not.
    pub outcome: Result<Hold, Short>,
}

/// A budget has reached a rung that asks for telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The rung.
    pub at_percent: u32,
    /// The account as it stands.
    pub standing: Standing,
}
