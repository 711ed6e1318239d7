//! Events one by one: which kind one is of, and how one is written.

use std::borrow::Cow;

use serde::Deserialize;

use crate::compose::{self, Gap, Mold, ObjectWriter, Value};
use crate::formats::openai_responses::errors;
use crate::neutral::{ErrorReport, Text};
use crate::sse::Event;

/// The kind of an event: its name, or where a server leaves that out, the `type` in its data.
pub(super) fn kind<'a>(event: &Event<'a>, data: &'a [u8]) -> Cow<'a, [u8]> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: Text<'a>,
    }
    match event.name() {
        b"" | b"message" => match serde_json::from_slice(data) {
            Ok(Typed { kind }) => kind.into_bytes(),
            Err(_) => Cow::Borrowed(b""),
        },
        name => Cow::Borrowed(name),
    }
}

/// Writes events and numbers them.
#[derive(Default)]
pub(super) struct Events {
    number: u64,
}

impl Events {
    /// Writes an event with its type, its number and these fields.
    pub(super) fn write(
        &mut self,
        name: &str,
        out: &mut Vec<u8>,
        fields: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        write(name, &self.number, out, fields);
        self.number += 1;
    }

    /// Events with this type, any number and these fields, one of which is a [`Gap`].
    pub(super) fn mold(name: &str, fields: impl FnOnce(&mut ObjectWriter<'_>)) -> Mold {
        Mold::of(|out| write(name, &Gap, out, fields))
    }

    /// Writes an event of such a mold.
    pub(super) fn pour(&mut self, mold: &Mold, value: &dyn Value, out: &mut Vec<u8>) {
        mold.pour([&self.number, value], out);
        self.number += 1;
    }

    /// Writes `error`: its fields as the SDKs type them, and once more as the object on which the SDKs raise their error.
    pub(super) fn error(&mut self, error: &ErrorReport, out: &mut Vec<u8>) {
        self.write("error", out, |event| {
            event.field("code", &errors::code_of(error)).field("message", &error.message);
            event.field("param", &error.field);
            event.object("error", |fields| errors::write_fields(error, fields));
        });
    }
}

fn write(name: &str, number: &impl Value, out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
    for piece in ["event: ", name, "\ndata: "] {
        out.extend_from_slice(piece.as_bytes());
    }
    compose::object(out, |event| {
        event.field("type", name).field("sequence_number", number);
        fields(event);
    });
    out.extend_from_slice(b"\n\n");
}
