//! The book of a node that shares its budgets with others: what it says to lease, and what comes of it.

use paceway_domain::{MicroUsd, UnixMillis};

use super::Book;
use crate::budget::account::minus;
use crate::budget::lease::{Claim, Grant};
use crate::budget::terms::Woken;

/// The line of a budget without one: large, and sums of it still fit where it is kept.
const NO_LINE: u64 = 1 << 60;
impl Book {
    /// What this node says to lease of each account; its grants are to come ([`Book::allot`]) before the next time. What is idle of those that are scarce is not given out any more from now on.
    pub fn claims(&mut self, now: UnixMillis, gives_all_back: bool) -> Vec<Claim> {
        let wanted = self.queue.wanted();
        let mut claims = Vec::new();
        for (id, account) in &mut self.accounts {
            let Some(budget) = self.budgets.iter().find(|budget| budget.name == account.budget) else {
                continue;
            };
            account.roll(budget, now);
            let Some(allotment) = account.allotment else { continue };
            let used = account.spent + account.held;
            let gives_back = account.is_scarce || gives_all_back;
            let kept = if gives_back { used } else { used.max(allotment) };
            account.allotment = Some(kept);
            let (first, all) = wanted.get(id).copied().unwrap_or_default();
            let idle = minus(kept, used);
            // A budget that stops nobody is leased as if it had no end, so that its spending is known everywhere.
            let line = budget
                .ladder
                .line(budget.amount)
                .map_or(MicroUsd(NO_LINE), |(line, _)| account.line_of_rows(line));
            claims.push(Claim {
                budget: account.budget.clone(),
                account: account.name.clone(),
                from: account.span.from,
                line,
                spent: account.spent,
                kept,
                first: minus(first, idle),
                wanted: minus(all, idle),
                before: account.before,
            });
        }
        claims.sort_by(|a, b| (&a.budget, &a.account, a.from).cmp(&(&b.budget, &b.account, b.from)));
        claims
    }

    /// Leases have come. Those who may go now are told.
    pub fn allot(&mut self, grants: &[(Claim, Grant)], now: UnixMillis) -> Vec<Woken> {
        for (claim, grant) in grants {
            let id = self.by_name.get(&(claim.budget.clone(), claim.account.clone()));
            let account = id.and_then(|id| self.accounts.get_mut(id));
            if let Some(account) = account.filter(|account| account.span.from == claim.from) {
                account.allotment = Some(grant.allotment);
                account.elsewhere = grant.elsewhere;
                account.is_scarce = grant.is_scarce;
            }
        }
        if self.queue.len() > 0 { self.wake(now) } else { Vec::new() }
    }
}
