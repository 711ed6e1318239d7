//! What tests of the store share.

pub mod postgres;
pub mod server;
