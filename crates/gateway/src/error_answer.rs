//! A refusal as an answer, in the caller's dialect.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use paceway_domain::{Dialect, Refusal, RequestId};
use paceway_protocol::{format_of, refusals};

use crate::answer::{Answer, AnswerBody, name_request};

/// The answer that tells a client why there is none.
pub(crate) fn refused(dialect: Dialect, id: &RequestId, refusal: &Refusal) -> Answer {
    let appearance = refusals::appearance(refusal);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = refusal.retry_after() {
        // Whole seconds (RFC 9110, 10.2.3), rounded up: who comes back earlier comes too early.
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(wait.as_millis().div_ceil(1_000).min(1 << 31) as u64),
        );
    }
    name_request(&mut headers, dialect, id);
    let body = format_of(dialect).write_error(&refusals::report(refusal), id.as_str());
    let status = StatusCode::from_u16(appearance.status).expect("the table holds valid statuses");
    Answer { status, headers, body: AnswerBody::Full(body) }
}
