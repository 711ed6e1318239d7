//! What a provider knows us by, put on a call.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, header};
use paceway_domain::{Failure, Secret, UnixMillis};
use paceway_upstream::{AwsSigner, Call, GoogleTokens, Upstream};

/// A credential at a provider. It cannot be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// The provider asks for none (a server of one's own).
    None,
    /// A key as a bearer token.
    Bearer(Secret),
    /// A key in a header of its own: `x-api-key`, `api-key`, `x-goog-api-key`.
    Header(HeaderName, Secret),
    /// AWS keys, with which each call is signed.
    Aws(Arc<AwsSigner>),
    /// Google credentials, for which there are access tokens.
    Google(Arc<GoogleTokens>),
}

impl Credential {
    /// Puts it on a call whose headers and body are final.
    ///
    /// # Errors
    /// When a token cannot be had or the call not be signed.
    pub(crate) async fn authorize(
        &self,
        call: &mut Call,
        upstream: &Arc<dyn Upstream>,
        now: UnixMillis,
    ) -> Result<(), Failure> {
        match self {
            Self::None => {}
            Self::Bearer(secret) => {
                put(call, header::AUTHORIZATION, &format!("Bearer {}", secret.reveal()));
            }
            Self::Header(name, secret) => put(call, name.clone(), secret.reveal()),
            Self::Aws(signer) => signer.sign(call, now)?,
            Self::Google(tokens) => tokens.authorize(call, upstream, now).await?,
        }
        Ok(())
    }
}

fn put(call: &mut Call, name: HeaderName, text: &str) {
    let mut value =
        HeaderValue::from_str(text).expect("configuration was checked: a key is made of visible characters");
    value.set_sensitive(true);
    call.headers.insert(name, value);
}
