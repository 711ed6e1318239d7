//! The values that can be written. Strings are most of a body and are written here; numbers are left to `serde_json`.

use std::borrow::Cow;

use paceway_domain::Tokens;
use serde_json::value::RawValue;

use crate::escapes;
use crate::neutral::{Form, Text};

/// What can be written as JSON.
pub(crate) trait Value {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
}

impl<T: Value + ?Sized> Value for &T {
    fn write(&self, out: &mut Vec<u8>) {
        (**self).write(out);
    }
}

/// Nothing is `null`.
impl<T: Value> Value for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => ().write(out),
        }
    }
}

impl Value for () {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }
}

impl Value for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Value for str {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        escapes::write(self, out);
        out.push(b'"');
    }
}

impl Value for String {
    fn write(&self, out: &mut Vec<u8>) {
        (**self).write(out);
    }
}

impl Value for Cow<'_, str> {
    fn write(&self, out: &mut Vec<u8>) {
        (**self).write(out);
    }
}

/// A text that stands escaped in its own body is copied as it stands.
impl Value for Text<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        self.form().write(out);
    }
}

impl Value for Form<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        Joined(&[*self]).write(out);
    }
}

/// A string of several pieces that are not joined first: `data:image/png;base64,` and its megabytes.
pub(crate) struct Joined<'a, T = &'a str>(pub(crate) &'a [T]);

impl<'a, T: Copy + Into<Form<'a>>> Value for Joined<'a, T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        for piece in self.0 {
            match (*piece).into() {
                Form::Plain(text) => escapes::write(text, out),
                Form::Escaped(inside) => out.extend_from_slice(inside.as_bytes()),
            }
        }
        out.push(b'"');
    }
}

impl Value for RawValue {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.get().as_bytes());
    }
}

impl<T: Value> Value for [T] {
    fn write(&self, out: &mut Vec<u8>) {
        super::array(out, |list| self.iter().for_each(|value| list.element(value)));
    }
}

impl<T: Value> Value for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_slice().write(out);
    }
}

impl<T: Value, const LENGTH: usize> Value for [T; LENGTH] {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_slice().write(out);
    }
}

impl Value for Tokens {
    fn write(&self, out: &mut Vec<u8>) {
        self.get().write(out);
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {
        $(impl Value for $number {
            fn write(&self, out: &mut Vec<u8>) {
                serde_json::to_writer(out, self).expect("a buffer takes everything");
            }
        })*
    };
}

numbers!(u8 u16 u32 u64 usize i32 i64 f32 f64);
