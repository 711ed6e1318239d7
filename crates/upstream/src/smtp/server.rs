//! Which mail server, and how the way there is kept secret. It opens nothing.

use std::net::IpAddr;

use ::http::Uri;
use lettre::transport::smtp::client::{Certificate, TlsParameters};

/// The ports of submission, encrypted from the first byte and from STARTTLS on (RFC 8314, section 3.3).
const IMPLICIT_PORT: u16 = 465;
const STARTTLS_PORT: u16 = 587;

/// A server, as its address says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// A name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
}

/// From where on nobody else reads along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// From the first byte.
    Implicit,
    /// From STARTTLS on, before which nothing is told.
    StartTls,
    /// From nowhere on.
    None,
}

impl Server {
    /// What an address says. It may hold a password where nobody should write one, so it is not repeated.
    pub(super) fn read(address: &str, allows_plaintext: bool) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected smtps://HOST:465 or smtp://HOST:587";
        let uri: Uri = address.parse().map_err(|_| EXPECTED)?;
        let authority = uri.authority().ok_or(EXPECTED)?;
        if authority.as_str().contains('@') {
            return Err("expected no user in the address: write `user` and `password_env` beside it");
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(EXPECTED);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (usual_port, encryption) = match uri.scheme_str() {
            Some("smtps") if allows_plaintext => {
                return Err("smtps:// is always encrypted: leave `allow_plaintext` out");
            }
            Some("smtps") => (IMPLICIT_PORT, Encryption::Implicit),
            Some("smtp") if allows_plaintext || is_loopback(&host) => (STARTTLS_PORT, Encryption::None),
            Some("smtp") => (STARTTLS_PORT, Encryption::StartTls),
            _ => return Err(EXPECTED),
        };
        // `port()` knows no difference between none and one that is no number of a port.
        let says_port = authority.as_str().len() > authority.host().len();
        if host.is_empty() || says_port && authority.port_u16().is_none() {
            return Err(EXPECTED);
        }
        Ok(Self { host, port: authority.port_u16().unwrap_or(usual_port), encryption })
    }

    /// How it proves who it is: by the usual authorities, and those in this file of PEM certificates.
    pub(super) fn tls(&self, roots: Option<&[u8]>) -> Result<TlsParameters, String> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(pem) = roots {
            let root = Certificate::from_pem(pem).map_err(|error| error.to_string())?;
            builder = builder.add_root_certificate(root);
        }
        builder.build_rustls().map_err(|error| error.to_string())
    }
}

/// RFC 6761, section 6.3: `localhost` is this machine.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(address: &str) -> (String, u16, Encryption) {
        let Server { host, port, encryption } = Server::read(address, false).unwrap();
        (host, port, encryption)
    }

    #[test]
    fn an_address_says_host_port_and_encryption() {
        assert_eq!(read("smtps://mx.test:2465"), ("mx.test".into(), 2_465, Encryption::Implicit));
        assert_eq!(read("smtps://mx.test"), ("mx.test".into(), 465, Encryption::Implicit));
        assert_eq!(read("smtp://mx.test"), ("mx.test".into(), 587, Encryption::StartTls));
        assert_eq!(read("smtps://[2001:db8::1]:465/"), ("2001:db8::1".into(), 465, Encryption::Implicit));
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear_unless_that_is_allowed() {
        for loopback in ["smtp://localhost:25", "smtp://127.0.0.1:25", "smtp://[::1]:25"] {
            assert_eq!(read(loopback).2, Encryption::None, "{loopback}");
        }
        assert_eq!(read("smtp://localhost.test:25").2, Encryption::StartTls);
        assert_eq!(Server::read("smtp://mx.test", true).unwrap().encryption, Encryption::None);
        assert!(Server::read("smtps://mx.test", true).is_err());
    }

    #[test]
    fn what_is_no_address_of_a_mail_server_is_told_without_repeating_it() {
        for wrong in
            ["mx.test:25", "https://mx.test", "smtp://", "smtp://mx.test/x", "smtp://mx.test:99999", ""]
        {
            assert!(Server::read(wrong, false).unwrap_err().starts_with("expected smtps://"), "{wrong}");
        }
        let told = Server::read("smtps://me:hunter2@mx.test", false).unwrap_err();
        assert!(told.contains("`password_env`") && !told.contains("hunter2"), "{told}");
    }
}
