//! What a provider knows us by, put on a call.

use http::{HeaderName, HeaderValue, header};
use paceway_domain::{Failure, Secret, UnixMillis};
use paceway_upstream::{Call, Upstream};

/// A credential at a provider. It cannot be shown.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The provider asks for none (a server of one's own).
    None,
    /// A key as a bearer token.
    Bearer(Secret),
    /// A key in a header of its own: `x-api-key`, `api-key`, `x-goog-api-key`.
    Header(HeaderName, Secret),
}

impl Credential {
    /// Puts it on a call.
    ///
    /// # Errors
    /// [`Failure::Unusable`] when it cannot be had or sent.
    pub(crate) async fn authorize(
        &self,
        call: &mut Call,
        _upstream: &dyn Upstream,
        _now: UnixMillis,
    ) -> Result<(), Failure> {
        let (name, text) = match self {
            Self::None => return Ok(()),
            Self::Bearer(secret) => (header::AUTHORIZATION, format!("Bearer {}", secret.reveal())),
            Self::Header(name, secret) => (name.clone(), secret.reveal().to_owned()),
        };
        let mut value = HeaderValue::from_str(&text)
            .expect("configuration was checked: a key is made of visible characters");
        value.set_sensitive(true);
        call.headers.insert(name, value);
        Ok(())
    }
}
