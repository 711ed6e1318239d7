//! Whether and how much a Claude model is asked to think, worded for its generation.
//!
//! Sources, read 2026-11: platform.claude.com/docs/en/build-with-claude/thinking, …/extended-thinking, …/effort.

use paceway_domain::{Dialect, Tokens};

use super::models::{Depth, Off, Traits};
use crate::changes::Changes;
use crate::compose::ObjectWriter;
use crate::neutral::{Chat, Effort, PartBody, Reasoning, ReasoningMode, Role, ToolChoice, Turn};

/// The least budget that the API takes.
const LEAST_BUDGET: u64 = 1024;

/// What the request says about thinking.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    thinking: Option<Thinking>,
    effort: Option<&'static str>,
    is_shown: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thinking {
    Enabled(u64),
    Adaptive,
    Disabled,
    BetweenTools,
}

impl Plan {
    /// What to say to a model of these traits that may answer so many tokens.
    pub(super) fn of(chat: &Chat<'_>, traits: Traits, max_tokens: Tokens, changes: &mut Changes) -> Self {
        let Some(mut reasoning) = chat.reasoning else { return Self::default() };
        if reasoning.mode != ReasoningMode::Off
            && let Some(why) = why_not(chat, traits, max_tokens)
        {
            changes.adapted("reasoning", format!("turned off for this request: {why}"));
            reasoning = Reasoning { mode: ReasoningMode::Off, ..reasoning };
        }
        let is_on = reasoning.mode != ReasoningMode::Off;
        let mut plan = match (traits.depth == Depth::Budget, is_on) {
            (true, true) => by_budget(reasoning, max_tokens.get(), changes),
            (true, false) => Self::default(),
            (false, true) => adaptive(reasoning, traits, changes),
            (false, false) => off(reasoning, traits, changes),
        };
        plan.is_shown = reasoning.is_shown;
        plan
    }

    /// Whether the model is asked to think, with which sampling cannot be combined.
    pub(super) fn thinks(&self) -> bool {
        matches!(self.thinking, Some(Thinking::Enabled(_) | Thinking::Adaptive))
    }

    /// The effort for `output_config`.
    pub(super) fn effort(&self) -> Option<&'static str> {
        self.effort
    }

    /// Writes `thinking`.
    pub(super) fn write(&self, body: &mut ObjectWriter<'_>) {
        let Some(thinking) = self.thinking else { return };
        body.object("thinking", |fields| {
            match thinking {
                Thinking::Enabled(budget) => {
                    fields.field("type", "enabled").field("budget_tokens", &budget);
                }
                Thinking::Adaptive => {
                    fields.field("type", "adaptive");
                }
                Thinking::Disabled => {
                    fields.field("type", "disabled");
                }
                Thinking::BetweenTools => {
                    fields.field("type", "between_tools");
                }
            }
            if self.thinks() {
                let display = self.is_shown.map(|shown| if shown { "summarized" } else { "omitted" });
                fields.maybe("display", display);
            }
        });
    }
}

/// What keeps the model from thinking, if anything does.
fn why_not(chat: &Chat<'_>, traits: Traits, max_tokens: Tokens) -> Option<&'static str> {
    if is_forced(chat) && traits.can_be_forced {
        return Some("Claude does not think when it has to call a tool");
    }
    if traits.depth != Depth::Budget {
        return None;
    }
    if max_tokens.get() <= LEAST_BUDGET {
        return Some("the output limit leaves no room for the least budget of 1024 tokens");
    }
    // A model that thinks by budget refuses calls without the thought before them.
    lacks_thought(&chat.turns)
        .then_some("the last calls of tools come without Claude's own thoughts before them")
}

/// Whether a tool has to be called.
pub(super) fn is_forced(chat: &Chat<'_>) -> bool {
    let is_forced = match &chat.tool_choice {
        Some(ToolChoice::Any | ToolChoice::Named(_)) => true,
        Some(ToolChoice::Among { is_required, .. }) => *is_required,
        Some(ToolChoice::Auto | ToolChoice::None) | None => false,
    };
    is_forced && !chat.tools.is_empty()
}

/// Whether the last message of the assistant calls tools and does not begin with a thought sealed by Anthropic.
fn lacks_thought(turns: &[Turn<'_>]) -> bool {
    let Some(last) = turns.iter().rposition(|turn| turn.role == Role::Assistant) else { return false };
    let run = turns[..=last].iter().rev().take_while(|turn| turn.role == Role::Assistant).count();
    let mut parts = turns[last + 1 - run..=last].iter().flat_map(|turn| &turn.parts).map(|part| &part.body);
    let begins_with_thought = parts.clone().find_map(|body| match body {
        PartBody::Thinking { seal, .. } => {
            seal.as_ref().is_some_and(|seal| seal.by == Dialect::Anthropic).then_some(true)
        }
        PartBody::Redacted(seal) => (seal.by == Dialect::Anthropic).then_some(true),
        _ => Some(false),
    });
    parts.any(|body| matches!(body, PartBody::ToolCall(_))) && begins_with_thought != Some(true)
}

fn by_budget(reasoning: Reasoning, max_tokens: u64, changes: &mut Changes) -> Plan {
    let wanted = reasoning.budget.map(Tokens::get);
    let budget = wanted.unwrap_or_else(|| {
        let effort = reasoning.effort.unwrap_or(Effort::Medium);
        effort.budget(Some(Tokens(max_tokens))).get()
    });
    let fitting = budget.clamp(LEAST_BUDGET, max_tokens - 1);
    if wanted.is_some_and(|wanted| wanted != fitting) {
        changes
            .adapted("reasoning.budget", format!("{fitting}: at least 1024 and less than the output limit"));
    } else if wanted.is_none() {
        changes.adapted("reasoning.effort", format!("sent as a budget of {fitting} tokens"));
    }
    Plan { thinking: Some(Thinking::Enabled(fitting)), ..Plan::default() }
}

fn adaptive(reasoning: Reasoning, traits: Traits, changes: &mut Changes) -> Plan {
    let effort = reasoning.effort.or_else(|| {
        let effort = Effort::of_budget(reasoning.budget?);
        changes.adapted("reasoning.budget", "sent as an effort: this model has no budgets");
        Some(effort)
    });
    let effort = effort.map(|effort| effort_name(effort, traits, changes));
    Plan { thinking: Some(Thinking::Adaptive), effort, is_shown: None }
}

fn off(reasoning: Reasoning, traits: Traits, changes: &mut Changes) -> Plan {
    let thinking = match traits.off {
        Off::Silence | Off::Never => None,
        Off::Disabled => Some(Thinking::Disabled),
        Off::BetweenTools => Some(Thinking::BetweenTools),
    };
    let effort = match traits.off {
        Off::Never => {
            changes.adapted("reasoning", "sent as the lowest effort: this model always thinks");
            Some(Effort::Low)
        }
        // A higher effort is refused where thinking has to be turned off.
        Off::Disabled | Off::BetweenTools => {
            if reasoning.effort > Some(Effort::High) {
                changes.adapted("reasoning.effort", "sent as `high`, the most without thinking");
            }
            reasoning.effort.map(|effort| effort.min(Effort::High))
        }
        Off::Silence => reasoning.effort,
    };
    let effort = effort.map(|effort| effort_name(effort, traits, changes));
    Plan { thinking, effort, is_shown: None }
}

fn effort_name(effort: Effort, traits: Traits, changes: &mut Changes) -> &'static str {
    match effort {
        Effort::Minimal => {
            changes.adapted("reasoning.effort", "sent as `low`, the least that Claude knows");
            "low"
        }
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::ExtraHigh if traits.depth == Depth::FinerEffort => "xhigh",
        Effort::ExtraHigh => {
            changes.adapted("reasoning.effort", "sent as `max`, which is next above `high` for this model");
            "max"
        }
        Effort::Max => "max",
    }
}
