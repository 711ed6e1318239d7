//! JSON Web Tokens signed with RSA (RFC 7519, RFC 7515; `RS256`): what a service account says to get its access token.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::credentials::BadCredentials;

/// An RSA private key. `Debug` does not show it.
#[derive(Clone)]
pub(super) struct SigningKey(Arc<KeyPair>);

impl PartialEq for SigningKey {
    /// Whether they sign alike: two private keys with the same public one do.
    fn eq(&self, other: &Self) -> bool {
        self.0.public_key().as_ref() == other.0.public_key().as_ref()
    }
}

impl SigningKey {
    /// Reads PEM, PKCS #8 or PKCS #1, of at least 2048 bits. Line ends may be written as `\n`, as they are when a key has
    /// come through an environment variable.
    pub(super) fn from_pem(pem: &str) -> Result<Self, BadCredentials> {
        let bad = |why: &str| BadCredentials::new(format!("the credentials' `private_key` {why}"));
        let pem = pem.replace("\\n", "\n");
        // An error's own text may hold a piece of the key.
        let der =
            PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| bad("is not a PEM private key"))?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(bad("is not an RSA key")),
        };
        let pair = pair.map_err(|_| bad("is not an RSA key of 2048 to 8192 bits"))?;
        Ok(Self(Arc::new(pair)))
    }

    /// The token with these two parts, both JSON.
    pub(super) fn token(&self, head: &str, claims: &str) -> String {
        let mut token = base64url(head.as_bytes());
        token.push('.');
        token.push_str(&base64url(claims.as_bytes()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .expect("the key was checked when it was read, and the signature has its length");
        token.push('.');
        token.push_str(&base64url(&signature));
        token
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// Base64 with the alphabet for addresses and without padding (RFC 4648, section 5).
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| chunk.get(at).copied().unwrap_or_default());
        let sextets = [a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63];
        // One byte fills two sextets, two fill three, three fill four.
        text.extend(sextets[..=chunk.len()].iter().map(|sextet| char::from(ALPHABET[usize::from(*sextet)])));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The key of RFC 7515, appendix A.2, which is public.
    const PEM: &str = include_str!("rfc7515_a2.pem");

    #[test]
    fn a_token_is_signed_as_in_the_standards_example() {
        let claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
        let token = SigningKey::from_pem(PEM).unwrap().token("{\"alg\":\"RS256\"}", claims);
        assert_eq!(
            token,
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
            cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb\
            F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_\
            dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN\
            _IoypGlUPQGe77Rw"
        );
    }

    #[test]
    fn line_ends_may_be_written_out() {
        assert!(SigningKey::from_pem(&PEM.replace('\n', "\\n")).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let why = |pem: &str| SigningKey::from_pem(pem).unwrap_err().to_string();
        assert_eq!(why("hunter2"), "the credentials' `private_key` is not a PEM private key");
        assert_eq!(why(&PEM[..200]), "the credentials' `private_key` is not a PEM private key");
        let begin = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(why(begin), "the credentials' `private_key` is not an RSA key of 2048 to 8192 bits");
        let curve = begin.replace("PRIVATE", "EC PRIVATE");
        assert_eq!(why(&curve), "the credentials' `private_key` is not an RSA key");
    }

    #[test]
    fn debug_output_does_not_hold_the_key() {
        assert_eq!(format!("{:?}", SigningKey::from_pem(PEM).unwrap()), "SigningKey(***)");
    }

    #[test]
    fn base64_has_no_padding() {
        // RFC 4648, section 10.
        let cases =
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{3ff}", "z78")];
        for (bytes, text) in cases {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xff, 0xef, 0xbe]), "_---");
    }
}
