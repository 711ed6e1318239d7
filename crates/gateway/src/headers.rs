//! Which headers cross the gateway, in both directions.

use http::HeaderMap;
use http::header::{self, HeaderName};

/// Headers that belong to one connection (RFC 9110, section 7.6.1), which `hyper` writes anew.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("proxy-connection"),
];

/// What a client says to Paceway and not to the provider: its key, above all.
const FOR_US_ONLY: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
    header::ACCEPT_ENCODING,
    header::EXPECT,
    header::COOKIE,
];

/// What a client says to Paceway begins so.
const OURS: &str = "x-paceway-";

/// What a provider says to Paceway and not to the client.
const FROM_PROVIDER_ONLY: [HeaderName; 2] = [header::CONTENT_LENGTH, header::SET_COOKIE];

/// The client's headers that go on to a provider of the same dialect; unknown ones do.
pub(crate) fn to_provider(headers: &HeaderMap) -> HeaderMap {
    let mut sent = without(headers, &FOR_US_ONLY);
    let ours: Vec<HeaderName> = sent.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in ours {
        sent.remove(name);
    }
    sent
}

/// The client's query that goes on to a provider of the same dialect: not its key, nor what the address says itself.
pub(crate) fn query_to_provider(query: &str) -> Option<String> {
    let is_for_us = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        matches!(name, "key" | "alt" | "api-version")
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_for_us(pair)).collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

/// The provider's headers that go on to the client.
pub(crate) fn to_client(headers: &HeaderMap) -> HeaderMap {
    without(headers, &FROM_PROVIDER_ONLY)
}

fn without(headers: &HeaderMap, dropped: &[HeaderName]) -> HeaderMap {
    let named_by_connection = headers.get(header::CONNECTION).and_then(|value| value.to_str().ok());
    let is_named = |name: &HeaderName| {
        named_by_connection.is_some_and(|names| {
            names.split(',').any(|named| named.trim().eq_ignore_ascii_case(name.as_str()))
        })
    };
    let mut kept = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        if !HOP_BY_HOP.contains(name) && !dropped.contains(name) && !is_named(name) {
            kept.append(name, value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_clients_key_stays_here_and_its_betas_go_on() {
        let sent = to_provider(&headers(&[
            ("x-api-key", "pw_secret"),
            ("authorization", "Bearer pw_secret"),
            ("anthropic-beta", "unheard-of-2031-01-01"),
            ("cookie", "a=b"),
            ("x-paceway-priority", "low"),
            ("connection", "close, x-private"),
            ("x-private", "1"),
        ]));
        assert_eq!(sent, headers(&[("anthropic-beta", "unheard-of-2031-01-01")]));
    }

    #[test]
    fn a_key_in_a_query_stays_here_too() {
        assert_eq!(query_to_provider("beta=true&key=pw_secret"), Some("beta=true".into()));
        assert_eq!(query_to_provider("alt=sse&key=pw_secret"), None);
    }

    #[test]
    fn a_providers_limits_and_ids_go_on_to_the_client() {
        let shown = to_client(&headers(&[
            ("retry-after", "3"),
            ("request-id", "req_1"),
            ("anthropic-ratelimit-requests-remaining", "9"),
            ("set-cookie", "session=1"),
            ("transfer-encoding", "chunked"),
        ]));
        assert_eq!(shown.len(), 3);
    }
}
