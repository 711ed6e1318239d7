//! The fields of a JSON object, their values unread: slices of the body they came from.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// A field of an object.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    /// Its value, until it is taken.
    pub(crate) value: Option<&'a RawValue>,
}

/// An object's fields in order. Those of nearly every message and block fit into the list itself.
pub(crate) type FieldList<'a> = SmallVec<[Field<'a>; 4]>;

/// At most 60 characters of a value, for an error message.
pub(crate) fn shortened(json: &str) -> String {
    match json.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}

/// The fields of an object, each name once.
pub(crate) struct Fields<'a>(Vec<Field<'a>>);

impl<'a> Fields<'a> {
    /// Names and values, in order.
    pub(crate) fn into_list(self) -> FieldList<'a> {
        self.0.into()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor).map(Fields)
    }
}

/// Whether no field before the last has its name: two values of one field let two readers of the same bytes see different
/// requests. `many` is nothing at first; it keeps an object with very many fields from taking very long.
pub(crate) fn is_last_new<'a>(fields: &[Field<'a>], many: &mut Option<HashSet<Cow<'a, str>>>) -> bool {
    const FEW: usize = 64;
    let Some((last, before)) = fields.split_last() else { return true };
    if before.len() < FEW {
        return before.iter().all(|known| known.name != last.name);
    }
    let many = many.get_or_insert_with(|| before.iter().map(|known| known.name.clone()).collect());
    many.insert(last.name.clone())
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<Field<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut many) = (Self::Value::new(), None);
        while let Some(Name(name)) = map.next_key()? {
            fields.push(Field { name, value: None });
            let is_new = is_last_new(&fields, &mut many);
            let last = fields.last_mut().expect("it was put there just now");
            if !is_new {
                let name = &last.name;
                return Err(serde::de::Error::custom(format_args!("field `{name}` is given twice")));
            }
            last.value = Some(map.next_value()?);
        }
        Ok(fields)
    }
}

/// A field name: borrowed, unless it holds an escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
