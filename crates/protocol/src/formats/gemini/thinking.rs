//! How much a model thinks: `thinkingConfig` read and written. Gemini 2.5 takes a budget of tokens, Gemini 3 and later a
//! level, and what is older takes neither.

use paceway_domain::{Refusal, Tokens};
use serde_json::value::RawValue;

use super::names;
use crate::changes::Changes;
use crate::compose::ObjectWriter;
use crate::neutral::{Effort, Reasoning, ReasoningMode};
use crate::object::{Object, Path};

/// How a model's thinking is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It does not think.
    None,
    /// By a budget of tokens.
    Budget,
    /// By a level.
    Level,
}

/// What the model's name says of it. Names that are not known are taken for new models.
pub(super) fn thinking_of(model: &str) -> Thinking {
    let name = model.rsplit('/').next().unwrap_or(model);
    let is_any = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    if is_any(&["gemini-1", "gemini-2.0", "gemini-pro", "gemma-2", "gemma-3", "learnlm"]) {
        Thinking::None
    } else if is_any(&["gemini-2.", "gemini-robotics-er-1"]) {
        Thinking::Budget
    } else {
        Thinking::Level
    }
}

/// Reads `thinkingConfig`.
pub(super) fn read(raw: &RawValue, path: Path<'_>, changes: &mut Changes) -> Result<Reasoning, Refusal> {
    let mut config = Object::read(raw, path)?;
    let is_shown = names::value(&mut config, "includeThoughts", "true or false")?;
    let budget: Option<i64> = names::value(&mut config, "thinkingBudget", "a number of tokens, 0 or -1")?;
    let level = names::text(&mut config, "thinkingLevel")?;
    names::note_unread(&config, &[], changes);
    let mut reasoning = Reasoning { mode: ReasoningMode::Adaptive, effort: None, budget: None, is_shown };
    match budget {
        Some(0) => reasoning.mode = ReasoningMode::Off,
        Some(budget) if budget > 0 => {
            reasoning.mode = ReasoningMode::On;
            reasoning.budget = Some(Tokens(budget.unsigned_abs()));
        }
        _ => {}
    }
    let effort = match level.as_deref().map(str::to_ascii_uppercase).as_deref() {
        None | Some("THINKING_LEVEL_UNSPECIFIED") => None,
        Some("MINIMAL") => Some(Effort::Minimal),
        Some("LOW") => Some(Effort::Low),
        Some("MEDIUM") => Some(Effort::Medium),
        Some("HIGH") => Some(Effort::High),
        Some("XHIGH") => Some(Effort::ExtraHigh),
        Some(other) => {
            let why = format!("expected MINIMAL, LOW, MEDIUM, HIGH or XHIGH, got {other}");
            return Err(config.path.name("thinkingLevel").invalid(why));
        }
    };
    if effort.is_some() {
        reasoning.mode = ReasoningMode::On;
        reasoning.effort = effort;
    }
    Ok(reasoning)
}

/// Writes `thinkingConfig` as the model takes it.
pub(super) fn write(
    reasoning: &Reasoning,
    model: &str,
    max_output: Option<Tokens>,
    config: &mut ObjectWriter<'_>,
    changes: &mut Changes,
) {
    let thinking = thinking_of(model);
    if thinking == Thinking::None {
        if reasoning.mode != ReasoningMode::Off {
            changes.hint("reasoning", "this model does not think");
        }
        return;
    }
    let (budget, level) = match thinking {
        Thinking::Budget => (budget(reasoning, model, max_output, changes), None),
        _ => (None, level(reasoning, model, changes)),
    };
    let is_shown = reasoning.is_shown.filter(|_| reasoning.mode != ReasoningMode::Off);
    if budget.is_none() && level.is_none() && is_shown.is_none() {
        return;
    }
    config.object("thinkingConfig", |thinking| {
        thinking.maybe("thinkingBudget", budget.as_ref());
        thinking.maybe("thinkingLevel", level);
        thinking.maybe("includeThoughts", is_shown.as_ref());
    });
}

/// The least and the most that the models of 2.5 take besides 0 and -1.
/// Source: ai.google.dev/gemini-api/docs/thinking, read 2026-11.
fn range_of_budgets(model: &str) -> (u64, u64) {
    if model.contains("pro") {
        (128, 32_768)
    } else if model.contains("lite") {
        (512, 24_576)
    } else {
        (1, 24_576)
    }
}

fn budget(
    reasoning: &Reasoning,
    model: &str,
    max_output: Option<Tokens>,
    changes: &mut Changes,
) -> Option<i64> {
    let (least, most) = range_of_budgets(model);
    if reasoning.mode == ReasoningMode::Off {
        if least != 128 {
            return Some(0);
        }
        changes.adapted("reasoning", "this model always thinks and is asked for the least of it");
        return i64::try_from(least).ok();
    }
    let by_effort = || reasoning.effort.map(|effort| Effort::budget(effort, max_output));
    let Some(Tokens(wanted)) = reasoning.budget.or_else(by_effort) else { return Some(-1) };
    let below_output = max_output.map_or(most, |Tokens(max)| max.saturating_sub(1).min(most));
    let taken = wanted.min(below_output).max(least);
    if reasoning.budget.is_some() && taken != wanted {
        changes.adapted("reasoning.budget", format!("{taken} tokens are what this model takes"));
    }
    i64::try_from(taken).ok()
}

fn level(reasoning: &Reasoning, model: &str, changes: &mut Changes) -> Option<&'static str> {
    let least = if takes_minimal(model) { "MINIMAL" } else { "LOW" };
    if reasoning.mode == ReasoningMode::Off {
        changes.adapted("reasoning", "this model always thinks and is asked for the least of it");
        return Some(least);
    }
    let effort = reasoning.effort.or_else(|| reasoning.budget.map(Effort::of_budget))?;
    if reasoning.effort.is_none() {
        changes.adapted("reasoning.budget", "sent as a level, which is what this model takes");
    }
    Some(match effort {
        Effort::Minimal => least,
        Effort::Low => "LOW",
        Effort::Medium => "MEDIUM",
        Effort::High => "HIGH",
        Effort::ExtraHigh | Effort::Max => {
            changes.adapted("reasoning.effort", "sent as the highest level that every model takes");
            "HIGH"
        }
    })
}

/// Whether a model takes the level `MINIMAL`; the others refuse it. Source: the models' pages in
/// docs.cloud.google.com/gemini-enterprise-agent-platform/models, read 2026-11.
fn takes_minimal(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    ["gemini-3-flash", "gemini-3.1-flash", "gemini-3.5-flash"].iter().any(|start| name.starts_with(start))
}
