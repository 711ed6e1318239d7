//! A provider's answer that is an error, read whole, so that it can be judged and kept while others are asked.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use paceway_domain::Dialect;
use paceway_protocol::format_of;
use paceway_upstream::{Answer, AnswerBody};

/// The largest error of a provider's that is read, in bytes. Of a larger one nothing is handed on.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// So much of what a provider says is repeated in records, in characters.
const MOST_TOLD: usize = 300;

/// A provider's answer that is an error, all of it.
pub(crate) struct ErrorAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl ErrorAnswer {
    /// Reads it. One whose body breaks off is an error all the same.
    pub(crate) async fn read(answer: Answer) -> Self {
        let Answer { status, headers, body } = answer;
        Self { status, headers, body: body.collect(MAX_ERROR_BYTES).await.unwrap_or_default() }
    }

    /// What it says, for records and logs.
    pub(crate) fn told(&self, dialect: Dialect) -> String {
        let status = self.status.as_u16();
        let message = format_of(dialect).read_error(status, &self.body).message;
        let message: String = message.trim().chars().take(MOST_TOLD).collect();
        if message.is_empty() { format!("status {status}") } else { format!("status {status}: {message}") }
    }
}

impl From<ErrorAnswer> for Answer {
    fn from(error: ErrorAnswer) -> Self {
        let ErrorAnswer { status, headers, body } = error;
        Self { status, headers, body: AnswerBody::full(body) }
    }
}
