//! The name of one submitted request. It says nothing of the request and holds nothing.

/// One submitted request, from [`submit`](crate::Scheduler::submit) until it is settled, cancelled or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

impl Ticket {
    pub(crate) fn numbered(number: u64) -> Self {
        Self(number)
    }
}
