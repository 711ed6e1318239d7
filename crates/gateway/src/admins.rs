//! What lets those in who administer: their tokens, looked up in a ring that is replaced whole.

use std::sync::Arc;

use arc_swap::ArcSwap;
use paceway_domain::{KeyId, Secret, UnixMillis};
use paceway_policy::access::{Admin, AdminRing, KeyHash, Place, Role};

/// Who may administer, at present. Tokens are kept as hashes: comparing hashes tells nothing through timing.
pub struct Admins {
    /// The owner whose token is a file of the data directory, so that nobody is ever locked out.
    owner: Admin,
    ring: ArcSwap<AdminRing>,
}

impl Admins {
    /// The owner with this token, and these.
    pub fn new(token: &Secret, admins: Vec<Admin>) -> Self {
        let hash = KeyHash::of(token.reveal());
        let role = (Role::Owner, Place::whole());
        let owner =
            Admin { id: KeyId("file".into()), ..Admin::new(hash, "admin.token", role, UnixMillis(0)) };
        let ring = ArcSwap::from_pointee(AdminRing::new(admins));
        Self { owner, ring }
    }

    /// Puts others in the place of the present ones; the owner stays.
    pub fn replace(&self, admins: Vec<Admin>) {
        self.ring.store(Arc::new(AdminRing::new(admins)));
    }

    /// Whose token this is.
    pub fn find(&self, token: &str) -> Option<Admin> {
        if self.owner.hash == KeyHash::of(token) {
            return Some(self.owner.clone());
        }
        self.ring.load().find(token).cloned()
    }
}
