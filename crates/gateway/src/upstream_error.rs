//! A provider's answer that is an error, read whole, so that it can be judged and kept while others are asked.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use paceway_upstream::{Answer, AnswerBody};

/// The largest error of a provider's that is read, in bytes. Of a larger one nothing is handed on.
const MAX_ERROR_BYTES: usize = 1 << 20;

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
}

impl From<ErrorAnswer> for Answer {
    fn from(error: ErrorAnswer) -> Self {
        let ErrorAnswer { status, headers, body } = error;
        Self { status, headers, body: AnswerBody::full(body) }
    }
}
