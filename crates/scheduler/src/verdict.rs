//! What the scheduler answers and is told.

use std::time::Duration;

use paceway_domain::{Cause, Dimension, LimitReadings, RateRefusal};

use crate::ask::PoolId;
use crate::pools::Hopeless;
use crate::ticket::Ticket;

/// The answer to [`Scheduler::submit`](crate::Scheduler::submit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// It may go now to this pool of its route; its expected cost is taken.
    Admitted(Ticket, PoolId),
    /// It waits; [`Scheduler::poll`](crate::Scheduler::poll) will name the ticket.
    Waiting(Ticket),
    /// It will not go; nothing was changed.
    Refused(Refused),
}

/// Why a request is not even queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The request alone is larger than a limit allows at once, wherever it could go.
    LargerThanLimit {
        /// The limit.
        dimension: Dimension,
        /// What the request needs.
        needs: u64,
        /// The most that can ever be free.
        allows: u64,
    },
    /// The queue is full, of all callers or of this one.
    QueueFull {
        /// The expected wait of a request that is queued now.
        wait: Duration,
    },
    /// Its turn comes after its deadline.
    TooLate {
        /// The expected wait.
        wait: Duration,
    },
    /// The provider lets nothing through for a reason that no wait cures, wherever the request could go.
    Barred {
        /// The reason.
        cause: Cause,
        /// When it is tried again.
        wait: Duration,
    },
    /// There is no target left to try.
    NoTarget,
}

impl From<Hopeless> for Refused {
    fn from(why: Hopeless) -> Self {
        match why {
            Hopeless::LargerThanLimit { dimension, needs, allows } => {
                Self::LargerThanLimit { dimension, needs, allows }
            }
            Hopeless::Barred { cause, wait } => Self::Barred { cause, wait },
            Hopeless::NoTarget => Self::NoTarget,
        }
    }
}

/// What [`Scheduler::poll`](crate::Scheduler::poll) decided about a waiting request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may go now to this pool of its route; its expected cost is taken.
    Admitted(Ticket, PoolId),
    /// It can no longer go, since limits have changed while it waited; the ticket is gone.
    Refused(Ticket, Refused),
    /// Its deadline has passed, or cannot be kept any more; the ticket is gone.
    Expired {
        /// The request.
        ticket: Ticket,
        /// The least wait that a request like it would have from now.
        wait: Duration,
    },
}

/// What a provider's answer to an admitted request teaches.
#[derive(Debug, Clone, Copy)]
pub enum Lesson<'a> {
    /// The answer has begun.
    Answered(&'a LimitReadings),
    /// The provider refused it: what was taken is given back and the ticket is gone.
    Refused(&'a RateRefusal, &'a LimitReadings),
    /// The provider broke its answer off with this refusal: what it used is still to be settled.
    BrokenOff(&'a RateRefusal),
}
