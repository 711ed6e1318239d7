//! Google's own schemas (a subset of OpenAPI 3.0 with types in capitals) as JSON schemas.
//!
//! Written straight from the text that came, without a tree. The way back is not needed: the API takes JSON schemas in
//! `parametersJsonSchema` and `responseJsonSchema`.

use std::borrow::Cow;

use paceway_domain::Refusal;
use serde_json::value::RawValue;

use crate::compose;
use crate::neutral::Json;
use crate::object::{Object, Path, array, is_string, text};

/// How deep schemas are converted; what is deeper is passed on as it is.
const MOST_LEVELS: usize = 48;

/// A schema of Google's as a JSON schema.
///
/// # Errors
/// [`Refusal::InvalidField`] where it is no schema.
pub(super) fn to_json_schema<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Json<'a>, Refusal> {
    if !raw.get().starts_with('{') {
        return Err(path.invalid("expected a schema as an object"));
    }
    let mut out = Vec::with_capacity(raw.get().len() + 64);
    write(raw, path, 0, &mut out)?;
    let converted = String::from_utf8(out).ok().and_then(|json| RawValue::from_string(json).ok());
    converted.map(Cow::Owned).ok_or_else(|| path.invalid("it is no schema"))
}

fn write(raw: &RawValue, path: &Path<'_>, level: usize, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if level > MOST_LEVELS || !raw.get().starts_with('{') {
        out.extend_from_slice(raw.get().as_bytes());
        return Ok(());
    }
    let mut object = Object::read(raw, *path)?;
    let is_nullable = object.take("nullable").is_some_and(|nullable| nullable.get() == "true");
    let mut is_first = true;
    for (name, content) in object.rest() {
        let Some(known) = json_schema_name(&name, content) else { continue };
        out.extend_from_slice(if is_first { b"{" } else { b"," });
        is_first = false;
        compose::value(out, known);
        out.push(b':');
        keyword(known, content, is_nullable, &path.name(&name), level, out)?;
    }
    out.extend_from_slice(if is_first { b"{}" } else { b"}" });
    Ok(())
}

/// A keyword as JSON schema calls it; `None` for one that it has not and that says nothing to a model.
fn json_schema_name<'n>(name: &'n str, content: &RawValue) -> Option<&'n str> {
    Some(match name {
        "propertyOrdering" | "property_ordering" => return None,
        "format" if content.get().eq_ignore_ascii_case("\"enum\"") => return None,
        "defs" => "$defs",
        "ref" => "$ref",
        "example" => "examples",
        "any_of" => "anyOf",
        "one_of" => "oneOf",
        "all_of" => "allOf",
        "prefix_items" => "prefixItems",
        "additional_properties" => "additionalProperties",
        "min_items" => "minItems",
        "max_items" => "maxItems",
        "min_length" => "minLength",
        "max_length" => "maxLength",
        "min_properties" => "minProperties",
        "max_properties" => "maxProperties",
        other => other,
    })
}

fn keyword(
    name: &str,
    content: &RawValue,
    is_nullable: bool,
    path: &Path<'_>,
    level: usize,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let json = content.get();
    match name {
        "type" => types(content, is_nullable, path, out)?,
        "properties" | "$defs" => map_of_schemas(content, path, level, out)?,
        "items" | "additionalProperties" | "not" => write(content, path, level + 1, out)?,
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
            list_of_schemas(content, is_nullable && name == "anyOf", path, level, out)?;
        }
        "enum" if is_nullable && json.ends_with(']') => {
            let open = json[..json.len() - 1].trim_end();
            out.extend_from_slice(open.as_bytes());
            out.extend_from_slice(if open.ends_with('[') { b"null]" } else { b",null]" });
        }
        "examples" if !json.starts_with('[') => {
            out.push(b'[');
            out.extend_from_slice(json.as_bytes());
            out.push(b']');
        }
        "$ref" if is_string(content) => {
            compose::value(out, &*text(content, path)?.replacen("#/defs/", "#/$defs/", 1));
        }
        // Whole numbers of 64 bits are texts in Google's JSON.
        "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
            let digits = json.trim_matches('"');
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            out.extend_from_slice(if is_number { digits } else { json }.as_bytes());
        }
        _ => out.extend_from_slice(json.as_bytes()),
    }
    Ok(())
}

/// `STRING` as `string`, or with null beside it.
fn types(content: &RawValue, is_nullable: bool, path: &Path<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if is_string(content) {
        let name = text(content, path)?.to_ascii_lowercase();
        if is_nullable && name != "null" {
            compose::value(out, &[name.as_str(), "null"]);
        } else {
            compose::value(out, &name);
        }
        return Ok(());
    }
    let mut names = Vec::new();
    for (index, raw) in array(content, path, "a type's name")?.into_iter().enumerate() {
        names.push(text(raw, &path.index(index))?.to_ascii_lowercase());
    }
    if is_nullable && !names.iter().any(|name| name == "null") {
        names.push("null".into());
    }
    compose::value(out, &names);
    Ok(())
}

fn map_of_schemas(
    content: &RawValue,
    path: &Path<'_>,
    level: usize,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    out.push(b'{');
    for (place, (name, schema)) in Object::read(content, *path)?.rest().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        compose::value(out, &name);
        out.push(b':');
        write(schema, &path.name(&name), level + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn list_of_schemas(
    content: &RawValue,
    adds_null: bool,
    path: &Path<'_>,
    level: usize,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let schemas = array(content, path, "an array of schemas")?;
    out.push(b'[');
    for (index, schema) in schemas.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(schema, &path.index(index), level + 1, out)?;
    }
    if adds_null {
        out.extend_from_slice(if schemas.is_empty() { b"" } else { b"," });
        out.extend_from_slice(br#"{"type":"null"}"#);
    }
    out.push(b']');
    Ok(())
}
