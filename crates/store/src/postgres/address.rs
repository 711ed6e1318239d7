//! Where PostgreSQL is, read from its URL: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…&sslrootcert=FILE`.
//!
//! No part of a URL that cannot be read is ever repeated, since any part may be the password.

use std::path::PathBuf;
use std::time::Duration;

use paceway_domain::Secret;
use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::StoreError;

/// How long a connection may take to come about, for each address of the host.
const CONNECT: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged before the connection counts as broken.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// After how much silence a sign of life is asked for.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Whether the certificate of the server is looked at. As with PostgreSQL's own tools, only `verify-full` keeps out who can
/// put himself between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verify {
    /// No: `prefer` (without TLS if the server has none) and `require`.
    Nothing,
    /// By these roots, or by those of Mozilla: `verify-full`.
    Full(Option<PathBuf>),
}

/// A URL, read.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// What the driver wants to know; it hides the password where it is shown.
    pub config: Config,
    /// What is asked of the certificate.
    pub verify: Verify,
}

impl Address {
    pub(super) fn read(url: &Secret, node: &str) -> Result<Self, StoreError> {
        let text = url.reveal().trim();
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if !is_url {
            return Err(StoreError::Address("it does not begin with postgres://"));
        }
        let (front, query) = text.rsplit_once('?').unwrap_or((text, ""));
        let (mut mode, mut root, mut rest) = ("prefer", None, Vec::new());
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", value)) => root = Some(PathBuf::from(value.replace("%2F", "/"))),
                _ => rest.push(option),
            }
        }
        let mut config: Config = format!("{front}?{}", rest.join("&"))
            .parse()
            .map_err(|_| StoreError::Address("its parts or options cannot be read"))?;
        let (ssl, verify) = match mode {
            "disable" => (SslMode::Disable, Verify::Nothing),
            "prefer" => (SslMode::Prefer, Verify::Nothing),
            "require" => (SslMode::Require, Verify::Nothing),
            "verify-full" => (SslMode::Require, Verify::Full(root.take())),
            _ => return Err(StoreError::Address("sslmode is disable, prefer, require or verify-full")),
        };
        if root.is_some() {
            return Err(StoreError::Address("sslrootcert counts with sslmode=verify-full only"));
        }
        if config.get_hosts().is_empty() {
            return Err(StoreError::Address("it names no host"));
        }
        config.ssl_mode(ssl);
        config.application_name(&format!("paceway {node}"));
        config.connect_timeout(CONNECT);
        config.tcp_user_timeout(UNACKNOWLEDGED);
        config.keepalives_idle(KEEP_ALIVE);
        Ok(Self { config, verify })
    }

    /// What may be shown: host and database.
    pub(super) fn place(&self) -> String {
        let hosts: Vec<_> = self.config.get_hosts().iter().map(shown).collect();
        format!("PostgreSQL {}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

fn shown(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address, StoreError> {
        Address::read(&Secret::new(url), "node-1")
    }

    #[test]
    fn the_password_is_in_nothing_that_is_shown() {
        let secret = "hunter2";
        for url in [
            "postgres://me:hunter2@db.example:5432/paceway?sslmode=require",
            "postgres://me:hunter2@/x?what=hunter2",
            "postgres://me:hunter2?sslmode=never",
            "me:hunter2@db",
            "postgres://me:p?hunter2=1@db/x",
        ] {
            let shown = match read(url) {
                Ok(address) => format!("{address:?} {}", address.place()),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn only_verify_full_looks_at_the_certificate() {
        let mode = |mode: &str| {
            let address = read(&format!("postgres://me@db/x?sslmode={mode}&connect_timeout=1")).unwrap();
            (address.config.get_ssl_mode(), address.verify)
        };
        assert_eq!(mode("disable"), (SslMode::Disable, Verify::Nothing));
        assert_eq!(mode("prefer"), (SslMode::Prefer, Verify::Nothing));
        assert_eq!(mode("require"), (SslMode::Require, Verify::Nothing));
        assert_eq!(mode("verify-full"), (SslMode::Require, Verify::Full(None)));
        let own = "postgres://me@db/x?sslmode=verify-full&sslrootcert=/etc/db.pem";
        assert_eq!(read(own).unwrap().verify, Verify::Full(Some("/etc/db.pem".into())));
        assert!(read("postgres://me@db/x?sslrootcert=/etc/db.pem").is_err());
        assert!(read("postgres://me@db/x?sslmode=verify-ca").is_err());
    }

    #[test]
    fn a_socket_can_be_named() {
        assert_eq!(read("postgres://me@/x?host=/run/db").unwrap().place(), "PostgreSQL /run/db/x");
    }
}
