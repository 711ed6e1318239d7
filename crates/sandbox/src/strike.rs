//! A fault as a test asks for it by name, with the place in the body where it strikes: `cut`, `cut@7`, `error@0`, `cut@7.5`.
//!
//! When one strikes is not here (`faults.rs`), nor what becomes of the body (`mishap.rs`).

use std::fmt;
use std::str::FromStr;

use serde::de::IntoDeserializer;
use serde::de::value::Error;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// A fault, and where it strikes. Without a place, a body breaks in its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Strike {
    /// What befalls the request.
    pub fault: Fault,
    /// Where in the body, for faults that strike there.
    pub place: Option<Place>,
}

/// A place in a body: behind so many of its pieces, which are the events of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Pieces that come whole.
    pub pieces: usize,
    /// Whether the first half of the next one comes too.
    pub is_within: bool,
}

impl Place {
    /// Behind so many pieces.
    pub(crate) const fn behind(pieces: usize) -> Self {
        Self { pieces, is_within: false }
    }
}

impl From<Fault> for Strike {
    fn from(fault: Fault) -> Self {
        Self { fault, place: None }
    }
}

impl FromStr for Strike {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (fault, place) = match name.split_once('@') {
            None => (name, None),
            Some((fault, place)) => (fault, Some(place.parse()?)),
        };
        let fault = Fault::deserialize(IntoDeserializer::<Error>::into_deserializer(fault))
            .map_err(|_| format!("`{fault}` is no fault"))?;
        Ok(Self { fault, place })
    }
}

impl TryFrom<String> for Strike {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<Strike> for String {
    fn from(strike: Strike) -> Self {
        let name = serde_json::to_value(strike.fault).unwrap_or_default();
        let place = strike.place.map(|place| format!("@{place}")).unwrap_or_default();
        format!("{}{place}", name.as_str().unwrap_or_default())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pieces, is_within) = match text.strip_suffix(".5") {
            Some(pieces) => (pieces, true),
            None => (text, false),
        };
        let told = |_| {
            format!(
                "`{text}` is no place: it is a number of events, such as `7`, or `7.5` for half of the next"
            )
        };
        Ok(Self { pieces: pieces.parse().map_err(told)?, is_within })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.pieces, if self.is_within { ".5" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_alone_or_with_the_place_where_it_strikes() {
        let at = |pieces, is_within| Some(Place { pieces, is_within });
        let cases = [
            ("cut", Fault::Cut, None),
            ("cut@0", Fault::Cut, at(0, false)),
            ("stall@12", Fault::Stall, at(12, false)),
            ("error@7.5", Fault::Broken, at(7, true)),
        ];
        for (name, fault, place) in cases {
            assert_eq!(name.parse(), Ok(Strike { fault, place }), "{name}");
            assert_eq!(String::from(Strike { fault, place }), name);
        }
    }

    #[test]
    fn names_and_places_that_there_are_not_are_told() {
        let told = |name: &str| name.parse::<Strike>().expect_err(name);
        assert_eq!(told("cute@7"), "`cute` is no fault");
        for name in ["cut@", "cut@-1", "cut@7.25", "cut@x"] {
            assert!(told(name).contains("is no place"), "{name}: {}", told(name));
        }
    }
}
