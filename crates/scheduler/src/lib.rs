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
//! | [`Scheduler::learn`] | what the provider said about its limits, in an answer or a refusal |
//! | [`Scheduler::next_wakeup`] | when to call `poll` next |
//!
//! Pools and routes are added, and retire when nobody will ask for them again ([`Scheduler::retire_route`]).

mod ask;
mod bucket;
mod flight;
mod gate;
mod group;
mod limits;
mod meter;
mod pace;
mod pool;
mod pools;
mod queue;
mod scheduler;
mod state;
mod ticket;
mod verdict;
mod window;

pub use ask::{Ask, CallerId, MAX_OWN, PoolId, Priority, RouteId};
pub use bucket::Rate;
pub use limits::{Charging, Cost, Learning, Limits};
pub use meter::Source;
pub use scheduler::{Bounds, Scheduler};
pub use state::{MeterState, PoolState, Reason};
pub use ticket::Ticket;
pub use verdict::{Decision, Lesson, Refused, Submitted};
