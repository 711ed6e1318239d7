//! How a request's way ends where no target served: what the client is told. It decides nothing about where a request goes.

use paceway_domain::Refusal;
use paceway_policy::fallback::Reason;

use super::{Journey, Leg, Sent};

/// Why a journey ends without an answer that serves.
pub(crate) enum End {
    /// An error of a provider's to hand on.
    Answer(Box<Sent>),
    Refusal(Refusal),
}

impl Journey {
    /// What the client is told: what the most preferred target said that said something.
    pub(crate) fn end(mut self) -> End {
        let has_said = |leg: &Leg| leg.failed.as_ref().is_some_and(|failed| failed.reason != Reason::Breaker);
        let place = self.legs.iter().position(has_said);
        let Some(place) = place else { return End::Refusal(self.refusal()) };
        let leg = self.legs.remove(place);
        match (leg.failed.map(|failed| failed.what), leg.plan) {
            (Some(Ok(error)), Some(plan)) => {
                let (wish, answer) = (leg.wish, error.into());
                End::Answer(Box::new(Sent { plan, wish, answer, crossed: None, rest: self }))
            }
            (Some(Err(refusal)), _) => End::Refusal(refusal),
            _ => End::Refusal(Refusal::Internal("a request ended without a reason".into())),
        }
    }

    /// Why no target is asked.
    pub(super) fn refusal(&mut self) -> Refusal {
        let said = |leg: &mut Leg| leg.failed.take_if(|failed| failed.reason != Reason::Breaker);
        let mut refusals = self.legs.iter_mut().filter_map(said).filter_map(|failed| failed.what.err());
        if let Some(refusal) = refusals.next() {
            return refusal;
        }
        let open = self.legs.iter_mut().filter_map(|leg| leg.failed.take()?.what.err());
        all_unhealthy(open.collect())
    }
}

/// The refusal of the target that is asked again soonest, which names the others too.
fn all_unhealthy(mut refusals: Vec<Refusal>) -> Refusal {
    refusals.sort_by_key(Refusal::retry_after);
    let mut refusals = refusals.into_iter();
    let Some(mut soonest) = refusals.next() else {
        return Refusal::Internal("a request was left without a target".into());
    };
    if let Refusal::Unhealthy { others, .. } = &mut soonest {
        others.extend(refusals.filter_map(|refusal| match refusal {
            Refusal::Unhealthy { provider, model, fault, .. } => {
                Some(format!("{provider}/{model} ({fault})"))
            }
            _ => None,
        }));
    }
    soonest
}
