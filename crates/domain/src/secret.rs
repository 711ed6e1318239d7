//! A value that cannot be printed.

use std::fmt;

use serde::Deserialize;

/// A provider key or another secret. `Debug` shows a fixed mask, there is no `Display` and no `Serialize`, so that no
/// log line, error or page can hold it by accident; [`Secret::reveal`] is the one way out and is easy to search for.
#[derive(Clone, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl PartialEq for Secret {
    /// Takes as long for secrets that differ early as for those that differ late; that they differ in length may show.
    fn eq(&self, other: &Self) -> bool {
        let bytes = self.0.bytes().zip(other.0.bytes());
        self.0.len() == other.0.len() && bytes.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the wire to its provider and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it (an environment variable that is set to nothing).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_does_not_hold_the_secret() {
        let shown = format!("{:?}", Secret::new("sk-ant-abc123"));
        assert!(!shown.contains("abc"), "{shown}");
    }

    #[test]
    fn secrets_are_equal_if_every_byte_is() {
        let is_equal = |other: &str| Secret::new("sk-1") == Secret::new(other);
        assert!(is_equal("sk-1"));
        assert!(["sk-2", "Sk-1", "sk-", "sk-12", ""].into_iter().all(|other| !is_equal(other)));
    }
}
