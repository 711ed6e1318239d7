//! The models that it pretends to have.

use crate::limiter::Rules;

/// One model.
pub(crate) struct Model {
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) rules: Rules,
    /// Models of one class share their limits.
    pub(crate) class: &'static str,
    /// The day it came out, RFC 3339; invented where nothing was published.
    pub(crate) created_at: &'static str,
    /// The same in Unix seconds.
    pub(crate) created: u64,
}

const fn claude(id: &'static str, display_name: &'static str, class: &'static str) -> Model {
    let created_at = "2026-01-01T00:00:00Z";
    Model { id, display_name, rules: Rules::Anthropic, class, created_at, created: 1_767_225_600 }
}

const fn gpt(id: &'static str) -> Model {
    let created_at = "2026-01-01T00:00:00Z";
    Model { id, display_name: id, rules: Rules::OpenAi, class: id, created_at, created: 1_767_225_600 }
}

const fn gemini(id: &'static str, display_name: &'static str) -> Model {
    let created_at = "2026-01-01T00:00:00Z";
    Model { id, display_name, rules: Rules::Gemini, class: id, created_at, created: 1_767_225_600 }
}

const fn nova(id: &'static str, display_name: &'static str) -> Model {
    let created_at = "2026-01-01T00:00:00Z";
    Model { id, display_name, rules: Rules::Bedrock, class: id, created_at, created: 1_767_225_600 }
}

/// Cohere's, and what else has its limits.
const fn cohere(id: &'static str) -> Model {
    let created_at = "2026-01-01T00:00:00Z";
    Model { id, display_name: id, rules: Rules::Cohere, class: id, created_at, created: 1_767_225_600 }
}

/// Classes as documented: Sonnet 4.6 and 4.5 share one pool, as do Opus 4.5 to 4.8
/// (platform.claude.com/docs/en/api/rate-limits).
pub(crate) const MODELS: [Model; 38] = [
    claude("claude-opus-5-5", "Claude Opus 5.5", "opus-5-5"),
    claude("claude-opus-4-8", "Claude Opus 4.8", "opus-4"),
    claude("claude-opus-4-7", "Claude Opus 4.7", "opus-4"),
    claude("claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet-5-5"),
    claude("claude-sonnet-4-6", "Claude Sonnet 4.6", "sonnet-4"),
    claude("claude-sonnet-4-5", "Claude Sonnet 4.5", "sonnet-4"),
    claude("claude-haiku-5-5", "Claude Haiku 5.5", "haiku-5-5"),
    claude("claude-haiku-4-5", "Claude Haiku 4.5", "haiku-4-5"),
    gpt("gpt-5.5"),
    gpt("gpt-5-mini"),
    gpt("gpt-5-nano"),
    gpt("gpt-4o-mini"),
    gpt("text-embedding-3-small"),
    gpt("text-embedding-3-large"),
    gpt("gpt-image-1"),
    gpt("gpt-4o-transcribe"),
    gpt("whisper-1"),
    gpt("tts-1"),
    gemini("gemini-3-pro", "Gemini 3 Pro"),
    gemini("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview"),
    gemini("gemini-3.5-flash", "Gemini 3.5 Flash"),
    gemini("gemini-3.8-flash", "Gemini 3.8 Flash"),
    gemini("gemini-2.5-pro", "Gemini 2.5 Pro"),
    gemini("gemini-2.5-flash", "Gemini 2.5 Flash"),
    gemini("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite"),
    gemini("gemini-embedding-001", "Gemini Embedding 001"),
    nova("nova-pro", "Nova Pro"),
    nova("nova-lite", "Nova Lite"),
    nova("nova-micro", "Nova Micro"),
    cohere("command-a-03-2025"),
    cohere("command-a-reasoning-08-2025"),
    cohere("command-a-vision-07-2025"),
    cohere("command-r7b-12-2024"),
    cohere("embed-v4.0"),
    cohere("embed-english-v3.0"),
    cohere("rerank-v3.5"),
    cohere("jina-reranker-v2-base-multilingual"),
    cohere("jina-reranker-v3"),
];

/// The model of this name under these rules; a day at its end, as in `claude-haiku-4-5-20251001`, is not looked at.
pub(crate) fn find(id: &str, rules: Rules) -> Option<&'static Model> {
    let exactly = |id: &str| MODELS.iter().find(|model| model.id == id && model.rules == rules);
    exactly(id).or_else(|| exactly(without_day(id)?))
}

/// `name-20251001` and `name-2025-10-01` without the day.
fn without_day(id: &str) -> Option<&str> {
    let ends_with = |shape: &str| {
        let at = id.len().checked_sub(shape.len()).filter(|at| id.is_char_boundary(*at))?;
        let fits = |(is, wanted): (u8, u8)| if wanted == b'0' { is.is_ascii_digit() } else { is == wanted };
        id[at..].bytes().zip(shape.bytes()).all(fits).then(|| &id[..at])
    };
    ends_with("-0000-00-00").or_else(|| ends_with("-00000000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_its_dated_name() {
        let id = |name: &str, rules| find(name, rules).map(|model| model.id);
        assert_eq!(id("claude-haiku-4-5-20251001", Rules::Anthropic), Some("claude-haiku-4-5"));
        assert_eq!(id("gpt-4o-mini-2024-07-18", Rules::OpenAi), Some("gpt-4o-mini"));
        assert_eq!(id("claude-haiku-4-5-2025100é", Rules::Anthropic), None);
        assert_eq!(id("gpt-4o-mini", Rules::Anthropic), None);
    }
}
