//! Those who are told of alerts, as types, and what makes no sense in them. What each setting means stands in `config/default.toml`.

#[cfg(feature = "email")]
mod email;

use std::fmt;

use paceway_domain::Secret;
use paceway_gateway::alerts::{Destination, Shape};
use paceway_upstream::{Reach, WebhookSecret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct NotifyConfig {
    pub kind: NotifyKind,
    /// Those of Slack and Discord are secrets, so it is not part of what is shown.
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub url: Option<Secret>,
    #[serde(default)]
    pub url_env: Option<String>,
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<Secret>,
    #[serde(default)]
    pub secret_env: Option<String>,
    #[serde(default)]
    pub smtp: Option<String>,
    #[serde(default)]
    pub allow_plaintext: bool,
    #[serde(default)]
    pub ca_file: Option<String>,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret>,
    #[serde(default)]
    pub password_env: Option<String>,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub to: Vec<String>,
    #[serde(default)]
    pub allow_private: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NotifyKind {
    Webhook,
    Slack,
    Discord,
    Email,
}

/// Why a receiver cannot be told. No secret is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// A variable that holds what is needed is not set now.
    Unset(String),
    /// A setting makes no sense.
    Mistake(String),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unset(why) | Self::Mistake(why)) = self;
        f.write_str(why)
    }
}

impl NotifyKind {
    /// As configuration has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Email => "email",
        }
    }
}

impl NotifyConfig {
    /// The receiver.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub(crate) fn destination(&self, name: &str) -> Result<Destination, Unreachable> {
        if self.kind == NotifyKind::Email {
            return self.by_mail(name);
        }
        let url = needed(self.url.as_ref(), "url", self.url_env.as_deref())?;
        let shape = match self.kind {
            NotifyKind::Slack => Shape::Slack,
            NotifyKind::Discord => Shape::Discord,
            NotifyKind::Webhook | NotifyKind::Email => {
                let secret = needed(self.secret.as_ref(), "secret", self.secret_env.as_deref())?;
                let secret = WebhookSecret::read(secret);
                Shape::Webhook(secret.map_err(|error| Unreachable::Mistake(format!("secret: {error}")))?)
            }
        };
        Destination::new(name, shape, url, self.reach())
            .map_err(|error| Unreachable::Mistake(format!("url: {error}")))
    }

    #[cfg(feature = "email")]
    fn by_mail(&self, name: &str) -> Result<Destination, Unreachable> {
        email::destination(self, name)
    }

    #[cfg(not(feature = "email"))]
    #[allow(clippy::unused_self)] // It is used where there is mail.
    fn by_mail(&self, _: &str) -> Result<Destination, Unreachable> {
        Err(Unreachable::Mistake(
            "kind: this build has no e-mail: take one with the feature `email`, which `cargo build` has unless it is told \
             --no-default-features"
                .to_owned(),
        ))
    }

    fn reach(&self) -> Reach {
        if self.allow_private { Reach::Anywhere } else { Reach::PublicOnly }
    }

    /// Settings that are given and that this kind does not have.
    pub(super) fn stray(&self) -> impl Iterator<Item = &'static str> {
        let of_http = [
            ("url", self.url.is_some() && self.url_env.is_none()),
            ("url_env", self.url_env.is_some()),
            ("secret", self.secret.is_some() && self.secret_env.is_none()),
            ("secret_env", self.secret_env.is_some()),
        ];
        let of_mail = [
            ("smtp", self.smtp.is_some()),
            ("allow_plaintext", self.allow_plaintext),
            ("ca_file", self.ca_file.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some() && self.password_env.is_none()),
            ("password_env", self.password_env.is_some()),
            ("from", self.from.is_some()),
            ("to", !self.to.is_empty()),
        ];
        let is_mail = self.kind == NotifyKind::Email;
        let others = of_http.into_iter().filter(move |_| is_mail);
        let others = others.chain(of_mail.into_iter().filter(move |_| !is_mail));
        others.filter_map(|(key, is_given)| is_given.then_some(key))
    }
}

fn needed<'s>(
    secret: Option<&'s Secret>,
    what: &str,
    variable: Option<&str>,
) -> Result<&'s Secret, Unreachable> {
    secret.filter(|secret| !secret.is_empty()).ok_or_else(|| match variable {
        Some(variable) => Unreachable::Unset(format!(
            "the environment variable {variable} is not set, so that there is no {what}"
        )),
        None => Unreachable::Mistake(format!(
            "expected `{what}`, or `{what}_env` with the name of the variable that holds it"
        )),
    })
}
