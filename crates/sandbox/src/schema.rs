//! JSON that fits a JSON Schema, as small as it can be: required properties, first choices, one element.
//!
//! It is not a validator, and it knows no patterns. What is wanted without end is cut off at a depth and a size.

use serde_json::{Map, Number, Value, json};

/// How deep and how large an instance may get.
const MAX_DEPTH: u32 = 24;
const MAX_VALUES: u32 = 2_000;
/// How many elements `minItems` may ask for.
const MAX_ITEMS: u64 = 16;

/// An instance of `schema`, whose strings are `word` where nothing else is asked.
pub(crate) fn instance(schema: &Value, word: &str) -> Value {
    Generator { root: schema, word, left: MAX_VALUES }.value(schema, 0)
}

struct Generator<'a> {
    root: &'a Value,
    word: &'a str,
    left: u32,
}

impl Generator<'_> {
    fn value(&mut self, schema: &Value, depth: u32) -> Value {
        if depth > MAX_DEPTH || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        if let Some(target) = schema["$ref"].as_str().and_then(|path| self.target(path)) {
            return self.value(&target, depth + 1);
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        for choice in ["anyOf", "oneOf"] {
            let is_null = |schema: &&Value| schema["type"] == "null";
            if let Some(first) =
                schema[choice].as_array().and_then(|all| all.iter().find(|schema| !is_null(schema)))
            {
                return self.value(first, depth + 1);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.all_of(schema, parts, depth);
        }
        match kind(schema).as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "integer" => integer(schema),
            "number" => number(schema),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(string(schema, self.word)),
        }
    }

    fn target(&self, path: &str) -> Option<Value> {
        self.root.pointer(path.strip_prefix('#')?).cloned()
    }

    fn all_of(&mut self, schema: &Value, parts: &[Value], depth: u32) -> Value {
        let mut whole = Map::new();
        let own = (schema.get("properties").is_some()).then(|| self.object(schema, depth + 1));
        let mut others = Vec::new();
        for part in parts {
            others.push(self.value(part, depth + 1));
        }
        for value in others.iter().chain(own.iter()) {
            match value {
                Value::Object(fields) => whole.extend(fields.clone()),
                other => return other.clone(),
            }
        }
        Value::Object(whole)
    }

    fn object(&mut self, schema: &Value, depth: u32) -> Value {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut fields = Map::new();
        for name in required {
            let value = self.value(&schema["properties"][name], depth + 1);
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    fn array(&mut self, schema: &Value, depth: u32) -> Value {
        if let Some(items) = schema["prefixItems"].as_array() {
            return items.iter().map(|item| self.value(item, depth + 1)).collect();
        }
        let least = whole_number(&schema["minItems"]).unwrap_or(1).clamp(1, MAX_ITEMS);
        let count = least.min(whole_number(&schema["maxItems"]).unwrap_or(least));
        (0..count).map(|_| self.value(&schema["items"], depth + 1)).collect()
    }
}

/// The type of a schema in small letters: the first that is not null, or what its other words imply.
fn kind(schema: &Value) -> String {
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        other => other.as_str(),
    };
    match named {
        // Gemini writes OBJECT, STRING and so on.
        Some(name) => name.to_ascii_lowercase(),
        None if schema.get("properties").is_some() || schema.get("required").is_some() => "object".into(),
        None if schema.get("items").is_some() || schema.get("prefixItems").is_some() => "array".into(),
        None if schema.get("minimum").is_some() || schema.get("maximum").is_some() => "number".into(),
        None => "string".into(),
    }
}

/// Gemini writes counts as texts.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn string(schema: &Value, word: &str) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "PT1S",
        Some("email") => "example@example.com",
        Some("hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("uri" | "url" | "uri-reference") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => word,
    };
    let characters = |name: &str| whole_number(&schema[name]).and_then(|count| usize::try_from(count).ok());
    let least = characters("minLength").unwrap_or(0).min(1_000);
    let padding = "x".repeat(least.saturating_sub(text.chars().count()));
    let most = characters("maxLength").unwrap_or(usize::MAX);
    format!("{text}{padding}").chars().take(most).collect()
}

fn integer(schema: &Value) -> Value {
    let bound = |name: &str| schema[name].as_i64();
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound.saturating_add(1)));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound.saturating_sub(1)));
    let wanted = least.unwrap_or(1).max(least.map_or(1, |least| least.max(1)));
    let value = wanted.min(most.unwrap_or(wanted));
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let up = value.checked_next_multiple(step).filter(|up| most.is_none_or(|most| *up <= most));
    json!(up.unwrap_or(value - value.rem_euclid(step)))
}

/// Like [`i64::next_multiple_of`], which is not stable for signed numbers.
trait NextMultiple: Sized {
    fn checked_next_multiple(self, step: Self) -> Option<Self>;
}

impl NextMultiple for i64 {
    fn checked_next_multiple(self, step: Self) -> Option<Self> {
        match self.rem_euclid(step) {
            0 => Some(self),
            over => self.checked_add(step - over),
        }
    }
}

fn number(schema: &Value) -> Value {
    let bound = |name: &str| schema[name].as_f64();
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 0.5));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 0.5));
    let wanted = least.map_or(1.0, |least| least.max(1.0));
    let value = match (least, most) {
        (Some(least), Some(most)) if wanted > most => f64::midpoint(least, most),
        (_, Some(most)) => wanted.min(most),
        _ => wanted,
    };
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let value = step.map_or(value, |step| (value / step).ceil() * step);
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_properties_are_there_and_the_others_are_not() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"}, "unit": {"enum": ["celsius", "kelvin"]},
                "days": {"type": "integer", "minimum": 3}, "tags": {"type": "array", "items": {"type": "boolean"}},
                "where": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
                "note": {"type": ["string", "null"]}, "not_needed": {"type": "string"},
            },
            "required": ["city", "unit", "days", "tags", "where", "note"],
        });
        let fits = json!({
            "city": "Paris", "unit": "celsius", "days": 3, "tags": [true], "where": {"lat": 1.0}, "note": "Paris",
        });
        assert_eq!(instance(&schema, "Paris"), fits);
    }

    #[test]
    fn references_choices_and_compositions_are_followed() {
        let schema = json!({
            "$defs": {"leaf": {"type": "STRING", "minLength": 3, "maxLength": 4}},
            "allOf": [
                {"type": "object", "properties": {"a": {"$ref": "#/$defs/leaf"}}, "required": ["a"]},
                {"type": "object", "properties": {"b": {"anyOf": [{"type": "null"}, {"const": 7}]}}, "required": ["b"]},
            ],
        });
        assert_eq!(instance(&schema, "x"), json!({"a": "xxx", "b": 7}));
    }

    #[test]
    fn bounds_of_numbers_are_kept() {
        let of = |schema: Value| instance(&schema, "x");
        assert_eq!(of(json!({"type": "integer", "maximum": -5})), json!(-5));
        assert_eq!(of(json!({"type": "integer", "multipleOf": 5, "minimum": 6})), json!(10));
        assert_eq!(of(json!({"type": "number", "minimum": 0, "maximum": 0.5})), json!(0.25));
        assert_eq!(
            of(json!({"type": "array", "minItems": 2, "items": {"type": "null"}})),
            json!([null, null])
        );
    }

    #[test]
    fn a_schema_without_end_is_cut_off() {
        let schema = json!({
            "type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"],
        });
        assert!(instance(&schema, "x").is_object());
    }
}
