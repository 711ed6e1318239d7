//! Tests of the format as a whole: on shapes as the provider's SDKs document them, with values of our own.

mod answers;
pub(in crate::formats) mod any;
mod bad_input;
mod errors;
mod properties;
mod reading;
mod streams;
pub(in crate::formats) mod support;
mod writing;
