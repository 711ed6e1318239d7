//! Every reason for which Paceway itself does not give an answer.
//!
//! Each says what, which and what now. How a reason looks on the wire (status, dialect, headers) is one table in
//! `protocol::refusals`; nothing here knows a status code.

use std::fmt;
use std::time::Duration;

use crate::MicroUsd;
use crate::failure::Failure;
use crate::quota::{Cause, Dimension};

/// Why a request ends without a provider's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No virtual key was sent.
    MissingKey,
    /// The key is not one of ours.
    UnknownKey,
    /// The key was one of ours and has been revoked.
    RevokedKey,
    /// The key was one of ours and its time is over.
    ExpiredKey,
    /// The key was given another secret, and the time in which both worked is over.
    RotatedKey,
    /// The key may not name this model.
    ModelNotAllowed {
        /// The name asked for.
        model: String,
        /// Patterns of the names that it may.
        allowed: Vec<String>,
    },
    /// The key may not have this done.
    EndpointNotAllowed {
        /// What was wanted.
        endpoint: &'static str,
        /// What it may have done.
        allowed: Vec<String>,
    },
    /// The body is not JSON, or not an object.
    MalformedBody(String),
    /// The `content-type` is not what the endpoint takes.
    WrongContentType {
        /// What was sent.
        got: String,
        /// What to send.
        wanted: &'static str,
    },
    /// The body is larger than the bound, in bytes.
    BodyTooLarge(usize),
    /// The client did not send its body in time, or broke off.
    BodyIncomplete(String),
    /// A field has a wrong type or value.
    InvalidField {
        /// Its name, with the path if nested.
        field: String,
        /// What is wrong and what is expected.
        why: String,
    },
    /// A field or content that cannot be carried to the chosen provider's dialect.
    Unsupported {
        /// Its name, with the path if nested.
        field: String,
        /// Why not, and what would do.
        why: String,
    },
    /// No configured provider serves the model.
    UnknownModel {
        /// The name asked for.
        model: String,
        /// The nearest names that are served, best first.
        nearest: Vec<String>,
    },
    /// None of the targets that a name stands for may serve this request.
    NoFit {
        /// The name asked for.
        model: String,
        /// Target by target, why not.
        why: Vec<String>,
    },
    /// There is nothing at this path.
    NoSuchPath(String),
    /// No answer of this id is kept for this key.
    NoSuchResponse(String),
    /// The path exists, the method is wrong.
    WrongMethod {
        /// The method used.
        method: String,
        /// The method to use.
        allowed: &'static str,
    },
    /// The endpoint has no counterpart at the model's provider.
    NoSuchEndpoint {
        /// The provider.
        provider: String,
        /// What it lacks.
        endpoint: &'static str,
    },
    /// The request alone is larger than a limit, so that no wait would help.
    LargerThanLimit {
        /// The limit.
        limit: Dimension,
        /// What the request needs.
        needs: u64,
        /// What the limit allows at most at once.
        allows: u64,
    },
    /// Too many requests are waiting already.
    QueueFull {
        /// When one more is likely to find room.
        retry_after: Duration,
    },
    /// The request's turn would come after its deadline.
    WaitTooLong {
        /// How long it would have to wait from now.
        retry_after: Duration,
    },
    /// The provider lets nothing through for a reason that no wait of minutes cures.
    ProviderClosed {
        /// The reason.
        cause: Cause,
        /// When Paceway tries again whether it still holds.
        retry_after: Duration,
    },
    /// The provider could not be reached or did not answer.
    Upstream {
        /// The provider.
        provider: String,
        /// What happened.
        failure: Failure,
    },
    /// The deployment has been failing, so that it is left alone for a while.
    Unhealthy {
        /// The provider.
        provider: String,
        /// The model there.
        model: String,
        /// In which way it has been failing.
        fault: &'static str,
        /// When Paceway asks it again.
        retry_after: Duration,
        /// The other targets of the name that are left alone too, each with its fault.
        others: Vec<String>,
    },
    /// A budget has no room for what the request may cost.
    BudgetSpent {
        /// The budget.
        budget: String,
        /// What may be spent of it.
        limit: MicroUsd,
        /// What is spent.
        spent: MicroUsd,
        /// By how much the request might pass the limit.
        over: MicroUsd,
        /// When it starts anew, as a date, and in how long; `None`: never.
        resets: Option<(String, Duration)>,
    },
    /// What is left of a budget is held for running requests, and they did not end in time.
    BudgetBusy {
        /// The budget.
        budget: String,
        /// When to come back.
        retry_after: Duration,
    },
    /// Nobody knows what a model costs, and a budget counts only what has a price.
    Unpriced {
        /// The budget.
        budget: String,
        /// The provider.
        provider: String,
        /// The model there.
        model: String,
    },
    /// Paceway is stopping.
    ShuttingDown,
    /// A defect of ours.
    Internal(String),
}

impl Refusal {
    /// How long the client should wait before it asks again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QueueFull { retry_after }
            | Self::WaitTooLong { retry_after }
            | Self::ProviderClosed { retry_after, .. }
            | Self::BudgetBusy { retry_after, .. }
            | Self::Unhealthy { retry_after, .. } => Some(*retry_after),
            Self::BudgetSpent { resets, .. } => resets.as_ref().map(|(_, wait)| *wait),
            Self::ShuttingDown => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Whether a timeout at the provider is the reason.
    pub fn is_upstream_timeout(&self) -> bool {
        matches!(self, Self::Upstream { failure: Failure::Timeout(..) | Failure::GivenUp, .. })
    }
}

impl Refusal {
    /// The sentences about budgets.
    fn fmt_budget(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BudgetSpent { budget, limit, spent, over, resets } => {
                write!(
                    f,
                    "budget `{budget}` has no room for this request: {spent} of {limit} are spent, and it might pass the limit by {over}; "
                )?;
                match resets {
                    Some((when, _)) => write!(f, "it starts anew at {when}")?,
                    None => f.write_str("it does not start anew")?,
                }
                f.write_str("; a smaller `max_tokens` or a cheaper model may fit, or have the budget raised")
            }
            Self::BudgetBusy { budget, retry_after } => write!(
                f,
                "what is left of budget `{budget}` is held for requests that are running, and none ended in time: try again in {:.0} s, \
                 or send a smaller `max_tokens`",
                retry_after.as_secs_f64().ceil()
            ),
            Self::Unpriced { budget, provider, model } => write!(
                f,
                "the price of `{model}` at `{provider}` is not known, and budget `{budget}` lets through only what has a price: give the \
                 model a price, or set `unknown_price = \"allow\"` for the budget"
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Refusal {
    #[allow(clippy::too_many_lines)]
    // tidy: long because it is a table of sentences, one for each reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingKey => f.write_str(
                "no API key: send a Paceway virtual key as `x-api-key: pw_…` or `authorization: Bearer pw_…` \
                 (`paceway keys create` makes one)",
            ),
            Self::UnknownKey => f.write_str(
                "this API key is not a Paceway virtual key: send one that `paceway keys create` printed, \
                 not a provider's key",
            ),
            Self::RevokedKey => {
                f.write_str("this virtual key has been revoked: ask for a new one (`paceway keys create`)")
            }
            Self::ExpiredKey => f.write_str(
                "this virtual key has expired: ask for a new one (`paceway keys create`) or for more time (`paceway keys update`)",
            ),
            Self::RotatedKey => f.write_str(
                "this virtual key was replaced by a new one, and the time in which both worked is over: send the new one",
            ),
            Self::ModelNotAllowed { model, allowed } => write!(
                f,
                "this virtual key may not use model `{model}`: it may use {}; GET /v1/models lists them",
                allowed.join(", ")
            ),
            Self::EndpointNotAllowed { endpoint, allowed } => {
                write!(f, "this virtual key may not be used for {endpoint}: it may be used for {}", allowed.join(", "))
            }
            Self::MalformedBody(why) => write!(f, "the request body is not valid JSON: {why}"),
            Self::WrongContentType { got, wanted } => {
                write!(f, "content-type `{got}` is not supported here: send `content-type: {wanted}`")
            }
            Self::BodyTooLarge(limit) => write!(
                f,
                "the request body is larger than {limit} bytes: send less, or raise `server.max_body_bytes`"
            ),
            Self::BodyIncomplete(why) => write!(f, "the request body did not arrive whole: {why}"),
            Self::InvalidField { field, why } | Self::Unsupported { field, why } => {
                write!(f, "{field}: {why}")
            }
            Self::UnknownModel { model, nearest } => {
                write!(f, "model `{model}` is not served by any configured provider")?;
                if nearest.is_empty() {
                    f.write_str("; GET /v1/models lists those that are")
                } else {
                    write!(f, "; the nearest are {}", nearest.join(", "))
                }
            }
            Self::NoFit { model, why } => {
                write!(f, "no target of `{model}` can serve this request: {}", why.join("; "))
            }
            Self::NoSuchPath(path) if path == "/admin" || path.starts_with("/admin/") => write!(
                f,
                "there is nothing at `{path}` here: the admin API has an address of its own (`admin.listen`, by default \
                 127.0.0.1:4142)"
            ),
            Self::NoSuchPath(path) => write!(
                f,
                "there is nothing at `{path}`: Paceway serves /v1/messages, /v1/chat/completions, /v1/responses, \
                 /v1beta/models/MODEL:generateContent, /v1/embeddings, /v1/rerank, /v1/images/generations, /v1/audio/… and \
                 /v1/models"
            ),
            Self::NoSuchResponse(id) => write!(
                f,
                "there is no response `{id}`: it was not stored, has been deleted or is too old, or was given to another key"
            ),
            Self::WrongMethod { method, allowed } => {
                write!(f, "method {method} is not allowed here: use {allowed}")
            }
            Self::NoSuchEndpoint { provider, endpoint } => {
                write!(f, "provider `{provider}` has no {endpoint}: choose a model of another provider")
            }
            Self::LargerThanLimit { limit, needs, allows } => write!(
                f,
                "the request needs {needs} {limit} and the limit allows at most {allows} at once, so waiting would not \
                 help: send a smaller request or raise the limit"
            ),
            Self::QueueFull { retry_after } => write!(
                f,
                "too many requests are waiting for this model's rate limit: try again in {:.1} s",
                retry_after.as_secs_f64()
            ),
            Self::WaitTooLong { retry_after } => write!(
                f,
                "this request's turn under its rate limits comes in {:.1} s, later than it may wait: send it again then, or let it \
                 wait longer (the client's timeout, `x-paceway-timeout` or `queue.max_wait_s`)",
                retry_after.as_secs_f64()
            ),
            Self::ProviderClosed { cause, retry_after } => write!(
                f,
                "the provider refuses every request of this account ({}): add credit or raise its cap there; Paceway tries \
                 again in {:.0} s",
                if *cause == Cause::SpendCap {
                    "its spend cap is reached"
                } else {
                    "its billing is not in order"
                },
                retry_after.as_secs_f64()
            ),
            Self::Upstream { provider, failure } => write!(f, "provider `{provider}`: {failure}"),
            Self::Unhealthy { provider, model, fault, retry_after, others } if others.is_empty() => write!(
                f,
                "provider `{provider}` has been failing for model `{model}` ({fault}), so Paceway does not ask it: it tries again in \
                 {:.1} s; name other targets for this model in [aliases] to have them take its place",
                retry_after.as_secs_f64()
            ),
            Self::BudgetSpent { .. } | Self::BudgetBusy { .. } | Self::Unpriced { .. } => self.fmt_budget(f),
            Self::Unhealthy { provider, model, fault, retry_after, others } => write!(
                f,
                "all targets have been failing, so Paceway asks none of them: {provider}/{model} ({fault}), {}; it tries the first again \
                 in {:.1} s",
                others.join(", "),
                retry_after.as_secs_f64()
            ),
            Self::ShuttingDown => f.write_str("Paceway is stopping: send the request again"),
            Self::Internal(what) => write!(f, "a defect in Paceway, please report it: {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
