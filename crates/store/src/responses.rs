//! The port of kept responses: answers of the Responses API that a client may go on from by their id.

use paceway_domain::{KeyId, UnixMillis};

use crate::StoreError;

/// An answer that can be gone on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptResponse {
    /// Its id, `resp_…`.
    pub id: String,
    /// The virtual key that may see it.
    pub key: KeyId,
    /// When it was given.
    pub created_at: UnixMillis,
    /// Who gave it.
    pub provider: String,
    /// The quota group of the key by which the provider was asked.
    pub quota_group: String,
    /// What was said; `None` where the provider itself keeps it.
    pub content: Option<Conversation>,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// A JSON array: the items of the whole conversation before the answer.
    pub input: Vec<u8>,
    /// A JSON object: the answer.
    pub answer: Vec<u8>,
}

/// Where responses are kept.
pub trait Responses: Send + Sync {
    /// Keeps one. One of the same id is replaced.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn keep(&self, response: &KeptResponse) -> Result<(), StoreError>;

    /// One by its id, if this key may see it.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn find(&self, key: &KeyId, id: &str) -> Result<Option<KeptResponse>, StoreError>;

    /// Forgets one. False if there is none that this key may see.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn forget(&self, key: &KeyId, id: &str) -> Result<bool, StoreError>;

    /// Forgets those made before `before`, and of the rest all but the `most` newest. Returns how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn sweep(&self, before: UnixMillis, most: u64) -> Result<usize, StoreError>;
}
