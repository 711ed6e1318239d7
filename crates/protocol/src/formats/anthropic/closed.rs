//! Schemas of answers as the API takes them: each object says that it has no other fields. Other formats leave that open.
//!
//! What says that it has other fields is left alone: the API's refusal is clearer than a schema that means something else.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The schema with `"additionalProperties": false` where an object says nothing of it. Source, read 2026-11:
/// platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations".
pub(super) fn closed(schema: &str) -> Cow<'_, str> {
    let Ok(mut tree) = serde_json::from_str(schema) else { return Cow::Borrowed(schema) };
    if close(&mut tree) { Cow::Owned(tree.to_string()) } else { Cow::Borrowed(schema) }
}

/// Whether anything was changed.
fn close(schema: &mut Value) -> bool {
    let Value::Object(fields) = schema else { return false };
    let mut is_changed = false;
    for (name, inside) in fields.iter_mut() {
        is_changed |= match (name.as_str(), inside) {
            ("properties" | "$defs" | "definitions", Value::Object(schemas)) => {
                close_all(schemas.values_mut())
            }
            ("anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => close_all(schemas.iter_mut()),
            ("items", inside) => close(inside),
            _ => false,
        };
    }
    if is_object(fields) && !fields.contains_key("additionalProperties") {
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        is_changed = true;
    }
    is_changed
}

fn close_all<'s>(schemas: impl Iterator<Item = &'s mut Value>) -> bool {
    let mut is_changed = false;
    for schema in schemas {
        is_changed |= close(schema);
    }
    is_changed
}

fn is_object(fields: &Map<String, Value>) -> bool {
    match &fields.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => fields.contains_key("properties"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_that_says_nothing_of_other_fields_has_none() {
        let open = r##"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}},"b":{"anyOf":[{"$ref":"#/$defs/B"},{"type":"null"}]}},"$defs":{"B":{"properties":{}}}}"##;
        let wanted = r##"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","additionalProperties":false}},"b":{"anyOf":[{"$ref":"#/$defs/B"},{"type":"null"}]}},"$defs":{"B":{"properties":{},"additionalProperties":false}},"additionalProperties":false}"##;
        assert_eq!(closed(open), wanted);
    }

    #[test]
    fn what_speaks_for_itself_is_passed_on_as_it_is() {
        for schema in [
            r#"{"type": "object", "additionalProperties": true}"#,
            r#"{ "type":"object","properties":{"properties":{"type":"string"}},"additionalProperties":false}"#,
            r#"{"type":"string"}"#,
            "true",
        ] {
            assert_eq!(closed(schema), schema);
        }
    }
}
