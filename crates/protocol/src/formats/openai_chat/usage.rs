//! `usage`, as OpenAI and its followers state it.
//!
//! It counts nothing itself.

use paceway_domain::{Tokens, Usage};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;

/// `prompt_tokens` includes what was cached. Source: openai-python, `types/completion_usage.py`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    #[serde(deserialize_with = "count")]
    prompt_tokens: u64,
    #[serde(deserialize_with = "count")]
    completion_tokens: u64,
    #[serde(deserialize_with = "count")]
    total_tokens: u64,
    prompt_tokens_details: Option<WirePromptDetails>,
    completion_tokens_details: Option<WireCompletionDetails>,
    /// DeepSeek's word for what was cached.
    #[serde(deserialize_with = "count")]
    prompt_cache_hit_tokens: u64,
    /// Moonshot's.
    #[serde(deserialize_with = "count")]
    cached_tokens: u64,
    /// LiteLLM's word for what was written to the cache.
    #[serde(deserialize_with = "count")]
    cache_creation_input_tokens: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WirePromptDetails {
    #[serde(deserialize_with = "count")]
    cached_tokens: u64,
    /// What was written to the cache, where the provider charges for that (gpt-5.6 and later; OpenRouter).
    #[serde(deserialize_with = "count")]
    cache_write_tokens: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireCompletionDetails {
    #[serde(deserialize_with = "count")]
    reasoning_tokens: u64,
}

/// A number of tokens; anything else counts as none. Some providers write `12.0`.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(value.as_u64().or_else(|| value.as_f64().map(|number| number as u64)).unwrap_or(0))
}

impl WireUsage {
    fn read(&self) -> Usage {
        let details = self.prompt_tokens_details.as_ref();
        let cached = [
            details.map_or(0, |details| details.cached_tokens),
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
        ];
        let cached = cached.into_iter().max().unwrap_or(0).min(self.prompt_tokens);
        let written = details.map_or(0, |details| details.cache_write_tokens);
        let written = written.max(self.cache_creation_input_tokens).min(self.prompt_tokens - cached);
        // xAI and Google leave thoughts out of `completion_tokens` and count them in the total alone
        // (docs.x.ai/docs/guides/reasoning; ai.google.dev/gemini-api/docs/openai).
        let unnamed =
            self.total_tokens.saturating_sub(self.prompt_tokens.saturating_add(self.completion_tokens));
        let output = self.completion_tokens.saturating_add(unnamed);
        let reasoning = self.completion_tokens_details.as_ref().map_or(0, |details| details.reasoning_tokens);
        Usage {
            input: Tokens(self.prompt_tokens - cached - written),
            cache_read: Tokens(cached),
            cache_write_5m: Tokens(written),
            cache_write_1h: Tokens::ZERO,
            output: Tokens(output),
            reasoning: Tokens(reasoning.max(unnamed).min(output)),
            ..Usage::default()
        }
    }
}

/// The usage that a `usage` object states; `None` if it is something else.
pub(super) fn read(raw: &RawValue) -> Option<Usage> {
    if !raw.get().starts_with('{') {
        return None;
    }
    serde_json::from_str::<WireUsage>(raw.get()).ok().map(|usage| usage.read())
}

/// Groq's `x_groq`, whose `usage` is the stream's.
pub(super) fn read_groq(raw: &RawValue) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Groq<'a> {
        #[serde(borrow)]
        usage: Option<&'a RawValue>,
    }
    serde_json::from_str::<Groq<'_>>(raw.get()).ok()?.usage.and_then(read)
}

/// Writes the fields of a `usage` object.
pub(super) fn write(usage: &Usage, body: &mut ObjectWriter<'_>) {
    body.field("prompt_tokens", &usage.input_total())
        .field("completion_tokens", &usage.output)
        .field("total_tokens", &(usage.input_total() + usage.output))
        .object("prompt_tokens_details", |details| {
            details.field("cached_tokens", &usage.cache_read);
            if usage.cache_write() > Tokens::ZERO {
                details.field("cache_write_tokens", &usage.cache_write());
            }
        })
        .object("completion_tokens_details", |details| {
            details.field("reasoning_tokens", &usage.reasoning);
        });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn usage(json: &str) -> [u64; 5] {
        let usage = read(serde_json::from_str(json).unwrap()).unwrap();
        [usage.input, usage.cache_read, usage.cache_write_5m, usage.output, usage.reasoning]
            .map(|tokens| tokens.0)
    }

    #[test]
    fn cached_and_written_tokens_are_taken_out_of_the_prompt() {
        let openai = r#"{"prompt_tokens":100,"completion_tokens":30,"total_tokens":130,"prompt_tokens_details":
            {"cached_tokens":40,"cache_write_tokens":10},"completion_tokens_details":{"reasoning_tokens":20}}"#;
        assert_eq!(usage(openai), [50, 40, 10, 30, 20]);
        let deepseek = r#"{"prompt_tokens":100,"completion_tokens":3,"prompt_cache_hit_tokens":64,
            "prompt_cache_miss_tokens":36,"total_tokens":103}"#;
        assert_eq!(usage(deepseek), [36, 64, 0, 3, 0]);
        assert_eq!(usage(r#"{"prompt_tokens":9,"completion_tokens":1,"cached_tokens":5}"#), [4, 5, 0, 1, 0]);
    }

    #[test]
    fn thoughts_that_only_the_total_counts_are_output() {
        let xai = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,
            "completion_tokens_details":{"reasoning_tokens":100}}"#;
        assert_eq!(usage(xai), [10, 0, 0, 105, 100]);
        assert_eq!(
            usage(r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":40}"#),
            [10, 0, 0, 30, 25]
        );
    }

    #[test]
    fn odd_numbers_are_read_and_never_underflow() {
        let odd = r#"{"prompt_tokens":3.0,"completion_tokens":null,"total_tokens":"x","prompt_tokens_details":
            {"cached_tokens":50,"cache_write_tokens":50}}"#;
        assert_eq!(usage(odd), [0, 3, 0, 0, 0]);
        assert!(read(serde_json::from_str("[]").unwrap()).is_none());
    }
}
