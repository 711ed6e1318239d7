//! The service levels at which providers sell the same model at other prices.

use serde::{Deserialize, Serialize};

/// How a request was served, as far as its price depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceTier {
    /// As usual.
    #[default]
    Standard,
    /// In a batch job, within a day.
    Batch,
    /// Later, when there is room (OpenAI's `flex`).
    Flex,
    /// Before others (OpenAI's and Anthropic's `priority`).
    Priority,
    /// Faster than usual (Anthropic's `speed: "fast"`, OpenAI's `ultrafast`).
    Fast,
    /// From capacity that is paid for apart, used or not (Vertex's provisioned throughput, OpenAI's `scale`).
    Reserved,
}

impl ServiceTier {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Standard, Self::Batch, Self::Flex, Self::Priority, Self::Fast, Self::Reserved];

    /// The name used in the ledger and by prices.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Fast => "fast",
            Self::Reserved => "reserved",
        }
    }

    /// The level with this name; `default` is OpenAI's name for the standard one.
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "default" { "standard" } else { name };
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }
}
