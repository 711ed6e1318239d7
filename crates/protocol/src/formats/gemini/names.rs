//! Fields of requests under either of their names: Google's API takes `mimeType` and `mime_type` alike, and clients send
//! both. Nothing else.

use std::borrow::Cow;

use paceway_domain::Refusal;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::known::ElementList;
use crate::neutral::{Json, Text};
use crate::object::{Object, Path, array};

/// The name under which the object holds this field: as given, or in snake_case. As given if it is not there at all.
fn spelled<'n>(object: &Object<'_, '_>, camel: &'n str) -> Cow<'n, str> {
    let is_one_word = !camel.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_one_word || object.unread().any(|name| name == camel) {
        return Cow::Borrowed(camel);
    }
    let snake = snake(camel);
    if object.unread().any(|name| name == snake) { Cow::Owned(snake) } else { Cow::Borrowed(camel) }
}

/// `mimeType` as `mime_type`.
fn snake(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Takes a value, unread.
pub(super) fn take<'a>(object: &mut Object<'a, '_>, camel: &str) -> Option<&'a RawValue> {
    let name = spelled(object, camel);
    object.take(&name)
}

/// Takes a text.
pub(super) fn text<'a>(object: &mut Object<'a, '_>, camel: &str) -> Result<Option<Text<'a>>, Refusal> {
    let name = spelled(object, camel);
    object.text(&name)
}

/// Takes a text that has to be there.
pub(super) fn need_text<'a>(object: &mut Object<'a, '_>, camel: &str) -> Result<Text<'a>, Refusal> {
    let name = spelled(object, camel);
    object.need_text(&name)
}

/// Takes a media type, which has to be there.
pub(super) fn need_media_type<'a>(object: &mut Object<'a, '_>, camel: &str) -> Result<Text<'a>, Refusal> {
    let name = spelled(object, camel);
    object.need_media_type(&name)
}

/// Takes a JSON schema.
pub(super) fn schema<'a>(object: &mut Object<'a, '_>, camel: &str) -> Result<Option<Json<'a>>, Refusal> {
    let name = spelled(object, camel);
    object.schema(&name)
}

/// Takes a value that owns its content.
pub(super) fn value<T: DeserializeOwned>(
    object: &mut Object<'_, '_>,
    camel: &str,
    expected: &str,
) -> Result<Option<T>, Refusal> {
    let name = spelled(object, camel);
    object.value(&name, expected)
}

/// Notes what was not taken; `hints` in camelCase.
pub(super) fn note_unread(object: &Object<'_, '_>, hints: &[&str], changes: &mut Changes) {
    if object.unread().next().is_none() {
        return;
    }
    let snakes: Vec<String> = hints.iter().map(|camel| snake(camel)).collect();
    let both: Vec<&str> = hints.iter().copied().chain(snakes.iter().map(String::as_str)).collect();
    object.note_unread(&both, changes);
}

/// The elements of a list that may also be written as its only element.
pub(super) fn one_or_more<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    expected: &str,
) -> Result<ElementList<'a>, Refusal> {
    if raw.get().starts_with('{') { Ok(ElementList::from_slice(&[raw])) } else { array(raw, path, expected) }
}
