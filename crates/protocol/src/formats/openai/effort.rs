//! How hard a model thinks, in the words that it takes.
//!
//! OpenAI refuses an effort that a model does not know, and any effort where the model does not think. What is known of its
//! models is kept to families that are complete; of every other model the effort is written as it was asked for.

use crate::changes::Changes;
use crate::neutral::{Effort, Reasoning, ReasoningMode};

/// The efforts that a family of models takes.
struct Levels {
    /// Whether thinking can be turned off.
    none: bool,
    least: Effort,
    most: Effort,
    /// Whether it thinks only if asked to.
    is_off_by_default: bool,
}

const AS_ASKED: Levels =
    Levels { none: true, least: Effort::Minimal, most: Effort::ExtraHigh, is_off_by_default: false };

/// Whether a model thinks, as far as that is known.
pub(crate) fn thinks(model: &str) -> bool {
    levels(model).is_some()
}

/// The effort to ask of a model, if there is something to say.
pub(crate) fn said(reasoning: Reasoning, model: &str, changes: &mut Changes) -> Option<&'static str> {
    let Some(levels) = levels(model) else {
        if reasoning.mode != ReasoningMode::Off {
            changes.hint("reasoning", "this model does not think");
        }
        return None;
    };
    if reasoning.mode == ReasoningMode::Off {
        if levels.none {
            return Some("none");
        }
        changes.adapted("reasoning", "this model always thinks: sent as the least effort");
        return Some(word(levels.least));
    }
    let asked = reasoning.effort.or_else(|| reasoning.budget.map(Effort::of_budget));
    let Some(asked) = asked else {
        let needs_word = levels.is_off_by_default && reasoning.mode == ReasoningMode::On;
        return needs_word.then_some(word(Effort::Medium));
    };
    if reasoning.effort.is_none() {
        changes.adapted("reasoning.budget", "sent as an effort");
    }
    let taken = asked.clamp(levels.least, levels.most);
    if taken != asked {
        changes.adapted("reasoning.effort", format!("sent as {}", word(taken)));
    }
    Some(word(taken))
}

/// What a family of models takes; `None` if it does not think. Source: openai-openapi, `ReasoningEffort`: "gpt-5.1 defaults
/// to none […] All models before gpt-5.1 default to medium reasoning effort, and do not support none […] xhigh is supported
/// for all models after gpt-5.1-codex-max"; "Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model"
/// (github.com/openai/openai-agents-python/issues/2089); "'minimal' is not supported with the 'gpt-5.6-sol' model. Supported values are:
/// 'none', 'low', 'medium', 'high', 'xhigh', and 'max'" (github.com/pydantic/pydantic-ai/issues/7081).
fn levels(model: &str) -> Option<Levels> {
    let name = model.rsplit('/').next().unwrap_or(model);
    if ["gpt-4", "gpt-3.5", "chatgpt-"].iter().any(|family| name.starts_with(family)) {
        return None;
    }
    let is_of =
        |family: &str| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let until_high = Levels { none: false, most: Effort::High, ..AS_ASKED };
    if ["o1", "o3", "o4"].into_iter().any(is_of) {
        return Some(Levels { least: Effort::Low, ..until_high });
    }
    if is_of("gpt-5") {
        return Some(until_high);
    }
    if is_of("gpt-5.1") && !is_of("gpt-5.1-codex-max") {
        return Some(Levels { none: true, least: Effort::Low, is_off_by_default: true, ..until_high });
    }
    let (major, minor) = version(name).unwrap_or_default();
    if (major, minor) < (5, 1) {
        return Some(AS_ASKED);
    }
    let most = if (major, minor) < (5, 6) { Effort::ExtraHigh } else { Effort::Max };
    Some(Levels { least: Effort::Low, most, is_off_by_default: true, ..AS_ASKED })
}

/// The version in a name such as `gpt-5.6-sol`.
fn version(name: &str) -> Option<(u32, u32)> {
    let version = name.strip_prefix("gpt-")?.split('-').next()?;
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn word(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::ExtraHigh => "xhigh",
        Effort::Max => "max",
    }
}

#[cfg(test)]
mod tests {
    use paceway_domain::Tokens;

    use super::*;

    fn effort(effort: Effort) -> Reasoning {
        Reasoning { mode: ReasoningMode::On, effort: Some(effort), budget: None, is_shown: None }
    }

    fn off() -> Reasoning {
        Reasoning { mode: ReasoningMode::Off, effort: None, budget: None, is_shown: None }
    }

    fn word_for(model: &str, reasoning: Reasoning) -> Option<&'static str> {
        said(reasoning, model, &mut Changes::default())
    }

    #[test]
    fn each_family_gets_an_effort_that_it_knows() {
        assert_eq!(word_for("gpt-4.1", effort(Effort::High)), None);
        assert_eq!(word_for("gpt-4o", off()), None);
        assert_eq!(word_for("o3-mini", off()), Some("low"));
        assert_eq!(word_for("gpt-5-nano", off()), Some("minimal"));
        assert_eq!(word_for("openai/gpt-5", effort(Effort::Max)), Some("high"));
        assert_eq!(word_for("gpt-5.1", effort(Effort::Minimal)), Some("low"));
        assert_eq!(word_for("gpt-5.1", effort(Effort::ExtraHigh)), Some("high"));
        assert_eq!(word_for("gpt-5.5", effort(Effort::Max)), Some("xhigh"));
        assert_eq!(word_for("gpt-5.6-mini", effort(Effort::Max)), Some("max"));
        assert_eq!(word_for("gpt-6-sol", effort(Effort::Max)), Some("max"));
        assert_eq!(word_for("gpt-5.6", off()), Some("none"));
        assert_eq!(word_for("qwen3-32b", effort(Effort::Minimal)), Some("minimal"));
    }

    #[test]
    fn a_budget_comes_to_an_effort() {
        let budget = |budget| {
            let budget = Some(Tokens(budget));
            word_for("m", Reasoning { mode: ReasoningMode::On, effort: None, budget, is_shown: None })
        };
        assert_eq!(
            [1_023, 1_024, 4_096, 4_097, 16_384, 16_385].map(budget),
            [Some("minimal"), Some("low"), Some("low"), Some("medium"), Some("medium"), Some("high"),]
        );
    }

    #[test]
    fn thinking_without_effort_is_the_models_own_unless_it_is_off_by_default() {
        let on = Reasoning { mode: ReasoningMode::On, ..off() };
        assert_eq!(word_for("gpt-5-mini", on), None);
        assert_eq!(word_for("gpt-5.2", on), Some("medium"));
        assert_eq!(word_for("gpt-5.2", Reasoning { mode: ReasoningMode::Adaptive, ..off() }), None);
    }
}
