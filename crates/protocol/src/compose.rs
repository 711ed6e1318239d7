//! JSON written straight into a buffer, field after field, without a tree in between.
//!
//! What is written is whole by construction: objects and arrays close when their closures return.

mod mold;
mod value;

pub(crate) use self::mold::{Gap, Mold};
pub(crate) use self::value::{Joined, Value};

/// Writes one value.
pub(crate) fn value(out: &mut Vec<u8>, value: &(impl Value + ?Sized)) {
    value.write(out);
}

/// Writes an object.
pub(crate) fn object(out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
    out.push(b'{');
    fields(&mut ObjectWriter { out, is_empty: true });
    out.push(b'}');
}

/// Writes an array.
pub(crate) fn array(out: &mut Vec<u8>, elements: impl FnOnce(&mut ArrayWriter<'_>)) {
    out.push(b'[');
    elements(&mut ArrayWriter { out, is_empty: true });
    out.push(b']');
}

/// An object being written.
pub(crate) struct ObjectWriter<'w> {
    out: &'w mut Vec<u8>,
    is_empty: bool,
}

impl ObjectWriter<'_> {
    /// Names are ours and need no escapes.
    fn key(&mut self, name: &'static str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A field.
    pub(crate) fn field(&mut self, name: &'static str, content: &(impl Value + ?Sized)) -> &mut Self {
        content.write(self.key(name));
        self
    }

    /// A field if there is something to say.
    pub(crate) fn maybe(&mut self, name: &'static str, content: Option<&(impl Value + ?Sized)>) -> &mut Self {
        if let Some(content) = content {
            self.field(name, content);
        }
        self
    }

    /// A field that is an object.
    pub(crate) fn object(
        &mut self,
        name: &'static str,
        fields: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> &mut Self {
        object(self.key(name), fields);
        self
    }

    /// A field that is an array.
    pub(crate) fn array(
        &mut self,
        name: &'static str,
        elements: impl FnOnce(&mut ArrayWriter<'_>),
    ) -> &mut Self {
        array(self.key(name), elements);
        self
    }

    /// A field of JSON that is text already.
    pub(crate) fn raw(&mut self, name: &'static str, json: &str) -> &mut Self {
        self.key(name).extend_from_slice(json.as_bytes());
        self
    }
}

/// An array being written.
pub(crate) struct ArrayWriter<'w> {
    out: &'w mut Vec<u8>,
    is_empty: bool,
}

impl ArrayWriter<'_> {
    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        self.out
    }

    /// An element.
    pub(crate) fn element(&mut self, content: &(impl Value + ?Sized)) {
        content.write(self.next());
    }

    /// An element that is an object.
    pub(crate) fn object(&mut self, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
        object(self.next(), fields);
    }

    /// An element of JSON that is text already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.next().extend_from_slice(json.as_bytes());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut out = Vec::new();
        object(&mut out, |body| {
            body.field("a", "x\"y").maybe("b", None::<&u8>).object("c", |_| {}).raw("d", "[1, 2]");
            body.array("e", |list| {
                list.element(&1);
                list.object(|o| {
                    o.field("url", &Joined(&["data:", "é\n", ",AA=="]));
                });
            });
        });
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, r#"{"a":"x\"y","c":{},"d":[1, 2],"e":[1,{"url":"data:é\n,AA=="}]}"#);
    }
}
