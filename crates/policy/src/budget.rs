//! Budgets: who may spend how much, until when, and what happens on the way there.
//!
//! Money is held before a call is made and settled after it, so that calls which run at the same time cannot pass a budget together:
//! [`Book`] does that, [`ceiling`] says the most that a call can cost. Pure: time, prices and who asks are handed in; nothing here
//! waits, stores or counts tokens.

mod account;
mod book;
pub mod ceiling;
mod ladder;
mod lease;
mod queue;
mod scope;
mod terms;
mod window;

use paceway_domain::MicroUsd;

pub use account::{Forecast, Standing};
pub use book::{Book, MOST_ACCOUNTS, MOST_WAITING, OTHERS};
pub use ladder::{Action, Ladder, Reached, Rung};
pub use lease::{Claim, Grant, Others, grant};
pub use scope::{Level, Scope, Whose};
pub use terms::{Accounts, Alert, Hold, Need, Place, Short, Submitted, Ticket, Woken};
pub use window::{Period, Span, Window, date};

/// So much may be spent by these in this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Its name, by which people and answers know it; unique.
    pub name: String,
    /// Whose spending it counts.
    pub scope: Scope,
    /// How much.
    pub amount: MicroUsd,
    /// Over which time.
    pub window: Window,
    /// What happens when it is used up to a share.
    pub ladder: Ladder,
    /// Whether a call whose price nobody knows may be made; it is counted as nothing.
    pub allows_unpriced: bool,
}

impl Budget {
    /// Whether what is spent of the one is what is spent of the other, whatever their amounts and ladders are.
    pub fn is_same_account(&self, other: &Self) -> bool {
        (&self.name, &self.scope, self.window) == (&other.name, &other.scope, other.window)
    }
}
