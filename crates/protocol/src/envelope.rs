//! A request body read one level deep: the names of its fields and where each value lies in the bytes.
//!
//! Values are not parsed unless asked for, and the rest of the body is never re-written: an edit is a splice.

use std::ops::Range;

use bytes::Bytes;
use paceway_domain::Refusal;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::fields::{Field, FieldList, Fields, shortened};
use crate::index::Index;
use crate::known;
use crate::object::Object;

/// A JSON object whose values are slices of the body they came from.
#[derive(Debug)]
pub struct Envelope<'a> {
    body: &'a [u8],
    fields: FieldList<'a>,
    /// Not if the body is nested very deep.
    index: Option<Index>,
}

impl<'a> Envelope<'a> {
    /// Reads the top level of `body`.
    ///
    /// # Errors
    /// [`Refusal::MalformedBody`] if it is not UTF-8, not JSON or not an object, or names a field twice.
    pub fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Err(Refusal::MalformedBody("the body is empty".into()));
        }
        let text = std::str::from_utf8(body).map_err(|error| {
            let at = error.valid_up_to();
            Refusal::MalformedBody(format!("byte {at} is not valid UTF-8"))
        })?;
        if let Some(index) = Index::of(text)
            && let Some(fields) = known::fields(text.trim_ascii(), Some(&index))
        {
            return Ok(Self { body, fields, index: Some(index) });
        }
        let fields: Fields<'a> =
            serde_json::from_str(text).map_err(|error| Refusal::MalformedBody(error.to_string()))?;
        Ok(Self { body, fields: fields.into_list(), index: None })
    }

    /// Reads the top level of a body that was written here, which is not checked again.
    ///
    /// # Errors
    /// As [`Envelope::parse`].
    pub(crate) fn written(body: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).unwrap_or_default();
        match known::fields(text, None) {
            Some(fields) => Ok(Self { body, fields, index: None }),
            None => Self::parse(body),
        }
    }

    /// The raw value of a field.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.iter().find(|field| field.name == name)?.value
    }

    /// All fields, in order.
    pub(crate) fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// Where the long values end, if that was noted.
    pub(crate) fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    /// The names of all fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_ref())
    }

    /// The body's top level as an object of which fields are taken and the rest can be noted.
    pub(crate) fn object(&self) -> Object<'a, '_> {
        Object::of(self.fields.clone(), self.index.as_ref())
    }

    /// A field as `T`; `None` if it is absent or `null`.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] naming the field and `expected` if it is something else.
    pub fn field<T: DeserializeOwned>(&self, name: &str, expected: &str) -> Result<Option<T>, Refusal> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(raw.get()).map_err(|_| Refusal::InvalidField {
            field: name.into(),
            why: format!("expected {expected}, got {}", shortened(raw.get())),
        })
    }

    /// A field that must be there, as `T`.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is absent, `null`, or not `expected`.
    pub fn required<T: DeserializeOwned>(&self, name: &str, expected: &str) -> Result<T, Refusal> {
        self.field(name, expected)?.ok_or_else(|| Refusal::InvalidField {
            field: name.into(),
            why: format!("this field is required: send {expected}"),
        })
    }

    /// The body with the value of `name` replaced by `json`, or with the field added at its end if it is absent. Every
    /// other byte stays as it is.
    pub fn with(&self, name: &str, json: &str) -> Bytes {
        self.with_all(&[(name, json)])
    }

    /// The body with the values of several fields replaced or added, each as [`Envelope::with`] does it.
    pub fn with_all(&self, edits: &[(&str, &str)]) -> Bytes {
        let end = self.body.iter().rposition(|byte| *byte == b'}').expect("an object was parsed");
        let (mut places, mut added) = (Vec::with_capacity(edits.len()), String::new());
        for (name, json) in edits {
            if let Some(raw) = self.raw(name) {
                places.push((self.place(raw), *json));
            } else {
                let comma = if self.fields.is_empty() && added.is_empty() { "" } else { "," };
                added.extend([comma, &serde_json::Value::from(*name).to_string(), ":", json]);
            }
        }
        places.sort_by_key(|(place, _)| place.start);
        places.push((end..end, &added));
        let written: usize = edits.iter().map(|(name, json)| name.len() + json.len() + 8).sum();
        let mut out = Vec::with_capacity(self.body.len() + written);
        let mut at = 0;
        for (place, json) in places {
            out.extend_from_slice(&self.body[at..place.start]);
            out.extend_from_slice(json.as_bytes());
            at = place.end;
        }
        out.extend_from_slice(&self.body[at..]);
        out.into()
    }

    /// The body without the field `name`. Every other byte stays as it is.
    pub fn without(&self, name: &str) -> Bytes {
        let Some(place) = self.fields.iter().position(|field| field.name == name) else {
            return self.body.to_vec().into();
        };
        let value = self.place_of(place);
        if place > 0 {
            // From the end of the value before it, so that the comma between them goes too.
            return splice(self.body, self.place_of(place - 1).end..value.end, b"");
        }
        let rest = &self.body[value.end..];
        let comma = rest.iter().position(|byte| *byte == b',').filter(|_| self.fields.len() > 1);
        let start = self.body.iter().position(|byte| *byte == b'{').expect("an object was parsed") + 1;
        splice(self.body, start..value.end + comma.map_or(0, |comma| comma + 1), b"")
    }

    /// Where the value of this field lies.
    fn place_of(&self, place: usize) -> Range<usize> {
        self.place(self.fields[place].value.expect("values are taken from objects, never from an envelope"))
    }

    /// Where a value of this envelope lies in its body. Both are slices of one allocation, so their distance is the
    /// offset.
    fn place(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr() as usize - self.body.as_ptr() as usize;
        start..start + raw.get().len()
    }
}

fn splice(body: &[u8], place: Range<usize>, replacement: &[u8]) -> Bytes {
    [&body[..place.start], replacement, &body[place.end..]].concat().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_leaves_every_other_byte_alone() {
        let body = br#"{ "model" : "a",  "x":[1, 2.50], "stream":true }"#;
        let edited = Envelope::parse(body).unwrap().with("model", r#""b""#);
        assert_eq!(edited, &br#"{ "model" : "b",  "x":[1, 2.50], "stream":true }"#[..]);
    }

    #[test]
    fn a_field_that_is_not_there_is_added_at_the_end() {
        let edited = Envelope::parse(br#"{"a":{"b":1}} "#).unwrap().with("c", "2");
        assert_eq!(edited, &br#"{"a":{"b":1},"c":2} "#[..]);
        assert_eq!(Envelope::parse(b"{}").unwrap().with("c", "2"), &br#"{"c":2}"#[..]);
    }

    #[test]
    fn several_fields_are_edited_at_once_wherever_they_stand() {
        let with_all = |body: &[u8]| {
            Envelope::parse(body).unwrap().with_all(&[("a", "1"), ("c", "2"), ("b", "3"), ("d", "4")])
        };
        assert_eq!(with_all(br#"{"b": [0], "x":0, "a":{}}"#), &br#"{"b": 3, "x":0, "a":1,"c":2,"d":4}"#[..]);
        assert_eq!(with_all(b"{}"), &br#"{"a":1,"c":2,"b":3,"d":4}"#[..]);
    }

    #[test]
    fn a_body_that_is_nested_very_deep_is_read_too() {
        let body = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(200), "]".repeat(200));
        let envelope = Envelope::parse(body.as_bytes()).unwrap();
        assert_eq!(envelope.required::<u8>("b", "a number").unwrap(), 2);
    }

    #[test]
    fn a_field_is_taken_out_wherever_it_stands() {
        let without = |body: &[u8], name| Envelope::parse(body).unwrap().without(name);
        assert_eq!(without(br#"{"a":1, "b":2,"c":3}"#, "a"), &br#"{ "b":2,"c":3}"#[..]);
        assert_eq!(without(br#"{"a":1, "b":[2,3] ,"c":3}"#, "b"), &br#"{"a":1 ,"c":3}"#[..]);
        assert_eq!(without(br#"{"a":1,"c":3 }"#, "c"), &br#"{"a":1 }"#[..]);
        assert_eq!(without(br#" {"a":1} "#, "a"), &b" {} "[..]);
        assert_eq!(without(br#"{"a":1}"#, "z"), &br#"{"a":1}"#[..]);
    }

    #[test]
    fn an_escaped_name_is_the_field_it_spells() {
        let body = br#"{"mod\u0065l":"a"}"#;
        assert_eq!(Envelope::parse(body).unwrap().required::<String>("model", "a name").unwrap(), "a");
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let refusal = Envelope::parse(br#"{"model":"a","model":"b"}"#).unwrap_err();
        assert!(refusal.to_string().contains("`model` is given twice"), "{refusal}");
    }

    #[test]
    fn among_very_many_fields_one_that_is_given_twice_is_found_soon() {
        let many = |last| {
            let fields: Vec<String> = (0..200_000).map(|number| format!("\"{number}\":0")).collect();
            format!("{{{},\"{last}\":1}}", fields.join(","))
        };
        assert!(Envelope::parse(many(200_000).as_bytes()).is_ok());
        let refusal = Envelope::parse(many(7).as_bytes()).unwrap_err();
        assert!(refusal.to_string().contains("`7` is given twice"), "{refusal}");
    }

    #[test]
    fn bodies_that_are_no_json_object_are_told_where_and_why() {
        let why = |body: &[u8]| Envelope::parse(body).unwrap_err().to_string();
        assert!(why(b"").contains("empty"));
        assert!(why(b"[1]").contains("a JSON object"));
        assert!(why(br#"{"a":"#).contains("line 1 column 5"), "{}", why(br#"{"a":"#));
        assert!(why(b"{\"a\":\"\xff\"}").contains("byte 6 is not valid UTF-8"));
        assert!(why(br#"{"a":1} x"#).contains("trailing"));
    }

    #[test]
    fn a_wrong_type_is_told_with_what_was_expected_and_what_came() {
        let envelope = Envelope::parse(br#"{"model":17}"#).unwrap();
        let refusal = envelope.required::<String>("model", "a model's name as a string").unwrap_err();
        assert_eq!(refusal.to_string(), "model: expected a model's name as a string, got 17");
    }
}
