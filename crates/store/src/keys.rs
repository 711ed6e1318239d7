//! The keys' port: virtual keys by hash.

use paceway_domain::{KeyId, UnixMillis};
use paceway_policy::access::{KeyHash, VirtualKey};

use crate::StoreError;

/// Where virtual keys are kept.
pub trait Keys: Send + Sync {
    /// Every key, revoked ones included, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn all(&self) -> Result<Vec<VirtualKey>, StoreError>;

    /// Keeps a new key.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn create(&self, hash: KeyHash, name: &str, now: UnixMillis) -> Result<(), StoreError>;

    /// Revokes a key for good. False if there is none with this id that is not revoked already.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn revoke(&self, id: &KeyId, now: UnixMillis) -> Result<bool, StoreError>;

    /// A number that changes when another process has changed the keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn version(&self) -> Result<i64, StoreError>;
}
