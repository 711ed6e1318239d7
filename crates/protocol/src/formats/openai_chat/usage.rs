//! `usage`, as OpenAI and its followers state it.
//!
//! It counts nothing itself.

use paceway_domain::{Apart, Tokens, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose::ObjectWriter;
use crate::lenient;

/// `prompt_tokens` includes what was cached. Source: openai-python, `types/completion_usage.py`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    #[serde(deserialize_with = "lenient::count")]
    prompt_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    completion_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    total_tokens: u64,
    prompt_tokens_details: Option<WirePromptDetails>,
    completion_tokens_details: Option<WireCompletionDetails>,
    /// DeepSeek's word for what was cached.
    #[serde(deserialize_with = "lenient::count")]
    prompt_cache_hit_tokens: u64,
    /// Moonshot's.
    #[serde(deserialize_with = "lenient::count")]
    cached_tokens: u64,
    /// LiteLLM's word for what was written to the cache.
    #[serde(deserialize_with = "lenient::count")]
    cache_creation_input_tokens: u64,
    /// The words of the Images API (openai-python, `types/images_response.py`).
    #[serde(deserialize_with = "lenient::count")]
    input_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    output_tokens: u64,
    #[serde(deserialize_with = "lenient::maybe")]
    input_tokens_details: Option<WirePromptDetails>,
    #[serde(deserialize_with = "lenient::maybe")]
    output_tokens_details: Option<WireCompletionDetails>,
    /// Perplexity's word for searches of the web.
    #[serde(deserialize_with = "lenient::count")]
    num_search_queries: u64,
    /// OpenRouter's.
    #[serde(deserialize_with = "lenient::maybe")]
    server_tool_use: Option<WireSearches>,
    /// xAI's (docs.x.ai, tools).
    #[serde(deserialize_with = "lenient::maybe")]
    server_side_tool_usage_details: Option<WireSearches>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireSearches {
    #[serde(deserialize_with = "lenient::count")]
    web_search_requests: u64,
    #[serde(deserialize_with = "lenient::count")]
    web_search_calls: u64,
}

impl WireSearches {
    fn most(&self) -> u64 {
        self.web_search_requests.max(self.web_search_calls)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names)] // The names are OpenAI's.
struct WirePromptDetails {
    #[serde(deserialize_with = "lenient::count")]
    cached_tokens: u64,
    /// What was written to the cache, where the provider charges for that (gpt-5.6 and later; OpenRouter).
    #[serde(deserialize_with = "lenient::count")]
    cache_write_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    audio_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    image_tokens: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names)] // The names are OpenAI's.
struct WireCompletionDetails {
    #[serde(deserialize_with = "lenient::count")]
    reasoning_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    audio_tokens: u64,
    /// Of models that draw (OpenRouter, the Images API).
    #[serde(deserialize_with = "lenient::count")]
    image_tokens: u64,
}

impl WireUsage {
    fn read(&self) -> Usage {
        let (prompt, completion) = match (self.prompt_tokens, self.completion_tokens) {
            (0, 0) => (self.input_tokens, self.output_tokens),
            both => both,
        };
        let details = self.prompt_details();
        let cached = [
            details.map_or(0, |details| details.cached_tokens),
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
        ];
        let cached = cached.into_iter().max().unwrap_or(0).min(prompt);
        let written = details.map_or(0, |details| details.cache_write_tokens);
        let written = written.max(self.cache_creation_input_tokens).min(prompt - cached);
        let input = prompt - cached - written;
        // xAI and Google leave thoughts out of `completion_tokens` and count them in the total alone
        // (docs.x.ai/docs/guides/reasoning; ai.google.dev/gemini-api/docs/openai).
        let unnamed = self.total_tokens.saturating_sub(prompt.saturating_add(completion));
        let output = completion.saturating_add(unnamed);
        let made = self.completion_tokens_details.as_ref().or(self.output_tokens_details.as_ref());
        let of_made = |count: fn(&WireCompletionDetails) -> u64| Tokens(made.map_or(0, count).min(output));
        Usage {
            input: Tokens(input),
            cache_read: Tokens(cached),
            cache_write_5m: Tokens(written),
            cache_write_1h: Tokens::ZERO,
            output: Tokens(output),
            reasoning: of_made(|made| made.reasoning_tokens).max(Tokens(unnamed.min(output))),
            audio_input: Tokens(details.map_or(0, |details| details.audio_tokens).min(input)),
            audio_output: of_made(|made| made.audio_tokens),
            image_output: of_made(|made| made.image_tokens),
            web_searches: self.searches(),
        }
    }

    fn prompt_details(&self) -> Option<&WirePromptDetails> {
        self.prompt_tokens_details.as_ref().or(self.input_tokens_details.as_ref())
    }

    /// What has a price of its own and no place in the usage. That cached input is sound or pictures is not told.
    fn apart(&self) -> Apart {
        let pictures = self.prompt_details().map_or(0, |details| details.image_tokens);
        Apart { image_input: Tokens(pictures), ..Apart::default() }
    }

    fn searches(&self) -> u32 {
        let theirs = [&self.server_tool_use, &self.server_side_tool_usage_details];
        let most = theirs.into_iter().flatten().map(WireSearches::most).max().unwrap_or(0);
        u32::try_from(most.max(self.num_search_queries)).unwrap_or(u32::MAX)
    }
}

/// The usage that a `usage` object states; `None` if it is something else.
pub(super) fn read(raw: &RawValue) -> Option<Usage> {
    read_all(raw).map(|(usage, _)| usage)
}

/// The same with what has a price of its own beside it.
pub(super) fn read_all(raw: &RawValue) -> Option<(Usage, Apart)> {
    if !raw.get().starts_with('{') {
        return None;
    }
    serde_json::from_str::<WireUsage>(raw.get()).ok().map(|usage| (usage.read(), usage.apart()))
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
            if usage.audio_input > Tokens::ZERO {
                details.field("audio_tokens", &usage.audio_input);
            }
        })
        .object("completion_tokens_details", |details| {
            details.field("reasoning_tokens", &usage.reasoning);
            if usage.audio_output > Tokens::ZERO {
                details.field("audio_tokens", &usage.audio_output);
            }
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
