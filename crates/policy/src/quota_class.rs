//! Which models share a rate limit at their provider.
//!
//! Only what providers document. A model of which nothing is documented has a limit of its own.

/// The class of a model: models of one class share their limits, per credential's organisation.
///
/// Anthropic: "Opus 4.x" share one limit, "Sonnet 4.x" another, all others have their own
/// (platform.claude.com/docs/en/api/rate-limits, read 2026-10).
pub fn quota_class(catalogue: &str, model: &str) -> String {
    if catalogue != "anthropic" {
        return model.to_owned();
    }
    let undated = without_date(model);
    for family in ["claude-opus-4", "claude-sonnet-4"] {
        if undated == family || undated.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')) {
            return format!("{family}.x");
        }
    }
    undated.to_owned()
}

/// `claude-haiku-4-5-20251001` is a snapshot of `claude-haiku-4-5`.
fn without_date(model: &str) -> &str {
    match model.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => model,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_share_a_limit_at_anthropic_are_of_one_class_and_others_are_not() {
        let class = |model| quota_class("anthropic", model);
        assert_eq!(class("claude-opus-4-8"), class("claude-opus-4-5-20251101"));
        assert_eq!(class("claude-sonnet-4-6"), class("claude-sonnet-4-5"));
        assert_ne!(class("claude-opus-5"), class("claude-opus-5-5"));
        assert_ne!(class("claude-opus-4-8"), class("claude-sonnet-4-6"));
        assert_eq!(class("claude-haiku-4-5-20251001"), class("claude-haiku-4-5"));
    }

    #[test]
    fn elsewhere_each_model_has_its_own() {
        assert_eq!(quota_class("openai", "gpt-5-mini"), "gpt-5-mini");
    }
}
