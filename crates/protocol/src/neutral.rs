//! The form in which two formats meet: a request for the next turn of a conversation, and its answer, whole or in pieces.
//!
//! It holds what at least two formats can say. What a format reads and this form has no place for is noted in
//! [`Changes`](crate::changes::Changes), never dropped in silence. Texts are borrowed from the body they came from, their
//! escapes unread: they are copied once, when they are written. It knows no format.

mod error;
mod reply;
mod request;
mod text;
mod tools;

use std::borrow::Cow;

use serde_json::value::RawValue;

pub use error::{ErrorKind, ErrorReport};
pub use reply::{Citation, Delta, Finish, Opening, Piece, Reply, ReplyPart};
pub use request::{
    AnswerForm, CacheMark, Chat, Detail, Document, DocumentSource, Effort, Image, Logprobs, Media, Part,
    PartBody, Reasoning, ReasoningMode, Role, Sampling, Schema, ServiceTier, Turn,
};
pub(crate) use text::Form;
pub use text::Text;
pub use tools::{Tool, ToolCall, ToolChoice, ToolKind, ToolResult, WebSearch};

/// A piece of JSON that is passed on as it is: key order, numbers and nulls included.
pub type Json<'a> = Cow<'a, RawValue>;

/// What a model's provider wants back unread on the next turn: the signature of a thought, or the thought itself encrypted.
/// Only the format that made it can use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The dialect of the provider that made it.
    pub by: paceway_domain::Dialect,
    /// Its bytes as that dialect writes them.
    pub data: Text<'a>,
}
