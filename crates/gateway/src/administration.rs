//! Administering: organisations, teams and projects, virtual keys, admins, the log of all that was done, what was used
//! and what of it could have cost less.
//!
//! The admin API and the command line both come through here, so that what is allowed, what is checked and what is logged is the
//! same. Everything here waits for the database: not for a task that others wait behind. No HTTP, no SQL.

mod admins;
mod denied;
mod insights;
mod keys;
mod told;
mod units;
mod usage;

use std::sync::{Arc, Mutex, PoisonError};

use paceway_domain::day::DAY_MS;
use paceway_domain::{Clock, Day, KeyId, UnixMillis};
use paceway_policy::access::{KeyHash, Keyring};
use paceway_store::identity::{Applied, AuditPage, Change, Note};
use paceway_store::{Identity, Reports, StoreError};
use serde_json::Value;

use crate::{Admins, Callers};

pub use self::admins::NewAdmin;
pub use self::denied::Denied;
pub use self::keys::{KeyChange, NewKey};
pub use self::units::NewUnit;
pub use paceway_policy::access::{Action, Admin, Grant, Kind, OwnLimits, Place, Role, Unit, VirtualKey, may};
pub use paceway_store::identity::AuditEntry;
pub use paceway_store::reports::{Dimension, Filter, Group, Period, Property};

/// Thirty-two bytes that nobody can guess.
pub type Chance = fn() -> Result<[u8; 32], String>;

/// The way to identity, and to what follows it in this process.
pub struct Administration {
    identity: Arc<dyn Identity>,
    reports: Arc<dyn Reports>,
    callers: Arc<Callers>,
    admins: Arc<Admins>,
    clock: Arc<dyn Clock>,
    chance: Chance,
    /// The version that callers and admins are of. Held while they are read and replaced, so that an earlier reading never takes the
    /// place of a later one.
    followed: Mutex<Followed>,
    /// Held by whoever reads all of the ledger.
    looking: Mutex<()>,
}

/// What callers and admins are of.
#[derive(Debug, Clone, Copy, Default)]
enum Followed {
    /// They were never read.
    #[default]
    Nothing,
    /// A copy of who knows which version.
    Copy,
    /// This version.
    Version(u64),
}

/// What is done, as it is logged.
struct Deed<'d> {
    action: &'static str,
    subject: String,
    place: &'d Place,
    before: Option<Value>,
    after: Option<Value>,
}

impl Administration {
    /// The way to this identity; `callers` and `admins` follow it.
    pub fn new(
        (identity, reports): (Arc<dyn Identity>, Arc<dyn Reports>),
        (callers, admins): (Arc<Callers>, Arc<Admins>),
        clock: Arc<dyn Clock>,
        chance: Chance,
    ) -> Self {
        Self {
            identity,
            reports,
            callers,
            admins,
            clock,
            chance,
            followed: Mutex::default(),
            looking: Mutex::default(),
        }
    }

    /// Who sits at the machine: its files are open to them anyway.
    pub fn command_line() -> Admin {
        let role = (Role::Owner, Place::whole());
        let nobodys = KeyHash([0; 32]);
        Admin { id: KeyId(String::new()), ..Admin::new(nobodys, "command line", role, UnixMillis(0)) }
    }

    /// Who has this token.
    pub fn admin(&self, token: &str) -> Option<Admin> {
        self.admins.find(token)
    }

    /// Lets callers and admins follow what another process or node has changed since. At first it takes what is known, even if the
    /// database is away and it is a copy.
    ///
    /// # Errors
    /// When the database cannot be read; those known so far stay in force.
    pub fn follow(&self) -> Result<(), StoreError> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let version = match (self.identity.version(), *followed) {
            (Ok(version), Followed::Version(known)) if version == known => return Ok(()),
            (Ok(version), _) => Followed::Version(version),
            (Err(_), Followed::Nothing) => Followed::Copy,
            (Err(error), _) => return Err(error),
        };
        let (keys, admins) = (self.identity.keys()?, self.identity.admins()?);
        self.callers.replace(Keyring::new(keys));
        self.admins.replace(admins);
        *followed = version;
        Ok(())
    }

    /// Entries of the log about what lies in an admin's place, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit(&self, actor: &Admin, before: Option<u64>, most: u32) -> Result<Vec<AuditEntry>, Denied> {
        permit(actor, Action::Read, &actor.place)?;
        Ok(self.identity.audit(&AuditPage { place: actor.place.clone(), before, most })?)
    }

    /// Logs what an admin has done elsewhere.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn note(&self, actor: &Admin, action: &'static str, subject: &str) -> Result<(), Denied> {
        let whole = Place::whole();
        let deed = Deed { action, subject: subject.to_owned(), place: &whole, before: None, after: None };
        self.apply(actor, &Change::Elsewhere, deed).map(drop)
    }

    /// Lets entries of the log go that are older than so many whole days, UTC; that is an entry itself. Whether there were any.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn trim_audit(&self, keep_days: u64) -> Result<bool, Denied> {
        // By whole days, so that it is done once a day and not once for every entry.
        let first_day = (self.clock.wall().0 / DAY_MS).saturating_sub(keep_days);
        let before = UnixMillis(first_day * DAY_MS);
        let (whole, subject) = (Place::whole(), format!("entries before {}", Day::of(before)));
        let deed = Deed { action: "audit.trim", subject, place: &whole, before: None, after: None };
        let housekeeping = Admin { name: "housekeeping".to_owned(), ..Self::command_line() };
        Ok(self.apply(&housekeeping, &Change::TrimAudit { before }, deed)? == Applied::Done)
    }

    /// Makes a change and lets this process follow it at once.
    fn apply(&self, actor: &Admin, change: &Change, deed: Deed<'_>) -> Result<Applied, Denied> {
        let note = Note {
            at: self.clock.wall(),
            actor: name_of(actor),
            action: deed.action.to_owned(),
            subject: deed.subject,
            place: deed.place.clone(),
            before: deed.before,
            after: deed.after,
        };
        let applied = self.identity.apply(change, &note)?;
        // The change is made: not to be told that, and of a secret that is shown once, would be worse than to follow later.
        if applied == Applied::Done
            && let Err(error) = self.follow()
        {
            tracing::warn!(%error, "a change is made and will be in force here as soon as it can be read again");
        }
        Ok(applied)
    }

    fn random(&self) -> Result<[u8; 32], Denied> {
        (self.chance)().map_err(Denied::NoChance)
    }
}

/// Whether this may be done there.
fn permit(actor: &Admin, action: Action, place: &Place) -> Result<(), Denied> {
    if actor.may(action, place) {
        return Ok(());
    }
    Err(Denied::Forbidden { role: actor.role, within: actor.place.clone(), action, place: place.clone() })
}

fn name_of(actor: &Admin) -> String {
    if actor.id.0.is_empty() { actor.name.clone() } else { format!("{} ({})", actor.name, actor.id) }
}

/// Longest name of anything, in bytes.
const LONGEST_NAME: usize = 128;

/// A name as it is kept.
fn checked_name(name: &str) -> Result<String, Denied> {
    let name = name.trim();
    let is_name = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    let wrong =
        || Denied::invalid("name", format!("expected 1 to {LONGEST_NAME} bytes without control characters"));
    is_name.then(|| name.to_owned()).ok_or_else(wrong)
}
