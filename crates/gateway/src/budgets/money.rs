//! The money of one request: held before each of its calls, charged by what the ledger's rows say, given back at the end.
//!
//! A call is held at the most that it can cost at its target. Between two calls nothing of a request runs, so that what it holds is given
//! back before it waits for more: nobody waits with money in hand, and no two wait for each other.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::{MicroUsd, Moment, Refusal, Tokens, UnixMillis};
use paceway_policy::budget::ceiling::{Size, ceiling, output_within};
use paceway_policy::budget::{Accounts, Alert, Hold, Need, Place, Short, Standing, date};
use paceway_protocol::wants::{Wants, is_open, picture_bytes};
use paceway_protocol::{Envelope, output_cap, several};

use super::{Effects, Entry, Wait};
use crate::ask::Ask;
use crate::target::Target;
use crate::{Endpoint, Gateway};

/// Tokens that providers add to what a request says: roles, the instructions for tools.
const ADDED: u64 = 1_000;
/// The most that one picture counts at any provider, however few bytes it has (Anthropic, high resolution: 4,784).
const PICTURE: u64 = 5_000;
/// Fields by which a request asks for a price list of its own.
const TERMS: [&str; 5] = ["service_tier", "serviceTier", "speed", "inference_geo", "performanceConfig"];
/// When to come back where running requests hold what is left.
const COME_BACK: Duration = Duration::from_secs(5);

/// The money of one request.
pub(crate) struct Money {
    gateway: Arc<Gateway>,
    accounts: Accounts,
    /// Prices are those of then.
    asked_at: UnixMillis,
    size: Size,
    /// The least to which its output may be bounded.
    least_output: Tokens,
    /// Whether its calls cost something.
    is_paid: bool,
    /// Money has been held for it before.
    has_held: bool,
    /// The bound of its output with which it fitted.
    cap: Option<Tokens>,
    hold: Option<Hold>,
}

/// Money is held for a call.
pub(crate) enum Held {
    /// As it is, after this wait.
    Whole(Duration),
    /// If its output is bounded to so much.
    Capped(Tokens),
}

impl Money {
    /// Of a request of which nothing is held yet.
    pub(crate) fn of(
        gateway: &Arc<Gateway>,
        effects: Effects,
        ask: &Ask,
        envelope: Option<&Envelope<'_>>,
    ) -> Self {
        Self {
            gateway: Arc::clone(gateway),
            accounts: effects.accounts,
            asked_at: gateway.clock.wall(),
            size: size(ask, envelope),
            least_output: envelope.map_or(Tokens(1), |envelope| output_cap::least(ask.dialect, envelope)),
            is_paid: ask.endpoint != Endpoint::CountTokens,
            has_held: false,
            cap: None,
            hold: None,
        }
    }

    /// Holds the most that a call can cost at this target, unless so much is held already. It waits for running requests until the
    /// deadline at most. Cancel-safe: who is dropped while it waits holds nothing.
    ///
    /// # Errors
    /// [`Refusal::BudgetSpent`], [`Refusal::BudgetBusy`] or [`Refusal::Unpriced`].
    pub(crate) async fn hold(
        &mut self,
        ask: &Ask,
        target: &Target,
        deadline: Moment,
    ) -> Result<Held, Refusal> {
        if !self.is_paid {
            return Ok(Held::Whole(Duration::ZERO));
        }
        let size = self.size_of(ask);
        let prices = Arc::clone(&self.gateway.prices);
        let offer = prices.offer(target.provider.product(&target.model), self.asked_at);
        let Some(most) = ceiling(&offer, size) else { return self.hold_unpriced(target) };
        if self.hold.as_ref().is_some_and(|hold| hold.amount() >= most) {
            return Ok(Held::Whole(Duration::ZERO));
        }
        self.settle(MicroUsd::ZERO);
        let least = if ask.is_generation() {
            ceiling(&offer, size.with_output(self.least_output)).unwrap_or(most)
        } else {
            most
        };
        let (hold, waited) = self.wait_for(Need { least, most }, deadline).await?;
        let amount = hold.amount();
        (self.hold, self.has_held) = (Some(hold), true);
        if amount >= most {
            return Ok(Held::Whole(waited));
        }
        output_within(&offer, size, amount)
            .map(Held::Capped)
            .ok_or_else(|| Refusal::Internal("money was held that buys no answer".into()))
    }

    async fn wait_for(&self, need: Need, deadline: Moment) -> Result<(Hold, Duration), Refusal> {
        let (clock, budgets) = (&self.gateway.clock, &self.gateway.budgets);
        let now = clock.wall();
        let place = if self.has_held { Place::Front } else { Place::Back };
        match budgets.submit(&self.accounts, need, place, now) {
            // Who is let in at once has not waited, however long that took.
            Entry::Held(hold) => Ok((hold, Duration::ZERO)),
            Entry::Refused(short) => Err(refusal(short, now)),
            Entry::Waits(waiting) => {
                let before = clock.now();
                let hold = self.sleep(waiting, deadline).await?;
                Ok((hold, clock.now().since(before)))
            }
        }
    }

    async fn sleep(&self, mut waiting: Wait<'_>, deadline: Moment) -> Result<Hold, Refusal> {
        let (clock, budgets) = (&self.gateway.clock, &self.gateway.budgets);
        let mut window_ends = budgets.wake(clock.wall());
        loop {
            let patience = deadline.since(clock.now());
            waiting.now = clock.wall();
            let until_anew =
                window_ends.map(|end| Duration::from_millis(end.0.saturating_sub(waiting.now.0)));
            let is_last = until_anew.is_none_or(|wait| wait >= patience);
            let nap = until_anew.map_or(patience, |wait| wait.min(patience));
            tokio::select! {
                biased;
                told = waiting.told() => {
                    let told = told.map_err(|_| Refusal::Internal("who waits for a budget was forgotten".into()))?;
                    return told.map_err(|short| refusal(short, clock.wall()));
                }
                () = tokio::time::sleep(nap) => {}
            }
            if is_last {
                return Err(self.is_late(clock.wall()));
            }
            window_ends = budgets.wake(clock.wall());
        }
    }

    /// Its deadline has come.
    fn is_late(&self, now: UnixMillis) -> Refusal {
        let budget = self.tightest(now).map(|standing| told_name(&standing)).unwrap_or_default();
        Refusal::BudgetBusy { budget, retry_after: COME_BACK }
    }

    fn hold_unpriced(&self, target: &Target) -> Result<Held, Refusal> {
        match self.gateway.budgets.forbids_unpriced(&self.accounts) {
            None => Ok(Held::Whole(Duration::ZERO)),
            Some(budget) => Err(Refusal::Unpriced {
                budget,
                provider: target.provider.name().to_owned(),
                model: target.model.clone(),
            }),
        }
    }

    /// Holds so much more for a second call at once, if there is room for it now. False: nothing has changed.
    pub(crate) fn holds_more(&mut self, ask_heard: Tokens, target: &Target) -> bool {
        if !self.is_paid {
            return true;
        }
        let size = Size { input: self.size.input + ask_heard, ..self.size };
        let product = target.provider.product(&target.model);
        let more = ceiling(&self.gateway.prices.offer(product, self.asked_at), size);
        let Some(more) = more else { return self.hold_unpriced(target).is_ok() };
        let budgets = &self.gateway.budgets;
        self.hold.as_mut().is_some_and(|hold| budgets.extend(hold, more))
    }

    /// From now on its output has this bound.
    pub(crate) fn is_capped(&mut self, most: Tokens) {
        self.size = self.size.with_output(most);
        self.cap = Some(most);
    }

    /// The bound of its output with which it fitted, if it did not whole.
    pub(crate) fn cap(&self) -> Option<Tokens> {
        self.cap
    }

    /// A call is over and has cost this, and the request goes on.
    pub(crate) fn charge(&mut self, cost: Option<MicroUsd>) {
        let (now, cost) = (self.gateway.clock.wall(), cost.unwrap_or_default());
        if let Some(hold) = &mut self.hold {
            self.gateway.metrics.budget_overrun(cost.0.saturating_sub(hold.amount().0));
            let alerts = self.gateway.budgets.charge(hold, cost, now);
            tell(&self.gateway, &alerts);
        }
    }

    /// The request is over and its last call has cost this. What is left of its hold is given back.
    pub(crate) fn settle(&mut self, cost: MicroUsd) {
        let now = self.gateway.clock.wall();
        if let Some(hold) = self.hold.take() {
            self.gateway.metrics.budget_overrun(cost.0.saturating_sub(hold.amount().0));
            let alerts = self.gateway.budgets.settle(hold, cost, now);
            tell(&self.gateway, &alerts);
        }
    }

    /// For the answer's header: `team-a; spent=0.870000; limit=1.000000; resets=2026-12-01T00:00:00Z`.
    pub(crate) fn told(&self) -> Option<String> {
        let standing = self.tightest(self.gateway.clock.wall())?;
        let dollars = |money: MicroUsd| money.to_string().replace('$', "");
        let resets = standing.span.to.map_or_else(|| "never".to_owned(), date);
        Some(format!(
            "{}; spent={}; limit={}; resets={resets}",
            told_name(&standing),
            dollars(standing.spent),
            dollars(standing.amount)
        ))
    }

    fn tightest(&self, now: UnixMillis) -> Option<Standing> {
        self.gateway.budgets.tightest(&self.accounts, now)
    }

    fn size_of(&self, ask: &Ask) -> Size {
        Size { input: self.size.input + heard(ask), ..self.size }
    }
}

impl Drop for Money {
    /// Nobody settled it: nothing was charged.
    fn drop(&mut self) {
        self.settle(MicroUsd::ZERO);
    }
}

/// What of an answer is sent back as input when the rest of it is asked for: no token is shorter than a byte.
pub(crate) fn heard(ask: &Ask) -> Tokens {
    Tokens(ask.heard.as_ref().map_or(0, |heard| heard.text().len() as u64))
}

/// Bounds of a request. No token is shorter than a byte, so that its text has no more tokens than bytes.
fn size(ask: &Ask, envelope: Option<&Envelope<'_>>) -> Size {
    let wants = envelope.map(Wants::of).unwrap_or_default();
    let pictures = envelope.map_or(0, |envelope| picture_bytes(envelope, &wants));
    let text = (ask.body.len() as u64).saturating_sub(pictures);
    Size {
        input: Tokens(text.saturating_add(ADDED).saturating_add(wants.images.saturating_mul(PICTURE))),
        is_open: ask.is_generation() && envelope.is_some_and(|envelope| is_open(envelope, &wants)),
        output: if ask.is_generation() { ask.summary.max_output } else { Some(Tokens::ZERO) },
        answers: envelope.map_or(1, |envelope| several::wanted(ask.dialect, envelope)),
        asks_terms: envelope.is_some_and(|envelope| TERMS.iter().any(|name| envelope.raw(name).is_some())),
    }
}

fn refusal(short: Short, now: UnixMillis) -> Refusal {
    let Short { budget, line, spent, over, resets_at, is_crowded } = short;
    if is_crowded {
        return Refusal::BudgetBusy { budget, retry_after: COME_BACK };
    }
    let resets = resets_at.map(|at| (date(at), Duration::from_millis(at.0.saturating_sub(now.0))));
    Refusal::BudgetSpent { budget, limit: line, spent, over, resets }
}

fn told_name(standing: &Standing) -> String {
    let Standing { budget, account, .. } = standing;
    if account.is_empty() { budget.clone() } else { format!("{budget} ({account})") }
}

fn tell(gateway: &Gateway, alerts: &[Alert]) {
    for alert in alerts {
        let Standing { spent, amount, percent, .. } = &alert.standing;
        let (budget, at_percent) = (told_name(&alert.standing), alert.at_percent);
        tracing::warn!(budget, at_percent, percent, %spent, %amount, "a budget has reached a rung");
        gateway.metrics.budget_alerted(&alert.standing.budget);
    }
}
