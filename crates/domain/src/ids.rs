//! Names of things, each a type of its own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of one request through Paceway, shown to the client as `x-paceway-request-id`: `req_pw_` and 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// An id from 128 bits; time-ordered when the bits are (UUID version 7).
    pub fn from_bits(bits: u128) -> Self {
        Self(format!("req_pw_{bits:032x}"))
    }

    /// An id that was written down before.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a virtual key: the first twelve hex digits of its hash. Safe to show; it cannot be used to authenticate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A wire format that clients or providers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Anthropic Messages: `/v1/messages`.
    Anthropic,
    /// OpenAI Chat Completions: `/v1/chat/completions`.
    #[serde(rename = "openai")]
    OpenAi,
    /// OpenAI Responses: `/v1/responses`.
    #[serde(rename = "openai_responses")]
    Responses,
    /// Google's `generateContent` and `streamGenerateContent`.
    Gemini,
    /// Amazon Bedrock's Converse.
    Converse,
    /// Cohere's `/v2/chat`.
    Cohere,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Anthropic, Self::OpenAi, Self::Responses, Self::Gemini, Self::Converse, Self::Cohere];

    /// The name used in configuration, metrics and the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Responses => "openai_responses",
            Self::Gemini => "gemini",
            Self::Converse => "converse",
            Self::Cohere => "cohere",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
