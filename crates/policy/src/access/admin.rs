//! Those who administer, each with a token, a role and a place.

use std::collections::HashMap;

use paceway_domain::{KeyId, UnixMillis};

use super::{Action, KeyHash, Place, Role, may};

/// Somebody who administers, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// The id, by which it is shown.
    pub id: KeyId,
    /// The hash of the token.
    pub hash: KeyHash,
    /// The name, for people and the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Where: the whole, an organisation or a team.
    pub place: Place,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Since when it may do nothing any more, for good.
    pub revoked_at: Option<UnixMillis>,
}

impl Admin {
    /// An admin that is new with this token.
    pub fn new(hash: KeyHash, name: &str, (role, place): (Role, Place), created_at: UnixMillis) -> Self {
        Self { id: hash.id(), hash, name: name.to_owned(), role, place, created_at, revoked_at: None }
    }

    /// Whether this may be done at `place`.
    pub fn may(&self, action: Action, place: &Place) -> bool {
        self.may_somewhere(action) && self.place.holds(place)
    }

    /// Whether this may be done at all, at whatever place.
    pub fn may_somewhere(&self, action: Action) -> bool {
        let reaches = !action.needs_the_whole() || self.place == Place::whole();
        self.revoked_at.is_none() && may(self.role, action) && reaches
    }
}

/// All admins, for look-ups by their tokens. Never changed in place: a new one replaces it.
#[derive(Debug, Default)]
pub struct AdminRing {
    by_token: HashMap<KeyHash, Admin>,
}

impl AdminRing {
    /// These, without those that are revoked.
    pub fn new(admins: impl IntoIterator<Item = Admin>) -> Self {
        let in_office = admins.into_iter().filter(|admin| admin.revoked_at.is_none());
        Self { by_token: in_office.map(|admin| (admin.hash, admin)).collect() }
    }

    /// Whose token this is.
    pub fn find(&self, token: &str) -> Option<&Admin> {
        self.by_token.get(&KeyHash::of(token))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn admin(role: Role, place: &str) -> Admin {
        Admin::new(KeyHash::of("t"), "test", (role, Place::read(place).unwrap()), UnixMillis(0))
    }

    #[test]
    fn an_admin_may_do_what_its_role_says_within_its_place_alone() {
        let member = admin(Role::Member, "acme/search");
        let inside = Place::read("acme/search/ranking").unwrap();
        assert!(member.may(Action::ManageKeys, &inside));
        assert!(!member.may(Action::ManageUnits, &inside));
        assert!(!member.may(Action::ManageKeys, &Place::read("acme/ads/bids").unwrap()));
        assert!(!member.may(Action::ManageKeys, &Place::whole()));
    }

    #[test]
    fn what_concerns_everyone_is_not_for_who_has_a_part() {
        assert!(!admin(Role::Owner, "acme").may_somewhere(Action::Operate));
        assert!(!admin(Role::Owner, "acme").may_somewhere(Action::Observe));
        assert!(admin(Role::Viewer, "").may_somewhere(Action::Observe));
    }

    #[test]
    fn a_revoked_admin_is_found_no_more() {
        let gone = Admin { revoked_at: Some(UnixMillis(1)), ..admin(Role::Owner, "") };
        assert!(!gone.may_somewhere(Action::Read));
        assert_eq!(AdminRing::new([gone]).find("t"), None);
        assert_eq!(AdminRing::new([admin(Role::Owner, "")]).find("t"), Some(&admin(Role::Owner, "")));
    }
}
