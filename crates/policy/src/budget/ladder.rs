//! The rungs of a budget: what happens when it is used up to a share.
//!
//! `alert`, `cheaper`, `cap_output` and `batch` go by what is spent: what is only held comes back for the most part, and nobody should
//! be sent to a cheaper model for money that is not gone. `refuse` and `pause` draw the line that spent and held together never pass.

use paceway_domain::{MicroUsd, Tokens};

/// What a rung does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Says so, once in each window: in the log and the metrics.
    Alert,
    /// Sends requests to the cheapest of their targets, and of those of this other name if one is given.
    Cheaper(Option<String>),
    /// Bounds the output of each request.
    CapOutput(Tokens),
    /// Lets requests wait for what nobody else wants: the priority `batch`.
    Batch,
    /// Nothing more is spent.
    Refuse,
    /// Nothing more is spent; who can wait until the budget starts anew does.
    Pause,
}

impl Action {
    /// `alert`, `cheaper`, `cap_output`, `batch`, `refuse` or `pause`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Cheaper(_) => "cheaper",
            Self::CapOutput(_) => "cap_output",
            Self::Batch => "batch",
            Self::Refuse => "refuse",
            Self::Pause => "pause",
        }
    }
}

/// From this share on, this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Percent of the amount.
    pub at_percent: u32,
    /// What is done.
    pub action: Action,
}

/// All rungs of a budget, lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ladder(Vec<Rung>);

/// A rung that a budget has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The budget, and the account of it: `team-a`, or `teams (acme/search)`.
    pub budget: String,
    /// What is spent of it, in percent, rounded down.
    pub percent: u64,
    /// What follows.
    pub action: Action,
}

impl Ladder {
    /// These rungs, in whatever order.
    pub fn new(mut rungs: Vec<Rung>) -> Self {
        rungs.sort_by_key(|rung| rung.at_percent);
        Self(rungs)
    }

    /// What must not be passed, and whether who comes to it may wait; `None`: nothing stops anybody.
    pub(super) fn line(&self, amount: MicroUsd) -> Option<(MicroUsd, bool)> {
        let is_line = |rung: &&Rung| matches!(rung.action, Action::Refuse | Action::Pause);
        let rung = self.0.iter().find(is_line)?;
        Some((share(amount, rung.at_percent), rung.action == Action::Pause))
    }

    /// Whether outputs may be bounded when a request does not fit whole.
    pub(super) fn may_cap(&self) -> bool {
        self.0.iter().any(|rung| matches!(rung.action, Action::CapOutput(_)))
    }

    /// The rungs below the line that are reached when so much of the amount is spent.
    pub(super) fn reached(&self, amount: MicroUsd, spent: MicroUsd) -> impl Iterator<Item = &Rung> {
        self.0.iter().filter(move |rung| {
            !matches!(rung.action, Action::Refuse | Action::Pause) && spent >= share(amount, rung.at_percent)
        })
    }

    /// Its rungs, lowest first.
    pub fn rungs(&self) -> &[Rung] {
        &self.0
    }
}

/// Rounded up, so that a rung at one percent of nothing much is not reached by nothing.
fn share(amount: MicroUsd, percent: u32) -> MicroUsd {
    let share = (u128::from(amount.0) * u128::from(percent)).div_ceil(100);
    MicroUsd(u64::try_from(share).unwrap_or(u64::MAX))
}

/// The percentage that `part` is of `whole`, rounded down.
pub(super) fn percent(part: MicroUsd, whole: MicroUsd) -> u64 {
    let percent = u128::from(part.0) * 100 / u128::from(whole.0.max(1));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Ladder {
        let rung = |at_percent, action| Rung { at_percent, action };
        Ladder::new(vec![
            rung(100, Action::Refuse),
            rung(70, Action::Alert),
            rung(85, Action::Cheaper(None)),
            rung(95, Action::CapOutput(Tokens(500))),
        ])
    }

    #[test]
    fn a_rung_is_reached_at_its_share_and_not_a_micro_dollar_before() {
        let names = |spent| -> Vec<&'static str> {
            let ladder = ladder();
            ladder.reached(MicroUsd(1_000), MicroUsd(spent)).map(|rung| rung.action.name()).collect()
        };
        assert_eq!(names(699), [""; 0]);
        assert_eq!(names(700), ["alert"]);
        assert_eq!(names(949), ["alert", "cheaper"]);
        assert_eq!(names(2_000), ["alert", "cheaper", "cap_output"]);
    }

    #[test]
    fn a_ladder_without_refusal_or_pause_stops_nobody() {
        let alert = Ladder::new(vec![Rung { at_percent: 50, action: Action::Alert }]);
        assert_eq!(alert.line(MicroUsd(100)), None);
        assert_eq!(ladder().line(MicroUsd(100)), Some((MicroUsd(100), false)));
    }
}
