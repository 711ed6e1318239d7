//! One target on a request's way, and why it did not serve.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::{Cause, Failure, Moment, Refusal};
use paceway_policy::breaker::{Blocked, Fault};
use paceway_policy::fallback::Reason;
use paceway_scheduler::{Ask as Wish, PoolId};

use super::WRITTEN;
use crate::Gateway;
use crate::kept::KeptAt;
use crate::target::{Plan, Target};
use crate::upstream_error::ErrorAnswer;

/// One target on the way.
pub(crate) struct Leg {
    pub(crate) target: Arc<Target>,
    /// What is sent, once it is written.
    pub(crate) plan: Option<Plan>,
    pub(crate) wish: Wish,
    /// Until when an overload is waited out, once there was one.
    pub(crate) overload_until: Option<Moment>,
    /// Decides while its breaker lets a share of calls go.
    pub(super) dice: f64,
    /// It failed others while the request waited for it: asked only if no other serves.
    pub(super) is_shunned: bool,
    pub(super) failed: Option<Failed>,
}

/// Why a target did not serve, and what it said.
pub(crate) struct Failed {
    pub(crate) reason: Reason,
    pub(crate) what: Result<ErrorAnswer, Refusal>,
    /// Whether the same target may serve the same request after a while.
    pub(crate) may_pass: bool,
}

impl Leg {
    /// The call, which is written.
    pub(crate) fn plan(&self) -> &Plan {
        self.plan.as_ref().expect(WRITTEN)
    }

    /// Whether it failed in a way that may pass.
    pub(crate) fn may_pass(&self) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.may_pass)
    }

    /// A key has turned out to be of no use: it goes to the others, if there are any left.
    pub(crate) fn leaves_key(&mut self, pool: PoolId) -> bool {
        self.wish.without |= self.target.lane.bit_of(pool);
        (self.wish.without.count_ones() as usize) < self.target.lane.targets()
    }

    /// Whether it can go where an answer is kept; if so, it goes nowhere else.
    pub(super) fn is_held_to(&mut self, pin: &KeptAt) -> bool {
        let lane = &self.target.lane;
        let place = lane.pools().position(|(group, _)| group == pin.quota_group);
        let Some(place) = place.filter(|_| self.target.provider.name() == pin.provider) else {
            return false;
        };
        let all = u64::MAX >> (64 - lane.targets().clamp(1, 64));
        self.wish.without |= all & !(1 << place);
        true
    }

    /// Decides while its breaker lets a share of calls go.
    pub(crate) fn dice(&self) -> f64 {
        self.dice
    }

    /// Whether nobody lets it in there because all that it may use is closed for its load.
    pub(super) fn is_overloaded(&self, gateway: &Gateway) -> bool {
        let is_closed = |pool| matches!(gateway.turnstile.state(pool).closed, Some((Cause::Overload, _)));
        let mut pools = self.target.lane.pools().enumerate();
        pools.all(|(place, (_, pool))| self.wish.without >> place & 1 == 1 || is_closed(pool))
    }

    /// Its model's context window, in tokens, if that is known.
    pub(super) fn window(&self) -> Option<u64> {
        self.target.profile.context_window
    }
}

impl Failed {
    pub(super) fn unsupported(refusal: Refusal) -> Self {
        Self { reason: Reason::Unsupported, what: Err(refusal), may_pass: false }
    }

    /// The request is not let through: its turn would come too late, or nothing is let through.
    pub(crate) fn not_admitted(refusal: Refusal) -> Self {
        let reason = match &refusal {
            Refusal::ProviderClosed { .. } => Reason::Quota,
            _ => Reason::RateLimit,
        };
        Self { reason, what: Err(refusal), may_pass: false }
    }

    /// No budget pays for it.
    pub(crate) fn not_paid(refusal: Refusal) -> Self {
        Self { reason: Reason::Quota, what: Err(refusal), may_pass: false }
    }

    /// The breaker is open.
    pub(crate) fn unhealthy(target: &Target, blocked: Blocked) -> Self {
        let (Blocked::Open(fault, _) | Blocked::Ramping(fault)) = blocked;
        let retry_after = match blocked {
            Blocked::Open(_, wait) => wait,
            Blocked::Ramping(_) => Duration::ZERO,
        };
        let refusal = Refusal::Unhealthy {
            provider: target.provider.name().to_owned(),
            model: target.model.clone(),
            fault: fault.name(),
            retry_after,
            others: Vec::new(),
        };
        Self { reason: Reason::Breaker, what: Err(refusal), may_pass: false }
    }

    /// An answer that cannot be read. Asked again it would say the same, for the same money.
    pub(crate) fn unreadable(target: &Target, why: String) -> Self {
        Self { may_pass: false, ..Self::broken(target, Failure::Garbled(why)) }
    }

    /// A call without an answer.
    pub(crate) fn broken(target: &Target, failure: Failure) -> Self {
        let reason = match &failure {
            Failure::Connect(_) | Failure::Broken(_) => Reason::Connection,
            Failure::Timeout(..) | Failure::GivenUp => Reason::Timeout,
            Failure::TooLarge(_) | Failure::Garbled(_) => Reason::ServerError,
        };
        // An answer that is too large will be so again; one that makes no sense is a proxy's, as a rule, and the next may not be.
        let may_pass = !matches!(failure, Failure::TooLarge(_));
        let provider = target.provider.name().to_owned();
        Self { reason, what: Err(Refusal::Upstream { provider, failure }), may_pass }
    }
}

/// Whether a breaker that blocks only says that another target would be better. An overloaded deployment is waited for, and one that
/// rejects us says why, if there is no other; one that recovers takes those who have nowhere else to go.
pub(crate) fn is_only_a_wish(blocked: Blocked) -> bool {
    matches!(blocked, Blocked::Ramping(_) | Blocked::Open(Fault::Overload | Fault::Rejected, _))
}
