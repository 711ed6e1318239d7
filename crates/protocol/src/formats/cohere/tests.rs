//! Tests of the format as a whole: on shapes as the provider's SDK documents them, with values of our own.

mod answers;
mod bad_input;
mod properties;
mod requests;
mod streams;
mod support;
