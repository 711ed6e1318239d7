//! Reranking: one shape towards clients, which Cohere's `/v2/rerank` and Jina's `/v1/rerank` share, and Voyage's besides it
//! towards providers.

mod answer;
mod request;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use bytes::Bytes;
use paceway_domain::{Refusal, Usage};
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::Text;

/// The shapes of rerankers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Cohere's `/v2/rerank`.
    Cohere,
    /// Jina's `/v1/rerank`, which many servers of open models follow.
    Jina,
    /// Voyage's `/v1/rerank`.
    Voyage,
}

/// A request to put documents in the order of their relevance.
#[derive(Debug, Clone)]
pub struct Rerank<'a> {
    /// The model asked for, as the client wrote it.
    pub model: Text<'a>,
    /// What they are to be relevant to.
    pub query: Text<'a>,
    /// The documents; not empty.
    pub documents: Vec<Document<'a>>,
    /// How many of the best are wanted; `None`: all.
    pub top: Option<u32>,
    /// Whether the answer is to repeat the documents; `None`: no.
    pub returns_documents: Option<bool>,
    /// How many tokens of each document count, where the client says.
    pub max_tokens_per_doc: Option<u32>,
}

/// One document.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// Its words.
    pub text: Text<'a>,
    /// The object that it was, where it was one, for an answer that repeats it.
    pub object: Option<&'a RawValue>,
}

/// Documents in the order of their relevance, the best first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reranked {
    /// The provider's id of the answer; may be empty.
    pub id: String,
    /// The model that gave it; may be empty.
    pub model: String,
    /// Places in the request's list and scores.
    pub results: Vec<Ranked>,
    /// What it used, where the provider counts tokens.
    pub usage: Usage,
    /// How many searches are billed, where the provider counts those (Cohere).
    pub search_units: Option<u64>,
}

/// One document's rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Its place in the request's list.
    pub index: usize,
    /// How relevant it is; what the number means is the model's affair.
    pub relevance_score: f64,
}

/// Reads a client's request.
///
/// # Errors
/// [`Refusal::InvalidField`] for what is missing or of the wrong type.
pub fn read<'a>(envelope: &Envelope<'a>, changes: &mut Changes) -> Result<Rerank<'a>, Refusal> {
    request::read(envelope, changes)
}

/// Writes a request for a provider of this shape. The documents are not asked back: the answer repeats the client's own.
pub fn write(rerank: &Rerank<'_>, shape: Shape, model: &str, changes: &mut Changes) -> Bytes {
    request::write(rerank, shape, model, changes)
}

/// Reads a provider's answer in any of the shapes, which their fields tell apart.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn read_answer(body: &[u8]) -> Result<Reranked, String> {
    answer::read(body)
}

/// Writes an answer in the clients' shape, with Jina's usage and Cohere's billed units. A result that names no document of
/// the request is left out; an id or a model that is missing is `request_id` or the model asked for.
pub fn write_answer(reranked: &Reranked, rerank: &Rerank<'_>, request_id: &str) -> Bytes {
    answer::write(reranked, rerank, request_id)
}
