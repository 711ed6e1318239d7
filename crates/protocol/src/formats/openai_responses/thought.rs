//! Reasoning items as thoughts and their seals.
//!
//! An item goes back to its provider whole, so its seal is its id and its encrypted content in one text, `id|content`.
//! Seals of other dialects travel in `encrypted_content`, marked. Nothing is encrypted or opened here.

use std::borrow::Cow;

use paceway_domain::Dialect;

use crate::neutral::{Seal, Text};
use crate::seals;

/// What stands between id and content. Neither holds one: ids are letters, digits and `_`, contents base64.
const BETWEEN: char = '|';

/// What marks another dialect's thought as one whose words are hidden, since an item without words may also be a thought
/// whose words were merely left out (Anthropic's `display: omitted`), and the two go back in different shapes.
const REDACTED: &str = "redacted.";

/// What a reasoning item says.
pub(super) enum Thought<'a> {
    /// Words, or none, and what its provider wants back.
    Open { text: Text<'a>, seal: Option<Seal<'a>> },
    /// Nothing but what its provider wants back.
    Redacted(Seal<'a>),
}

/// The thought that an item is; `None` if it says nothing.
pub(super) fn read<'a>(id: &str, text: Text<'a>, encrypted: Text<'a>) -> Option<Thought<'a>> {
    match seal(id, encrypted) {
        None => (!text.is_blank()).then_some(Thought::Open { text, seal: None }),
        Some((seal, true)) => Some(Thought::Redacted(seal)),
        // An item of OpenAI's without words never had any to show.
        Some((seal, _)) if seal.by == Dialect::Responses && text.is_empty() => Some(Thought::Redacted(seal)),
        Some((seal, _)) => Some(Thought::Open { text, seal: Some(seal) }),
    }
}

/// The seal in an item's `encrypted_content`, and whether it is marked as that of a redacted thought.
pub(super) fn seal<'a>(id: &str, encrypted: Text<'a>) -> Option<(Seal<'a>, bool)> {
    if encrypted.is_empty() {
        return None;
    }
    if let Some(marked) = encrypted.strip_prefix(REDACTED) {
        let seal = seals::unwrap(marked.to_owned().into(), Dialect::Responses);
        if seal.by != Dialect::Responses {
            return Some((seal, true));
        }
    }
    let seal = seals::unwrap(encrypted, Dialect::Responses);
    if seal.by != Dialect::Responses {
        return Some((seal, false));
    }
    let id = if id.contains(BETWEEN) { "" } else { id };
    Some((Seal { by: seal.by, data: format!("{id}{BETWEEN}{}", seal.data).into() }, false))
}

/// The words of an item: the thoughts themselves where an open model shows them, else their summary. Paragraphs are
/// separated by an empty line.
pub(super) fn words<'a>(content: Vec<Text<'a>>, summary: Vec<Text<'a>>) -> Text<'a> {
    let joined = joined(content);
    if joined.is_empty() { self::joined(summary) } else { joined }
}

/// Paragraphs as one text.
pub(super) fn joined(mut paragraphs: Vec<Text<'_>>) -> Text<'_> {
    match paragraphs.len() {
        0 => "".into(),
        1 => paragraphs.remove(0),
        _ => paragraphs.join("\n\n").into(),
    }
}

/// The id and the encrypted content of an item of this dialect, out of its seal.
pub(super) fn id_and_content<'s>(seal: &'s Seal<'_>) -> (&'s str, &'s str) {
    seal.data.split_once(BETWEEN).unwrap_or(("", &seal.data))
}

/// `encrypted_content` for a client. The seal of a redacted thought says so.
pub(super) fn for_client<'s>(seal: &'s Seal<'_>, is_redacted: bool) -> Cow<'s, str> {
    if seal.by == Dialect::Responses {
        return Cow::Borrowed(id_and_content(seal).1);
    }
    let wrapped = seals::wrap(seal, Dialect::Responses);
    if is_redacted { Cow::Owned(format!("{REDACTED}{wrapped}")) } else { wrapped }
}
