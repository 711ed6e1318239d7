//! The tree that keys and admins belong to: the whole, its organisations, their teams, their projects.
//!
//! The three kinds of units differ in nothing but their depth, so they are one type.

use std::fmt;

use paceway_domain::{Owner, UnixMillis};

/// A place in the tree, by the ids that lead to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place(Vec<String>);

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Everything.
    Whole,
    /// An organisation.
    Organisation,
    /// A team of an organisation.
    Team,
    /// A project of a team.
    Project,
}

impl Kind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Organisation => "organisation",
            Self::Team => "team",
            Self::Project => "project",
        }
    }
}

/// An organisation, team or project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Where it is; its last id is its own.
    pub place: Place,
    /// Its name, for people.
    pub name: String,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl Place {
    /// Everything.
    pub const fn whole() -> Self {
        Self(Vec::new())
    }

    /// The place to which these ids lead, of which the first that is missing ends the way; `None` if one is no id.
    pub fn of(organisation: Option<&str>, team: Option<&str>, project: Option<&str>) -> Option<Self> {
        let ids: Vec<String> =
            [organisation, team, project].into_iter().map_while(|id| id.map(str::to_owned)).collect();
        ids.iter().all(|id| Owner::is_id(id)).then_some(Self(ids))
    }

    /// The place of keys of this owner.
    pub fn of_owner(owner: &Owner) -> Self {
        Self(vec![owner.organisation.clone(), owner.team.clone(), owner.project.clone()])
    }

    /// What is written as ids with slashes between them; `None` if it is no place.
    pub fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::whole());
        }
        let ids: Vec<String> = text.split('/').map(str::to_owned).collect();
        (ids.len() <= 3 && ids.iter().all(|id| Owner::is_id(id))).then_some(Self(ids))
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.0.len() {
            0 => Kind::Whole,
            1 => Kind::Organisation,
            2 => Kind::Team,
            _ => Kind::Project,
        }
    }

    /// The last of its ids; empty for the whole.
    pub fn id(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The id of its organisation, team or project, if it lies in one or is one.
    pub fn id_of(&self, kind: Kind) -> Option<&str> {
        self.0.get((kind as usize).checked_sub(1)?).map(String::as_str)
    }

    /// The place around it.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// Whether `other` is this place or within it.
    pub fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// As the owner of keys, if it is a project.
    pub fn owner(&self) -> Option<Owner> {
        let [organisation, team, project] = self.0.as_slice() else { return None };
        Some(Owner { organisation: organisation.clone(), team: team.clone(), project: project.clone() })
    }
}

impl fmt::Display for Place {
    /// Its ids with slashes between them; nothing for the whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_what_lies_in_it_and_nothing_beside_it() {
        let team = Place::of(Some("acme"), Some("search"), None).unwrap();
        let project = Place::read("acme/search/ranking").unwrap();
        assert!(team.holds(&project) && team.holds(&team) && Place::whole().holds(&team));
        assert!(!project.holds(&team));
        assert!(!team.holds(&Place::read("acme/search-2/ranking").unwrap()));
        assert!(!team.holds(&Place::read("other/search/ranking").unwrap()));
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in ["", "acme", "acme/search", "acme/search/ranking"] {
            assert_eq!(Place::read(text).unwrap().to_string(), text);
        }
        for wrong in ["/", "acme/", "Acme", "a/b/c/d"] {
            assert_eq!(Place::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_a_project_owns_keys() {
        let project = Place::read("acme/search/ranking").unwrap();
        assert_eq!(Place::of_owner(&project.owner().unwrap()), project);
        assert_eq!(project.parent().owner(), None);
        assert_eq!((project.kind(), project.id_of(Kind::Team)), (Kind::Project, Some("search")));
    }
}
