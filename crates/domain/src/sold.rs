//! What an answer says was sold: usage, what is not counted in tokens, and the terms that its price depends on.
//!
//! It has no prices.

use crate::{ServiceTier, Tokens, Usage};

/// What was sold, as far as an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sold {
    /// Tokens, and searches of the web.
    pub usage: Usage,
    /// What else.
    pub apart: Apart,
    /// On which terms.
    pub terms: Terms,
}

impl From<Usage> for Sold {
    /// On the usual terms, and nothing else.
    fn from(usage: Usage) -> Self {
        Self { usage, ..Self::default() }
    }
}

/// What is sold by another measure than tokens, and tokens that have prices of their own and no column in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Apart {
    /// Searches among documents (reranking).
    pub rerank_searches: u64,
    /// Pictures.
    pub images: u64,
    /// Sound that was heard, in seconds.
    pub audio_seconds: u64,
    /// Characters that were spoken.
    pub characters: u64,
    /// The part of the input, neither cached nor sound, that was pictures.
    pub image_input: Tokens,
    /// The part of what was read from a cache that was sound.
    pub audio_cache_read: Tokens,
}

/// The terms on which a request was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Terms {
    /// At which service level.
    pub tier: ServiceTier,
    /// Whether it had to stay in the United States (Anthropic's `inference_geo`).
    pub in_us: bool,
}

impl Terms {
    /// The usual place, at this level.
    pub const fn at(tier: ServiceTier) -> Self {
        Self { tier, in_us: false }
    }
}
