//! The fields of a JSON object, their values unread: slices of the body they came from.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// From so many fields on a name is not compared with every other.
const MANY: usize = 32;

/// At most 60 characters of a value, for an error message.
pub(crate) fn shortened(json: &str) -> String {
    match json.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}

/// The names of an object's fields so far. A few are compared one by one; many are looked up, or an object of a million names
/// would take hours.
#[derive(Default)]
pub(crate) struct Names<'a>(HashSet<Cow<'a, str>>);

impl<'a> Names<'a> {
    /// Whether no field before has this name. Asked once for each field, in order.
    #[allow(clippy::ptr_arg)] // A name that holds an escape is owned, any other borrowed: the set keeps both as they are.
    pub(crate) fn is_new(&mut self, before: &[(Cow<'a, str>, &'a RawValue)], name: &Cow<'a, str>) -> bool {
        if before.len() < MANY {
            return before.iter().all(|(known, _)| known != name);
        }
        if before.len() == MANY {
            self.0.extend(before.iter().map(|(name, _)| name.clone()));
        }
        self.0.insert(name.clone())
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

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Self::Value = Vec::new();
        let mut names = Names::default();
        while let Some(Name(name)) = map.next_key()? {
            // Two values of one field let two readers of the same bytes see different requests.
            if !names.is_new(&fields, &name) {
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
