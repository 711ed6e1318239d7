//! The fields of a JSON object, their values unread: slices of the body they came from.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// At most 60 characters of a value, for an error message.
pub(crate) fn shortened(json: &str) -> String {
    match json.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}

/// The fields of an object, each name once.
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Names and values, in order.
    pub(crate) fn into_list(self) -> Vec<(Cow<'a, str>, &'a RawValue)> {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

/// Whether no field before has this name: two values of one field let two readers of the same bytes see different requests.
/// `many` is empty at first; it keeps an object with very many fields from taking very long.
#[allow(clippy::ptr_arg)] // A borrowed name is kept as one.
pub(crate) fn is_new<'a>(
    name: &Cow<'a, str>,
    fields: &[(Cow<'a, str>, &RawValue)],
    many: &mut HashSet<Cow<'a, str>>,
) -> bool {
    const FEW: usize = 64;
    if fields.len() < FEW {
        return fields.iter().all(|(known, _)| known != name);
    }
    if many.is_empty() {
        many.extend(fields.iter().map(|(known, _)| known.clone()));
    }
    many.insert(name.clone())
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut many) = (Self::Value::new(), HashSet::new());
        while let Some(Name(name)) = map.next_key()? {
            if !is_new(&name, &fields, &mut many) {
                return Err(serde::de::Error::custom(format_args!("field `{name}` is given twice")));
            }
            fields.push((name, map.next_value()?));
        }
        Ok(fields)
    }
}

/// A field name: borrowed, unless it holds an escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
