//! How a call to a provider can fail.

use std::fmt;
use std::time::Duration;

/// The phase of an upstream call that a timeout cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// TCP and TLS set-up.
    Connect,
    /// From the request's last byte to the response headers.
    Headers,
    /// From the response headers to the first byte of the body.
    FirstByte,
    /// Between two chunks of the body.
    Idle,
    /// Of the body comes less than so many bytes a second.
    LowSpeed(u32),
    /// The whole call.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LowSpeed(bytes) => return write!(f, "receiving less than {bytes} bytes a second"),
            Self::Connect => "connecting",
            Self::Headers => "waiting for response headers",
            Self::FirstByte => "waiting for the first byte",
            Self::Idle => "waiting for the next chunk",
            Self::Total => "waiting for the whole answer",
        })
    }
}

/// Why an attempt at a provider gave no whole answer. A provider's own error answer is not a `Failure`: it is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection could be made; the text says why.
    Connect(String),
    /// A phase took longer than its bound.
    Timeout(Phase, Duration),
    /// The connection broke before the answer was whole; the text says why.
    Broken(String),
    /// The answer was larger than the bound, in bytes.
    TooLarge(usize),
    /// The answer was not what its dialect allows; the text says why.
    Garbled(String),
    /// It was not waited for to its timeout, since others had waited that long for nothing.
    GivenUp,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "could not connect: {why}"),
            Self::Timeout(phase, bound) => {
                write!(f, "timed out after {} s while {phase}", bound.as_secs_f64())
            }
            Self::Broken(why) => write!(f, "the connection broke before the answer was whole: {why}"),
            Self::TooLarge(bound) => write!(f, "the answer was larger than {bound} bytes"),
            Self::Garbled(why) => write!(f, "the answer could not be understood: {why}"),
            Self::GivenUp => f.write_str("it was given up early, since calls before it had timed out"),
        }
    }
}

impl std::error::Error for Failure {}
