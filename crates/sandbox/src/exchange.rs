//! What every dialect gives the provider: its words for limits and errors, and for each request the writer of its answer.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::Value;

use crate::ask::Ask;
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::Model;
use crate::reply::Reply;

/// A dialect's words that are the same for all of its requests.
pub(crate) trait Dialect: Send + Sync {
    fn rules(&self) -> Rules;
    /// The model that a request names.
    fn model(&self, id: &str) -> Option<&'static Model>;
    fn unknown_model(&self, id: &str) -> Wrong;
    /// The body of an error, and the headers that come with it.
    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap);
    /// The headers of an answer: the limits, if the provider shows any, and its own.
    fn headers(&self, readings: &[Reading], serial: u64) -> HeaderMap;
    /// What a 429 says.
    fn refusal(&self, refused: &Refused, model: &Model) -> Wrong;
    /// The headers of a 429 that state the wait.
    fn wait_headers(&self, _refused: &Refused) -> HeaderMap {
        HeaderMap::new()
    }
    /// Whether a 429 that no limit caused states a wait.
    fn states_wait(&self) -> bool {
        false
    }
    /// The status of an overload.
    fn overloaded(&self) -> u16 {
        503
    }
    /// The status of a request without a key.
    fn unauthorized(&self) -> u16 {
        401
    }
    /// What is said to a key that is not known.
    fn denied(&self) -> Wrong;
    /// What is said of a prompt of so many tokens more than the model's context holds.
    fn too_long(&self, excess: u64) -> Wrong;
    /// What is said of a prompt that a filter of contents refuses; none: the answer itself says so.
    fn filtered(&self) -> Option<Wrong>;
}

/// A request that was read, and how its answer is written.
pub(crate) trait Exchange: Send + Sync {
    fn ask(&self) -> &Ask;
    fn whole(&self, facts: &Facts<'_>) -> Value;
    /// The whole answer with its media type; JSON, unless a dialect says otherwise.
    fn body(&self, facts: &Facts<'_>) -> (&'static str, Bytes) {
        ("application/json", Bytes::from(self.whole(facts).to_string()))
    }
    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk>;
    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
    /// What stands in place of the rest of a stream that fails after so many chunks.
    fn broken(&self, facts: &Facts<'_>, sent: usize) -> Chunk;
    /// What is said of a prompt that is too long by so much, where it is not as the dialect usually says.
    fn too_long(&self, _excess: u64) -> Option<Wrong> {
        None
    }
    /// Called once for each admitted request, before its answer is sent.
    fn admitted(&self, _facts: &Facts<'_>) {}
}

/// An exchange for the provider, whichever it is.
pub(crate) fn boxed<E: Exchange + 'static>(read: Result<E, Wrong>) -> Result<Box<dyn Exchange>, Wrong> {
    read.map(|exchange| Box::new(exchange) as Box<dyn Exchange>)
}

/// What an answer is made of.
pub(crate) struct Facts<'a> {
    pub(crate) ask: &'a Ask,
    /// One, or more if more were asked for; none where a filter refused the prompt and the answer says so.
    pub(crate) replies: &'a [Reply],
    /// A number that no other answer has.
    pub(crate) serial: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_written: u64,
    /// Whether parallel calls are streamed in turns, as OpenAI's dialect allows.
    pub(crate) interleave: bool,
}

impl Facts<'_> {
    /// Input that was neither read from nor written to the cache.
    pub(crate) fn uncached_input(&self) -> u64 {
        self.ask.input_tokens.saturating_sub(self.cache_read).saturating_sub(self.cache_written)
    }

    pub(crate) fn output(&self) -> u64 {
        self.replies.iter().map(Reply::tokens).sum()
    }

    pub(crate) fn thinking(&self) -> u64 {
        self.replies.iter().map(Reply::thinking_tokens).sum()
    }

    /// The answer where a dialect has only one.
    pub(crate) fn reply(&self) -> &Reply {
        self.replies.first().unwrap_or(&EMPTY)
    }
}

static EMPTY: Reply = Reply { blocks: Vec::new(), stop: crate::reply::Stop::Done };

/// A kind of error that every dialect has words for, and what to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// What only one dialect tells of it.
    pub(crate) details: Value,
}

impl Wrong {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), details: Value::Null }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }
}

/// A piece of a stream and how many tokens are generated for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) tokens: u64,
}

impl Chunk {
    /// A server-sent event with a name.
    pub(crate) fn event(name: &str, data: &Value) -> Self {
        Self { bytes: Bytes::from(format!("event: {name}\ndata: {data}\n\n")), tokens: 0 }
    }

    /// A server-sent event without a name.
    pub(crate) fn data(data: &Value) -> Self {
        Self { bytes: Bytes::from(format!("data: {data}\n\n")), tokens: 0 }
    }

    pub(crate) fn worth(self, tokens: u64) -> Self {
        Self { tokens, ..self }
    }
}

/// A header whose value is a text.
pub(crate) fn text_header(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}

/// A header whose value is a whole number.
pub(crate) fn number_header(headers: &mut HeaderMap, name: &str, value: f64) {
    text_header(headers, name, &format!("{value:.0}"));
}

/// What a limit is called where a dialect has no word of its own.
pub(crate) fn limit_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Requests => "requests per minute",
        Kind::Input => "input tokens per minute",
        Kind::Output => "output tokens per minute",
        Kind::Tokens => "tokens per minute",
        Kind::Concurrency => "requests at once",
    }
}
