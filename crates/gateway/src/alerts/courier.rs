//! Bringing a message: tried again with the same id until its receiver has it, or for some hours.
//!
//! So a receiver may get one twice and knows it by its id. What an answer over HTTP says besides its status is not looked at, and no
//! redirect is followed. Mail is sent again only to those who have not got it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use paceway_domain::{Clock, Failure};
use paceway_policy::alerts::Notice;
use paceway_upstream::{Call, MailFailure, Mailer, Untaken, Upstream};

use super::destination::{Destination, Shape, Way};
use super::message;
use crate::Metrics;

/// The waits before each further try: about nine hours in all, as the specification of webhooks proposes.
const WAITS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(2),
    Duration::from_hours(4),
];
/// So much of an answer is read, in bytes, so that the connection can be used again.
const MOST_ANSWER: usize = 64 * 1024;

/// Why a message was not delivered. The address is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Undelivered {
    /// The receiver answered with another status than 2xx.
    Status(StatusCode),
    /// There was no answer.
    Failed(Failure),
    /// The message cannot be sent as it is.
    Unsendable(String),
    /// The mail server has not taken it for anybody.
    Mail(MailFailure),
    /// The mail server has not taken it for these, one at least.
    Untaken(Vec<Untaken>),
}

impl Undelivered {
    /// Whether it is of no use to try again.
    fn is_final(&self) -> bool {
        match self {
            Self::Status(status) => *status == StatusCode::GONE,
            Self::Mail(failure) => failure.is_final(),
            Self::Untaken(untaken) => untaken.iter().all(|one| one.why.is_final()),
            Self::Failed(_) | Self::Unsendable(_) => false,
        }
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the receiver answered with status {}", status.as_u16()),
            Self::Failed(failure) => failure.fmt(f),
            Self::Unsendable(why) => f.write_str(why),
            Self::Mail(failure) => failure.fmt(f),
            Self::Untaken(untaken) => {
                let told: Vec<_> = untaken.iter().map(|one| format!("{}: {}", one.to, one.why)).collect();
                f.write_str(&told.join("; "))
            }
        }
    }
}

impl std::error::Error for Undelivered {}

/// Delivers a notice, however long that takes within the waits.
pub(super) async fn deliver(
    destination: Arc<Destination>,
    notice: Notice,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
) {
    let (id, name) = (new_id(), destination.name.as_str());
    let mut to = destination.mailboxes().to_vec();
    for wait in WAITS.into_iter().map(Some).chain([None]) {
        let Err(error) = attempt(&destination, &to, &notice, &id, clock.as_ref()).await else {
            metrics.alerted(name, "delivered");
            return;
        };
        let Some(wait) = wait.filter(|_| !error.is_final()) else {
            tracing::error!(destination = name, rule = notice.rule, %error, "an alert was not delivered");
            metrics.alerted(name, "given_up");
            return;
        };
        tracing::warn!(destination = name, rule = notice.rule, %error, ?wait, "an alert is sent again");
        metrics.alerted(name, "retried");
        if let Undelivered::Untaken(untaken) = error {
            let later = untaken.into_iter().filter(|one| !one.why.is_final());
            to = later.map(|one| one.to).collect();
        }
        tokio::time::sleep(wait.mul_f64(fastrand::f64().mul_add(0.2, 0.9))).await;
    }
}

fn new_id() -> String {
    format!("msg_{:032x}", fastrand::u128(..))
}

/// Sends a notice once, under this id.
///
/// # Errors
/// [`Undelivered`] if the receiver has not said that it has it.
pub async fn deliver_once(
    destination: &Destination,
    notice: &Notice,
    id: &str,
    clock: &dyn Clock,
) -> Result<(), Undelivered> {
    attempt(destination, destination.mailboxes(), notice, id, clock).await
}

async fn attempt(
    destination: &Destination,
    to: &[String],
    notice: &Notice,
    id: &str,
    clock: &dyn Clock,
) -> Result<(), Undelivered> {
    match destination.way() {
        Way::Http { shape, uri, upstream } => {
            call(upstream.as_ref(), shape, uri.clone(), notice, id, clock).await
        }
        Way::Mail { mailer, .. } => mail(mailer.as_ref(), to, notice, id).await,
    }
}

async fn call(
    upstream: &dyn Upstream,
    shape: &Shape,
    uri: Uri,
    notice: &Notice,
    id: &str,
    clock: &dyn Clock,
) -> Result<(), Undelivered> {
    let body = message::body(shape, notice);
    let mut headers = match shape {
        Shape::Webhook(secret) => secret
            .headers(id, clock.wall().0 / 1_000, &body)
            .map_err(|error| Undelivered::Unsendable(error.to_string()))?,
        Shape::Slack | Shape::Discord => {
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
        }
    };
    headers.insert(header::USER_AGENT, HeaderValue::from_static("paceway"));
    let call = Call { method: Method::POST, uri, headers, body };
    let answer = upstream.call(call).await.map_err(Undelivered::Failed)?;
    let status = answer.status;
    // What it says is of no interest, and that it is too long no failure.
    drop(answer.body.collect(MOST_ANSWER).await);
    if status.is_success() { Ok(()) } else { Err(Undelivered::Status(status)) }
}

async fn mail(mailer: &dyn Mailer, to: &[String], notice: &Notice, id: &str) -> Result<(), Undelivered> {
    let mail = message::mail(notice, id);
    let untaken = mailer.send(&mail, to).await.map_err(Undelivered::Mail)?;
    if untaken.is_empty() { Ok(()) } else { Err(Undelivered::Untaken(untaken)) }
}
