//! What lets an operator in.

use paceway_domain::Secret;
use paceway_policy::access::KeyHash;

/// The admin token, kept as a hash: comparing hashes tells nothing through timing.
#[derive(Debug, Clone, Copy)]
pub struct AdminToken(KeyHash);

impl AdminToken {
    /// The token with this text.
    pub fn new(token: &Secret) -> Self {
        Self(KeyHash::of(token.reveal()))
    }

    /// Whether `given` is the token.
    pub fn is(&self, given: &str) -> bool {
        self.0 == KeyHash::of(given)
    }
}
