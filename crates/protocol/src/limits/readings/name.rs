//! Which header says what about which limit: by its name alone.
//!
//! Names are as `http` keeps them, in small letters. What begins with none of the known prefixes is turned away first:
//! this sees every header of every response. Not here: values.
//!
//! Sources, read 2026-11: platform.claude.com/docs/en/api/rate-limits, console.groq.com/docs/rate-limits,
//! inference-docs.cerebras.ai/support/rate-limits, openrouter.ai/docs/api-reference/limits, issue 169 of
//! mistralai/client-ts; for OpenAI and Azure the names that their answers carry.

use paceway_domain::{Counted, Window};

/// What a header is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header<'h> {
    /// One of the parts of a reading.
    Part(Kind<'h>, Field),
    /// Whether a subscription's limits let calls pass.
    UnifiedStatus,
    /// When a subscription lets calls pass again.
    UnifiedReset,
    /// One of the IETF's structured fields, which hold several readings.
    Structured,
}

/// Which part of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Limit,
    Remaining,
    Reset,
}

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'h> {
    /// A limit that a reading can be made of.
    Known { scheme: Scheme, counted: Counted, window: Option<Window> },
    /// Another one, by name: of interest only when it is used up.
    Unknown(&'h str),
}

/// Who names it so. An aggregator may pass on a provider's headers beside its own; their parts must not mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `anthropic-ratelimit-…`.
    Anthropic,
    /// `x-ratelimit-…-requests` and so on: OpenAI's names and those made after them.
    Named,
    /// `x-ratelimit-limit` and `ratelimit-limit`, which do not say what they count.
    Bare,
    /// Mistral's `x-ratelimitbysize-…`: tokens.
    BySize,
}

/// What the header is about; `None` for all others. Of Anthropic's, `anthropic-priority-…` and `anthropic-fast-…` are
/// among the others: they are not the limits of the standard pool.
pub(super) fn of(name: &str) -> Option<Header<'_>> {
    match name.as_bytes().first()? {
        b'a' => anthropic(name.strip_prefix("anthropic-ratelimit-")?),
        b'x' => plain(name.strip_prefix("x-ratelimit")?),
        b'r' => match name.strip_prefix("ratelimit")? {
            "" | "-policy" => Some(Header::Structured),
            rest => plain(rest),
        },
        _ => None,
    }
}

fn anthropic(rest: &str) -> Option<Header<'_>> {
    if let Some(unified) = rest.strip_prefix("unified-") {
        return match unified {
            "status" => Some(Header::UnifiedStatus),
            "reset" => Some(Header::UnifiedReset),
            _ => None,
        };
    }
    let (family, field) = rest.rsplit_once('-')?;
    let known = |counted| Kind::Known { scheme: Scheme::Anthropic, counted, window: Some(Window::Minute) };
    let kind = match family {
        "requests" => known(Counted::Requests),
        "tokens" => known(Counted::Total),
        "input-tokens" => known(Counted::Input),
        "output-tokens" => known(Counted::Output),
        other => Kind::Unknown(other),
    };
    Some(Header::Part(kind, field_of(field)?))
}

/// What follows `x-ratelimit` or `ratelimit`.
fn plain(rest: &str) -> Option<Header<'_>> {
    let is_by_size = rest.starts_with("bysize-");
    let rest = rest.strip_prefix("bysize-").or_else(|| rest.strip_prefix('-'))?;
    let (field, what) = rest.split_once('-').unwrap_or((rest, ""));
    let field = field_of(field)?;
    let (what, window) = split_window(what);
    let (scheme, counted) = match what {
        "" if is_by_size => (Scheme::BySize, Counted::Total),
        _ if is_by_size => return None,
        "" => (Scheme::Bare, Counted::Requests),
        "requests" | "req" => (Scheme::Named, Counted::Requests),
        "tokens" => (Scheme::Named, Counted::Total),
        "input-tokens" | "tokens-input" | "tokens-prompt" => (Scheme::Named, Counted::Input),
        "output-tokens" | "tokens-output" | "tokens-generated" => (Scheme::Named, Counted::Output),
        // Pools of images or seconds of sound say nothing about the calls that are paced here.
        other if other.contains("tokens") || other.contains("requests") => {
            return Some(Header::Part(Kind::Unknown(other), field));
        }
        _ => return None,
    };
    Some(Header::Part(Kind::Known { scheme, counted, window }, field))
}

fn field_of(text: &str) -> Option<Field> {
    match text {
        "limit" => Some(Field::Limit),
        "remaining" => Some(Field::Remaining),
        "reset" => Some(Field::Reset),
        _ => None,
    }
}

/// `tokens-minute` without its last word, if that is a window.
fn split_window(what: &str) -> (&str, Option<Window>) {
    let (rest, last) = what.rsplit_once('-').unwrap_or(("", what));
    match Window::ALL.into_iter().find(|window| window.name() == last) {
        Some(window) => (rest, Some(window)),
        None => (what, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_headers_are_turned_away() {
        for name in [
            "accept-ranges",
            "anthropic-priority-input-tokens-limit",
            "anthropic-fast-input-tokens-remaining",
            "anthropic-ratelimit-unified-5h-reset",
            "x-request-id",
            "x-ratelimited",
            "x-ratelimit-tokens-query-cost",
            "ratelimitbysize-query-cost",
            "x-ratelimit-limit-images",
            "retry-after",
            "x-ratelimit-",
            "anthropic-ratelimit-",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_window_is_the_last_word_of_a_name() {
        assert_eq!(split_window("tokens-minute"), ("tokens", Some(Window::Minute)));
        assert_eq!(split_window("month"), ("", Some(Window::Month)));
        assert_eq!(split_window("input-tokens"), ("input-tokens", None));
    }
}
