//! The parts of a request that an answer repeats. They are taken out of the request once for each answer.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::compose::ObjectWriter;
use crate::envelope::Envelope;
use crate::fields::FieldList;
use crate::object::{Object, Path, array};

/// What is repeated as the request wrote it, and what stands there if it did not. Source: `Response` of the SDKs, and what
/// the Open Responses schema demands (openresponses/openresponses, `ResponseResource.json`).
const REPEATED: [(&str, &str); 20] = [
    ("background", "false"),
    ("frequency_penalty", "0"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("presence_penalty", "0"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("prompt_cache_retention", "null"),
    ("safety_identifier", "null"),
    ("store", "true"),
    ("temperature", "1.0"),
    ("tool_choice", r#""auto""#),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
    ("service_tier", r#""default""#),
];

/// Fields and their JSON, each on one line.
pub(super) struct Echo {
    fields: Vec<(&'static str, String)>,
}

impl Echo {
    /// Of a request's body; an empty one repeats defaults.
    pub(super) fn of(request: &[u8]) -> Self {
        let envelope = Envelope::parse(request).ok();
        let mut request =
            envelope.as_ref().map_or_else(|| Object::of(FieldList::new(), None), Envelope::object);
        let mut fields: Vec<_> = REPEATED
            .iter()
            .map(|(name, default)| (*name, request.take(name).map_or(*default, |raw| raw.get())))
            .map(|(name, json)| (name, one_line(json).into_owned()))
            .collect();
        // "auto" is a wish; an answer tells the tier that it was given.
        for (_, tier) in
            fields.iter_mut().filter(|(name, json)| *name == "service_tier" && json == r#""auto""#)
        {
            *tier = r#""default""#.into();
        }
        fields.push(("reasoning", reasoning(&mut request).unwrap_or_else(|| NO_REASONING.into())));
        fields.push(("text", text(&mut request).unwrap_or_else(|| PLAIN_TEXT.into())));
        fields.push(("tools", tools(&mut request).unwrap_or_else(|| "[]".into())));
        Self { fields }
    }

    pub(super) fn write(&self, response: &mut ObjectWriter<'_>) {
        for (name, json) in &self.fields {
            response.raw(name, json);
        }
    }
}

const NO_REASONING: &str = r#"{"effort":null,"summary":null}"#;
const PLAIN_TEXT: &str = r#"{"format":{"type":"text"}}"#;

/// JSON without line breaks, as an event's data needs it: in valid JSON they stand between values only.
pub(super) fn one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() }
}

/// What stands between the brackets of an array, if anything.
pub(super) fn elements(array: &str) -> Option<&str> {
    let inner = array.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    (!inner.is_empty()).then_some(inner)
}

fn reasoning(request: &mut Object<'_, '_>) -> Option<String> {
    let raw = request.take("reasoning")?;
    with_defaults(raw.get(), &[("effort", "null"), ("summary", "null")])
}

fn text(request: &mut Object<'_, '_>) -> Option<String> {
    let raw = request.take("text")?;
    with_defaults(raw.get(), &[("format", r#"{"type":"text"}"#)])
}

/// The tools, functions with all the fields that strict readers look for.
fn tools(request: &mut Object<'_, '_>) -> Option<String> {
    let raw = request.take("tools")?;
    let path = Path::root("tools");
    let mut list = String::with_capacity(raw.get().len() + 64);
    for raw in array(raw, &path, "").ok()? {
        list.push(if list.is_empty() { '[' } else { ',' });
        let kind = Object::read(raw, path).ok()?.text("type").ok()?;
        if kind.as_deref() == Some("function") {
            let defaults = [("description", "null"), ("parameters", "null"), ("strict", "null")];
            list.push_str(&with_defaults(raw.get(), &defaults)?);
        } else {
            list.push_str(&one_line(raw.get()));
        }
    }
    if list.is_empty() {
        return None;
    }
    list.push(']');
    Some(list)
}

/// The object with the fields that it lacks.
fn with_defaults(object: &str, defaults: &[(&str, &str)]) -> Option<String> {
    let object = one_line(object);
    let envelope = Envelope::parse(object.as_bytes()).ok()?;
    let mut is_empty = envelope.names().next().is_none();
    let mut whole = object.trim_end().strip_suffix('}')?.to_owned();
    for (name, default) in defaults {
        if envelope.raw(name).is_none() {
            let comma = if std::mem::take(&mut is_empty) { "" } else { "," };
            let _infallible = write!(whole, r#"{comma}"{name}":{default}"#);
        }
    }
    whole.push('}');
    Some(whole)
}
