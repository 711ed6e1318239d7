//! What a model on Bedrock can do, as far as its name tells: the same body is refused by one model and taken by another.
//!
//! Only what decides how a request is written stands here; prices and sizes are in the catalogue.

/// Who made a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's.
    Claude,
    /// Amazon's.
    Nova,
    /// OpenAI's (gpt-oss).
    OpenAi,
    /// Somebody else's.
    Other,
}

/// A model by its name: an id, an inference profile or an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model {
    /// Who made it.
    pub(super) family: Family,
    /// Major and minor; the largest where the name has none.
    version: (u8, u8),
    /// Whether thinking cannot be switched off.
    pub(super) always_thinks: bool,
    is_structured: bool,
}

/// Makers and lines of models, other than Claude, whose answers can be held to a schema
/// (docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html, read 2026-11).
const STRUCTURED: [&str; 12] = [
    "qwen.qwen3",
    "deepseek.v3",
    "openai.",
    "gpt-oss",
    "google.gemma-3",
    "nvidia.nemotron",
    "minimax.",
    "moonshot",
    "ministral",
    "magistral",
    "mistral-large-3",
    "voxtral",
];
const NEWEST: (u8, u8) = (u8::MAX, 0);

impl Model {
    pub(super) fn named(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let always_thinks = ["mythos", "fable"].iter().any(|line| name.contains(line));
        let (family, rest) = if let Some(at) = name.find("claude") {
            (Family::Claude, &name[at..])
        } else if let Some(at) = name.find("nova") {
            (Family::Nova, &name[at..])
        } else if name.contains("openai.") || name.contains("gpt-oss") {
            (Family::OpenAi, "")
        } else if name.contains("anthropic.") || name.contains("inference-profile") {
            // An application's profile does not say whose model it is. Prompt caches and thinking, which clients of
            // other APIs ask for, are Claude's.
            (Family::Claude, "")
        } else {
            (Family::Other, "")
        };
        let version = if always_thinks { NEWEST } else { version(rest).unwrap_or(NEWEST) };
        let is_structured = STRUCTURED.iter().any(|line| name.contains(line));
        Self { family, version, always_thinks, is_structured }
    }

    fn is_claude_from(self, version: (u8, u8)) -> bool {
        self.family == Family::Claude && self.version >= version
    }

    /// Whether it has prompt caches.
    pub(super) fn has_caches(self) -> bool {
        self.is_claude_from((3, 5)) || self.family == Family::Nova
    }

    /// Whether it thinks as it sees fit, steered by effort. From 4.6 on
    /// (docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html, read 2026-11).
    pub(super) fn thinks_adaptively(self) -> bool {
        self.is_claude_from((4, 6))
    }

    /// Whether it thinks within a budget.
    pub(super) fn thinks_by_budget(self) -> bool {
        self.is_claude_from((3, 7)) && !self.thinks_adaptively()
    }

    /// Whether it knows the effort `xhigh`. From 4.7 on (platform.claude.com/docs/en/build-with-claude/effort).
    pub(super) fn has_extra_high_effort(self) -> bool {
        self.is_claude_from((4, 7))
    }

    /// Whether it takes `reasoningConfig`: Nova 2 (docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html).
    pub(super) fn has_nova_reasoning(self) -> bool {
        self.family == Family::Nova && self.version >= (2, 0)
    }

    /// Whether it refuses temperature, top-p and top-k at whatever value. From 4.7 on.
    pub(super) fn refuses_sampling(self) -> bool {
        self.is_claude_from((4, 7))
    }

    /// Whether it refuses temperature and top-p together. Opus 4.1 and everything from 4.5 on do.
    pub(super) fn takes_one_sampler(self) -> bool {
        self.is_claude_from((4, 1))
    }

    /// Whether it takes `outputConfig.textFormat` and `strict`. Of Claude from 4.5 on.
    pub(super) fn has_structured_output(self) -> bool {
        self.is_structured || self.is_claude_from((4, 5))
    }

    /// Whether Claude's own `tool_choice` can be sent beside Converse's, which says less. From 4.5 on.
    pub(super) fn has_own_tool_choice(self) -> bool {
        self.is_claude_from((4, 5))
    }
}

/// The first number of at most two digits and the one right behind it: `sonnet-4-5-20250929`, `3-7-sonnet`, `2-lite`,
/// `pro-v1`.
fn version(name: &str) -> Option<(u8, u8)> {
    let mut words = name.split(['-', '.', ':', '/', '@']).skip(1).peekable();
    let number = |word: &str| if word.len() <= 2 { word.parse::<u8>().ok() } else { None };
    while let Some(word) = words.next() {
        if let Some(major) = number(word.strip_prefix('v').unwrap_or(word)) {
            return Some((major, words.peek().and_then(|word| number(word)).unwrap_or(0)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_family_and_version() {
        for (name, family, version) in [
            ("anthropic.claude-3-5-sonnet-20240620-v1:0", Family::Claude, (3, 5)),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", Family::Claude, (4, 0)),
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude, (4, 5)),
            ("anthropic.claude-opus-4-6-v1", Family::Claude, (4, 6)),
            ("anthropic.claude-opus-5", Family::Claude, (5, 0)),
            ("anthropic.claude-mythos-preview", Family::Claude, NEWEST),
            ("anthropic.claude-v2:1", Family::Claude, (2, 1)),
            ("us.amazon.nova-2-lite-v1:0", Family::Nova, (2, 0)),
            ("amazon.nova-pro-v1:0", Family::Nova, (1, 0)),
            ("openai.gpt-oss-120b-1:0", Family::OpenAi, NEWEST),
            ("meta.llama3-70b-instruct-v1:0", Family::Other, NEWEST),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", Family::Claude, NEWEST),
        ] {
            let model = Model::named(name);
            assert_eq!((model.family, model.version), (family, version), "{name}");
        }
    }

    #[test]
    fn what_newer_models_refuse_older_ones_demand() {
        let old = Model::named("anthropic.claude-sonnet-4-5-20250929-v1:0");
        let new = Model::named("anthropic.claude-sonnet-5");
        assert!(old.thinks_by_budget() && !old.thinks_adaptively() && !old.refuses_sampling());
        assert!(new.thinks_adaptively() && !new.thinks_by_budget() && new.refuses_sampling());
    }
}
