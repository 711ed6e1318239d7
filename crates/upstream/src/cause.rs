//! What an error says at its root.

use std::error::Error;

/// The text of an error's first cause, which is the one that says something.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
