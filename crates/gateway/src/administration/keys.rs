//! Virtual keys: made, changed, rotated and revoked.

mod check;

use std::time::Duration;

use paceway_domain::{Endpoint, KeyId, Owner, Priority, Secret, UnixMillis};
use paceway_policy::access::{Action, Admin, Grant, KeyHash, Kind, OwnLimits, Place, VirtualKey, mint};
use paceway_store::identity::{Applied, Change};

use super::denied::Where;
use super::{Administration, Deed, Denied, checked_name, permit, told};

/// How often a change is tried again because somebody else has changed the key at the same time.
const TRIES: u32 = 5;

/// A key that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// The project that it is to belong to.
    pub owner: Owner,
    /// When it expires; `None`: never.
    pub expires_at: Option<UnixMillis>,
    /// What it may do.
    pub grant: Grant,
}

/// What is to be different about a key; `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyChange {
    /// Its name.
    pub name: Option<String>,
    /// When it expires, or that it never does.
    pub expires_at: Option<Option<UnixMillis>>,
    /// The models that it may name.
    pub models: Option<Vec<String>>,
    /// What it may have done.
    pub endpoints: Option<Vec<Endpoint>>,
    /// Its priority, or that rules say it.
    pub priority: Option<Option<Priority>>,
    /// Its limits, all of them.
    pub limits: Option<OwnLimits>,
}

impl Administration {
    /// The keys within `place`, as far as this admin may see them, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn keys(&self, actor: &Admin, place: &Place) -> Result<Vec<VirtualKey>, Denied> {
        permit(actor, Action::Read, &actor.place)?;
        let mut keys = self.identity.keys()?;
        keys.retain(|key| {
            let at = Place::of_owner(&key.owner);
            place.holds(&at) && actor.place.holds(&at)
        });
        Ok(keys)
    }

    /// One key.
    ///
    /// # Errors
    /// [`Denied::Missing`] if there is none that this admin may see.
    pub fn key(&self, actor: &Admin, id: &KeyId) -> Result<VirtualKey, Denied> {
        let found = self.identity.keys()?.into_iter().find(|key| key.id == *id);
        found
            .filter(|key| actor.may(Action::Read, &Place::of_owner(&key.owner)))
            .ok_or_else(|| Denied::missing("key", id))
    }

    /// Makes a key. The key itself is in the return value and nowhere else.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn create_key(&self, actor: &Admin, new: NewKey) -> Result<(VirtualKey, Secret), Denied> {
        let place = Place::of_owner(&new.owner);
        permit(actor, Action::ManageKeys, &place)?;
        let now = self.clock.wall();
        check::expiry(new.expires_at, now)?;
        check::grant(&new.grant)?;
        let secret = mint(&self.random()?);
        let plain = VirtualKey::new(KeyHash::of(secret.reveal()), &checked_name(&new.name)?, new.owner, now);
        let key = VirtualKey { expires_at: new.expires_at, grant: new.grant, ..plain };
        let deed = Deed {
            action: "keys.create",
            subject: key.id.to_string(),
            place: &place,
            before: None,
            after: Some(told::key(&key)),
        };
        match self.apply(actor, &Change::AddKey(Box::new(key.clone())), deed)? {
            Applied::Done => Ok((key, secret)),
            Applied::NoPlace => Err(self.no_project(actor, &place)),
            _ => Err(Denied::Conflict("a key with this id exists already: try again".into())),
        }
    }

    /// Why a key cannot be made at a place that does not exist, and what now.
    fn no_project(&self, actor: &Admin, place: &Place) -> Denied {
        let units = match self.identity.units() {
            Ok(units) => units,
            Err(error) => return error.into(),
        };
        let is_there = |at: &Place| units.iter().any(|unit| unit.place == *at);
        let (team, organisation) = (place.parent(), place.parent().parent());
        let missing = [organisation, team.clone()].into_iter().find(|at| !is_there(at));
        let lacking = missing.as_ref().unwrap_or(place);
        let beside = lacking.parent();
        let ids: Vec<&str> = units
            .iter()
            .map(|unit| &unit.place)
            .filter(|at| at.parent() == beside && actor.may(Action::Read, at))
            .map(Place::id)
            .collect();
        let kind = lacking.kind().name();
        let others = match ids.as_slice() {
            [] => format!("{} has no {kind} yet", Where(&beside)),
            ids => format!("those there are: {}", ids.join(", ")),
        };
        let within = [Kind::Organisation, Kind::Team]
            .into_iter()
            .filter_map(|kind| Some(format!(" --{} {}", kind.name(), beside.id_of(kind)?)));
        let options: String = within.collect();
        let id = lacking.id();
        Denied::NotFound(format!(
            "there is no {kind} `{lacking}` to make a key in ({others}): name one that is there, or make it first \
             (paceway {kind}s create {id}{options}, or the admin API)"
        ))
    }

    /// Changes a key.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn update_key(&self, actor: &Admin, id: &KeyId, change: &KeyChange) -> Result<VirtualKey, Denied> {
        let now = self.clock.wall();
        self.replace(actor, id, "keys.update", |key| {
            let mut after = key.clone();
            if let Some(name) = &change.name {
                after.name = checked_name(name)?;
            }
            if let Some(expires_at) = change.expires_at {
                check::expiry(expires_at, now)?;
                after.expires_at = expires_at;
            }
            let grant = &mut after.grant;
            grant.models = change.models.clone().unwrap_or_else(|| grant.models.clone());
            grant.endpoints = change.endpoints.clone().unwrap_or_else(|| grant.endpoints.clone());
            grant.priority = change.priority.unwrap_or(grant.priority);
            grant.limits = change.limits.unwrap_or(grant.limits);
            check::grant(grant)?;
            Ok(after)
        })
    }

    /// Gives a key another secret, which is in the return value and nowhere else. The one before works for `overlap` more.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn rotate_key(
        &self,
        actor: &Admin,
        id: &KeyId,
        overlap: Duration,
    ) -> Result<(VirtualKey, Secret), Denied> {
        check::overlap(overlap)?;
        let secret = mint(&self.random()?);
        let hash = KeyHash::of(secret.reveal());
        let now = self.clock.wall();
        let after = self.replace(actor, id, "keys.rotate", |key| {
            key.rotated(hash, now, overlap).map_err(|overlapping| {
                let left = Duration::from_millis(overlapping.until.0.saturating_sub(now.0)).as_secs();
                Denied::Conflict(format!(
                    "key `{id}` is being rotated: its former secret works for {left} s more. Wait for that, or rotate with an \
                     overlap of 0 to end both of its secrets at once"
                ))
            })
        })?;
        Ok((after, secret))
    }

    /// Revokes a key for good.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn revoke_key(&self, actor: &Admin, id: &KeyId) -> Result<VirtualKey, Denied> {
        let now = self.clock.wall();
        let revoke = |key: &VirtualKey| Ok(VirtualKey { revoked_at: Some(now), ..key.clone() });
        self.replace(actor, id, "keys.revoke", revoke)
    }

    fn replace(
        &self,
        actor: &Admin,
        id: &KeyId,
        action: &'static str,
        change: impl Fn(&VirtualKey) -> Result<VirtualKey, Denied>,
    ) -> Result<VirtualKey, Denied> {
        for _ in 0..TRIES {
            let before = self.key(actor, id)?;
            let place = Place::of_owner(&before.owner);
            permit(actor, Action::ManageKeys, &place)?;
            if before.revoked_at.is_some() {
                return Err(Denied::Conflict(format!("key `{id}` is revoked, which is for good")));
            }
            let after = change(&before)?;
            let deed = Deed {
                action,
                subject: id.to_string(),
                place: &place,
                before: Some(told::key(&before)),
                after: Some(told::key(&after)),
            };
            if self.apply(actor, &Change::ReplaceKey(Box::new(after.clone())), deed)? == Applied::Done {
                return Ok(VirtualKey { revision: before.revision + 1, ..after });
            }
        }
        Err(Denied::Conflict(format!("key `{id}` is being changed by somebody else: try again")))
    }
}
