//! Finding the caller: the virtual key in a request's headers, looked up in a ring that is replaced whole.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{HeaderMap, header};
use paceway_domain::{KeyId, Refusal};
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

    /// An operator, who tries what would become of a request and has no key.
    pub fn operator() -> Caller {
        Caller { key: KeyId("operator".into()), name: "operator".into(), number: 0, owner: Arc::default() }
    }

    /// The caller whose key has this name.
    pub fn named(&self, name: &str) -> Option<Caller> {
        self.keyring.load().named(name)
    }

    /// Who sends these headers.
    ///
    /// # Errors
    /// As [`Keyring::find`].
    pub fn find(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        self.keyring.load().find(key_of(headers))
    }
}

/// Headers in which clients send a key of their own: older Anthropic clients, Google's and Azure's.
const KEY_HEADERS: [&str; 3] = ["x-api-key", "x-goog-api-key", "api-key"];

/// The key that a client sends. Headers with different keys would let two readers see different callers, so the first of
/// [`KEY_HEADERS`] that is there counts alone, and a bearer token only without any.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = KEY_HEADERS.into_iter().find_map(|name| headers.get(name)) {
        return key.to_str().ok();
    }
    let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = bearer.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
