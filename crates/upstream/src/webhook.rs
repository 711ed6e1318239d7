//! Signed messages to other people's servers, as Standard Webhooks has them.
//!
//! Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, read 2026-11: the headers `webhook-id`,
//! `webhook-timestamp` and `webhook-signature`, of which the last is `v1,` and the base64 of an HMAC-SHA256 over id, timestamp and
//! body with dots between them. Only the symmetric signature; nothing is sent or tried again here.

use std::fmt;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paceway_domain::Secret;

const PREFIX: &str = "whsec_";
/// The specification's bounds on the length of a secret, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that both sides know. Its text and its bytes cannot be shown.
#[derive(Clone)]
pub struct WebhookSecret(Arc<hmac::Key>);

/// Why a text is no secret. It does not repeat the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadWebhookSecret(&'static str);

impl fmt::Display for BadWebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadWebhookSecret {}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

impl WebhookSecret {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes; the prefix may be left out.
    ///
    /// # Errors
    /// [`BadWebhookSecret`] if it is something else.
    pub fn read(text: &Secret) -> Result<Self, BadWebhookSecret> {
        let text = text.reveal().trim();
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text));
        let bytes = bytes.map_err(|_| BadWebhookSecret("expected `whsec_` and base64"))?;
        if !LENGTHS.contains(&bytes.len()) {
            return Err(BadWebhookSecret(
                "expected `whsec_` and the base64 of 24 to 64 bytes: `openssl rand -base64 32` makes them",
            ));
        }
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes))))
    }

    /// The headers of a message with this id, sent at this time (Unix seconds).
    ///
    /// # Errors
    /// If the id cannot stand in a header.
    pub fn headers(
        &self,
        id: &str,
        timestamp: u64,
        body: &[u8],
    ) -> Result<HeaderMap, header::InvalidHeaderValue> {
        let signed = [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body].concat();
        let signature = format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, &signed)));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("webhook-id"), HeaderValue::from_str(id)?);
        headers.insert(HeaderName::from_static("webhook-timestamp"), HeaderValue::from(timestamp));
        headers.insert(HeaderName::from_static("webhook-signature"), HeaderValue::from_str(&signature)?);
        Ok(headers)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The example that the specification's libraries test with.
    const EXAMPLE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn read(text: &str) -> Result<WebhookSecret, BadWebhookSecret> {
        WebhookSecret::read(&Secret::new(text))
    }

    #[test]
    fn a_message_is_signed_as_in_the_specifications_example() {
        let secret = read(EXAMPLE).unwrap();
        let headers = secret
            .headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#)
            .unwrap();
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_read_with_or_without_its_prefix_and_never_shown() {
        assert!(read(&EXAMPLE[PREFIX.len()..]).is_ok());
        assert_eq!(format!("{:?}", read(EXAMPLE).unwrap()), "WebhookSecret(***)");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_repeated() {
        for wrong in ["whsec_", "whsec_not base64", "whsec_c2hvcnQ=", ""] {
            let told = read(wrong).unwrap_err().to_string();
            assert!(told.starts_with("expected `whsec_`") && !told.contains("c2hvcnQ"), "{told}");
        }
    }
}
