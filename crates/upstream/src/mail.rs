//! Mail as its senders see it: what a message is, who can hand it over, and what may become of it.
//!
//! How it is handed over is `smtp.rs`, which not every build has. Nothing is tried again here.

use std::fmt;

use futures_util::future::BoxFuture;
use paceway_domain::{Failure, UnixMillis};

/// A message of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// By which whoever gets it twice knows it; letters, digits, `_` and `-`.
    pub id: String,
    /// When it was written.
    pub at: UnixMillis,
    /// Its subject. What a header cannot hold is encoded.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// Something that can hand mail over.
pub trait Mailer: Send + Sync {
    /// Hands a message over for these addresses, once: those for whom it was not taken, and why. For all others it was.
    ///
    /// # Errors
    /// A [`MailFailure`] when it was taken for nobody, and not because of an address.
    fn send<'m>(
        &'m self,
        mail: &'m Mail,
        to: &'m [String],
    ) -> BoxFuture<'m, Result<Vec<Untaken>, MailFailure>>;
}

/// Somebody for whom a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// The address.
    pub to: String,
    /// Why.
    pub why: MailFailure,
}

/// Why a message was not taken. No password is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailFailure {
    /// The server could not be reached, or the conversation broke off.
    Unreached(Failure),
    /// The server lacks something without which it is not told anything.
    Lacking(&'static str),
    /// The server answered with an error.
    Refused {
        /// What it was asked.
        step: &'static str,
        /// Its code, 400 to 599.
        code: u16,
        /// What it said beside, shortened; empty where that could hold a secret.
        told: String,
    },
    /// The message cannot be written.
    Unsendable(String),
}

impl MailFailure {
    /// Whether it is of no use to try again (RFC 5321, section 4.2.1: codes from 500 on are for good).
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { code, .. } => *code >= 500,
            Self::Unsendable(_) => true,
            Self::Unreached(_) | Self::Lacking(_) => false,
        }
    }
}

impl fmt::Display for MailFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(failure) => failure.fmt(f),
            Self::Lacking(what) => f.write_str(what),
            Self::Refused { step, code, told } if told.is_empty() => {
                write!(f, "the mail server refused {step} with {code}")
            }
            Self::Refused { step, code, told } => {
                write!(f, "the mail server refused {step} with {code}: {told}")
            }
            Self::Unsendable(why) => write!(f, "the message cannot be written: {why}"),
        }
    }
}

impl std::error::Error for MailFailure {}
