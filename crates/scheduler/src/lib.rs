//! Whose turn it is: rate limits, reservations and the queue in front of them.
//!
//! The scheduler is sans-I/O. It has no clock, no runtime and no lock: it is told `now`, it answers at once, and it says
//! when it next wants to be asked ([`Scheduler::next_wakeup`]). It does not know what an LLM request is, only what it
//! is expected to cost.
//!
//! Six calls make up its face:
//!
//! | call | says |
//! |---|---|
//! | [`Scheduler::submit`] | a request wants to go: it may, it waits, or it never will in time |
//! | [`Scheduler::poll`] | which waiting request may go now, or has run out of time |
//! | [`Scheduler::settle`] | what an admitted request really cost |
//! | [`Scheduler::cancel`] | a request that cost nothing, waiting or admitted |
//! | [`Scheduler::learn`] | what the provider said about its limits |
//! | [`Scheduler::next_wakeup`] | when to call `poll` next |

mod bucket;
mod limits;
mod pool;
mod scheduler;
mod ticket;

pub use limits::{Charging, Cost, Dimension, Limits, Rate};
pub use scheduler::{Ask, Decision, PoolId, PoolState, Reading, Refused, Scheduler, Submitted};
pub use ticket::Ticket;
