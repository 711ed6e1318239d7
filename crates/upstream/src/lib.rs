//! The only code that calls a provider.
//!
//! It moves bytes and enforces time: a call goes out, an answer comes back as it arrives, and each phase has its bound.
//! It does not retry, does not know what a model is and never looks into a body, but for those of token endpoints: beside
//! the client stand the ways in which clouds know their callers ([`AwsSigner`], [`GoogleTokens`]). With the feature `email` it also hands
//! mail over.

mod body;
mod cause;
mod connect;
mod credentials;
mod google;
mod http;
mod link;
mod mail;
mod percent;
mod pool;
mod reach;
mod sign;
#[cfg(feature = "email")]
mod smtp;
mod speed;
mod webhook;

use std::fmt;
use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode, Uri};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use paceway_domain::Failure;

pub use crate::body::AnswerBody;
pub use crate::credentials::BadCredentials;
pub use crate::google::{GoogleCredentials, GoogleTokens, TokenFailure};
pub use crate::http::HttpUpstream;
pub use crate::mail::{Mail, MailFailure, Mailer, Untaken};
pub use crate::reach::Reach;
pub use crate::sign::{AwsKeys, AwsScope, AwsSigner};
#[cfg(feature = "email")]
pub use crate::smtp::{BadMailSetting, MailSettings, MailTimeouts, SmtpMailer, check_mailbox};
pub use crate::webhook::{BadWebhookSecret, WebhookSecret};

/// One call to a provider. `Debug` shows no more of the body than its length.
#[derive(Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where to.
    pub uri: Uri,
    /// All headers but `host` and `content-length`, which follow from the rest.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = format_args!("{} bytes", self.body.len());
        let Self { method, uri, headers, .. } = self;
        f.debug_struct("Call")
            .field("method", method)
            .field("uri", uri)
            .field("headers", headers)
            .field("body", &body)
            .finish()
    }
}

/// A provider's answer, its body still on the way.
#[derive(Debug)]
pub struct Answer {
    /// The status, whatever it is: a provider's error is an answer.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. Dropping it before its end closes the connection, which tells the provider to stop.
    pub body: AnswerBody,
}

/// How long each phase of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS set-up.
    pub connect: Duration,
    /// From the call to the response headers, set-up included.
    pub headers: Duration,
    /// From the headers to the first byte of the body.
    pub first_byte: Duration,
    /// Between two chunks of the body.
    pub idle: Duration,
    /// The whole call, to the last byte.
    pub total: Duration,
    /// Which part of the body may come too slowly, if that is looked at.
    pub low_speed: Option<LowSpeed>,
}

/// A body of which less comes than so much, for so long, is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowSpeed {
    /// On average over the time below.
    pub bytes_per_s: u32,
    /// Of the time in which the body is waited for; what passes while its reader does not take it is not counted.
    pub during: Duration,
}

/// Something that can call providers.
pub trait Upstream: Send + Sync {
    /// Makes a call and returns when the response headers are there. Dropping the future cancels the call.
    ///
    /// # Errors
    /// A [`Failure`] when there is no answer.
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, Failure>>;
}
