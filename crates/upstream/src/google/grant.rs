//! What is asked of a token endpoint, and what it answers (RFC 6749, RFC 7523).

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use bytes::Bytes;
use paceway_domain::{Failure, Secret, UnixMillis};
use serde_json::{Value, json};

use super::TokenFailure;
use super::account::{GoogleCredentials, Kind, ServiceAccount, TokenUri, User, is_token};
use crate::Call;
use crate::percent;

/// What Vertex AI asks for (docs.cloud.google.com/vertex-ai/docs/authentication).
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The longest life of an assertion that Google takes.
const ASSERTION_S: u64 = 3600;
/// Google refuses an assertion from the future; its own library for Go dates back by as much (golang.org/x/oauth2/jws).
const CLOCK_SKEW_S: u64 = 10;
const METADATA_URI: &str =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
const METADATA_FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");

/// How long before its end a token is renewed: the metadata server gives the same token until four minutes before its end
/// (google-auth for Python, `REFRESH_THRESHOLD`).
const RENEW_BEFORE_MS: u64 = 225_000;
/// How long before its end a token is no longer used: a call has to arrive while it holds.
const UNUSED_BEFORE_MS: u64 = 10_000;
/// The longest text of a token endpoint that is passed on, in characters.
const MAX_WHY_CHARS: usize = 300;

/// An access token and its times.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    pub(super) since: UnixMillis,
    pub(super) renew_at: UnixMillis,
    pub(super) end: UnixMillis,
}

/// A call to a token endpoint, and what of it must not be shown.
pub(super) struct Grant {
    pub(super) call: Call,
    pub(super) secrets: Vec<Secret>,
}

impl Grant {
    pub(super) fn new(credentials: &GoogleCredentials, now: UnixMillis) -> Self {
        match &credentials.kind {
            Kind::ServiceAccount(account) => {
                let assertion = assertion(account, now);
                let grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                let body = form(&[("grant_type", grant_type), ("assertion", &assertion)]);
                Self { call: post(&account.token_uri, body), secrets: vec![Secret::new(assertion)] }
            }
            Kind::User(User { client_id, client_secret, refresh_token, token_uri }) => {
                let body = form(&[
                    ("grant_type", "refresh_token"),
                    ("client_id", client_id),
                    ("client_secret", client_secret.reveal()),
                    ("refresh_token", refresh_token.reveal()),
                ]);
                Self {
                    call: post(token_uri, body),
                    secrets: vec![client_secret.clone(), refresh_token.clone()],
                }
            }
            // A token that is there already is never asked for.
            Kind::MetadataServer | Kind::AccessToken(_) => Self { call: metadata(), secrets: Vec::new() },
        }
    }
}

fn assertion(account: &ServiceAccount, now: UnixMillis) -> String {
    let since_s = (now.0 / 1000).saturating_sub(CLOCK_SKEW_S);
    let mut head = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(key_id) = &account.key_id {
        head["kid"] = json!(key_id);
    }
    let claims = json!({
        "iss": account.email,
        "scope": SCOPE,
        "aud": account.token_uri.text,
        "iat": since_s,
        "exp": since_s + ASSERTION_S,
    });
    account.key.token(&head.to_string(), &claims.to_string())
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields =
        fields.iter().map(|(name, value)| format!("{name}={}", percent::encode(value.as_bytes(), b"")));
    fields.collect::<Vec<_>>().join("&")
}

fn post(token_uri: &TokenUri, body: String) -> Call {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    Call {
        method: Method::POST,
        uri: token_uri.uri.clone(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, form)]),
        body: Bytes::from(body),
    }
}

/// docs.cloud.google.com/compute/docs/access/authenticate-workloads#applications
fn metadata() -> Call {
    Call {
        method: Method::GET,
        uri: Uri::from_static(METADATA_URI),
        headers: HeaderMap::from_iter([(METADATA_FLAVOR, HeaderValue::from_static("Google"))]),
        body: Bytes::new(),
    }
}

/// Reads an answer to what was asked at `now`, from where its life is counted: it is then no longer than Google's.
pub(super) fn read(
    status: StatusCode,
    body: &[u8],
    now: UnixMillis,
    secrets: &[Secret],
) -> Result<Token, TokenFailure> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if status != StatusCode::OK {
        return Err(TokenFailure::Refused { status: status.as_u16(), why: why(&answer, secrets) });
    }
    let garbled = |what: &str| {
        TokenFailure::NoAnswer(Failure::Garbled(format!("the token endpoint's answer has no {what}")))
    };
    let token = answer["access_token"].as_str().filter(|token| is_token(token));
    let token = token.ok_or_else(|| garbled("`access_token` that can be sent"))?;
    let life_s = answer["expires_in"].as_u64().ok_or_else(|| garbled("`expires_in` in whole seconds"))?;
    let life_ms = life_s.saturating_mul(1000);
    let at = |age_ms: u64| UnixMillis(now.0.saturating_add(age_ms));
    Ok(Token {
        secret: Secret::new(token),
        since: now,
        // Half of a short life: an instance that gets such tokens must not ask for each call.
        renew_at: at(life_ms - RENEW_BEFORE_MS.min(life_ms / 2)),
        end: at(life_ms - UNUSED_BEFORE_MS.min(life_ms / 4)),
    })
}

/// What an error answer says: its code and description (RFC 6749, section 5.2), unless they repeat what was sent.
fn why(answer: &Value, secrets: &[Secret]) -> String {
    let texts = ["error", "error_description"].map(|name| answer[name].as_str().unwrap_or_default());
    let said = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    if secrets.iter().any(|secret| said.contains(secret.reveal())) {
        return "the answer repeats the credentials and is not shown".into();
    }
    said.chars().filter(|c| !c.is_control()).take(MAX_WHY_CHARS).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::account::tests::{service_account, user};
    use super::super::jwt::SigningKey;
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_999);

    fn grant(credentials: &Value) -> Grant {
        Grant::new(&GoogleCredentials::from_json(&credentials.to_string()).unwrap(), NOW)
    }

    fn body(grant: &Grant) -> &str {
        str::from_utf8(&grant.call.body).unwrap()
    }

    fn refused(status: u16, body: &str, secrets: &[Secret]) -> String {
        read(StatusCode::from_u16(status).unwrap(), body.as_bytes(), NOW, secrets).unwrap_err().to_string()
    }

    fn times(expires_in: u64) -> [u64; 2] {
        let body =
            json!({"access_token": "ya29.x", "expires_in": expires_in, "token_type": "Bearer"}).to_string();
        let token = read(StatusCode::OK, body.as_bytes(), NOW, &[]).unwrap();
        assert_eq!(token.secret, Secret::new("ya29.x"));
        [token.renew_at, token.end].map(|time| time.0 - NOW.0)
    }

    #[test]
    fn a_service_account_asks_with_a_signed_assertion() {
        let grant = grant(&service_account());
        let claims = "{\"iss\":\"pace@acme.iam.gserviceaccount.com\",\
            \"scope\":\"https://www.googleapis.com/auth/cloud-platform\",\
            \"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":1799999990,\"exp\":1800003590}";
        let key = SigningKey::from_pem(include_str!("rfc7515_a2.pem")).unwrap();
        let assertion = key.token("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}", claims);
        assert_eq!(
            body(&grant),
            format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}")
        );
        assert_eq!(grant.call.method, Method::POST);
        assert_eq!(grant.call.uri, "https://oauth2.googleapis.com/token");
        assert_eq!(grant.call.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    }

    #[test]
    fn a_user_asks_with_the_refresh_token() {
        let grant = grant(&user());
        assert_eq!(
            body(&grant),
            "grant_type=refresh_token&client_id=764.apps.googleusercontent.com&client_secret=d-hunter2&\
            refresh_token=1%2F%2F09refresh%2B%2F"
        );
        assert_eq!(grant.call.uri, "https://oauth2.googleapis.com/token");
    }

    #[test]
    fn the_metadata_server_is_asked_in_its_own_way() {
        let Grant { call, .. } = Grant::new(&GoogleCredentials::metadata_server(), NOW);
        assert_eq!(call.method, Method::GET);
        assert_eq!(call.uri, METADATA_URI);
        assert_eq!(call.headers["metadata-flavor"], "Google");
        assert!(call.body.is_empty());
    }

    #[test]
    fn a_token_is_renewed_and_left_before_its_end() {
        assert_eq!(times(3600), [3_375_000, 3_590_000]);
        assert_eq!(times(300), [150_000, 290_000]);
        assert_eq!(times(4), [2_000, 3_000]);
        assert_eq!(times(0), [0, 0]);
        assert_eq!(times(u64::MAX), [u64::MAX - NOW.0, u64::MAX - NOW.0]);
    }

    #[test]
    fn a_refusal_is_passed_on_with_what_the_endpoint_says() {
        let body = "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT\\nSignature.\"}";
        assert_eq!(
            refused(400, body, &[Secret::new("x//y")]),
            "Google refuses an access token with status 400: invalid_grant: Invalid JWTSignature."
        );
        assert_eq!(refused(404, "<html>", &[]), "Google refuses an access token with status 404");
        let long = json!({"error": "e".repeat(5000)}).to_string();
        assert_eq!(
            refused(503, &long, &[]).len(),
            "Google refuses an access token with status 503: ".len() + 300
        );
    }

    #[test]
    fn a_refusal_that_repeats_the_credentials_is_not_shown() {
        for credentials in [service_account(), user()] {
            let Grant { secrets, .. } = grant(&credentials);
            assert!(!secrets.is_empty());
            for secret in &secrets {
                let body = json!({"error": "odd", "error_description": format!("got {}", secret.reveal())});
                assert_eq!(
                    refused(400, &body.to_string(), &secrets),
                    "Google refuses an access token with status 400: the answer repeats the credentials and is not shown"
                );
            }
        }
    }

    #[test]
    fn an_answer_without_a_token_or_its_life_is_not_understood_and_not_shown() {
        let cases = [
            ("", "`access_token` that can be sent"),
            ("[]", "`access_token` that can be sent"),
            ("{\"access_token\":\"ya29 hunter2\",\"expires_in\":1}", "`access_token` that can be sent"),
            ("{\"access_token\":\"ya29.hunter2\"}", "`expires_in` in whole seconds"),
            ("{\"access_token\":\"ya29.hunter2\",\"expires_in\":-1}", "`expires_in` in whole seconds"),
        ];
        for (body, lacks) in cases {
            let expected = format!(
                "no access token from Google: the answer could not be understood: \
                the token endpoint's answer has no {lacks}"
            );
            assert_eq!(refused(200, body, &[]), expected);
        }
    }

    #[test]
    fn no_debug_output_of_a_grant_or_a_token_holds_a_secret() {
        let body = "{\"access_token\":\"ya29.hunter2\",\"expires_in\":1}";
        let token = read(StatusCode::OK, body.as_bytes(), NOW, &[]).unwrap();
        let calls = [grant(&service_account()), grant(&user())].map(|grant| format!("{:?}", grant.call));
        let shown = format!("{token:?} {calls:?}");
        for secret in ["hunter2", "refresh%2B", "eyJ"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
