//! What insights see of a row of the ledger. It decides nothing.

use paceway_domain::{KeyId, MicroUsd, RequestId, ServiceTier, UnixMillis, Usage};

/// How a call ended, as far as waste goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The client has its whole answer.
    Completed,
    /// The client hung up before.
    ClientGone,
    /// The answer broke off.
    Cut,
    /// A part that another target went on with.
    Continued,
    /// Asked too, and too late.
    HedgeLost,
    /// Anything else: errors, refusals, a cheap answer that did not do.
    Other,
}

impl Outcome {
    /// The outcome that a ledger calls so.
    pub fn named(name: &str) -> Self {
        match name {
            "completed" => Self::Completed,
            "client_gone" => Self::ClientGone,
            "cut" => Self::Cut,
            "continued" => Self::Continued,
            "hedge_lost" => Self::HedgeLost,
            _ => Self::Other,
        }
    }
}

/// A row of the ledger. Fields that are called as the ledger's mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The request.
    pub request: RequestId,
    /// 0 for the request itself, 1 and on for calls before its last one.
    pub part: u32,
    /// When it arrived.
    pub at: UnixMillis,
    /// The virtual key.
    pub key: KeyId,
    /// The team of the key.
    pub team: String,
    /// The provider, as configuration names it.
    pub provider: String,
    /// The provider's name in the price lists.
    pub catalogue: String,
    /// The model.
    pub model: String,
    /// Whether words were generated.
    pub is_generation: bool,
    /// What it used.
    pub usage: Usage,
    /// The service level.
    pub tier: ServiceTier,
    /// What it cost, where that is known.
    pub cost: Option<MicroUsd>,
    /// How it ended.
    pub outcome: Outcome,
    /// Time in the queue, in milliseconds.
    pub queued_ms: u64,
    /// The same for requests that ask the same.
    pub request_hash: Option<u64>,
    /// The same for tools and instructions that are the same.
    pub head_hash: Option<u64>,
    /// The same for those that differ in dates, times and ids only.
    pub head_shape: Option<u64>,
    /// The likely tokens of tools and instructions.
    pub head_tokens: Option<u64>,
    /// The likely tokens of the tools alone.
    pub tools_tokens: Option<u64>,
    /// Tools offered.
    pub tools_offered: u32,
    /// Tools called.
    pub tools_called: u32,
    /// The bound that the request set on its output.
    pub max_tokens: Option<u64>,
    /// Whether that bound cut the answer.
    pub is_cut: bool,
    /// How hard the prompt looks, in percent, where it was looked at.
    pub complexity: Option<u8>,
    /// Whether it was asked with the priority `batch`.
    pub is_patient: bool,
}

impl Observed {
    /// Whether it is a request of which the client has its whole answer.
    pub(super) fn is_answered(&self) -> bool {
        self.part == 0 && self.outcome == Outcome::Completed
    }
}
