//! Who is told, and in which shape. It sends nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use paceway_domain::Secret;
use paceway_upstream::{HttpUpstream, Mailer, Reach, Timeouts, Upstream, WebhookSecret};

/// How long each phase of a message may take, and all of it.
const PHASE: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(15);

/// What a receiver over HTTP expects.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Standard Webhooks, signed with this secret.
    Webhook(WebhookSecret),
    /// A message to Slack's incoming webhooks.
    Slack,
    /// A message to Discord's webhooks.
    Discord,
}

/// A receiver. Its address may be a secret (those of Slack and Discord are), so that it is never shown.
pub struct Destination {
    /// Its name in configuration.
    pub name: String,
    way: Way,
}

/// How a receiver is told.
pub(super) enum Way {
    /// In this shape, at this address.
    Http { shape: Shape, uri: Uri, upstream: Arc<dyn Upstream> },
    /// By mail to these addresses.
    Mail { mailer: Arc<dyn Mailer>, to: Vec<String> },
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Destination {
    /// A receiver at this address, which is called over connections of its own that reach no farther than this.
    ///
    /// # Errors
    /// What is wrong with the address, without repeating it.
    pub fn new(name: &str, shape: Shape, url: &Secret, reach: Reach) -> Result<Self, &'static str> {
        let timeouts = Timeouts {
            connect: PHASE,
            headers: PHASE,
            first_byte: PHASE,
            idle: PHASE,
            total: TOTAL,
            low_speed: None,
        };
        Self::over(name, shape, url, Arc::new(HttpUpstream::reaching(timeouts, reach)))
    }

    /// A receiver that is called over this.
    ///
    /// # Errors
    /// As [`Destination::new`].
    pub fn over(
        name: &str,
        shape: Shape,
        url: &Secret,
        upstream: Arc<dyn Upstream>,
    ) -> Result<Self, &'static str> {
        let uri: Uri = url.reveal().parse().map_err(|_| "the address cannot be read")?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err("expected an http:// or https:// address");
        }
        Ok(Self { name: name.to_owned(), way: Way::Http { shape, uri, upstream } })
    }

    /// Receivers of mail, each of whom is told.
    pub fn by_mail(name: &str, mailer: Arc<dyn Mailer>, to: Vec<String>) -> Self {
        Self { name: name.to_owned(), way: Way::Mail { mailer, to } }
    }

    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// The addresses of those who are told by mail.
    pub(super) fn mailboxes(&self) -> &[String] {
        match &self.way {
            Way::Mail { to, .. } => to,
            Way::Http { .. } => &[],
        }
    }
}
