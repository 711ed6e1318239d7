//! Why something is not done that an admin asks for: what, which, what now.

use std::fmt;

use paceway_policy::access::{Action, Place, Role};
use paceway_store::StoreError;

/// Why it is not done.
#[derive(Debug)]
pub enum Denied {
    /// The role does not allow it, or not there.
    Forbidden {
        /// The admin's role.
        role: Role,
        /// Where it holds.
        within: Place,
        /// What was wanted.
        action: Action,
        /// Where.
        place: Place,
    },
    /// There is no such thing, or none that this admin may see.
    Missing {
        /// What kind of thing.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// There is no such thing, in a sentence.
    NotFound(String),
    /// What is there stands against it.
    Conflict(String),
    /// What was said makes no sense.
    Invalid {
        /// Where it was said.
        field: String,
        /// What is expected.
        why: String,
    },
    /// The system has no random numbers.
    NoChance(String),
    /// The database failed.
    Store(StoreError),
}

impl Denied {
    /// Something wrong with a field.
    pub fn invalid(field: &str, why: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), why: why.into() }
    }

    /// Whether the database is away, so that it is worth asking again.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Store(StoreError::Away(_)))
    }

    pub(super) fn missing(kind: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        Self::Missing { kind, id: id.to_string() }
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden { role, within, action, place } => {
                let (role, action) = (role.name(), action.name());
                write!(f, "the role {role} of {} may not {action}", Where(within))?;
                if place == &Place::whole() {
                    f.write_str(" for everyone")?;
                } else {
                    write!(f, " of {}", Where(place))?;
                }
                f.write_str(": ask an owner, or use another admin token")
            }
            Self::Missing { kind, id } => write!(
                f,
                "there is no {kind} `{id}`, or it lies outside of what this admin token may see: the list shows those there are"
            ),
            Self::NotFound(why) | Self::Conflict(why) => f.write_str(why),
            Self::Invalid { field, why } => write!(f, "{field}: {why}"),
            Self::NoChance(why) => write!(f, "the system has no random numbers: {why}"),
            Self::Store(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Denied {}

/// A place in a sentence.
pub(super) struct Where<'p>(pub(super) &'p Place);

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.id() {
            "" => f.write_str("the whole"),
            _ => write!(f, "{} `{}`", self.0.kind().name(), self.0),
        }
    }
}
