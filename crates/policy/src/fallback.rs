//! Why a request goes elsewhere when a target has failed it, and which reasons count for whom.

use std::fmt;
use std::time::Duration;

use crate::breaker::Fault;

/// Why a target did not serve a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its limits let the request through too late or not at all.
    RateLimit,
    /// It has too much to do.
    Overload,
    /// It failed (5xx), or its answer made no sense.
    ServerError,
    /// It took too long.
    Timeout,
    /// It could not be reached, or the connection broke.
    Connection,
    /// The request is too long for the model.
    Context,
    /// The model or a filter refused the contents.
    Content,
    /// It does not take our key (401, 403).
    Credentials,
    /// It does not know the model (404).
    NotFound,
    /// Our account there has no credit left, or has reached its cap.
    Quota,
    /// The request says something that cannot be put in its dialect, or asks for an endpoint that it lacks.
    Unsupported,
    /// Its answer looks wrong, and a stronger model was to be asked then.
    Doubt,
    /// Its circuit breaker is open.
    Breaker,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::RateLimit,
        Self::Overload,
        Self::ServerError,
        Self::Timeout,
        Self::Connection,
        Self::Context,
        Self::Content,
        Self::Credentials,
        Self::NotFound,
        Self::Quota,
        Self::Unsupported,
        Self::Doubt,
        Self::Breaker,
    ];

    /// Its name in settings, metrics, headers and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Overload => "overload",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Context => "context",
            Self::Content => "content",
            Self::Credentials => "credentials",
            Self::NotFound => "not_found",
            Self::Quota => "quota",
            Self::Unsupported => "unsupported",
            Self::Doubt => "doubt",
            Self::Breaker => "breaker",
        }
    }

    /// The reason of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// What it says of the deployment, for its breaker; `None`: nothing, or it is the scheduler's to know.
    pub const fn fault(self) -> Option<Fault> {
        match self {
            Self::Overload => Some(Fault::Overload),
            Self::ServerError => Some(Fault::Server),
            Self::Timeout => Some(Fault::Timeout),
            Self::Connection => Some(Fault::Connection),
            Self::Credentials | Self::NotFound => Some(Fault::Rejected),
            Self::RateLimit
            | Self::Context
            | Self::Content
            | Self::Quota
            | Self::Unsupported
            | Self::Doubt
            | Self::Breaker => None,
        }
    }

    /// Whether the same target may serve the same request after a while.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Self::ServerError | Self::Timeout | Self::Connection | Self::Overload | Self::RateLimit
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// All but [`Reason::Content`]: whoever sends what one model refuses should decide whether another is to be asked.
    pub fn usual() -> Self {
        Reason::ALL.into_iter().filter(|reason| *reason != Reason::Content).collect()
    }

    /// Whether a reason is in it. An open breaker always is, since it stands for failures that have been, and so is doubt, which
    /// arises only where it was asked for.
    pub fn has(self, reason: Reason) -> bool {
        matches!(reason, Reason::Breaker | Reason::Doubt) || self.0 & bit(reason) != 0
    }
}

impl FromIterator<Reason> for Reasons {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        Self(reasons.into_iter().fold(0, |set, reason| set | bit(reason)))
    }
}

const fn bit(reason: Reason) -> u16 {
    1 << reason as u16
}

/// When the targets of a name take each other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FallbackRules {
    /// For which reasons a request goes to the next target. For others it is answered with what the target said.
    pub on: Reasons,
    /// So long a wait for a target's limits is taken before one further down is preferred that can be had sooner.
    pub patience: Duration,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_its_name_and_no_two_share_one() {
        for reason in Reason::ALL {
            assert_eq!(Reason::of_name(reason.name()), Some(reason));
        }
        assert_eq!(Reason::of_name("weather"), None);
    }

    #[test]
    fn a_set_has_what_was_put_in_and_an_open_breaker_always() {
        let set: Reasons = [Reason::Timeout, Reason::Context].into_iter().collect();
        let held: Vec<_> = Reason::ALL.into_iter().filter(|reason| set.has(*reason)).collect();
        assert_eq!(held, [Reason::Timeout, Reason::Context, Reason::Doubt, Reason::Breaker]);
        assert!(!Reasons::usual().has(Reason::Content) && Reasons::usual().has(Reason::Quota));
    }
}
