//! To whom a request belongs, and what its caller calls it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The organisation, team and project of a virtual key, by their ids. A key that was given none is in the project `default` of the
/// team `default` of the organisation `default`.
///
/// An id is 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`; [`Owner::is_id`] says whether a text is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The organisation.
    pub organisation: String,
    /// The team in it.
    pub team: String,
    /// The project of the team.
    pub project: String,
}

impl Owner {
    /// The id of what was given no name.
    pub const DEFAULT: &str = "default";
    /// The longest id, in characters.
    pub const MAX_ID: usize = 64;

    /// Whether `text` may be an id.
    pub fn is_id(text: &str) -> bool {
        let is_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        (1..=Self::MAX_ID).contains(&text.len()) && text.bytes().all(is_one)
    }
}

impl Default for Owner {
    fn default() -> Self {
        let id = || Self::DEFAULT.to_owned();
        Self { organisation: id(), team: id(), project: id() }
    }
}

/// What a caller says of a request so that its cost can be told apart: names with values, such as `feature` = `search`. In order of the
/// names, at most [`Tags::MOST`] of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// How many tags a request may have.
    pub const MOST: usize = 8;
    /// The longest name and the longest value, in bytes.
    pub const LONGEST: usize = 128;

    /// Adds a tag, or gives it another value. False, and nothing is changed, where there is no room or the name or value is too long.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let fits = (1..=Self::LONGEST).contains(&name.len()) && value.len() <= Self::LONGEST;
        let has_room = self.0.len() < Self::MOST || self.0.contains_key(name);
        if fits && has_room {
            self.0.insert(name.to_owned(), value.to_owned());
        }
        fits && has_room
    }

    /// The value of a tag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_beyond_the_bound_are_refused_and_change_nothing() {
        let mut tags = Tags::default();
        let taken = (0..10).filter(|number| tags.set(&format!("tag-{number}"), "x")).count();
        assert_eq!((taken, tags.iter().count()), (8, 8));
        assert!(tags.set("tag-0", "another value"));
        assert!(!tags.set("tag-0", &"x".repeat(129)));
        assert_eq!(tags.get("tag-0"), Some("another value"));
    }

    #[test]
    fn an_id_is_short_and_plain() {
        assert!(Owner::is_id("team-7_b.c"));
        for wrong in ["", "Team", "a b", "ü", &"x".repeat(65)] {
            assert!(!Owner::is_id(wrong), "{wrong}");
        }
    }
}
