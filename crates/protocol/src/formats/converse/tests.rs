//! Tests of the format as a whole: on shapes as the provider's SDKs document them, with values of our own.

mod answers;
pub(super) mod any;
mod bad_input;
mod errors;
mod properties;
mod reading;
mod streams;
mod support;
mod writing;
