//! What providers grant by tier, as far as they publish it: where to begin before a response has said anything.
//!
//! Source: platform.claude.com/docs/en/api/rate-limits, read 2026-10 (tiers since 2026-06-26). Tiers and models of which
//! nothing is published are absent, and their limits are learned from nothing.

use paceway_domain::Counted;

/// Limits per minute.
pub type Grant = [(Counted, u64); 3];

const fn grant(requests: u64, input: u64, output: u64) -> Grant {
    [(Counted::Requests, requests), (Counted::Input, input), (Counted::Output, output)]
}

/// What a tier grants for a class of models (see [`crate::quota_class`]).
pub fn grant_of(catalogue: &str, tier: &str, class: &str) -> Option<Grant> {
    if catalogue != "anthropic" {
        return None;
    }
    let is_of = |family: &str| class.strip_prefix("claude-").is_some_and(|rest| rest.starts_with(family));
    match tier {
        "start" if is_of("fable") => Some(grant(1_000, 500_000, 100_000)),
        "start" if is_of("opus") || is_of("sonnet") || is_of("haiku") => {
            Some(grant(1_000, 2_000_000, 400_000))
        }
        "scale" if is_of("fable") => Some(grant(4_000, 4_000_000, 800_000)),
        "scale" if matches!(class, "claude-opus-5-5" | "claude-sonnet-5-5") => {
            Some(grant(10_000, 10_000_000, 2_000_000))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_grants_what_is_published_and_nothing_else() {
        assert_eq!(grant_of("anthropic", "start", "claude-fable-5-1"), Some(grant(1_000, 500_000, 100_000)));
        assert_eq!(
            grant_of("anthropic", "scale", "claude-opus-5-5"),
            Some(grant(10_000, 10_000_000, 2_000_000))
        );
        assert_eq!(grant_of("anthropic", "scale", "claude-haiku-5-5"), None);
        assert_eq!(grant_of("openai", "start", "gpt-5-mini"), None);
    }
}
