//! Strings among the values that are written. They are most of a body, and `serde_json` looks at their bytes one by one.

use std::fmt::{self, Display, Write as _};

use serde::ser::{Error, Impossible, Serializer};
use serde::{Serialize, ser};

use crate::escapes;

/// Writes strings; for a value of any other kind there is an error, before anything is written.
pub(super) struct Strings<'w>(pub(super) &'w mut Vec<u8>);

/// The value is no string.
#[derive(Debug)]
pub(super) struct NoString;

impl Display for NoString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is no string")
    }
}

impl std::error::Error for NoString {}

impl Error for NoString {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Writes a string.
pub(super) fn write(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escapes::write(text, out);
    out.push(b'"');
}

/// Writes pieces of a string.
struct Pieces<'w>(&'w mut Vec<u8>);

impl fmt::Write for Pieces<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        escapes::write(piece, self.0);
        Ok(())
    }
}

macro_rules! no_string {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$result, NoString> {
            Err(NoString)
        })*
    };
}

type No = Impossible<(), NoString>;

impl Serializer for Strings<'_> {
    type Ok = ();
    type Error = NoString;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_str(self, text: &str) -> Result<(), NoString> {
        write(self.0, text);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, pieces: &T) -> Result<(), NoString> {
        self.0.push(b'"');
        write!(Pieces(self.0), "{pieces}").map_err(ser::Error::custom)?;
        self.0.push(b'"');
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoString> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NoString> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NoString> {
        Err(NoString)
    }

    no_string! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> No;
        serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_map(Option<usize>) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
    }
}
