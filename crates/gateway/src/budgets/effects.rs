//! What the rungs of a request's budgets change about it before it is planned: its targets, the bound of its output, its priority.
//!
//! The last rungs, to refuse and to pause, are not here: they are decided when money is held.

use paceway_domain::{Tokens, UnixMillis};
use paceway_policy::access::Caller;
use paceway_policy::budget::{Accounts, Action, Reached, Whose};
use paceway_policy::routing::strategy::Strategy;

use super::Budgets;
use crate::ask::Ask;
use crate::explain::Decision;
use crate::overrides::Overrides;
use crate::rule_facts;

/// The budgets of a request, and what they ask of it.
pub(crate) struct Effects {
    pub(super) accounts: Accounts,
    reached: Vec<Reached>,
}

impl Effects {
    /// `None`: no budget counts it.
    pub(crate) fn of(budgets: &Budgets, caller: &Caller, ask: &Ask, now: UnixMillis) -> Option<Self> {
        if !budgets.has_any() {
            return None;
        }
        let tags = rule_facts::ledger_tags(&ask.headers);
        let whose = Whose { key: &caller.key, name: &caller.name, owner: &caller.owner, tags: &tags };
        let (accounts, reached) = budgets.of(&whose, now)?;
        Some(Self { accounts, reached })
    }

    /// Changes a request before its targets are chosen, and says so.
    pub(crate) fn apply(&self, ask: &mut Ask, overrides: &mut Overrides, decision: &mut Decision) {
        self.route(overrides);
        if let Some(most) = self.most_output() {
            ask.cap_output(most);
        }
        decision.notes.extend(self.told());
    }

    /// The cheapest target is asked for: of those that the request has, and of those behind another name.
    fn route(&self, overrides: &mut Overrides) {
        for reached in &self.reached {
            if let Action::Cheaper(other) = &reached.action {
                overrides.strategy = Some(Strategy::Cheapest);
                overrides.order.clear();
                overrides.models.extend(other.clone().filter(|name| !overrides.models.contains(name)));
            }
        }
    }

    /// The bound of the output, if there is one.
    fn most_output(&self) -> Option<Tokens> {
        let bound = |reached: &Reached| match reached.action {
            Action::CapOutput(most) => Some(most),
            _ => None,
        };
        self.reached.iter().filter_map(bound).min()
    }

    /// Whether it waits for what nobody else wants.
    pub(crate) fn is_batch(&self) -> bool {
        self.reached.iter().any(|reached| reached.action == Action::Batch)
    }

    /// In words, for the record.
    fn told(&self) -> impl Iterator<Item = String> {
        let acts = |reached: &&Reached| reached.action != Action::Alert;
        self.reached.iter().filter(acts).map(|reached| {
            let Reached { budget, percent, action } = reached;
            format!("budget `{budget}` is at {percent} %: {}", action.name())
        })
    }
}
