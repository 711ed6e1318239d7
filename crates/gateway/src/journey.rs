//! A request's way over its targets: which one is asked next, which have failed it and why, and what the client is told if all
//! have.
//!
//! The first target that can be had within the patience of the rules is chosen, otherwise the one that can be had soonest. One
//! that fails is left out for the rest of the round; when all have, those that may have recovered make the next round. It
//! decides, but neither waits nor sends.

mod end;
mod leg;

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::{Moment, Refusal};
use paceway_policy::fallback::{FallbackRules, Reason};
use paceway_protocol::Envelope;
use paceway_scheduler::Ask as Wish;
use paceway_upstream::Answer;

use crate::Gateway;
use crate::ask::Ask;
use crate::crossing::Crossed;
use crate::kept::KeptAt;
use crate::outgoing::Circumstances;
use crate::target::{Plan, Target};

pub(crate) use self::end::End;
pub(crate) use self::leg::{Failed, Leg, is_only_a_wish};

/// The way of one request.
pub(crate) struct Journey {
    pub(crate) legs: Vec<Leg>,
    rules: FallbackRules,
    circumstances: Circumstances,
    /// Whether an answer that breaks off in the middle is continued elsewhere.
    pub(crate) continues: bool,
    /// Whether another target is asked too when an answer is late.
    pub(crate) hedges: bool,
    /// The question, and from which doubt on an answer of the cheap target does not serve.
    pub(crate) cascade: Option<Cascade>,
    /// So much of the patience is used up.
    waited: Duration,
    /// How often it may leave a queue that has become longer than it looked.
    changes_left: u32,
    /// Chosen already, for the first call.
    next: Option<usize>,
}

/// When another target is asked too, and which.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hedge {
    pub(crate) after: Duration,
    pub(crate) place: usize,
}

/// How the answer of the cheap target is judged.
#[derive(Debug, Clone)]
pub(crate) struct Cascade {
    pub(crate) question: String,
    pub(crate) threshold: f64,
    /// The cheap one: `provider/model`.
    pub(crate) cheap: String,
}

/// An answer to hand on, and what it answers.
pub(crate) struct Sent {
    pub(crate) plan: Plan,
    pub(crate) wish: Wish,
    pub(crate) answer: Answer,
    /// The answer in the caller's dialect, if it came whole and had to cross over.
    pub(crate) crossed: Option<Crossed>,
    /// The way from here on, should the answer break off.
    pub(crate) rest: Journey,
}

/// Expectations may differ from what becomes of them every time: then it stays in its queue.
const MOST_CHANGES: u32 = 3;

/// A target is sent to only once its call is written.
const WRITTEN: &str = "a leg is chosen with its call written";

impl Journey {
    /// The way over these targets, in their order, with the first call written.
    ///
    /// # Errors
    /// What speaks against the target that is preferred, if none can be asked.
    pub(crate) fn plan(
        gateway: &Arc<Gateway>,
        (ask, envelope): (&Ask, Option<&Envelope<'_>>),
        targets: Vec<(Arc<Target>, Wish)>,
        rules: FallbackRules,
        pin: Option<&KeptAt>,
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        let leg = |(target, wish)| Leg {
            target,
            plan: None,
            wish,
            overload_until: None,
            dice: fastrand::f64(),
            is_shunned: false,
            failed: None,
        };
        let mut legs: Vec<Leg> = targets.into_iter().map(leg).collect();
        if let Some(pin) = pin {
            let model = legs[0].target.model.clone();
            legs.retain_mut(|leg| leg.is_held_to(pin));
            if legs.is_empty() {
                return Err(pin.is_elsewhere(&model));
            }
        }
        let mut journey = Self {
            legs,
            rules,
            circumstances,
            continues: false,
            hedges: false,
            cascade: None,
            waited: Duration::ZERO,
            changes_left: MOST_CHANGES,
            next: None,
        };
        loop {
            let Some(place) = journey.choose(gateway) else { return Err(journey.refusal()) };
            let leg = &mut journey.legs[place];
            match leg.target.plan(ask, envelope, circumstances) {
                Ok(plan) => {
                    leg.plan = Some(plan);
                    journey.next = Some(place);
                    return Ok(journey);
                }
                Err(refusal) if !journey.goes_on_after(Reason::Unsupported) => return Err(refusal),
                Err(refusal) => journey.fails(place, Failed::unsupported(refusal)),
            }
        }
    }

    /// The question and the threshold, if an answer of this leg is to be judged and there is another to ask.
    pub(crate) fn judges(&self, place: usize) -> Option<(&str, f64)> {
        let cascade = self.cascade.as_ref()?;
        let has_other = self.legs.iter().enumerate().any(|(at, leg)| at != place && leg.failed.is_none());
        let is_cheap = self.legs[place].target.name() == cascade.cheap;
        (is_cheap && has_other).then_some((cascade.question.as_str(), cascade.threshold))
    }

    /// Which leg is asked too, and when, if an answer of this one is late: the next in order that has its call written.
    pub(crate) fn hedge(&self, gateway: &Gateway, place: usize, is_streamed: bool) -> Option<Hedge> {
        if !self.hedges {
            return None;
        }
        let after = self.legs[place].target.deployment.pulse(gateway.clock.now(), is_streamed).p95?;
        let may = |(at, leg): &(usize, &Leg)| *at != place && leg.failed.is_none() && leg.plan.is_some();
        let (other, _) = self.legs.iter().enumerate().find(may)?;
        Some(Hedge { after, place: other })
    }

    /// Writes the calls of all legs, for those who may have to be quick.
    pub(crate) fn write_all(&mut self, ask: &Ask, envelope: Option<&Envelope<'_>>) {
        for leg in self.legs.iter_mut().filter(|leg| leg.plan.is_none() && leg.failed.is_none()) {
            leg.plan = leg.target.plan(ask, envelope, self.circumstances).ok();
        }
    }

    /// The leg that is chosen first, whose call is written.
    pub(crate) fn first(&self) -> &Leg {
        &self.legs[self.next.unwrap_or_default()]
    }

    /// The same, to be changed.
    pub(crate) fn first_mut(&mut self) -> &mut Leg {
        &mut self.legs[self.next.unwrap_or_default()]
    }

    /// Where to go next, with the call written; `None` if all targets have failed it for this round.
    pub(crate) fn next(&mut self, gateway: &Gateway, ask: &Ask) -> Option<usize> {
        loop {
            let place = match self.next.take() {
                Some(place) => place,
                None => self.choose(gateway)?,
            };
            let leg = &mut self.legs[place];
            if leg.plan.is_some() {
                return Some(place);
            }
            let written = match Envelope::parse(&ask.body) {
                _ if ask.is_form() => leg.target.plan(ask, None, self.circumstances),
                Ok(envelope) => leg.target.plan(ask, Some(&envelope), self.circumstances),
                Err(refusal) => Err(refusal),
            };
            match written {
                Ok(plan) => {
                    leg.plan = Some(plan);
                    return Some(place);
                }
                Err(refusal) if !self.goes_on_after(Reason::Unsupported) => {
                    self.stays_at(place);
                    self.fails(0, Failed::unsupported(refusal));
                }
                Err(refusal) => self.fails(place, Failed::unsupported(refusal)),
            }
        }
    }

    fn choose(&mut self, gateway: &Gateway) -> Option<usize> {
        let now = gateway.clock.now();
        let (mut ready, mut reluctant) = (Vec::new(), Vec::new());
        for place in 0..self.legs.len() {
            let leg = &self.legs[place];
            if leg.failed.is_some() {
                continue;
            }
            match leg.target.deployment.refuses(&gateway.breaker, now, leg.dice) {
                None if leg.is_shunned => reluctant.push(place),
                None => ready.push(place),
                Some(blocked) if is_only_a_wish(blocked) => reluctant.push(place),
                Some(blocked) => {
                    let failed = Failed::unhealthy(&leg.target, blocked);
                    self.fails(place, failed);
                }
            }
        }
        let open = if ready.is_empty() { reluctant } else { ready };
        if let [_, _, ..] = open.as_slice() {
            return self.soonest(gateway, &open);
        }
        open.first().copied()
    }

    /// The first that can be had within the patience, otherwise the one that can be had soonest.
    fn soonest(&self, gateway: &Gateway, open: &[usize]) -> Option<usize> {
        let waits = open.iter().map(|&place| (gateway.turnstile.expected(&self.legs[place].wish), place));
        let mut soonest: Option<(Duration, usize)> = None;
        for (wait, place) in waits {
            // Nobody waits for one that has just failed, or has too much to do, while another is there.
            let leg = &self.legs[place];
            let is_shunned =
                || leg.target.deployment.is_shaky(gateway.clock.now()) || leg.is_overloaded(gateway);
            let patience = self.rules.patience.saturating_sub(self.waited);
            if wait.is_zero() || (wait <= patience && !is_shunned()) {
                return Some(place);
            }
            if soonest.is_none_or(|(least, _)| wait < least) {
                soonest = Some((wait, place));
            }
        }
        soonest.map(|(_, place)| place)
    }

    /// It goes nowhere else any more, and so has one leg only.
    pub(crate) fn stays_at(&mut self, place: usize) {
        self.legs.swap(0, place);
        self.legs.truncate(1);
    }

    /// A target has answered. Should its answer break off, the others come before it.
    pub(crate) fn arrives(mut self, place: usize, answer: Answer, crossed: Option<Crossed>) -> Sent {
        let mut leg = self.legs.remove(place);
        let (plan, wish) = (leg.plan.take().expect(WRITTEN), leg.wish);
        self.legs.push(leg);
        Sent { plan, wish, answer, crossed, rest: self }
    }

    /// Sets out again over all targets, with another request for which nothing is written yet.
    pub(crate) fn sets_out_again(&mut self) {
        for leg in &mut self.legs {
            (leg.plan, leg.failed, leg.is_shunned) = (None, None, false);
        }
        self.next = None;
    }

    /// The request has changed: the calls are written anew, beginning with this one.
    pub(crate) fn is_written_anew(&mut self, place: usize) {
        for leg in &mut self.legs {
            leg.plan = None;
        }
        self.next = Some(place);
    }

    /// Until when an answer is of use.
    pub(crate) fn deadline(&self) -> Moment {
        self.legs.iter().map(|leg| leg.wish.deadline).max().unwrap_or_default()
    }

    /// Quota groups of all targets together.
    pub(crate) fn keys(&self) -> usize {
        self.legs.iter().map(|leg| leg.target.lane.targets()).sum()
    }

    /// The target did not serve; it is left out for this round. Those of which the same is known are left out with it.
    pub(crate) fn fails(&mut self, place: usize, failed: Failed) {
        if failed.reason == Reason::Context {
            self.leave_out_the_shorter(place);
        }
        self.legs[place].failed = Some(failed);
    }

    /// For what is too long for one model, those with no longer window are not asked.
    fn leave_out_the_shorter(&mut self, than: usize) {
        let Some(window) = self.legs[than].window() else { return };
        for leg in self.legs.iter_mut().filter(|leg| leg.failed.is_none()) {
            if leg.window().is_some_and(|theirs| theirs <= window) {
                let why = format!("the context window of `{}` is no longer", leg.target.model);
                leg.failed = Some(Failed {
                    reason: Reason::Context,
                    what: Err(Refusal::InvalidField { field: "messages".into(), why }),
                    may_pass: false,
                });
            }
        }
    }

    /// The wish with which it waits for this leg: where another is free, until the patience is over beyond the wait that is expected
    /// now, so that it can choose again if a refusal for others in that queue makes the wait longer. Where none is, it would lose its
    /// place in the queue for nothing.
    pub(crate) fn patient_wish(&self, gateway: &Gateway, place: usize) -> Wish {
        let mut wish = self.legs[place].wish;
        let is_free_other = |(at, leg): (usize, &Leg)| {
            at != place && leg.failed.is_none() && gateway.turnstile.has_room(&leg.wish)
        };
        if self.changes_left == 0 || !self.legs.iter().enumerate().any(is_free_other) {
            return wish;
        }
        let patience = self.rules.patience.saturating_sub(self.waited);
        let wait = gateway.turnstile.expected(&wish).saturating_add(patience);
        wish.deadline = wish.deadline.min(gateway.clock.now().after(wait));
        wish
    }

    /// Whether another target than this one is well and can be had at once.
    pub(crate) fn has_free_other(&self, gateway: &Gateway, place: usize) -> bool {
        let now = gateway.clock.now();
        self.legs.iter().enumerate().any(|(at, leg)| {
            at != place
                && leg.failed.is_none()
                && leg.target.deployment.refuses(&gateway.breaker, now, leg.dice).is_none()
                && gateway.turnstile.has_room(&leg.wish)
        })
    }

    /// It has left a queue that has become longer than it looked.
    pub(crate) fn leaves_queue(&mut self) {
        self.changes_left = self.changes_left.saturating_sub(1);
    }

    /// It has waited so long for a turn.
    pub(crate) fn has_waited(&mut self, waited: Duration) {
        self.waited = self.waited.saturating_add(waited);
    }

    /// Whether a request that has waited for this leg rather goes elsewhere, because the leg has failed meanwhile. If so, it comes back
    /// to it only if no other serves.
    pub(crate) fn leaves(&mut self, place: usize, now: Moment) -> bool {
        let is_other = |(at, leg): (usize, &Leg)| at != place && leg.failed.is_none() && !leg.is_shunned;
        let has_other = self.legs.iter().enumerate().any(is_other);
        let leg = &mut self.legs[place];
        leg.is_shunned = has_other && leg.target.deployment.is_shaky(now);
        leg.is_shunned
    }

    /// Whether a failure for this reason sends the request elsewhere, if there is an elsewhere.
    pub(crate) fn goes_on_after(&self, reason: Reason) -> bool {
        self.legs.len() > 1 && self.rules.on.has(reason)
    }

    /// The failures after which the same target may serve yet.
    pub(crate) fn passing(&self) -> impl Iterator<Item = &Failed> {
        self.legs.iter().filter_map(|leg| leg.failed.as_ref()).filter(|failed| failed.may_pass)
    }

    /// Begins another round with those that may have recovered.
    pub(crate) fn begin_round(&mut self) {
        for leg in &mut self.legs {
            let is_over = |failed: &Failed| failed.may_pass || failed.reason == Reason::Breaker;
            if leg.failed.as_ref().is_some_and(is_over) {
                leg.failed = None;
                leg.dice = fastrand::f64();
            }
        }
    }
}
