//! Lists in pages: at most so many at once, and where to go on.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Denied;

/// The most entries of a page.
const MOST: u32 = 1_000;
/// The entries of a page where nobody says.
const USUAL: u32 = 100;

/// Which page is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<u32>,
    after: Option<String>,
}

/// How many entries a page is to have.
pub(super) fn length(limit: Option<u32>) -> Result<u32, Denied> {
    match limit {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => Err(Denied::invalid("limit", format!("expected 1 to {MOST}, got {limit}"))),
    }
}

/// One page of `all`, which have an order and each a name in it.
pub(super) fn page<T, V: Serialize>(
    all: &[T],
    (limit, after): (Option<u32>, Option<&str>),
    name: impl Fn(&T) -> String,
    view: impl Fn(&T) -> V,
) -> Result<Value, Denied> {
    let length = length(limit)? as usize;
    let begin = match after {
        None => 0,
        Some(after) => {
            let place = all.iter().position(|one| name(one) == after);
            place.ok_or_else(|| {
                Denied::invalid("after", format!("`{after}` is not in the list: begin anew"))
            })? + 1
        }
    };
    let rest = &all[begin..];
    let page = &rest[..rest.len().min(length)];
    let next = page.last().filter(|_| rest.len() > length).map(name);
    Ok(json!({"data": page.iter().map(view).collect::<Vec<_>>(), "next": next}))
}

impl Page {
    pub(super) fn bounds(&self) -> (Option<u32>, Option<&str>) {
        (self.limit, self.after.as_deref())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(limit: u32, after: Option<&str>) -> Result<Value, Denied> {
        page(&["a", "b", "c"], (Some(limit), after), |one| (*one).to_owned(), |one| *one)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        assert_eq!(told(2, None).unwrap(), json!({"data": ["a", "b"], "next": "b"}));
        assert_eq!(told(2, Some("b")).unwrap(), json!({"data": ["c"], "next": null}));
        assert_eq!(told(3, None).unwrap(), json!({"data": ["a", "b", "c"], "next": null}));
    }

    #[test]
    fn a_page_without_bounds_or_from_nowhere_is_refused() {
        assert!(told(0, None).is_err() && told(1_001, None).is_err() && told(1, Some("x")).is_err());
    }
}
