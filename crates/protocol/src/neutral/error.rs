//! An error, taken out of its format.

/// A provider's error, or one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReport {
    /// What kind of error.
    pub kind: ErrorKind,
    /// Its message.
    pub message: String,
    /// The field that is at fault, where the format says (OpenAI's `param`).
    pub field: Option<String>,
    /// The format's own finer code, where it says one (OpenAI's `code`). Kept only between formats of one family.
    pub code: Option<String>,
}

impl ErrorReport {
    /// An error of this kind with nothing but a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None, code: None }
    }
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
