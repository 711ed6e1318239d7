//! What a request lost or had changed on its way into another format.
//!
//! Nothing is dropped in silence: what matters to the answer needs the caller's leave, what does not is told in a response
//! header. It decides nothing else.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use paceway_domain::Refusal;

/// How many changes a header tells one by one.
const MOST_TOLD: usize = 20;
/// How many changes are kept one by one, beside one for which a request may be refused: a body may have a million fields.
const MOST_KEPT: usize = 200;

/// How grave a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// The same is said in other words: a longer name shortened, a number moved into a smaller range.
    Adapted,
    /// A hint that does not bear on what is answered was left out: caching, tracing, billing.
    Hint,
    /// Something that bears on the answer was left out. Needs the caller's leave.
    Lost,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field, with its path if nested.
    pub field: String,
    /// How grave.
    pub gravity: Gravity,
    /// What became of it, or why it cannot be carried: a phrase such as `sent as a tool` or `this API has none`.
    pub what: Cow<'static, str>,
}

/// All changes of one request, in the order in which they were made; of very many the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    list: Vec<Change>,
    /// How many more there were.
    more: usize,
}

impl Changes {
    /// A field is said in other words.
    pub fn adapted(&mut self, field: impl Into<String>, what: impl Into<Cow<'static, str>>) {
        self.note(field.into(), Gravity::Adapted, what.into());
    }

    /// A hint is left out.
    pub fn hint(&mut self, field: impl Into<String>, what: impl Into<Cow<'static, str>>) {
        self.note(field.into(), Gravity::Hint, what.into());
    }

    /// Something that bears on the answer is left out.
    pub fn lost(&mut self, field: impl Into<String>, what: impl Into<Cow<'static, str>>) {
        self.note(field.into(), Gravity::Lost, what.into());
    }

    fn note(&mut self, field: String, gravity: Gravity, what: Cow<'static, str>) {
        if self.list.iter().any(|known| known.field == field && known.gravity >= gravity) {
            return;
        }
        let is_first_loss = gravity == Gravity::Lost && self.losses().next().is_none();
        if self.list.len() < MOST_KEPT || is_first_loss {
            self.list.push(Change { field, gravity, what });
        } else {
            self.more += 1;
        }
    }

    fn losses(&self) -> impl Iterator<Item = &Change> {
        self.list.iter().filter(|change| change.gravity == Gravity::Lost)
    }

    /// All that are kept one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.list.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Refuses a request that would lose something without the caller's leave.
    ///
    /// # Errors
    /// [`Refusal::Unsupported`] with the fields that would be lost and what can be done.
    pub fn check(&self, may_drop: bool) -> Result<(), Refusal> {
        let mut lost = self.losses();
        let Some(first) = lost.next().filter(|_| !may_drop) else { return Ok(()) };
        let mut why = first.what.to_string();
        for (place, other) in lost.take(MOST_TOLD).enumerate() {
            let join = if place == 0 { "; so it is with" } else { "," };
            let _infallible = write!(why, "{join} `{}` ({})", other.field, other.what);
        }
        why.push_str(
            ". Leave it out, allow it to be dropped (header `x-paceway-drop-unsupported: true`), or choose a model of your \
             own API's provider",
        );
        Err(Refusal::Unsupported { field: first.field.clone(), why })
    }
}

/// As a response header tells them: `top_k dropped (…); tools.0.name adapted (…)`. Visible ASCII only.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, change) in self.list.iter().take(MOST_TOLD).enumerate() {
            let join = if place == 0 { "" } else { "; " };
            let verb = if change.gravity == Gravity::Adapted { "adapted" } else { "dropped" };
            let told = format!("{join}{} {verb} ({})", change.field, change.what);
            let visible = told.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
            visible.into_iter().try_for_each(|c| f.write_char(c))?;
        }
        let untold = self.list.len().saturating_sub(MOST_TOLD) + self.more;
        if untold > 0 { write!(f, "; and {untold} more") } else { Ok(()) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_bears_on_the_answer_is_dropped_only_with_leave() {
        let mut changes = Changes::default();
        changes.hint("metadata", "this API has none");
        changes.check(false).unwrap();
        changes.lost("top_k", "this API has none");
        changes.lost("seed", "this API has none");
        let refusal = changes.check(false).unwrap_err().to_string();
        assert!(refusal.starts_with("top_k: this API has none; so it is with `seed`"), "{refusal}");
        changes.check(true).unwrap();
    }

    #[test]
    fn of_very_many_changes_the_first_are_kept_and_a_loss_among_the_rest_is_refused_all_the_same() {
        let mut changes = Changes::default();
        (0..100_000).for_each(|number| changes.hint(format!("metadata.{number}"), "this API has none"));
        changes.lost("top_k", "this API has none");
        (0..100_000).for_each(|number| changes.lost(format!("seed.{number}"), "this API has none"));
        assert!(changes.iter().count() <= MOST_KEPT + 1);
        assert!(changes.to_string().ends_with("; and 199981 more"), "{changes}");
        let refusal = changes.check(false).unwrap_err().to_string();
        assert!(refusal.starts_with("top_k: this API has none.") && refusal.len() < 1_000, "{refusal}");
    }

    #[test]
    fn a_header_tells_every_change_in_visible_characters() {
        let mut changes = Changes::default();
        changes.adapted("tools.0.name", "it is longer than 64 characters");
        changes.hint("metadata\nx", "ünseen");
        assert_eq!(
            changes.to_string(),
            "tools.0.name adapted (it is longer than 64 characters); metadata?x dropped (?nseen)"
        );
    }
}
