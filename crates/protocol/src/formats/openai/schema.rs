//! Schemas of tools as OpenAI takes them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::object::{Object, Path};

/// A schema with the two fields without which OpenAI refuses it (`object schema missing properties`), as tools of MCP
/// servers often lack them.
pub(crate) fn whole(schema: &RawValue) -> Cow<'_, str> {
    let text = schema.get();
    let Ok(object) = Object::read(schema, Path::BODY) else { return text.into() };
    let (has_type, has_properties) = (object.has("type"), object.has("properties"));
    if (has_type && has_properties) || object.has("$ref") || object.has("anyOf") {
        return text.into();
    }
    let rest = text.strip_prefix('{').unwrap_or(text);
    let is_empty = rest.trim_start().starts_with('}');
    let mut fields = String::new();
    if !has_type {
        fields.push_str(r#""type":"object","#);
    }
    if !has_properties {
        fields.push_str(r#""properties":{},"#);
    }
    if is_empty {
        fields.pop();
    }
    format!("{{{fields}{rest}").into()
}
