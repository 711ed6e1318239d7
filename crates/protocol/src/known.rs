//! JSON that has been checked before, walked without checking it again: the fields of an object, the elements of an array,
//! the words of a string.
//!
//! A [`RawValue`] was checked when it was made, so that looking into it only takes finding where things end. Text that is
//! not what it should be gives `None`, and nothing here panics: whoever asks then asks `serde_json`, which knows the words
//! for what is wrong.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::escapes;
use crate::fields::{Field, FieldList, is_last_new};
use crate::index::Index;

/// An array's elements. Those of nearly every array but the one of all messages fit into the list itself.
pub(crate) type ElementList<'a> = SmallVec<[&'a RawValue; 4]>;

/// An object's fields in order; `None` if it names one twice. The index is that of the body, if it has one.
pub(crate) fn fields<'a>(object: &'a str, index: Option<&Index>) -> Option<FieldList<'a>> {
    let mut fields = FieldList::new();
    fields_into(&mut fields, object, index)?;
    Some(fields)
}

/// The same into an empty list, which is too large to be handed from one to another for every object of a body.
pub(crate) fn fields_into<'a>(
    fields: &mut FieldList<'a>,
    object: &'a str,
    index: Option<&Index>,
) -> Option<()> {
    let mut many = None;
    let mut cursor = Cursor::inside(object, b'{', index)?;
    while cursor.has_next(b'}', fields.is_empty())? {
        let name = cursor.name()?;
        cursor.past(b':')?;
        fields.push(Field { name, value: Some(raw(cursor.value()?)?) });
        if !is_last_new(fields, &mut many) {
            return None;
        }
    }
    Some(())
}

/// The fields of an object that stand before the one of this name, and the text from that one's value on, which is not
/// looked at; `None` if there is none.
pub(crate) fn before<'a>(object: &'a str, name: &str) -> Option<(FieldList<'a>, &'a str)> {
    let mut fields = FieldList::new();
    let mut cursor = Cursor::inside(object, b'{', None)?;
    while cursor.has_next(b'}', fields.is_empty())? {
        let found = cursor.name()?;
        cursor.past(b':')?;
        cursor.peek()?;
        if found == name {
            return Some((fields, cursor.text.get(cursor.at..)?));
        }
        fields.push(Field { name: found, value: Some(raw(cursor.value()?)?) });
    }
    None
}

/// An array's elements.
pub(crate) fn elements<'a>(array: &'a str, index: Option<&Index>) -> Option<ElementList<'a>> {
    let mut elements = ElementList::new();
    elements_into(&mut elements, array, index)?;
    Some(elements)
}

/// The same into an empty list, as with fields.
pub(crate) fn elements_into<'a>(
    elements: &mut ElementList<'a>,
    array: &'a str,
    index: Option<&Index>,
) -> Option<()> {
    let mut cursor = Cursor::inside(array, b'[', index)?;
    while cursor.has_next(b']', elements.is_empty())? {
        elements.push(raw(cursor.value()?)?);
    }
    Some(())
}

/// An array's first elements, as many as the caller wants to see.
pub(crate) fn leading(array: &str) -> impl Iterator<Item = &RawValue> {
    let mut cursor = Cursor::inside(array, b'[', None);
    let mut is_first = true;
    std::iter::from_fn(move || {
        let cursor = cursor.as_mut()?;
        let has_next = cursor.has_next(b']', std::mem::take(&mut is_first))?;
        if has_next { raw(cursor.value()?) } else { None }
    })
}

/// What stands between the quotes of a string.
pub(crate) fn inside(json: &str) -> Option<&str> {
    json.strip_prefix('"')?.strip_suffix('"')
}

/// What a string says: borrowed if it holds no escapes.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    escapes::read(inside(json)?)
}

/// A place in a text.
struct Cursor<'a, 'i> {
    text: &'a str,
    at: usize,
    index: Option<&'i Index>,
}

impl<'a, 'i> Cursor<'a, 'i> {
    /// Just behind the bracket with which the text begins.
    fn inside(text: &'a str, bracket: u8, index: Option<&'i Index>) -> Option<Self> {
        (text.as_bytes().first() == Some(&bracket)).then_some(Self { text, at: 1, index })
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn past(&mut self, expected: u8) -> Option<()> {
        let is_it = self.peek()? == expected;
        self.at += 1;
        is_it.then_some(())
    }

    /// Whether an element comes before the closing bracket; its comma is passed.
    fn has_next(&mut self, closing: u8, is_first: bool) -> Option<bool> {
        if self.peek()? == closing {
            return Some(false);
        }
        if !is_first {
            self.past(b',')?;
        }
        Some(true)
    }

    /// The next value, which is a field's name, passed. Names are short and hardly ever hold escapes.
    #[inline(always)]
    #[allow(clippy::inline_always)] // What it returns is large to hand over, and only the compiler's heuristics would have it so.
    fn name(&mut self) -> Option<Cow<'a, str>> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        match escapes::near_quote_or_backslash(self.text.as_bytes(), start) {
            Some(end) if self.text.as_bytes()[end] == b'"' => {
                self.at = end + 1;
                self.text.get(start..end).map(Cow::Borrowed)
            }
            _ => self.odd_name(),
        }
    }

    /// A name that is long, holds an escape, or is the last thing in a text.
    #[inline(never)]
    fn odd_name(&mut self) -> Option<Cow<'a, str>> {
        string(self.value()?)
    }

    /// The next value, passed.
    #[inline]
    fn value(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        self.at = match first {
            b'"' => self.string_end(start)?,
            b'{' | b'[' => match self.noted_end(start) {
                Some(end) => end,
                None => self.bracket_end(start)?,
            },
            _ => start + self.text.as_bytes()[start..].iter().position(|byte| is_behind_scalar(*byte))?,
        };
        self.text.get(start..self.at)
    }

    /// Just behind the value that begins here, if the index knows it.
    fn noted_end(&self, start: usize) -> Option<usize> {
        self.index?.length(self.text.get(start..)?).map(|length| start + length)
    }

    /// Just behind the string that begins here: one that ends soon is quicker walked over than looked up.
    #[inline]
    fn string_end(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        match escapes::near_quote_or_backslash(bytes, start + 1) {
            Some(place) if bytes[place] == b'"' => Some(place + 1),
            _ => self.far_string_end(start),
        }
    }

    #[inline(never)]
    fn far_string_end(&self, start: usize) -> Option<usize> {
        if let Some(end) = self.noted_end(start) {
            return Some(end);
        }
        let (bytes, mut at) = (self.text.as_bytes(), start + 1);
        loop {
            at = escapes::quote_or_backslash(bytes, at)?;
            if bytes[at] == b'"' {
                return Some(at + 1);
            }
            at += 2;
        }
    }

    /// Just behind the array or object that begins here. Which bracket is which was checked before, so that counting is
    /// enough.
    fn bracket_end(&self, start: usize) -> Option<usize> {
        let (mut at, mut depth) = (start, 0_usize);
        loop {
            match *self.text.as_bytes().get(at)? {
                b'"' => {
                    at = self.string_end(at)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
}

fn is_behind_scalar(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\t' | b'\r')
}

/// Reads what was not checked before: as text, of which nothing has to be looked at twice for being UTF-8.
pub(crate) fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    }
}

/// A part of a text that was checked as a value of its own.
#[inline]
fn raw(json: &str) -> Option<&RawValue> {
    <&RawValue>::deserialize(Checked(json)).ok()
}

/// Hands its text over as `serde_json` does when it has checked it: a newtype as a map of one entry. Should that change, there
/// is an error, and all is checked again.
struct Checked<'a>(&'a str);

impl<'de> Deserializer<'de> for Checked<'de> {
    type Error = NotTaken;

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NotTaken> {
        visitor.visit_map(Entry { name: Some(name), json: self.0 })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotTaken> {
        visitor.visit_borrowed_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The map of one entry. (`serde` has one that knows many kinds of entries, which takes longer than all the rest of a field.)
struct Entry<'a> {
    /// Until it is asked for.
    name: Option<&'static str>,
    json: &'a str,
}

impl<'de> MapAccess<'de> for Entry<'de> {
    type Error = NotTaken;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, NotTaken> {
        self.name.take().map(|name| seed.deserialize(BorrowedStrDeserializer::new(name))).transpose()
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NotTaken> {
        seed.deserialize(BorrowedStrDeserializer::new(self.json))
    }
}

/// Why a text was not taken, which nobody asks.
#[derive(Debug)]
struct NotTaken;

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not taken")
    }
}

impl std::error::Error for NotTaken {}

impl serde::de::Error for NotTaken {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::fields::Fields;

    /// Any JSON, with white space in many places.
    pub(crate) fn json() -> impl Strategy<Value = String> {
        let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
        let escaped = "(a|é|\\\\u00e9|\\\\ud83d\\\\ude00|\\\\n|\\\\\"|\\\\\\\\|[\\]{}\\[,:]){0,30}";
        let leaf = prop_oneof![
            text,
            escaped.prop_map(|inside| format!("\"{inside}\"")),
            any::<f64>().prop_map(|number| Value::from(number).to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            Just("null".to_owned()),
            Just("true".to_owned()),
        ];
        let pad = "[ \n\t\r]{0,2}";
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let padded =
                (pad, inner, pad).prop_map(|(before, json, behind)| format!("{before}{json}{behind}"));
            let array = proptest::collection::vec(padded.clone(), 0..5);
            let object = proptest::collection::vec(("[a-c\"]{0,2}", pad, padded), 0..4);
            prop_oneof![
                array.prop_map(|elements| format!("[{}]", elements.join(","))),
                object.prop_map(|fields| {
                    let field = |(name, pad, json): &(String, String, String)| {
                        format!("{pad}{}{pad}:{json}", Value::from(name.as_str()))
                    };
                    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    fn texts(raws: &[&RawValue]) -> Vec<String> {
        raws.iter().map(|raw| raw.get().to_owned()).collect()
    }

    fn told(fields: &[Field<'_>]) -> Vec<(String, String)> {
        fields.iter().map(|field| (field.name.to_string(), field.value.unwrap().get().to_owned())).collect()
    }

    proptest! {
        #[test]
        fn what_was_checked_is_read_as_serde_json_reads_it(json in json()) {
            let index = Index::of(&json).unwrap();
            let raw: &RawValue = serde_json::from_str(&json).unwrap();
            let in_array: Option<Vec<&RawValue>> = serde_json::from_str(raw.get()).ok();
            let in_object: Option<Fields<'_>> = serde_json::from_str(raw.get()).ok();
            let in_object = in_object.map(|fields| told(&fields.into_list()));
            for index in [None, Some(&index)] {
                let read = elements(raw.get(), index);
                prop_assert_eq!(read.as_deref().map(texts), in_array.as_deref().map(texts));
                prop_assert_eq!(fields(raw.get(), index).as_deref().map(told), in_object.clone());
            }
            prop_assert_eq!(texts(&leading(raw.get()).collect::<Vec<_>>()), texts(&in_array.unwrap_or_default()));
            let expected: Option<String> = serde_json::from_str(raw.get()).ok();
            prop_assert_eq!(string(raw.get()).map(Cow::into_owned), expected);
        }

        #[test]
        fn what_was_never_checked_does_no_harm(json in "[ \\[\\]{}\",:\\\\u0-9aé]{0,40}") {
            let _ = (fields(&json, None), elements(&json, None), leading(&json).count(), string(&json), before(&json, "a"));
        }
    }

    #[test]
    fn a_part_is_taken_for_checked_without_another_look() {
        assert_eq!(raw("[1, 2]").unwrap().get(), "[1, 2]");
        assert_eq!(raw("not JSON").unwrap().get(), "not JSON");
    }
}
