//! The port of identity: organisations, teams and projects, virtual keys, admins, and the log of every change to them.
//!
//! A change and its entry in the log are kept together or not at all. Who may make it is decided before; here is decided only
//! what another node could have changed in the meantime: whether a place exists, is empty, or a key is still the one that was read.

use paceway_domain::{KeyId, UnixMillis};
use paceway_policy::access::{Admin, Place, Unit, VirtualKey};
use serde_json::Value;

use crate::StoreError;

/// Where identity is kept.
pub trait Identity: Send + Sync {
    /// Every organisation, team and project, by their places.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn units(&self) -> Result<Vec<Unit>, StoreError>;

    /// Every key, revoked ones included, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn keys(&self) -> Result<Vec<VirtualKey>, StoreError>;

    /// Every admin, revoked ones included, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn admins(&self) -> Result<Vec<Admin>, StoreError>;

    /// Entries of the log, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn audit(&self, page: &AuditPage) -> Result<Vec<AuditEntry>, StoreError>;

    /// Makes a change, if it can still be made, and enters it into the log.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing has changed.
    fn apply(&self, change: &Change, note: &Note) -> Result<Applied, StoreError>;

    /// A number that grows with every change, whichever node makes it.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn version(&self) -> Result<u64, StoreError>;
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// None here: what is entered has happened elsewhere.
    Elsewhere,
    /// A new unit, in one that exists.
    AddUnit(Unit),
    /// Another name for a unit.
    RenameUnit {
        /// Which.
        place: Place,
        /// Its name from now on.
        name: String,
    },
    /// A unit with nothing in it goes: no unit, no key and no admin that is not revoked.
    RemoveUnit(Place),
    /// A new key, in a project that exists.
    AddKey(Box<VirtualKey>),
    /// A key as it is from now on. Its revision is that of the key that was read; the one that is kept is one more.
    ReplaceKey(Box<VirtualKey>),
    /// A new admin, of a place that exists.
    AddAdmin(Box<Admin>),
    /// Entries of the log from before this time go. Without any there is nothing to do, and nothing is entered.
    TrimAudit {
        /// When.
        before: UnixMillis,
    },
    /// An admin is one no more.
    RevokeAdmin {
        /// Which.
        id: KeyId,
        /// Since when.
        at: UnixMillis,
    },
}

/// What came of a change. Only the first has changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is made.
    Done,
    /// There is one of this name already.
    Exists,
    /// There is none, or it is revoked already.
    Missing,
    /// The place where it should be does not exist.
    NoPlace,
    /// There is something in it.
    NotEmpty,
    /// It is not what was read any more.
    Outdated,
}

/// What the log says of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// When.
    pub at: UnixMillis,
    /// Who: an admin's id and name, or what else it was.
    pub actor: String,
    /// What was done, such as `keys.create`.
    pub action: String,
    /// To what: an id, or a place.
    pub subject: String,
    /// Where that lies.
    pub place: Place,
    /// What it was, without secrets.
    pub before: Option<Value>,
    /// What it is, without secrets.
    pub after: Option<Value>,
}

/// A note as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its number: later ones have higher ones.
    pub number: u64,
    /// What it says.
    pub note: Note,
}

/// Which entries are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// Of what lies here.
    pub place: Place,
    /// Only those before this number.
    pub before: Option<u64>,
    /// At most so many.
    pub most: u32,
}
