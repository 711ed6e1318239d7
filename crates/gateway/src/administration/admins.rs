//! Admins: whom an owner lets in to administer.

use paceway_domain::{KeyId, Secret};
use paceway_policy::access::{Action, Admin, KeyHash, Kind, Place, Role, mint_admin};
use paceway_store::identity::{Applied, Change};

use super::{Administration, Deed, Denied, checked_name, permit, told};

/// An admin that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAdmin {
    /// The name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub place: Place,
}

impl Administration {
    /// The admins in this one's place, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn admins(&self, actor: &Admin) -> Result<Vec<Admin>, Denied> {
        permit(actor, Action::Read, &actor.place)?;
        let mut admins = self.identity.admins()?;
        admins.retain(|admin| actor.place.holds(&admin.place));
        Ok(admins)
    }

    /// Makes an admin. The token is in the return value and nowhere else.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn create_admin(&self, actor: &Admin, new: NewAdmin) -> Result<(Admin, Secret), Denied> {
        permit(actor, Action::ManageAdmins, &new.place)?;
        if new.place.kind() == Kind::Project {
            return Err(Denied::invalid(
                "project",
                "an admin is one of the whole, an organisation or a team",
            ));
        }
        let token = mint_admin(&self.random()?);
        let (role, hash) = ((new.role, new.place), KeyHash::of(token.reveal()));
        let admin = Admin::new(hash, &checked_name(&new.name)?, role, self.clock.wall());
        let deed = Deed {
            action: "admins.create",
            subject: admin.id.to_string(),
            place: &admin.place,
            before: None,
            after: Some(told::admin(&admin)),
        };
        match self.apply(actor, &Change::AddAdmin(Box::new(admin.clone())), deed)? {
            Applied::Done => Ok((admin, token)),
            Applied::NoPlace => Err(Denied::missing(admin.place.kind().name(), &admin.place)),
            _ => Err(Denied::Conflict("an admin with this id exists already: try again".into())),
        }
    }

    /// Revokes an admin for good.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn revoke_admin(&self, actor: &Admin, id: &KeyId) -> Result<Admin, Denied> {
        let found = self.identity.admins()?.into_iter().find(|admin| admin.id == *id);
        let seen = found.filter(|admin| actor.may(Action::Read, &admin.place));
        let before = seen.ok_or_else(|| Denied::missing("admin", id))?;
        permit(actor, Action::ManageAdmins, &before.place)?;
        let at = self.clock.wall();
        let after = Admin { revoked_at: Some(at), ..before.clone() };
        let deed = Deed {
            action: "admins.revoke",
            subject: id.to_string(),
            place: &before.place,
            before: Some(told::admin(&before)),
            after: Some(told::admin(&after)),
        };
        match self.apply(actor, &Change::RevokeAdmin { id: id.clone(), at }, deed)? {
            Applied::Done => Ok(after),
            _ => Err(Denied::Conflict(format!("admin `{id}` is revoked already"))),
        }
    }
}
