//! How long a client waits: what its headers say, as far as they do.
//!
//! Sources: `x-stainless-timeout` and `x-stainless-read-timeout` are what the official SDKs of OpenAI and Anthropic send
//! (TypeScript and Python, seconds); `x-paceway-timeout` is ours, in seconds.

use std::time::Duration;

use http::HeaderMap;

const TIMEOUT_HEADERS: [&str; 3] = ["x-paceway-timeout", "x-stainless-timeout", "x-stainless-read-timeout"];
/// The part of a client's timeout after which an answer would come too late to be read.
const USABLE: f64 = 0.95;

/// The client's own timeout for the whole answer, less a little; `None` if it says none that makes sense.
pub(crate) fn stated(headers: &HeaderMap) -> Option<Duration> {
    let seconds = TIMEOUT_HEADERS.iter().find_map(|name| {
        let text = headers.get(*name)?.to_str().ok()?.trim();
        text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds > 0.0)
    })?;
    Duration::try_from_secs_f64(seconds * USABLE).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with(name: &'static str, value: &'static str) -> Option<Duration> {
        stated(&HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )]))
    }

    #[test]
    fn the_sdks_timeouts_are_read_and_nonsense_is_not() {
        assert_eq!(with("x-stainless-timeout", "600"), Some(Duration::from_secs(570)));
        assert_eq!(with("x-stainless-read-timeout", "10.0"), Some(Duration::from_millis(9_500)));
        for nonsense in ["", "soon", "-1", "NaN", "inf", "0"] {
            assert_eq!(with("x-paceway-timeout", nonsense), None);
        }
    }
}
