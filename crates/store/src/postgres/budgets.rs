//! Leases of budgets in PostgreSQL: one node after the other for each account.

use paceway_domain::MicroUsd;
use paceway_policy::budget::{Claim, Grant, Others, grant};
use postgres::Transaction;

use super::Postgres;
use crate::columns::{signed, unsigned};
use crate::{Leases, StoreError};

/// The node in whose name stands what was spent before any node leased.
const NOBODY: &str = "";

/// Held by whoever leases of an account, to the end of its transaction.
const LOCK: &str =
    "select pg_advisory_xact_lock(hashtextextended($1 || chr(10) || $2 || chr(10) || $3::bigint::text, 20))";

/// What others have: spent, taken, how many of them were seen lately; and whether anybody has leased at all.
const OTHERS: &str = "
    select
        coalesce(sum(spent) filter (where node <> $4), 0)::bigint,
        coalesce(sum(greatest(spent, allotment)) filter (where node <> $4), 0)::bigint,
        count(*) filter (where node <> $4 and node <> '' and seen_at > now() - interval '10 seconds'),
        count(*)
    from budget_leases where budget = $1 and account = $2 and window_from = $3";

const WRITE: &str = "
    insert into budget_leases (budget, account, window_from, node, spent, allotment) values ($1, $2, $3, $4, $5, $6)
    on conflict (budget, account, window_from, node)
    do update set spent = excluded.spent, allotment = excluded.allotment, seen_at = now()";

/// Windows that are over are of no use to anybody.
const FORGET: &str = "delete from budget_leases where budget = $1 and account = $2 and window_from < $3";

impl Leases for Postgres {
    fn lease(&self, node: &str, claims: &[Claim]) -> Result<Vec<Grant>, StoreError> {
        self.connection.run(|client| {
            // All in one order, so that no two nodes wait for each other.
            let mut transaction = client.transaction()?;
            let grants: Result<Vec<Grant>, StoreError> =
                claims.iter().map(|claim| lease(&mut transaction, node, claim)).collect();
            let grants = grants?;
            transaction.commit()?;
            Ok(grants)
        })
    }
}

fn lease(transaction: &mut Transaction<'_>, node: &str, claim: &Claim) -> Result<Grant, StoreError> {
    let (budget, account, from) = (&claim.budget, &claim.account, signed(claim.from.0));
    transaction.execute(LOCK, &[budget, account, &from])?;
    let row = transaction.query_one(OTHERS, &[budget, account, &from, &node])?;
    let amount = |place: usize| MicroUsd(unsigned(row.get(place)));
    let live = u32::try_from(row.get::<_, i64>(2)).unwrap_or(0);
    let mut others = Others { spent: amount(0), taken: amount(1), live };
    if row.get::<_, i64>(3) == 0 {
        transaction.execute(FORGET, &[budget, account, &from])?;
        let before = signed(claim.before.0);
        transaction.execute(WRITE, &[budget, account, &from, &NOBODY, &before, &before])?;
        (others.spent, others.taken) = (claim.before, claim.before);
    }
    let grant = grant(claim, others);
    let (spent, allotment) = (signed(claim.spent.0), signed(grant.allotment.0));
    transaction.execute(WRITE, &[budget, account, &from, &node, &spent, &allotment])?;
    Ok(grant)
}
