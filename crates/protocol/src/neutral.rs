//! The form in which two formats meet: a conversation of texts and its answer.
//!
//! It holds what every format here can say. What it cannot hold (tools, images, documents, structured output) is refused
//! by the format that reads it, with the field's name: nothing is dropped in silence.

use paceway_domain::{Tokens, Usage};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions, at the start or in mid-conversation.
    System,
    /// The human side.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What, not empty.
    pub text: String,
}

/// A request for the next turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// The conversation, system turns in their places.
    pub turns: Vec<Turn>,
    /// The most output tokens; `None` where the caller's format does not demand one and none was given.
    pub max_output: Option<Tokens>,
    /// 0–2; formats with a smaller range refuse what is above theirs.
    pub temperature: Option<f64>,
    /// 0–1.
    pub top_p: Option<f64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    Done,
    /// The output limit was reached.
    Length,
    /// A stop sequence came up; which one, if the provider says.
    StopSequence(Option<String>),
    /// The model or a filter refused.
    Refused,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The provider's id of it.
    pub id: String,
    /// The model that gave it.
    pub model: String,
    /// Its text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it used.
    pub usage: Usage,
}

/// A piece of a streamed answer. A well-formed stream is `Begin Text* End`; an `Error` may come in place of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The answer begins.
    Begin {
        /// The provider's id of it.
        id: String,
        /// The model that gives it.
        model: String,
        /// What is known of its usage by now.
        usage: Usage,
    },
    /// More text.
    Text(String),
    /// The answer ends.
    End {
        /// Why.
        finish: Finish,
        /// What it used in all.
        usage: Usage,
    },
    /// The provider reports an error in mid-stream.
    Error(ErrorReport),
}

/// A provider's error, taken out of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReport {
    /// What kind of error.
    pub kind: ErrorKind,
    /// The provider's message.
    pub message: String,
}

/// Kinds of error that every format can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong.
    InvalidRequest,
    /// Who is asking?
    Authentication,
    /// Not paid for.
    Billing,
    /// Not allowed.
    Permission,
    /// No such thing.
    NotFound,
    /// Too large.
    TooLarge,
    /// Too much in too short a time.
    RateLimit,
    /// Took too long.
    Timeout,
    /// The provider has too much to do.
    Overloaded,
    /// The provider's or our own fault.
    Server,
}

impl ErrorKind {
    /// The kind that a status stands for when the body does not say.
    pub fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::Server,
        }
    }
}
