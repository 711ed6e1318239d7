//! What is wrong with credentials, said without them.

use std::fmt;

/// Credentials that cannot be used: which part is wrong and how, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCredentials(String);

impl BadCredentials {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for BadCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadCredentials {}
