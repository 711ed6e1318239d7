//! What of an admin's place could have cost less.

use std::collections::BTreeMap;
use std::sync::{Arc, TryLockError};

use paceway_domain::UnixMillis;
use paceway_policy::access::{Action, Admin, Place};
use paceway_policy::insights::Report;
use paceway_policy::pricing::PriceBook;
use paceway_store::reports::Filter;

use super::usage::rows_of;
use super::{Administration, DAY_MS, Denied, permit};
use crate::insights::{self, KnownProvider};

/// So many days are looked at where nobody says, and at most.
const USUAL_DAYS: u64 = 30;
const MOST_DAYS: u64 = 366;

impl Administration {
    /// What the requests of a place show, of those that arrived from `from` on and before `to`: at most 366 days, the last thirty where
    /// nobody says. One look at a time, because each reads every row.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn insights(
        &self,
        actor: &Admin,
        place: &Place,
        (from, to): (Option<UnixMillis>, Option<UnixMillis>),
        prices: Arc<PriceBook>,
        providers: &BTreeMap<String, KnownProvider>,
    ) -> Result<Report, Denied> {
        permit(actor, Action::Read, place)?;
        let to = to.unwrap_or(UnixMillis(self.clock.wall().0 + 1));
        let from = from.unwrap_or(UnixMillis(to.0.saturating_sub(USUAL_DAYS * DAY_MS)));
        if from >= to {
            return Err(Denied::invalid("from", "it is not before `to`: nothing would be looked at"));
        }
        if to.0 - from.0 > MOST_DAYS * DAY_MS {
            return Err(Denied::invalid("from", format!("expected at most {MOST_DAYS} days before `to`")));
        }
        let _alone = match self.looking.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let why = "insights are being looked for already: ask again when that answer is there";
                return Err(Denied::Conflict(why.to_owned()));
            }
        };
        let filter = Filter { from: Some(from), to: Some(to), with: rows_of(place).collect() };
        Ok(insights::report(self.reports.as_ref(), &filter, prices, providers)?)
    }
}
