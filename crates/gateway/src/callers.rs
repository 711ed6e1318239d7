//! Finding the caller: the virtual key in a request's headers, looked up in a ring that is replaced whole.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{HeaderMap, header};
use paceway_domain::Refusal;
use paceway_policy::access::{Caller, Keyring};

/// Who may ask, at present.
pub struct Callers {
    keyring: ArcSwap<Keyring>,
}

impl Callers {
    /// Callers with these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring: ArcSwap::from_pointee(keyring) }
    }

    /// Puts another ring in the place of the present one; requests that have begun are not disturbed.
    pub fn replace(&self, keyring: Keyring) {
        self.keyring.store(Arc::new(keyring));
    }

    /// Who sends these headers.
    ///
    /// # Errors
    /// As [`Keyring::find`].
    pub fn find(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        self.keyring.load().find(key_of(headers))
    }
}

/// The key that a client sends: older Anthropic clients use `x-api-key`, all others a bearer token. A header of each with
/// different keys would let two readers see different callers, so `x-api-key` alone counts where it is present.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = bearer.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
