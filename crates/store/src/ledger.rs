//! The ledger's port: what every request used and cost.
//!
//! A request that reached a provider has one row of its own, `part` 0, with what its last call used. Calls before that cost something
//! (a hedge's loser, a cascade's first answer, a stream that broke and was continued elsewhere) have rows of their own, `part` 1 and on.
//! So what a request cost is the sum of its rows, and requests are counted by those with `part` 0.

use std::time::Duration;

use paceway_domain::{Dialect, KeyId, MicroUsd, Owner, RequestId, ServiceTier, Tags, UnixMillis, Usage};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// One request: who asked, what it used, what it cost, how long it took, how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The request's id; a row is written once per id and part, however often it is delivered.
    pub request_id: RequestId,
    /// 0 for the request itself, 1 and on for calls before its last one.
    #[serde(default)]
    pub part: u32,
    /// When it arrived.
    pub arrived_at: UnixMillis,
    /// The virtual key used.
    pub key: KeyId,
    /// To whom that key belonged at the time.
    #[serde(default)]
    pub owner: Owner,
    /// What the caller said of the request.
    #[serde(default)]
    pub tags: Tags,
    /// What was wanted: `generate`, `count_tokens`, `embeddings`, `rerank`, `images`, `transcription` or `speech`.
    #[serde(default = "generate")]
    pub endpoint: String,
    /// The dialect in which it was asked.
    pub dialect: Dialect,
    /// Whether the answer was streamed.
    pub streamed: bool,
    /// The model as the client wrote it.
    pub model_asked: String,
    /// The provider that served it.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// The provider's own id of the request, if it gave one.
    pub provider_request_id: Option<String>,
    /// What it used.
    pub usage: Usage,
    /// The service level at which it was served.
    #[serde(default)]
    pub tier: ServiceTier,
    /// Whether `usage` is an estimate because the provider's count never came.
    pub usage_is_estimated: bool,
    /// The list price, to the micro-dollar; `None` when the model's price is unknown.
    pub cost: Option<MicroUsd>,
    /// By which price list, or why there is no price; empty in rows of before it was kept.
    #[serde(default)]
    pub price_source: String,
    /// The provider's HTTP status, 0 if it never answered.
    pub status: u16,
    /// How it ended: `completed`, `client_gone`, `cut`, `provider_error` or a reason to refuse.
    pub outcome: String,
    /// Calls made to the provider.
    pub attempts: u32,
    /// Time spent waiting for a rate limit, in milliseconds.
    pub queued_ms: u64,
    /// From arrival to the first byte of the answer, in milliseconds; `None` if there was none.
    pub first_byte_ms: Option<u64>,
    /// From arrival to the end, in milliseconds.
    pub total_ms: u64,
    /// What of it shows whether it could have cost less.
    #[serde(default)]
    pub traits: Traits,
}

/// Rows of before there were endpoints.
fn generate() -> String {
    "generate".to_owned()
}

/// What of a request and its answer shows whether it could have cost less. No text is kept: what is compared are hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traits {
    /// A hash of the whole request; the same for requests that are alike to the byte.
    pub request_hash: Option<u64>,
    /// A hash of what the request begins with and does not change as a conversation grows: tools and system prompt.
    pub head_hash: Option<u64>,
    /// The same without the words in it that hold digits: heads that differ in dates, times or ids only have one shape.
    pub head_shape: Option<u64>,
    /// The likely number of tokens of tools and system prompt.
    pub head_tokens: Option<u64>,
    /// The likely number of tokens of the tools alone.
    pub tools_tokens: Option<u64>,
    /// Tools that were offered.
    pub tools_offered: u32,
    /// Calls of tools in the answer.
    pub tools_called: u32,
    /// The bound of the output that the request set, in tokens.
    pub max_tokens: Option<u64>,
    /// Whether the answer ended because of that bound.
    pub is_cut: bool,
    /// How hard the task looks, in percent; absent where it was not looked at.
    pub complexity: Option<u8>,
    /// Whether nobody waited for it: it was asked with the priority `batch`.
    pub is_patient: bool,
}

/// Where rows go.
pub trait Ledger: Send + Sync {
    /// Takes a row. When this returns, the operating system has it: the end of the process cannot lose it.
    ///
    /// # Errors
    /// When the row could be written nowhere; it is then kept in memory only, and delivered if the process lives.
    fn append(&self, row: Row) -> Result<(), StoreError>;

    /// The rows of a request in order of their parts, as far as they have reached the database.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError>;

    /// Rows that were taken and are not in the database yet.
    fn waiting(&self) -> u64 {
        0
    }

    /// Waits until the rows that were taken so far are in the database, but no longer than this. It blocks. False: they are not.
    fn catch_up(&self, _patience: Duration) -> bool {
        true
    }
}
