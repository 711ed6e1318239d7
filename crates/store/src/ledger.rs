//! The ledger's port: one row for each request that reached a provider.

use paceway_domain::{Dialect, KeyId, MicroUsd, RequestId, UnixMillis, Usage};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// One request: who asked, what it used, what it cost, how long it took, how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The request's id; a row is written once per id, however often it is delivered.
    pub request_id: RequestId,
    /// When it arrived.
    pub arrived_at: UnixMillis,
    /// The virtual key used.
    pub key: KeyId,
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
    /// Whether `usage` is an estimate because the provider's count never came.
    pub usage_is_estimated: bool,
    /// The list price, to the micro-dollar; `None` when the model's price is unknown.
    pub cost: Option<MicroUsd>,
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
}

/// What one model of one provider served, in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Requests.
    pub requests: u64,
    /// Tokens by kind.
    pub usage: Usage,
    /// The sum of all known costs.
    pub cost: MicroUsd,
    /// Requests whose cost is unknown.
    pub unpriced: u64,
}

/// Where rows go.
pub trait Ledger: Send + Sync {
    /// Takes a row. When this returns, the operating system has it: the end of the process cannot lose it.
    ///
    /// # Errors
    /// When the row could be written nowhere; it is then kept in memory only, and delivered if the process lives.
    fn append(&self, row: Row) -> Result<(), StoreError>;

    /// The row of a request, if it has reached the database.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn find(&self, id: &RequestId) -> Result<Option<Row>, StoreError>;

    /// Everything served so far, by provider and model, as far as it has reached the database (within a second).
    ///
    /// # Errors
    /// When the database cannot be read.
    fn totals(&self) -> Result<Vec<Total>, StoreError>;
}
