//! What a request used, by kind of token.

use std::fmt;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use crate::Tokens;

/// Tokens of one request by the kinds that are priced and limited differently.
///
/// The kinds are disjoint: `input` excludes what was read from or written to a prompt cache (Anthropic's convention;
/// OpenAI's `prompt_tokens` includes cached tokens and is taken apart where it is read).
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Input that was neither read from nor written to a cache.
    pub input: Tokens,
    /// Input read from a prompt cache.
    pub cache_read: Tokens,
    /// Input written to a cache that lives five minutes.
    pub cache_write_5m: Tokens,
    /// Input written to a cache that lives one hour.
    pub cache_write_1h: Tokens,
    /// Output, reasoning included.
    pub output: Tokens,
    /// The part of `output` that was reasoning, as far as the provider says.
    #[serde(default)]
    pub reasoning: Tokens,
    /// The part of `input` that was sound.
    #[serde(default)]
    pub audio_input: Tokens,
    /// The part of `output` that was sound.
    #[serde(default)]
    pub audio_output: Tokens,
    /// The part of `output` that was pictures.
    #[serde(default)]
    pub image_output: Tokens,
    /// Searches of the web that the provider made for it.
    #[serde(default)]
    pub web_searches: u32,
}

impl Usage {
    /// Every input token, cached or not: what a context window holds.
    pub fn input_total(&self) -> Tokens {
        self.input + self.cache_read + self.cache_write()
    }

    /// Input written to a cache of either lifetime.
    pub fn cache_write(&self) -> Tokens {
        self.cache_write_5m + self.cache_write_1h
    }
}

impl Add for Usage {
    type Output = Self;

    /// What both used together.
    fn add(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cache_read: self.cache_read + other.cache_read,
            cache_write_5m: self.cache_write_5m + other.cache_write_5m,
            cache_write_1h: self.cache_write_1h + other.cache_write_1h,
            output: self.output + other.output,
            reasoning: self.reasoning + other.reasoning,
            audio_input: self.audio_input + other.audio_input,
            audio_output: self.audio_output + other.audio_output,
            image_output: self.image_output + other.image_output,
            web_searches: self.web_searches.saturating_add(other.web_searches),
        }
    }
}

impl fmt::Debug for Usage {
    /// Kinds that few requests have are told only where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Usage");
        told.field("input", &self.input)
            .field("cache_read", &self.cache_read)
            .field("cache_write_5m", &self.cache_write_5m)
            .field("cache_write_1h", &self.cache_write_1h)
            .field("output", &self.output)
            .field("reasoning", &self.reasoning);
        let rare = [
            ("audio_input", self.audio_input),
            ("audio_output", self.audio_output),
            ("image_output", self.image_output),
        ];
        for (name, count) in rare.iter().filter(|(_, count)| *count > Tokens::ZERO) {
            told.field(name, count);
        }
        if self.web_searches > 0 {
            told.field("web_searches", &self.web_searches);
        }
        told.finish()
    }
}
