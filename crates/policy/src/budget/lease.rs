//! How nodes share a budget: each leases a part of it, gives out that part alone, and leases more when it needs more.
//!
//! What a node has leased is taken from the budget until it gives it back or the window ends, whatever becomes of the node. So all nodes
//! together never give out more than there is, and a node goes on with what it has leased while nobody else can be reached. Arithmetic;
//! who keeps the leases is the store's to know.

use paceway_domain::{MicroUsd, UnixMillis};

use super::account::minus;

/// What a node says of an account when it asks for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The budget.
    pub budget: String,
    /// The account of it.
    pub account: String,
    /// Its window's begin.
    pub from: UnixMillis,
    /// What all nodes together may spend.
    pub line: MicroUsd,
    /// What this node has spent.
    pub spent: MicroUsd,
    /// What it keeps of its lease: what it has spent, what it holds, and what it has left unless that is scarce.
    pub kept: MicroUsd,
    /// What it needs beyond that for the first that waits.
    pub first: MicroUsd,
    /// What it needs beyond that for all that wait.
    pub wanted: MicroUsd,
    /// What was spent in the window before any node leased of it, as far as the ledger knew.
    pub before: MicroUsd,
}

/// What others have of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Others {
    /// What they have spent.
    pub spent: MicroUsd,
    /// What they have leased or spent, whichever is more.
    pub taken: MicroUsd,
    /// How many of them are there.
    pub live: u32,
}

/// A lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What the node may give out in this window, what it has spent and holds included.
    pub allotment: MicroUsd,
    /// What others have spent.
    pub elsewhere: MicroUsd,
    /// Whether so little is left that what is idle is to be given back.
    pub is_scarce: bool,
}

/// The lease for a claim: what is needed, and while there is plenty a share of what is left, so that the next one need not be asked for
/// soon. When it is scarce, a part that lets nobody go is left to others: two nodes with half of what each needs would wait for ever.
pub fn grant(claim: &Claim, others: Others) -> Grant {
    let free = minus(claim.line, others.taken + claim.kept);
    let share = MicroUsd(free.0 / (2 * (u64::from(others.live) + 1)));
    let is_plenty = minus(free, share).0 >= claim.line.0 / 5;
    let more = if is_plenty {
        claim.wanted.max(share).min(free)
    } else if claim.first <= free {
        claim.wanted.min(free)
    } else {
        MicroUsd::ZERO
    };
    let rest = minus(free, more);
    Grant { allotment: claim.kept + more, elsewhere: others.spent, is_scarce: rest.0 < claim.line.0 / 5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(kept: u64, wanted: u64) -> Claim {
        Claim {
            budget: "all".into(),
            account: String::new(),
            from: UnixMillis(0),
            line: MicroUsd(1_000),
            spent: MicroUsd(0),
            kept: MicroUsd(kept),
            first: MicroUsd(wanted.min(50)),
            wanted: MicroUsd(wanted),
            before: MicroUsd(0),
        }
    }

    fn granted(kept: u64, wanted: u64, taken: u64) -> (u64, bool) {
        let others = Others { spent: MicroUsd(taken), taken: MicroUsd(taken), live: 1 };
        let grant = grant(&claim(kept, wanted), others);
        (grant.allotment.0, grant.is_scarce)
    }

    #[test]
    fn while_there_is_plenty_a_share_is_leased_and_when_it_is_scarce_what_is_needed() {
        assert_eq!(granted(0, 10, 0), (250, false));
        assert_eq!(granted(250, 10, 250), (375, false));
        assert_eq!(granted(300, 50, 600), (350, true));
    }

    #[test]
    fn a_part_that_lets_nobody_go_is_left_to_the_others() {
        assert_eq!(granted(300, 50, 651), (300, true));
        assert_eq!(granted(300, 50, 650), (350, true));
        assert_eq!(granted(300, 0, 650), (300, true));
    }

    #[test]
    fn no_more_is_leased_than_there_is() {
        assert_eq!(granted(300, 500, 600), (400, true));
        assert_eq!(granted(300, 500, 700), (300, true));
        assert_eq!(granted(300, 500, 900), (300, true));
    }
}
