//! Whatever a provider sends, nothing panics and nothing absurd comes out.

use http::{HeaderMap, HeaderName, HeaderValue};
use paceway_domain::{LimitReadings, UnixMillis};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::limits::{readings, refusal, refusal_in_stream, stated_wait};

const NAMES: [&str; 30] = [
    "date",
    "retry-after",
    "retry-after-ms",
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-reset-tokens-minute",
    "x-ratelimit-remaining-project-tokens",
    "x-ratelimit-reset-project-tokens",
    "x-ratelimitbysize-limit-month",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-other-remaining",
    "anthropic-ratelimit-unified-status",
    "anthropic-ratelimit-unified-reset",
];

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        "[0-9]{1,20}".prop_map(String::into_bytes),
        "[0-9]{1,13}(\\.[0-9]{1,12})?(ms|s|m|h|d)?".prop_map(String::into_bytes),
        "(\"[a-z]\";[qrtw]=[0-9]{1,13}(;[qrtw]=[0-9]{1,13})?,? ?){1,12}".prop_map(String::into_bytes),
        "20[0-9]{2}-1[0-2]-[0-3][0-9]T[0-2][0-9]:00:00Z".prop_map(String::into_bytes),
        Just(b"rejected".to_vec()),
    ]
}

fn header_map() -> impl Strategy<Value = HeaderMap> {
    vec((select(NAMES.to_vec()), value()), 0..40).prop_map(|pairs| {
        let valid = pairs.into_iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
        });
        let mut map = HeaderMap::new();
        for (name, value) in valid {
            map.append(name, value);
        }
        map
    })
}

/// Bodies that are nearly what providers send, so that the depths are reached.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let words = select(
        "limit used requested per minute tokens input requests try again in retry after 30,000 41.724s 7 seconds \
         1 minute and rate too many , . ~ é ∞ 99999999999999999999 -1"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    let prose = vec(words, 0..30).prop_map(|words| words.join(" "));
    prop_oneof![
        vec(any::<u8>(), 0..200),
        prose.clone().prop_map(String::into_bytes),
        prose.prop_map(|text| format!(r#"{{"error":{{"code":429,"message":"{text}"}}}}"#).into_bytes()),
        "[0-9]{1,14}".prop_map(|number| {
            let headers = format!(r#"{{"X-RateLimit-Limit":"{number}","X-RateLimit-Reset":"{number}"}}"#);
            format!(r#"{{"error":{{"type":"rate_limited","metadata":{{"headers":{headers}}}}}}}"#)
                .into_bytes()
        }),
        "\\[?\\{\"error\": ?\\{\"details\":\\[\\{\"violations\":\\[\\{\"quotaId\":\"[A-Za-z]{0,20}\""
            .prop_map(String::into_bytes),
    ]
}

fn is_sane(readings: &LimitReadings) -> bool {
    readings.limits.iter().all(|reading| {
        reading.limit != Some(0)
            && (reading.limit.is_some() || reading.remaining.is_some())
            && reading.remaining.is_none_or(|(least, most)| least <= most)
            && reading.full_in.is_none_or(|(earliest, latest)| earliest <= latest)
            && reading.remaining.is_none_or(|(_, most)| reading.limit.is_none_or(|limit| most <= limit))
    })
}

proptest! {
    #[test]
    fn any_headers_give_sane_readings(headers in header_map(), wall: u64) {
        prop_assert!(is_sane(&readings(&headers, UnixMillis(wall))));
        prop_assert!(is_sane(&readings(&headers, super::WALL)));
        stated_wait(&headers, UnixMillis(wall));
    }

    #[test]
    fn any_body_is_survived(status in select(vec![200_u16, 400, 402, 403, 429, 500, 503, 529]),
                            headers in header_map(), body in body(), wall: u64) {
        let refusal = refusal(status, &headers, &body, UnixMillis(wall));
        prop_assert!(refusal.is_some() || !matches!(status, 402 | 429 | 529));
        prop_assert!(refusal.is_none_or(|refusal| refusal.limit != Some(0)));
        refusal_in_stream(&body);
    }
}
