//! What a request used, by kind of token.

use serde::{Deserialize, Serialize};

use crate::Tokens;

/// Tokens of one request by the kinds that are priced and limited differently.
///
/// The kinds are disjoint: `input` excludes what was read from or written to a prompt cache (Anthropic's convention;
/// OpenAI's `prompt_tokens` includes cached tokens and is taken apart where it is read).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
