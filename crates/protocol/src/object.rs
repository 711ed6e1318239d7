//! JSON objects read one level at a time, with the path that an error or a note names, and with an eye on what was not read.
//!
//! Values stay slices of the body they came from until somebody asks for them; texts without escapes are never copied.

use std::borrow::Cow;
use std::fmt;

use paceway_domain::Refusal;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::fields::{Field, FieldList, Fields, shortened};
use crate::index::Index;
use crate::known::{self, ElementList};
use crate::neutral::{Json, Text};

/// Where in a body a value is: a list that grows on the stack, written out only when something is wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
    /// The body's, if it has one.
    index: Option<&'p Index>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Body,
    Name(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The body itself.
    pub(crate) const BODY: Path<'static> = Path { parent: None, step: Step::Body, index: None };

    /// A field of the body itself. What is large is better read at the path of the body's [`Object`], which knows its index.
    pub(crate) fn root(name: &'p str) -> Self {
        Self { parent: None, step: Step::Name(name), index: None }
    }

    /// A field of what is here.
    pub(crate) fn name(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Name(name), index: self.index }
    }

    /// An element of what is here.
    pub(crate) fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index), index: self.index }
    }

    /// A refusal of what is here.
    pub(crate) fn invalid(&self, why: impl Into<String>) -> Refusal {
        Refusal::InvalidField { field: self.to_string(), why: why.into() }
    }

    fn expected(&self, expected: &str, raw: &RawValue) -> Refusal {
        self.invalid(format!("expected {expected}, got {}", shortened(raw.get())))
    }
}

/// `messages.0.content.1.text`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent.filter(|parent| !matches!(parent.step, Step::Body)) {
            write!(f, "{parent}.")?;
        }
        match self.step {
            Step::Body => f.write_str("body"),
            Step::Name(name) => f.write_str(name),
            Step::Index(index) => write!(f, "{index}"),
        }
    }
}

impl From<&Path<'_>> for String {
    fn from(path: &Path<'_>) -> Self {
        path.to_string()
    }
}

/// A JSON object of which fields are taken; what is left over can be noted.
#[derive(Debug)]
pub(crate) struct Object<'a, 'p> {
    fields: FieldList<'a>,
    /// How many of them are not taken. When all are, which is soon, the many that might be there are not looked for.
    left: usize,
    pub(crate) path: Path<'p>,
}

impl<'a, 'p> Object<'a, 'p> {
    /// Reads the object at `path`.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is none, or names a field twice.
    pub(crate) fn read(raw: &'a RawValue, path: Path<'p>) -> Result<Self, Refusal> {
        let mut object = Self::at(path);
        object.fill(raw)?;
        Ok(object)
    }

    /// An object at `path` that has yet to be filled: for those of which a body has very many, since to hand one on costs
    /// about as much as to read it.
    pub(crate) fn at(path: Path<'p>) -> Self {
        Self { fields: FieldList::new(), left: 0, path }
    }

    /// Reads into an object that has no fields yet.
    ///
    /// # Errors
    /// As [`Object::read`].
    pub(crate) fn fill(&mut self, raw: &'a RawValue) -> Result<(), Refusal> {
        if !raw.get().starts_with('{') {
            return Err(self.path.expected("an object", raw));
        }
        if known::fields_into(&mut self.fields, raw.get(), self.path.index).is_none() {
            let fields: Fields<'a> =
                serde_json::from_str(raw.get()).map_err(|error| self.path.invalid(error.to_string()))?;
            self.fields = fields.into_list();
        }
        self.left = self.fields.len();
        Ok(())
    }

    /// The object of these fields, which is the body itself.
    pub(crate) fn of(fields: FieldList<'a>, index: Option<&'p Index>) -> Self {
        let left = fields.len();
        Self { fields, left, path: Path { index, ..Path::BODY } }
    }

    /// Whether a field is there and not taken, be it `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && field.value.is_some())
    }

    /// Whether every field was taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.left == 0
    }

    /// Takes a field's value out; `None` if it is absent or `null`.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        if self.is_taken() {
            return None;
        }
        let field = self.fields.iter_mut().find(|field| field.name == name)?;
        let raw = field.value.take()?;
        self.left -= 1;
        Some(raw).filter(|raw| raw.get() != "null")
    }

    /// Whether a field is this text, which holds no escapes. (It is not taken.)
    pub(crate) fn says(&self, name: &str, text: &str) -> bool {
        let raw = self.fields.iter().find(|field| field.name == name).and_then(|field| field.value);
        raw.and_then(|raw| known::inside(raw.get())) == Some(text)
    }

    /// Takes a field that has to be there.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is absent or `null`.
    pub(crate) fn need(&mut self, name: &str, expected: &str) -> Result<&'a RawValue, Refusal> {
        self.take(name)
            .ok_or_else(|| self.path.name(name).invalid(format!("this field is required: send {expected}")))
    }

    /// Takes a text.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is something else.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<Text<'a>>, Refusal> {
        self.take(name).map(|raw| self.read_text(name, raw)).transpose()
    }

    /// Takes a text that has to be there.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is absent or something else.
    pub(crate) fn need_text(&mut self, name: &str) -> Result<Text<'a>, Refusal> {
        let raw = self.need(name, "a string")?;
        self.read_text(name, raw)
    }

    /// Reads the text that a field is; where the field stands is spelt only if it is something else.
    #[inline]
    fn read_text(&self, name: &str, raw: &'a RawValue) -> Result<Text<'a>, Refusal> {
        text_in(raw, self.path.index).ok_or_else(|| self.path.name(name).expected("a string", raw))
    }

    /// Takes a text that has to be there and not be empty.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is absent, empty or something else.
    pub(crate) fn need_filled(&mut self, name: &str) -> Result<Text<'a>, Refusal> {
        let text = self.need_text(name)?;
        if text.is_empty() {
            return Err(self.path.name(name).invalid("expected a string that is not empty"));
        }
        Ok(text)
    }

    /// Takes a media type, which has to be there.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is absent or something else.
    pub(crate) fn need_media_type(&mut self, name: &str) -> Result<Text<'a>, Refusal> {
        let text = self.need_text(name)?;
        // In a `data:` URL a comma ends it.
        if text.trim().is_empty() || text.trim_start().starts_with(';') || text.contains(',') {
            let why = format!("expected a media type such as \"image/png\", got \"{text}\"");
            return Err(self.path.name(name).invalid(why));
        }
        Ok(text)
    }

    /// Takes a value of a type that owns its content: a number, a boolean.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is something else than `expected`.
    pub(crate) fn value<T: DeserializeOwned>(
        &mut self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Refusal> {
        self.take(name).map(|raw| value(raw, &self.path.name(name), expected)).transpose()
    }

    /// Takes a number that is at least one.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is something else.
    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        let counted = self.value(name, "a positive integer")?;
        match counted {
            Some(0) => Err(self.path.name(name).invalid("expected a positive integer, got 0")),
            counted => Ok(counted),
        }
    }

    /// Takes a JSON schema. No API takes one that is `true` or `false`.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is something else.
    pub(crate) fn schema(&mut self, name: &str) -> Result<Option<Json<'a>>, Refusal> {
        match self.take(name) {
            Some(raw) if !raw.get().starts_with('{') => {
                Err(self.path.name(name).expected("a JSON schema as an object", raw))
            }
            raw => Ok(raw.map(Cow::Borrowed)),
        }
    }

    /// Takes a JSON schema that has to be there.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] if it is absent, `null` or something else.
    pub(crate) fn need_schema(&mut self, name: &str) -> Result<Json<'a>, Refusal> {
        self.schema(name)?
            .ok_or_else(|| self.path.name(name).invalid("this field is required: send a JSON schema"))
    }

    /// Takes any JSON, unread.
    pub(crate) fn json(&mut self, name: &str) -> Option<Json<'a>> {
        self.take(name).map(Cow::Borrowed)
    }

    /// The names of what was not taken and is not `null`.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        let is_told = |field: &&Field<'_>| field.value.is_some_and(|raw| raw.get() != "null");
        self.fields.iter().filter(is_told).map(|field| field.name.as_ref())
    }

    /// Names and values of what was not taken and is not `null`.
    pub(crate) fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        let told = |field: Field<'a>| Some((field.name, field.value.filter(|raw| raw.get() != "null")?));
        self.fields.into_iter().filter_map(told)
    }

    /// Notes what was not taken: `hints` as hints, the rest as lost.
    pub(crate) fn note_unread(&self, hints: &[&str], changes: &mut Changes) {
        if self.is_taken() {
            return;
        }
        for name in self.unread() {
            let field = self.path.name(name).to_string();
            if hints.contains(&name) {
                changes.hint(field, "it has no counterpart");
            } else {
                changes.lost(field, "it cannot be carried over to another provider's API");
            }
        }
    }
}

/// From this many bytes on a text is left unread: below, reading it at once costs less than asking whether it has been read.
const LONG: usize = 64;

/// A string, as it stands in its body if it is long, else read.
///
/// # Errors
/// [`Refusal::InvalidField`] if it is something else.
pub(crate) fn text<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Text<'a>, Refusal> {
    text_in(raw, path.index).ok_or_else(|| path.expected("a string", raw))
}

#[inline]
fn text_in<'a>(raw: &'a RawValue, index: Option<&Index>) -> Option<Text<'a>> {
    if raw.get().len() > LONG
        && let Some(inside) = known::inside(raw.get())
        && index.is_some_and(|index| index.vouches_for(inside))
    {
        return Some(Text::unread(inside));
    }
    known::string(raw.get()).map(Text::from)
}

/// A value of a type that owns its content.
///
/// # Errors
/// [`Refusal::InvalidField`] if it is something else than `expected`.
pub(crate) fn value<T: DeserializeOwned>(
    raw: &RawValue,
    path: &Path<'_>,
    expected: &str,
) -> Result<T, Refusal> {
    serde_json::from_str(raw.get()).map_err(|_| path.expected(expected, raw))
}

/// The elements of an array, unread.
///
/// # Errors
/// [`Refusal::InvalidField`] if it is something else than `expected`.
#[inline]
pub(crate) fn array<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    expected: &str,
) -> Result<ElementList<'a>, Refusal> {
    if !raw.get().starts_with('[') {
        return Err(path.expected(expected, raw));
    }
    let mut elements = ElementList::new();
    match known::elements_into(&mut elements, raw.get(), path.index) {
        Some(()) => Ok(elements),
        None => Err(path.expected(expected, raw)),
    }
}

/// Whether an array has no elements. (No look at what it has.)
///
/// # Errors
/// [`Refusal::InvalidField`] if it is something else than `expected`.
pub(crate) fn is_empty(raw: &RawValue, path: &Path<'_>, expected: &str) -> Result<bool, Refusal> {
    let inside = raw.get().strip_prefix('[').ok_or_else(|| path.expected(expected, raw))?;
    Ok(inside.trim_start().starts_with(']'))
}

/// Whether a value is a string. (No look inside.)
pub(crate) fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_error_names_the_path_what_was_expected_and_what_came() {
        let messages = Path::root("messages");
        let first = messages.index(0);
        let mut object = Object::read(raw(r#"{"role":7}"#), first).unwrap();
        let refusal = object.need_text("role").unwrap_err().to_string();
        assert_eq!(refusal, "messages.0.role: expected a string, got 7");
        let refusal = object.need("content", "a string or blocks").unwrap_err().to_string();
        assert_eq!(refusal, "messages.0.content: this field is required: send a string or blocks");
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let mut object = Object::read(raw(r#"{"a":"plain","b":"two\nlines"}"#), Path::root("x")).unwrap();
        let (plain, escaped) = (object.need_text("a").unwrap(), object.need_text("b").unwrap());
        assert_eq!((plain.lent(), escaped.lent()), (Some("plain"), None));
    }

    #[test]
    fn a_count_is_at_least_one_and_a_schema_is_an_object() {
        let read = |json| Object::read(raw(json), Path::root("x")).unwrap();
        assert_eq!(read(r#"{"a":1}"#).count("a").unwrap(), Some(1));
        assert_eq!(read(r#"{"a":null}"#).count("a").unwrap(), None);
        let refusal = read(r#"{"a":0}"#).count("a").unwrap_err().to_string();
        assert_eq!(refusal, "x.a: expected a positive integer, got 0");
        assert_eq!(read(r#"{"a":{}}"#).need_schema("a").unwrap().get(), "{}");
        let refusal = read(r#"{"a":true}"#).schema("a").unwrap_err().to_string();
        assert_eq!(refusal, "x.a: expected a JSON schema as an object, got true");
        let refusal = read(r"{}").need_schema("a").unwrap_err().to_string();
        assert_eq!(refusal, "x.a: this field is required: send a JSON schema");
    }

    #[test]
    fn what_has_to_be_filled_is_not_empty() {
        let read =
            |json| Object::read(raw(json), Path::root("x")).unwrap().need_filled("a").map(Text::into_owned);
        assert_eq!(read(r#"{"a":"b"}"#).unwrap(), "b");
        let refusal = read(r#"{"a":""}"#).unwrap_err().to_string();
        assert_eq!(refusal, "x.a: expected a string that is not empty");
    }

    #[test]
    fn what_nobody_read_is_noted() {
        let mut object = Object::read(raw(r#"{"a":1,"b":null,"c":2,"d":3}"#), Path::root("x")).unwrap();
        object.take("a");
        let mut changes = Changes::default();
        object.note_unread(&["d"], &mut changes);
        let noted: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(noted, ["x.c", "x.d"]);
        assert!(changes.check(false).is_err());
    }
}
