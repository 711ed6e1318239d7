//! The retry rules of the official SDKs.
//!
//! Source: anthropic 2.12 and openai 3.54 (Python), `_base_client.py`: 408, 409, 429, 5xx and broken connections are
//! retried unless `x-should-retry` says otherwise; the wait is `retry-after-ms` or `retry-after` (openai: up to 120 s),
//! else 0.5 s · 2ⁿ up to 8 s, less up to a quarter by chance.

use crate::upstream::Dialect;
use crate::wire::Answer;

const FIRST_PAUSE_S: f64 = 0.5;
const LONGEST_PAUSE_S: f64 = 8.0;
const OPENAI_LONGEST_STATED_S: f64 = 120.0;

/// Seconds to wait before the call that follows this failure, if one does. `None` is a broken connection; `chance` is
/// between 0 and 1.
pub(crate) fn pause(answer: Option<&Answer>, dialect: Dialect, retries: u32, chance: f64) -> Option<f64> {
    let guess = (FIRST_PAUSE_S * 2f64.powi(retries.min(10).cast_signed())).min(LONGEST_PAUSE_S)
        * (1.0 - 0.25 * chance);
    let Some(answer) = answer else { return Some(guess) };
    let is_retried = match answer.header("x-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ => matches!(answer.status, 408 | 409 | 429 | 500..),
    };
    let number = |name: &str| answer.header(name)?.parse::<f64>().ok();
    let stated = number("retry-after-ms").map(|ms| ms / 1e3).or_else(|| number("retry-after"));
    let longest = if dialect == Dialect::OpenAi { OPENAI_LONGEST_STATED_S } else { f64::INFINITY };
    let stated = stated.filter(|&wait| wait > 0.0 && wait <= longest);
    is_retried.then(|| stated.unwrap_or(guess))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Answer { status, headers, ..Answer::default() }
    }

    fn after(status: u16, headers: &[(&str, &str)]) -> Option<f64> {
        pause(Some(&answer(status, headers)), Dialect::OpenAi, 0, 0.0)
    }

    #[test]
    fn a_stated_wait_is_kept_milliseconds_before_seconds() {
        assert_eq!(after(429, &[("retry-after", "7")]), Some(7.0));
        assert_eq!(after(429, &[("retry-after", "7"), ("retry-after-ms", "130")]), Some(0.13));
        assert_eq!(after(429, &[("retry-after", "121")]), Some(0.5));
    }

    #[test]
    fn without_one_the_wait_doubles_up_to_eight_seconds() {
        let waits = [0, 1, 4, 9].map(|retries| pause(None, Dialect::Anthropic, retries, 0.0));
        assert_eq!(waits, [Some(0.5), Some(1.0), Some(8.0), Some(8.0)]);
        assert_eq!(pause(None, Dialect::Anthropic, 0, 1.0), Some(0.375));
    }

    #[test]
    fn the_provider_says_what_is_retried_and_else_the_status_does() {
        assert_eq!(after(400, &[]), None);
        assert_eq!(after(529, &[]), Some(0.5));
        assert_eq!(after(429, &[("x-should-retry", "false")]), None);
        assert_eq!(after(400, &[("x-should-retry", "true")]), Some(0.5));
    }
}
