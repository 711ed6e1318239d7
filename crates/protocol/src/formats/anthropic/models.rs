//! What Claude models of each generation take, as far as a request has to be worded for it.
//!
//! It knows names, not a list of models: one that it has never heard of is taken for a new one. Sampling parameters are
//! not in here; a model that refuses them says so itself.

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    /// How it is told how much to think.
    pub(super) depth: Depth,
    /// How it is told not to think.
    pub(super) off: Off,
    /// Whether a tool can be forced on it.
    pub(super) can_be_forced: bool,
    /// Whether it takes instructions in mid-conversation.
    pub(super) mid_system: bool,
}

/// How a model is told how much to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// By a budget of tokens (`enabled`).
    Budget,
    /// By an effort from `low` to `max` without `xhigh` (`adaptive`).
    Effort,
    /// By an effort, `xhigh` among them (`adaptive`).
    FinerEffort,
}

/// How a model is told not to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Off {
    /// By saying nothing: it thinks only when asked to.
    Silence,
    /// `disabled`, with an effort of at most `high`.
    Disabled,
    /// `between_tools`, its lowest setting, with an effort of at most `high`.
    BetweenTools,
    /// It always thinks.
    Never,
}

const BUDGET: Traits =
    Traits { depth: Depth::Budget, off: Off::Silence, can_be_forced: true, mid_system: false };
const NEWEST: Traits =
    Traits { depth: Depth::FinerEffort, off: Off::Disabled, can_be_forced: true, mid_system: true };
const CLAUDE_4_6: Traits = Traits { off: Off::Silence, depth: Depth::Effort, mid_system: false, ..NEWEST };
const CLAUDE_4_7: Traits = Traits { off: Off::Silence, mid_system: false, ..NEWEST };
const CLAUDE_4_8: Traits = Traits { off: Off::Silence, ..NEWEST };
const PREVIEW: Traits = Traits { off: Off::Never, depth: Depth::Effort, mid_system: false, ..NEWEST };
const ALWAYS_THINKS: Traits = Traits { off: Off::Never, ..NEWEST };
const UNFORCED: Traits = Traits { off: Off::Never, can_be_forced: false, ..NEWEST };
const SONNET_5_5: Traits = Traits { off: Off::BetweenTools, can_be_forced: false, ..NEWEST };

/// Pieces of names and what models with them take; the first that is found counts. Sources, read 2026-11:
/// platform.claude.com/docs/en/build-with-claude/thinking, …/effort (levels by model), …/mid-conversation-system-messages
/// and the pages "What's new" and "Migration guide" of each model since Opus 4.6.
const GENERATIONS: [(&str, Traits); 24] = [
    ("claude-instant", BUDGET),
    ("claude-2", BUDGET),
    ("claude-3", BUDGET),
    // Names with a date: claude-opus-4-20250514, claude-sonnet-4@20250514.
    ("claude-opus-4-2", BUDGET),
    ("claude-sonnet-4-2", BUDGET),
    ("claude-opus-4@", BUDGET),
    ("claude-sonnet-4@", BUDGET),
    ("-4-0", BUDGET),
    ("-4-1", BUDGET),
    ("-4-5", BUDGET),
    ("-4-6", CLAUDE_4_6),
    ("-4-7", CLAUDE_4_7),
    ("-4-8", CLAUDE_4_8),
    ("mythos-preview", PREVIEW),
    ("sonnet-5-5", SONNET_5_5),
    ("opus-5-5", UNFORCED),
    ("fable-5-1", UNFORCED),
    ("mythos-5-1", UNFORCED),
    ("fable-5", ALWAYS_THINKS),
    ("mythos-5", ALWAYS_THINKS),
    ("opus-5", NEWEST),
    ("sonnet-5", NEWEST),
    ("haiku-5", NEWEST),
    ("claude", NEWEST),
];

/// What the model of this name takes. Prefixes (`anthropic.`, `us.`), dates and the spelling `claude-opus-4.5` are allowed.
pub(super) fn traits(model: &str) -> Traits {
    let name = model.to_ascii_lowercase().replace('.', "-");
    if !name.contains("claude") {
        return NEWEST;
    }
    if name.ends_with("claude-opus-4") || name.ends_with("claude-sonnet-4") {
        return BUDGET;
    }
    GENERATIONS.iter().find(|(piece, _)| name.contains(piece)).map_or(NEWEST, |(_, traits)| *traits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_in_every_spelling_think_by_budget() {
        for name in [
            "claude-3-7-sonnet-20250219",
            "claude-opus-4-20250514",
            "claude-sonnet-4@20250514",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic/claude-sonnet-4",
            "claude-opus-4-1-20250805",
            "claude-sonnet-4.5",
            "claude-haiku-4-5-20251001",
            "claude-opus-4-5@20251101",
        ] {
            assert_eq!(traits(name), BUDGET, "{name}");
        }
    }

    #[test]
    fn each_newer_generation_is_told_apart() {
        assert_eq!(traits("anthropic.claude-opus-4-6-v1"), CLAUDE_4_6);
        assert_eq!(traits("claude-opus-4-7"), CLAUDE_4_7);
        assert_eq!(traits("claude-opus-4-8"), CLAUDE_4_8);
        assert_eq!(traits("claude-sonnet-5"), NEWEST);
        assert_eq!(traits("claude-sonnet-5-5"), SONNET_5_5);
        assert_eq!(traits("claude-opus-5-5"), UNFORCED);
        assert_eq!(traits("claude-fable-5"), ALWAYS_THINKS);
        assert_eq!(traits("claude-haiku-5-5"), NEWEST);
    }

    #[test]
    fn an_unknown_name_is_taken_for_a_new_model() {
        assert_eq!(traits("claude-novella-9"), NEWEST);
        assert_eq!(traits("some-model-4-5"), NEWEST);
    }
}
