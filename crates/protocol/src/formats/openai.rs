//! What OpenAI's API asks of a request in whichever of its two formats: how hard a model thinks, which schemas it takes, how long
//! a user's name may be. Nothing is written here.

pub(super) mod effort;
pub(super) mod schema;

use crate::changes::Changes;
use crate::neutral::Chat;

/// The longest `user`, in characters ("OpenAI enforces a 64 character maximum on the user field",
/// github.com/maximhq/bifrost/pull/1000). Claude Code's is longer.
const LONGEST_USER: usize = 64;

/// Whom a request is for, if that can be said.
pub(super) fn user<'c>(chat: &'c Chat<'_>, changes: &mut Changes) -> Option<&'c str> {
    let user = chat.user.as_deref()?;
    if user.chars().nth(LONGEST_USER).is_some() {
        changes.hint("user", format!("it is longer than {LONGEST_USER} characters"));
        return None;
    }
    Some(user)
}
