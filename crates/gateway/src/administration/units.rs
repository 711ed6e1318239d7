//! Organisations, teams and projects.

use paceway_domain::Owner;
use paceway_policy::access::{Action, Admin, Kind, Place, Unit};
use paceway_store::identity::{Applied, Change};

use super::denied::Where;
use super::{Administration, Deed, Denied, checked_name, permit, told};

/// An organisation, team or project that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUnit {
    /// Its name.
    pub name: String,
    /// Its id; made of the name if there is none.
    pub id: Option<String>,
}

impl Administration {
    /// The units of a kind within `place`, as far as this admin may see them, by their places.
    ///
    /// # Errors
    /// [`Denied::Missing`] if there is no such place that this admin may see.
    pub fn units(&self, actor: &Admin, place: &Place, kind: Kind) -> Result<Vec<Unit>, Denied> {
        permit(actor, Action::Read, &actor.place)?;
        let mut units = self.identity.units()?;
        if *place != Place::whole() {
            let is_there = units.iter().any(|unit| unit.place == *place);
            if !is_there || !(actor.place.holds(place) || place.holds(&actor.place)) {
                return Err(Denied::missing(place.kind().name(), place));
            }
        }
        let is_wanted = |at: &Place| at.kind() == kind && place.holds(at) && actor.place.holds(at);
        units.retain(|unit| is_wanted(&unit.place));
        Ok(units)
    }

    /// One unit.
    ///
    /// # Errors
    /// [`Denied::Missing`] if there is none that this admin may see.
    pub fn unit(&self, actor: &Admin, place: &Place) -> Result<Unit, Denied> {
        let found = self.identity.units()?.into_iter().find(|unit| unit.place == *place);
        found
            .filter(|unit| actor.may(Action::Read, &unit.place))
            .ok_or_else(|| Denied::missing(place.kind().name(), place))
    }

    /// Makes a unit in `parent`.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn create_unit(&self, actor: &Admin, parent: &Place, new: &NewUnit) -> Result<Unit, Denied> {
        permit(actor, Action::ManageUnits, parent)?;
        let name = checked_name(&new.name)?;
        let id = new.id.clone().unwrap_or_else(|| id_of(&name));
        if !Owner::is_id(&id) {
            let why = format!("expected 1 to {} of a-z, 0-9, `-`, `_` and `.`, got `{id}`", Owner::MAX_ID);
            return Err(Denied::invalid("id", why));
        }
        let place = Place::read(format!("{parent}/{id}").trim_start_matches('/'));
        let place = place.ok_or_else(|| Denied::invalid("id", "a project holds keys, and nothing else"))?;
        let unit = Unit { place, name, created_at: self.clock.wall() };
        let deed = Deed {
            action: "units.create",
            subject: unit.place.to_string(),
            place: &unit.place,
            before: None,
            after: Some(told::unit(&unit)),
        };
        match self.apply(actor, &Change::AddUnit(unit.clone()), deed)? {
            Applied::Done => Ok(unit),
            Applied::NoPlace => Err(Denied::missing(parent.kind().name(), parent)),
            _ => Err(Denied::Conflict(format!("{} exists already: choose another id", Where(&unit.place)))),
        }
    }

    /// Gives a unit another name; its id stays.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn rename_unit(&self, actor: &Admin, place: &Place, name: &str) -> Result<Unit, Denied> {
        let before = self.unit(actor, place)?;
        permit(actor, Action::ManageUnits, place)?;
        let after = Unit { name: checked_name(name)?, ..before.clone() };
        let deed = Deed {
            action: "units.rename",
            subject: place.to_string(),
            place,
            before: Some(told::unit(&before)),
            after: Some(told::unit(&after)),
        };
        let change = Change::RenameUnit { place: place.clone(), name: after.name.clone() };
        match self.apply(actor, &change, deed)? {
            Applied::Done => Ok(after),
            _ => Err(Denied::missing(place.kind().name(), place)),
        }
    }

    /// Removes a unit in which nothing is.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn remove_unit(&self, actor: &Admin, place: &Place) -> Result<Unit, Denied> {
        let before = self.unit(actor, place)?;
        permit(actor, Action::ManageUnits, place)?;
        let deed = Deed {
            action: "units.delete",
            subject: place.to_string(),
            place,
            before: Some(told::unit(&before)),
            after: None,
        };
        match self.apply(actor, &Change::RemoveUnit(place.clone()), deed)? {
            Applied::Done => Ok(before),
            Applied::NotEmpty => Err(Denied::Conflict(format!(
                "{} is not empty: delete what is in it, and revoke its keys and admins, first",
                Where(place)
            ))),
            _ => Err(Denied::missing(place.kind().name(), place)),
        }
    }
}

/// An id that reads like the name.
fn id_of(name: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.".contains(letter) => letter,
        _ => '-',
    };
    let dashed: String = name.chars().map(plain).collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(Owner::MAX_ID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_a_name() {
        assert_eq!(id_of("Search & Ads (Berlin)"), "search-ads-berlin");
        assert_eq!(id_of("v2.1_beta"), "v2.1_beta");
        assert_eq!(id_of("日本"), "");
    }
}
