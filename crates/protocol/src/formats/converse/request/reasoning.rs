//! How a model is told to think, which each maker's models are told differently; nothing is written here.

use paceway_domain::Tokens;

use super::messages::Conversation;
use crate::changes::Changes;
use crate::formats::Target;
use crate::formats::converse::model::{Family, Model};
use crate::neutral::{Chat, Effort, Reasoning, ReasoningMode};

const FIELD: &str = "reasoning";
/// The least budget that Claude accepts.
const LEAST_BUDGET: u64 = 1024;

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// Nothing.
    Unsaid,
    /// Claude: not at all.
    Off,
    /// Claude: as it sees fit.
    Adaptive {
        /// Whether its thoughts are shown.
        shown: Option<bool>,
    },
    /// Claude: at most so many tokens.
    Budget(u64),
    /// Nova: with this effort.
    Nova(&'static str),
    /// OpenAI: with this effort.
    Effort(&'static str),
}

/// How the model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In its maker's words.
    pub(crate) thinking: Thinking,
    /// `outputConfig.effort`.
    pub(crate) effort: Option<&'static str>,
    /// The output bound that goes with it, where one must.
    pub(crate) max_output: Option<Tokens>,
}

impl Plan {
    const UNSAID: Self = Self { thinking: Thinking::Unsaid, effort: None, max_output: None };

    /// Whether Claude thinks in a way that excludes choosing words otherwise than by default.
    pub(crate) fn is_thinking(&self) -> bool {
        matches!(self.thinking, Thinking::Adaptive { .. } | Thinking::Budget(_))
    }

    pub(crate) fn of(
        chat: &Chat<'_>,
        conversation: &Conversation<'_>,
        forces_a_call: bool,
        model: Model,
        target: Target<'_>,
        changes: &mut Changes,
    ) -> Self {
        let Some(reasoning) = chat.reasoning else { return Self::UNSAID };
        let is_off = reasoning.mode == ReasoningMode::Off;
        match model.family {
            Family::Claude if is_off => off(model, changes),
            Family::Claude if forces_a_call => {
                changes.adapted(FIELD, "off: Claude models do not think where a call of a tool is forced");
                Self::UNSAID
            }
            Family::Claude if model.thinks_adaptively() => adaptive(reasoning, model, changes),
            Family::Claude if model.thinks_by_budget() => {
                if conversation.goes_on_without_its_thought() {
                    changes
                        .adapted(FIELD, "off until the results of calls made without thinking are answered");
                    return Self::UNSAID;
                }
                budget(chat, reasoning, target, changes)
            }
            Family::Nova if model.has_nova_reasoning() && is_off => Self::UNSAID,
            Family::Nova if model.has_nova_reasoning() => nova(chat, reasoning, changes),
            Family::OpenAi => open_ai(reasoning, changes),
            _ if is_off => Self::UNSAID,
            _ => {
                changes.hint(FIELD, "this model cannot be told how much to think");
                Self::UNSAID
            }
        }
    }
}

/// Only models that think as they see fit have to be told not to; some of them cannot be.
fn off(model: Model, changes: &mut Changes) -> Plan {
    if model.always_thinks {
        changes.lost(FIELD, "this model's thinking cannot be switched off");
        return Plan::UNSAID;
    }
    let thinking = if model.thinks_adaptively() { Thinking::Off } else { Thinking::Unsaid };
    Plan { thinking, ..Plan::UNSAID }
}

fn adaptive(reasoning: Reasoning, model: Model, changes: &mut Changes) -> Plan {
    if reasoning.budget.is_some() {
        changes.adapted("reasoning.budget", "sent as an effort: this model takes no budget");
    }
    let effort = reasoning.effort.or(reasoning.budget.map(Effort::of_budget)).map(|effort| match effort {
        Effort::Minimal => {
            changes.adapted("reasoning.effort", "low is this model's least");
            "low"
        }
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::ExtraHigh if model.has_extra_high_effort() => "xhigh",
        Effort::ExtraHigh => {
            changes.adapted("reasoning.effort", "sent as high, this model's next");
            "high"
        }
        Effort::Max => "max",
    });
    Plan { thinking: Thinking::Adaptive { shown: reasoning.is_shown }, effort, max_output: None }
}

/// A budget has to be at least 1,024 tokens and less than the output bound. A bound of our own leaves room for the answer
/// beside it.
fn budget(chat: &Chat<'_>, reasoning: Reasoning, target: Target<'_>, changes: &mut Changes) -> Plan {
    let ours = target.default_max_output + reasoning.budget.unwrap_or(Tokens::ZERO);
    let max_output = chat.max_output.unwrap_or(ours);
    if max_output.get() <= LEAST_BUDGET {
        changes.lost(FIELD, "thinking takes at least 1024 tokens of output, and fewer are allowed");
        return Plan::UNSAID;
    }
    let wanted = match reasoning.budget {
        Some(Tokens(budget)) => budget,
        None => Effort::budget(reasoning.effort.unwrap_or(Effort::Medium), Some(max_output)).get(),
    };
    let tokens = wanted.clamp(LEAST_BUDGET, max_output.get() - 1);
    if tokens != wanted && reasoning.budget.is_some() {
        changes.adapted("reasoning.budget", "at least 1024 and less than the output bound");
    }
    if reasoning.is_shown == Some(false) {
        changes.hint("reasoning.is_shown", "this model shows its thoughts");
    }
    Plan { thinking: Thinking::Budget(tokens), effort: None, max_output: Some(max_output) }
}

/// High effort excludes temperature, topP and maxTokens
/// (docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html).
fn nova(chat: &Chat<'_>, reasoning: Reasoning, changes: &mut Changes) -> Plan {
    let is_bounded =
        chat.max_output.is_some() || chat.sampling.temperature.is_some() || chat.sampling.top_p.is_some();
    let effort = match effort_of(reasoning) {
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        _ if is_bounded => {
            let what =
                "medium is the most that this model allows beside a temperature, top_p or output bound";
            changes.adapted("reasoning.effort", what);
            "medium"
        }
        _ => "high",
    };
    if reasoning.budget.is_some() {
        changes.adapted("reasoning.budget", "sent as an effort: this model takes no budget");
    }
    Plan { thinking: Thinking::Nova(effort), ..Plan::UNSAID }
}

fn open_ai(reasoning: Reasoning, changes: &mut Changes) -> Plan {
    if reasoning.mode == ReasoningMode::Off {
        changes.adapted(FIELD, "low is this model's least");
        return Plan { thinking: Thinking::Effort("low"), ..Plan::UNSAID };
    }
    let effort = match effort_of(reasoning) {
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        _ => "high",
    };
    Plan { thinking: Thinking::Effort(effort), ..Plan::UNSAID }
}

fn effort_of(reasoning: Reasoning) -> Effort {
    reasoning.effort.or(reasoning.budget.map(Effort::of_budget)).unwrap_or(Effort::Medium)
}
