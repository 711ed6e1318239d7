//! Bodies that are no conversations: envelopes, embeddings, rankings, forms, and what says something about limits.

use http::{HeaderMap, HeaderName, HeaderValue};
use paceway_domain::{Dialect, UnixMillis};
use paceway_fuzz::case::Input;
use paceway_fuzz::{FORMATS, bounds, seeds};
use paceway_protocol::changes::Changes;
use paceway_protocol::{Envelope, cacheable, embeddings, limits, multipart, rerank};

use crate::target;

target!(envelopes, FORMATS.into_iter().flat_map(seeds::requests).collect(), envelope);
target!(embeddings_asked, texts(EMBED), embed);
target!(embeddings_given, texts(EMBEDDED), embedded);
target!(rankings_asked, texts(RERANK), ask_rank);
target!(rankings_given, texts(RERANKED), ranked);
target!(forms, texts(FORM), form);
target!(limits_in_headers, texts(HEADERS), readings);
target!(limits_in_bodies, texts(REFUSALS), refusal);
target!(
    cacheable_beginnings,
    FORMATS.into_iter().flat_map(seeds::requests).chain(texts(MARKED)).collect(),
    beginning
);

const EMBED: &[&str] = &[
    r#"{"model":"m","input":["a","é"],"dimensions":3,"encoding_format":"base64","user":"u"}"#,
    r#"{"model":"m","input":[[1,2],[3]]}"#,
    r#"{"model":"m","input":"a","encoding_format":"float"}"#,
];
const EMBEDDED: &[&str] = &[
    r#"{"object":"list","model":"m","data":[{"index":1,"embedding":[0.5,-1e-3]},{"index":0,"embedding":"AACAPwAAAMA="}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#,
    r#"{"embeddings":[{"values":[0.5,1]},{"values":[0,1]}],"usageMetadata":{"promptTokenCount":2}}"#,
    r#"{"id":"x","embeddings":{"float":[[0.1,0.2],[1,2]]},"meta":{"billed_units":{"input_tokens":4}}}"#,
];
const RERANK: &[&str] = &[
    r#"{"model":"m","query":"q","documents":["a",{"text":"b","x":1}],"top_n":1,"return_documents":true,"max_tokens_per_doc":9}"#,
];
const RERANKED: &[&str] = &[
    r#"{"id":"x","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"meta":{"billed_units":{"search_units":1}}}"#,
    r#"{"model":"m","results":[{"index":0,"relevance_score":0.9,"document":{"text":"a"}}],"usage":{"total_tokens":4}}"#,
    r#"{"object":"list","model":"m","data":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":4}}"#,
];
const FORM: &[&str] = &[
    "--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nRIFF\r\n--XyZ\r\nContent-Disposition: \
     form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--XyZ--\r\n",
];
const HEADERS: &[&str] = &[
    "x-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 59\nx-ratelimit-reset-requests: 1m2.5s\n\
     x-ratelimit-limit-tokens: 1e5\nretry-after: 20\nretry-after-ms: 1500",
    "anthropic-ratelimit-input-tokens-limit: 1000\nanthropic-ratelimit-input-tokens-remaining: 0\n\
     anthropic-ratelimit-input-tokens-reset: 2026-11-25T22:00:00Z\nretry-after: Wed, 25 Nov 2026 22:00:00 GMT\n\
     anthropic-ratelimit-unified-status: rejected\nanthropic-ratelimit-unified-reset: 1790000000\n\
     date: Wed, 25 Nov 2026 22:00:00 GMT",
    "ratelimit: \"a\";r=5;t=3, b;r=1\nratelimit-policy: \"a\";q=10;w=60;qu=\"requests\"\nratelimit-limit: 10, 10;w=1, 50;w=60\n\
     ratelimit-reset: 1790000000000",
];
const REFUSALS: &[&str] = &[
    r#"{"error":{"message":"Rate limit reached for m in organization o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2.5s.","type":"tokens","code":"rate_limit_exceeded"}}"#,
    r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"x/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"15"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.07s"}]}}"#,
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"slow down","provider_name":"X","headers":{"X-RateLimit-Limit":"20","X-RateLimit-Reset":"1790000000000"}}}}"#,
    r#"{"message":"Too many tokens, please wait before trying again.","__type":"ThrottlingException"}"#,
];
const MARKED: &[&str] = &[
    r#"{"tools":[{"name":"a","cache_control":{"type":"ephemeral"}}],"system":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}],"cache_control":{"type":"ephemeral"},"messages":[]}"#,
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn envelope(input: &Input) {
    let body = &input.bytes;
    bounds::keep(body.len(), 64, || {
        let Ok(envelope) = Envelope::parse(body) else { return };
        let names: Vec<&str> = envelope.names().collect();
        for name in names.iter().copied().chain(["model", "new \"\u{e9}"]).take(20) {
            let with = envelope.with(name, "[1]");
            let with = Envelope::parse(&with).expect("a field more or another value is JSON still");
            assert_eq!(with.raw(name).map(serde_json::value::RawValue::get), Some("[1]"));
            let without = envelope.without(name);
            let without = Envelope::parse(&without).expect("a field less is JSON still");
            let rest = names.iter().filter(|other| **other != name);
            assert!(without.names().eq(rest.copied()), "{name:?} is taken out and nothing else");
        }
    });
}

fn embed(input: &Input) {
    let body = &input.bytes;
    bounds::keep(body.len(), 64, || {
        let Ok(envelope) = Envelope::parse(body) else { return };
        let mut changes = Changes::default();
        let Ok(embed) = embeddings::read(&envelope, &mut changes) else { return };
        assert!(!embed.inputs.is_empty());
        for dialect in Dialect::ALL {
            if let Ok(written) = embeddings::write(&embed, dialect, "m", &mut changes) {
                Envelope::parse(&written).expect("what is written is whole");
            }
        }
    });
}

fn embedded(input: &Input) {
    let body = &input.bytes;
    let request =
        Envelope::parse(EMBED[usize::from(input.choice) % EMBED.len()].as_bytes()).expect("it is whole");
    let embed = embeddings::read(&request, &mut Changes::default()).expect("it is right");
    bounds::keep(body.len(), 64, || {
        for dialect in Dialect::ALL {
            let Ok(read) = embeddings::read_answer(dialect, body) else { continue };
            let written = embeddings::write_answer(&read, &embed);
            let again = embeddings::read_answer(Dialect::OpenAi, &written);
            assert_eq!(again.expect("it reads what it writes").vectors, read.vectors);
        }
    });
}

fn ask_rank(input: &Input) {
    let body = &input.bytes;
    bounds::keep(body.len(), 64, || {
        let Ok(envelope) = Envelope::parse(body) else { return };
        let mut changes = Changes::default();
        let Ok(asked) = rerank::read(&envelope, &mut changes) else { return };
        for shape in [rerank::Shape::Cohere, rerank::Shape::Jina, rerank::Shape::Voyage] {
            Envelope::parse(&rerank::write(&asked, shape, "m", &mut changes))
                .expect("what is written is whole");
        }
        if let Ok(given) = rerank::read_answer(RERANKED[0].as_bytes()) {
            let written = rerank::write_answer(&given, &asked, "req_pw_1");
            Envelope::parse(&written).expect("an answer is whole");
        }
    });
}

fn ranked(input: &Input) {
    let body = &input.bytes;
    let request = Envelope::parse(RERANK[0].as_bytes()).expect("it is whole");
    let asked = rerank::read(&request, &mut Changes::default()).expect("it is right");
    bounds::keep(body.len(), 64, || {
        let Ok(given) = rerank::read_answer(body) else { return };
        let written = rerank::write_answer(&given, &asked, "req_pw_1");
        rerank::read_answer(&written).expect("it reads what it writes");
    });
}

fn form(input: &Input) {
    let body = &input.bytes;
    let types =
        ["multipart/form-data; boundary=XyZ", "multipart/form-data; boundary=\"X\"", "a; boundary=\r\n"];
    bounds::keep(body.len(), 64, || {
        for content_type in types {
            if let Ok(Some(place)) = multipart::value_of(content_type, body, "model") {
                assert!(body.get(place).is_some(), "a value lies within its form");
            }
        }
        let _either = multipart::value_of(&String::from_utf8_lossy(body), FORM[0].as_bytes(), "model");
    });
}

fn headers_in(text: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}

/// Moments at which answers arrive: now, at the beginning and at the end of all times.
fn wall(input: &Input) -> UnixMillis {
    UnixMillis([1_790_000_000_000, 0, u64::MAX, i64::MAX as u64][usize::from(input.choice) % 4])
}

fn readings(input: &Input) {
    let text = &input.bytes;
    let headers = headers_in(text);
    bounds::keep(text.len(), 64, || {
        limits::readings(&headers, wall(input));
        limits::stated_wait(&headers, wall(input));
        for status in [400, 402, 403, 429, 503, 529] {
            limits::refusal(status, &headers, REFUSALS[0].as_bytes(), wall(input));
        }
    });
}

fn refusal(input: &Input) {
    let body = &input.bytes;
    let headers = headers_in(HEADERS[usize::from(input.choice / 4) % HEADERS.len()].as_bytes());
    bounds::keep(body.len(), 64, || {
        for status in [200, 400, 402, 403, 429, 500, 503, 529] {
            limits::refusal(status, &headers, body, wall(input));
        }
        limits::refusal_in_stream(body);
        let _either = limits::organization::granted(body);
    });
}

fn beginning(input: &Input) {
    let body = &input.bytes;
    bounds::keep(body.len(), 64, || {
        for dialect in Dialect::ALL {
            let Some(found) = cacheable(dialect, body) else { continue };
            found.tokens();
            let place = body.as_ptr_range();
            let is_within = |part: &str| part.is_empty() || place.contains(&part.as_ptr());
            assert!(found.parts.iter().all(|part| is_within(part)), "its parts are the body's own bytes");
        }
    });
}
