//! What a client may want done, whatever the dialect.
//!
//! Addresses are not known here: each dialect has its own.

use std::fmt;

/// What a client wants done with its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// Generate an answer: `/v1/messages`, `/v1/chat/completions`, `/v1/responses`, `…:generateContent`.
    Generate,
    /// Count the tokens of a request: `/v1/messages/count_tokens`, `…:countTokens`, `/v1/responses/input_tokens`.
    CountTokens,
    /// Vectors of texts: `/v1/embeddings`.
    Embeddings,
    /// Order documents by a query: `/v1/rerank`.
    Rerank,
    /// Draw: `/v1/images/generations`.
    Images,
    /// Write down what is said: `/v1/audio/transcriptions`.
    Transcription,
    /// Say what is written: `/v1/audio/speech`.
    Speech,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Generate,
        Self::CountTokens,
        Self::Embeddings,
        Self::Rerank,
        Self::Images,
        Self::Transcription,
        Self::Speech,
    ];

    /// The name in rules, keys and the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::CountTokens => "count_tokens",
            Self::Embeddings => "embeddings",
            Self::Rerank => "rerank",
            Self::Images => "images",
            Self::Transcription => "transcription",
            Self::Speech => "speech",
        }
    }

    /// What it does, for people.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Generate => "generation in this API",
            Self::CountTokens => "token counting",
            Self::Embeddings => "embeddings",
            Self::Rerank => "reranking",
            Self::Images => "image generation",
            Self::Transcription => "audio transcription",
            Self::Speech => "speech",
        }
    }

    /// The endpoint of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
