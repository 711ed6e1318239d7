//! What the two dialects have in common: a request, the facts of its answer, an error.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::Value;

use crate::prose::Prose;

/// A request as both dialects have it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) max_tokens: Option<u64>,
    /// The last thing that the user said.
    pub(crate) question: String,
    pub(crate) input_tokens: u64,
    pub(crate) stops: Vec<String>,
    /// Whether a stream shall end with its usage (OpenAI).
    pub(crate) include_usage: bool,
    /// The hash and tokens of the part of the prompt that may be cached, and whether for an hour (Anthropic).
    pub(crate) cacheable: Option<(u64, u64, bool)>,
}

impl Ask {
    /// Where the chance of its answer begins: the same whether it is streamed or not, with usage or without.
    pub(crate) fn seed(&self) -> u64 {
        let Self { model, max_tokens, question, input_tokens, stops, .. } = self;
        hash(format!("{model}{max_tokens:?}{question}{input_tokens}{stops:?}").as_bytes())
    }
}

/// What the user said last, without what tools put before it in blocks of their own.
pub(crate) fn question(messages: &[Value]) -> String {
    let asked = messages.iter().rev().find(|message| message["role"] == "user");
    match asked.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let last = blocks.iter().rev().find_map(|block| block["text"].as_str());
            last.unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// What an answer is made of.
pub(crate) struct Facts<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) prose: &'a Prose,
    /// A number that no other answer has.
    pub(crate) serial: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_written: u64,
}

impl Facts<'_> {
    /// Input that was neither read from nor written to the cache.
    pub(crate) fn uncached_input(&self) -> u64 {
        self.ask.input_tokens - self.cache_read - self.cache_written
    }

    pub(crate) fn output(&self) -> u64 {
        self.prose.pieces.len() as u64
    }
}

/// A kind of error that both dialects have words for, and what to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl Wrong {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }
}

/// A piece of a stream and how many tokens are generated for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) tokens: u64,
}

/// A header whose value is a whole number.
pub(crate) fn number_header(headers: &mut HeaderMap, name: &str, value: f64) {
    let text = format!("{value:.0}");
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text)) {
        headers.insert(name, value);
    }
}

/// A hash for seeds and cache keys; not for security.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
