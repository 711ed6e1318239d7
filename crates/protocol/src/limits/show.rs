//! Limits as headers for a client: the standard's, and those of its dialect.
//!
//! Sources: draft-ietf-httpapi-ratelimit-headers-10 for `RateLimit-Policy` and `RateLimit`; for the dialects, what their
//! providers send (`anthropic-ratelimit-*`, `x-ratelimit-*`). What is shown is what the caller hands in.

use std::fmt::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use paceway_domain::{Counted, Dialect, Dimension, UnixMillis, Window};

/// One limit as a client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// What is limited.
    pub dimension: Dimension,
    /// Units per window.
    pub limit: u64,
    /// Units that are free.
    pub remaining: u64,
    /// Until all are free.
    pub full_in: Duration,
}

/// Adds the standard headers. Windows are in seconds.
pub fn standard(limits: &[Shown], headers: &mut HeaderMap) {
    if limits.is_empty() {
        return;
    }
    let (mut policy, mut state) = (String::new(), String::new());
    for (count, shown) in limits.iter().enumerate() {
        let comma = if count > 0 { ", " } else { "" };
        let Shown { dimension, limit, remaining, full_in } = shown;
        let name = name(*dimension);
        let window = dimension.window.length().as_secs();
        let _infallible = write!(policy, "{comma}\"{name}\";q={limit};w={window}");
        let _infallible = write!(state, "{comma}\"{name}\";r={remaining};t={}", whole_seconds(*full_in));
    }
    insert(headers, "ratelimit-policy", &policy);
    insert(headers, "ratelimit", &state);
}

/// Puts the headers of a dialect's own family in the place of those that are there. Only limits per minute have one.
pub fn of_dialect(dialect: Dialect, limits: &[Shown], wall: UnixMillis, headers: &mut HeaderMap) {
    let per_minute = limits.iter().filter(|shown| shown.dimension.window == Window::Minute);
    for shown in per_minute {
        match dialect {
            Dialect::Anthropic => {
                let family = match shown.dimension.counted {
                    Counted::Requests => "requests",
                    Counted::Input => "input-tokens",
                    Counted::Output => "output-tokens",
                    Counted::Total => "tokens",
                };
                let name = |part| format!("anthropic-ratelimit-{family}-{part}");
                insert(headers, &name("limit"), &shown.limit.to_string());
                insert(headers, &name("remaining"), &shown.remaining.to_string());
                insert(headers, &name("reset"), &moment(wall, shown.full_in));
            }
            Dialect::OpenAi | Dialect::Responses => {
                let family = match shown.dimension.counted {
                    Counted::Requests => "requests",
                    Counted::Total => "tokens",
                    // OpenAI knows no such limits; clients of its dialect do not look for them.
                    Counted::Input | Counted::Output => continue,
                };
                let name = |part| format!("x-ratelimit-{part}-{family}");
                insert(headers, &name("limit"), &shown.limit.to_string());
                insert(headers, &name("remaining"), &shown.remaining.to_string());
                insert(headers, &name("reset"), &format!("{:.3}s", shown.full_in.as_secs_f64()));
            }
            // These have no family of their own: the standard headers say it all.
            Dialect::Gemini | Dialect::Converse | Dialect::Cohere => {}
        }
    }
}

/// `requests-per-minute`.
fn name(dimension: Dimension) -> String {
    dimension.to_string().replace(' ', "-")
}

fn whole_seconds(time: Duration) -> u128 {
    time.as_millis().div_ceil(1_000)
}

/// RFC 3339, in whole seconds, as Anthropic writes it.
fn moment(wall: UnixMillis, after: Duration) -> String {
    let seconds = i64::try_from((u128::from(wall.0) + after.as_millis()).div_ceil(1_000)).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: [Shown; 2] = [
        Shown {
            dimension: Dimension { counted: Counted::Requests, window: Window::Minute },
            limit: 50,
            remaining: 49,
            full_in: Duration::from_millis(1_200),
        },
        Shown {
            dimension: Dimension { counted: Counted::Total, window: Window::Day },
            limit: 1_000_000,
            remaining: 10,
            full_in: Duration::from_hours(23),
        },
    ];

    #[test]
    fn the_standard_headers_name_each_limit_with_its_window() {
        let mut headers = HeaderMap::new();
        standard(&LIMITS, &mut headers);
        assert_eq!(
            headers["ratelimit-policy"],
            "\"requests-per-minute\";q=50;w=60, \"tokens-per-day\";q=1000000;w=86400"
        );
        assert_eq!(headers["ratelimit"], "\"requests-per-minute\";r=49;t=2, \"tokens-per-day\";r=10;t=82800");
    }

    #[test]
    fn each_dialect_has_its_own_family() {
        let mut headers = HeaderMap::new();
        of_dialect(Dialect::Anthropic, &LIMITS, UnixMillis(1_700_000_000_000), &mut headers);
        assert_eq!(headers["anthropic-ratelimit-requests-remaining"], "49");
        assert_eq!(headers["anthropic-ratelimit-requests-reset"], "2023-11-14T22:13:22Z");
        of_dialect(Dialect::OpenAi, &LIMITS, UnixMillis(0), &mut headers);
        assert_eq!(headers["x-ratelimit-reset-requests"], "1.200s");
        assert!(!headers.contains_key("x-ratelimit-limit-tokens"));
    }
}
