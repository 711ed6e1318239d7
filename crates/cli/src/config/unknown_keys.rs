//! Keys that mean nothing, with the one that was probably meant.
//!
//! The names come from the JSON schema of the settings' types, so that they cannot differ from what is read.

use schemars::schema_for;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::Config;

/// How alike two names have to be for a suggestion (Jaro-Winkler, 0 to 1).
const LIKENESS: f64 = 0.8;

/// A sentence for each key of `layer` that no setting has; `source` says where the layer is from.
pub(super) fn find(layer: &Table, source: &str) -> Vec<String> {
    let schema = schema_for!(Config).to_value();
    let mut search = Search { root: &schema, source, found: Vec::new() };
    search.table("", layer, &schema);
    search.found
}

struct Search<'a> {
    root: &'a Json,
    source: &'a str,
    found: Vec<String>,
}

impl<'a> Search<'a> {
    fn table(&mut self, path: &str, table: &Table, schema: &'a Json) {
        let schema = self.variant(schema, "properties");
        for (key, value) in table {
            let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let of_key = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
            match of_key {
                Some(of_key) => self.value(&place, value, of_key),
                None => self.found.push(self.sentence(&place, key, schema)),
            }
        }
    }

    fn value(&mut self, path: &str, value: &Value, schema: &'a Json) {
        match value {
            Value::Table(table) => self.table(path, table, schema),
            Value::Array(elements) => {
                let of_element = &self.variant(schema, "items")["items"];
                for (index, element) in elements.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), element, of_element);
                }
            }
            _ => {}
        }
    }

    /// Follows a reference to a named type.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }

    /// Of what may have several shapes, the one that has this keyword.
    fn variant(&self, schema: &'a Json, keyword: &str) -> &'a Json {
        let schema = self.resolve(schema);
        let variants = schema["anyOf"].as_array().into_iter().flatten().map(|variant| self.resolve(variant));
        variants.into_iter().find(|variant| variant.get(keyword).is_some()).unwrap_or(schema)
    }

    fn sentence(&self, place: &str, key: &str, schema: &Json) -> String {
        let names = schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys());
        let suggestion = match nearest(key, names.map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`paceway config show` lists all settings".to_owned(),
        };
        format!("{place}: unknown key in {}; {suggestion}", self.source)
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(key: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likely = names
        .map(|name| (strsim::jaro_winkler(key, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    likely.map(|(_, name)| name)
}
