//! A refusal as an answer, in the caller's dialect.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use paceway_domain::{Dialect, Refusal, RequestId, UnixMillis};
use paceway_protocol::{format_of, refusals};

use crate::answer::{Answer, AnswerBody, SHOULD_RETRY, name_request};

/// The answer that tells a client why there is none.
pub(crate) fn refused(dialect: Dialect, id: &RequestId, refusal: &Refusal, wall: UnixMillis) -> Answer {
    let appearance = refusals::appearance_in(dialect, refusal);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = refusal.retry_after() {
        // Whole seconds (RFC 9110, 10.2.3), rounded up: who comes back earlier comes too early.
        let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).min(1 << 31);
        headers.insert(header::RETRY_AFTER, seconds.into());
        if dialect == Dialect::Anthropic && appearance.status == 429 {
            add_claim(&mut headers, wall.0 / 1_000 + seconds);
        }
    }
    if matches!(refusal, Refusal::Upstream { .. } | Refusal::BudgetSpent { .. }) {
        // Paceway has asked again as often as it may; and a budget that is spent is not there again in seconds.
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    name_request(&mut headers, dialect, id);
    let body =
        format_of(dialect).write_error(&refusals::report(dialect, refusal), appearance.status, id.as_str());
    let status = StatusCode::from_u16(appearance.status).expect("the table holds valid statuses");
    Answer { status, headers, body: AnswerBody::Full(body) }
}

/// Claude Code reads these three of a 429 and without them takes it for a server that limits everybody, and retries on and
/// on. The reset is in Unix seconds.
fn add_claim(headers: &mut HeaderMap, reset: u64) {
    headers.insert("anthropic-ratelimit-unified-status", HeaderValue::from_static("rejected"));
    headers.insert("anthropic-ratelimit-unified-representative-claim", HeaderValue::from_static("five_hour"));
    headers.insert("anthropic-ratelimit-unified-reset", reset.into());
}
