//! The port of leases: how nodes that share a database share their budgets.
//!
//! What a lease comes to is `policy::budget`'s arithmetic; a backend sees to it that it is done for one node after the other.

use paceway_policy::budget::{Claim, Grant};

use crate::StoreError;

/// Where leases are kept.
pub trait Leases: Send + Sync {
    /// Says what a node has and needs, and leases it: a grant for each claim. A node that starts again is another node.
    ///
    /// # Errors
    /// When the database cannot be reached or written. The node then goes on with what it keeps.
    fn lease(&self, node: &str, claims: &[Claim]) -> Result<Vec<Grant>, StoreError>;
}
