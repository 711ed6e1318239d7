//! Seals in places that were not made for them: what one provider wants back on the next turn travels through a client that
//! speaks another's dialect.
//!
//! A foreign seal is marked with the dialect it is from, so that it goes back to that provider and to no other. Where a
//! dialect has no place at all, the seal of a tool call travels in the call's id.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use paceway_domain::Dialect;

use crate::neutral::{Seal, Text};

/// What a foreign seal begins with; no provider's own does.
const MARK: &str = "paceway.";
/// What stands between a call's id and its seal. Ids are made of letters, digits, `_` and `-`.
const IN_ID: &str = "__pw_";

/// A seal as a text in the dialect `home`: as it is where it is from there, marked otherwise.
pub(crate) fn wrap<'s>(seal: &'s Seal<'_>, home: Dialect) -> Cow<'s, str> {
    if seal.by == home {
        return Cow::Borrowed(&seal.data);
    }
    Cow::Owned(format!("{MARK}{}.{}", seal.by, seal.data))
}

/// The seal that a text in the dialect `home` is.
pub(crate) fn unwrap(text: Text<'_>, home: Dialect) -> Seal<'_> {
    match marked(&text) {
        Some((by, at)) => Seal { by, data: text.tail(at) },
        None => Seal { by: home, data: text },
    }
}

/// Like [`wrap`] where the dialect wants base64: a foreign seal is encoded with its mark.
pub(crate) fn wrap_base64<'s>(seal: &'s Seal<'_>, home: Dialect) -> Cow<'s, str> {
    if seal.by == home {
        return Cow::Borrowed(&seal.data);
    }
    Cow::Owned(STANDARD.encode(wrap(seal, home).as_bytes()))
}

/// The seal that a base64 text in the dialect `home` is.
pub(crate) fn unwrap_base64(text: Text<'_>, home: Dialect) -> Seal<'_> {
    let decoded = STANDARD.decode(text.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(decoded) if marked(&decoded).is_some() => unwrap(decoded.into(), home),
        _ => Seal { by: home, data: text },
    }
}

/// A call's id with its seal, for dialects whose calls have no place for one.
pub(crate) fn id_with<'s>(id: &'s str, seal: Option<&Seal<'_>>) -> Cow<'s, str> {
    let Some(seal) = seal else { return Cow::Borrowed(id) };
    let data = URL_SAFE_NO_PAD.encode(format!("{}.{}", seal.by, seal.data));
    Cow::Owned(format!("{id}{IN_ID}{data}"))
}

/// A call's id without the seal that may be in it, and that seal.
pub(crate) fn split_id(id: Text<'_>) -> (Text<'_>, Option<Seal<'_>>) {
    // Ids are too short for a search that has to be prepared.
    let place = id.as_bytes().windows(IN_ID.len()).rposition(|window| window == IN_ID.as_bytes());
    let Some(at) = place else { return (id, None) };
    let decoded = URL_SAFE_NO_PAD.decode(&id.as_bytes()[at + IN_ID.len()..]).ok();
    let seal = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| {
        let (by, data) = text.split_once('.')?;
        Some(Seal { by: dialect_named(by)?, data: data.to_owned().into() })
    });
    if seal.is_none() {
        return (id, None);
    }
    (id.slice(0..at), seal)
}

/// The dialect in a marked text and where its data begins.
fn marked(text: &str) -> Option<(Dialect, usize)> {
    let (name, data) = text.strip_prefix(MARK)?.split_once('.')?;
    Some((dialect_named(name)?, text.len() - data.len()))
}

fn dialect_named(name: &str) -> Option<Dialect> {
    Dialect::ALL.into_iter().find(|dialect| dialect.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(by: Dialect) -> Seal<'static> {
        Seal { by, data: "Ab+/=.x".into() }
    }

    #[test]
    fn a_seal_comes_back_through_every_dialect() {
        for by in Dialect::ALL {
            for home in Dialect::ALL {
                let seal = seal(by);
                assert_eq!(unwrap(wrap(&seal, home).into_owned().into(), home), seal);
                assert_eq!(unwrap_base64(wrap_base64(&seal, home).into_owned().into(), home), seal);
            }
        }
    }

    #[test]
    fn a_providers_own_seal_is_left_as_it_is() {
        assert_eq!(wrap(&seal(Dialect::Anthropic), Dialect::Anthropic), "Ab+/=.x");
        let own = unwrap("EqQBCgIYAhIM".into(), Dialect::Anthropic);
        assert_eq!((own.by, &*own.data), (Dialect::Anthropic, "EqQBCgIYAhIM"));
    }

    #[test]
    fn a_seal_travels_in_an_id_of_the_allowed_characters() {
        let id = id_with("call_1", Some(&seal(Dialect::Gemini)));
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'), "{id}");
        let (bare, found) = split_id(id.into_owned().into());
        assert_eq!((&*bare, found), ("call_1", Some(seal(Dialect::Gemini))));
    }

    #[test]
    fn an_id_that_only_looks_like_one_with_a_seal_is_left_alone() {
        for id in ["call__pw_", "call__pw_!!", "call__pw_YWJj", "toolu_1"] {
            assert_eq!(split_id(id.into()), (id.into(), None));
        }
    }
}
