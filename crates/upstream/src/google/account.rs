//! Google's credentials as its tools write them, read and checked.
//!
//! Not read: identity federation (`external_account`) and impersonation, which ask other parties first.

use ::http::uri::Scheme;
use ::http::{HeaderValue, Uri};
use paceway_domain::Secret;
use serde_json::{Map, Value};

use super::jwt::SigningKey;
use crate::credentials::BadCredentials;

/// Where tokens are given if the credentials do not say (developers.google.com/identity/protocols/oauth2/service-account).
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Something for which Google gives access tokens, or one that it has given. `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq)]
pub struct GoogleCredentials {
    pub(super) kind: Kind,
    project: Option<String>,
    quota_project: Option<HeaderValue>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    ServiceAccount(ServiceAccount),
    User(User),
    MetadataServer,
    AccessToken(Secret),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ServiceAccount {
    pub(super) email: String,
    pub(super) key_id: Option<String>,
    pub(super) key: SigningKey,
    pub(super) token_uri: TokenUri,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct User {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) refresh_token: Secret,
    pub(super) token_uri: TokenUri,
}

/// The address of a token endpoint, and its text as it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TokenUri {
    pub(super) uri: Uri,
    pub(super) text: String,
}

impl GoogleCredentials {
    /// Reads a service account's key file, or what `gcloud auth application-default login` writes.
    ///
    /// # Errors
    /// [`BadCredentials`] that name the field and what is wrong with it, never what it holds.
    pub fn from_json(text: &str) -> Result<Self, BadCredentials> {
        // The error's own text quotes the value that it stumbles over.
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            BadCredentials::new(format!("the credentials are not JSON at line {line}, column {column}"))
        })?;
        let Value::Object(fields) = value else {
            return Err(BadCredentials::new("the credentials are not a JSON object"));
        };
        let fields = Fields(fields);
        let kind = match fields.text("type")? {
            "service_account" => Kind::ServiceAccount(ServiceAccount {
                email: fields.text("client_email")?.to_owned(),
                key_id: fields.text_if_any("private_key_id")?.map(str::to_owned),
                key: SigningKey::from_pem(fields.text("private_key")?)?,
                token_uri: fields.token_uri()?,
            }),
            "authorized_user" => Kind::User(User {
                client_id: fields.text("client_id")?.to_owned(),
                client_secret: Secret::new(fields.text("client_secret")?),
                refresh_token: Secret::new(fields.text("refresh_token")?),
                token_uri: fields.token_uri()?,
            }),
            _ => {
                let why = "the credentials' `type` is neither `service_account` nor `authorized_user`; others are not \
                           supported: use a service account's key, an access token or the metadata server";
                return Err(BadCredentials::new(why));
            }
        };
        let quota_project = fields.text_if_any("quota_project_id")?;
        let quota_project = quota_project.map(|project| {
            visible(project).ok_or_else(|| bad_field("quota_project_id", "holds what cannot be sent"))
        });
        let project = fields.text_if_any("project_id")?.map(str::to_owned);
        Ok(Self { kind, project, quota_project: quota_project.transpose()? })
    }

    /// The service account of the machine this runs on, as Google Cloud's metadata server knows it.
    pub fn metadata_server() -> Self {
        Self { kind: Kind::MetadataServer, project: None, quota_project: None }
    }

    /// An access token from elsewhere, used as it is and never renewed.
    ///
    /// # Errors
    /// [`BadCredentials`] if it is empty or holds what cannot be sent.
    pub fn access_token(token: Secret) -> Result<Self, BadCredentials> {
        if !is_token(token.reveal()) {
            return Err(BadCredentials::new(
                "the access token is empty or holds a space or what cannot be sent",
            ));
        }
        Ok(Self { kind: Kind::AccessToken(token), project: None, quota_project: None })
    }

    /// The project that the credentials belong to, if they say.
    pub fn project_id(&self) -> Option<&str> {
        self.project.as_deref()
    }

    pub(super) fn fixed_token(&self) -> Option<&Secret> {
        if let Kind::AccessToken(token) = &self.kind { Some(token) } else { None }
    }

    pub(super) fn quota_project(&self) -> Option<&HeaderValue> {
        self.quota_project.as_ref()
    }
}

/// Whether this can be an access token: visible characters without a space.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The text as a header's value, if it is visible characters and spaces.
pub(super) fn visible(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok().filter(|value| value.to_str().is_ok())
}

struct Fields(Map<String, Value>);

impl Fields {
    fn text(&self, name: &str) -> Result<&str, BadCredentials> {
        self.text_if_any(name)?
            .ok_or_else(|| BadCredentials::new(format!("the credentials have no `{name}`")))
    }

    fn text_if_any(&self, name: &str) -> Result<Option<&str>, BadCredentials> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Err(bad_field(name, "is empty")),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad_field(name, "is not a text")),
        }
    }

    /// A grant is as good as the token that it buys, so it goes over TLS, or stays on this machine.
    fn token_uri(&self) -> Result<TokenUri, BadCredentials> {
        let text = self.text_if_any("token_uri")?.unwrap_or(TOKEN_URI).to_owned();
        let uri: Uri = text.parse().map_err(|_| bad_field("token_uri", "is not an address"))?;
        let is_local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if uri.scheme() == Some(&Scheme::HTTPS) || (uri.scheme() == Some(&Scheme::HTTP) && is_local) {
            return Ok(TokenUri { uri, text });
        }
        Err(bad_field("token_uri", "does not begin with `https://`"))
    }
}

fn bad_field(name: &str, why: &str) -> BadCredentials {
    BadCredentials::new(format!("the credentials' `{name}` {why}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in crate::google) fn service_account() -> Value {
        json!({
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "k1",
            "private_key": include_str!("rfc7515_a2.pem"),
            "client_email": "pace@acme.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
            "universe_domain": "googleapis.com",
        })
    }

    /// As `gcloud auth application-default login` writes it.
    pub(in crate::google) fn user() -> Value {
        json!({
            "account": "",
            "client_id": "764.apps.googleusercontent.com",
            "client_secret": "d-hunter2",
            "quota_project_id": "acme",
            "refresh_token": "1//09refresh+/",
            "type": "authorized_user",
        })
    }

    fn with(mut credentials: Value, field: &str, value: Value) -> Value {
        credentials[field] = value;
        credentials
    }

    fn why(credentials: &Value) -> String {
        GoogleCredentials::from_json(&credentials.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn both_kinds_of_files_are_read() {
        let account = GoogleCredentials::from_json(&service_account().to_string()).unwrap();
        assert_eq!(account.project_id(), Some("acme"));
        assert!(account.quota_project().is_none());
        let user = GoogleCredentials::from_json(&user().to_string()).unwrap();
        assert_eq!(user.project_id(), None);
        assert_eq!(user.quota_project().unwrap(), "acme");
    }

    #[test]
    fn what_is_wrong_is_named_and_not_shown() {
        assert_eq!(why(&json!("hunter2")), "the credentials are not a JSON object");
        assert_eq!(
            GoogleCredentials::from_json("{\n  hunter2").unwrap_err().to_string(),
            "the credentials are not JSON at line 2, column 3"
        );
        assert_eq!(why(&json!({})), "the credentials have no `type`");
        assert!(why(&json!({"type": "hunter2"})).starts_with("the credentials' `type` is neither"));
        let null = with(service_account(), "client_email", Value::Null);
        assert_eq!(why(&null), "the credentials have no `client_email`");
        let number = with(user(), "refresh_token", json!(12345));
        assert_eq!(why(&number), "the credentials' `refresh_token` is not a text");
        assert_eq!(
            why(&with(user(), "client_secret", json!(""))),
            "the credentials' `client_secret` is empty"
        );
        let key = with(service_account(), "private_key", json!("hunter2"));
        assert_eq!(why(&key), "the credentials' `private_key` is not a PEM private key");
        let project = with(user(), "quota_project_id", json!("hunter\n2"));
        assert_eq!(why(&project), "the credentials' `quota_project_id` holds what cannot be sent");
    }

    #[test]
    fn a_grant_goes_over_tls_or_stays_on_the_machine() {
        let at = |uri: &str| with(service_account(), "token_uri", json!(uri));
        for good in ["https://sts.example.com/token", "http://127.0.0.1:9/token", "http://localhost:9/token"]
        {
            assert!(GoogleCredentials::from_json(&at(good).to_string()).is_ok(), "{good}");
        }
        for bad in ["http://oauth2.googleapis.com/token", "/token", "http://localhost.example.com/"] {
            assert_eq!(why(&at(bad)), "the credentials' `token_uri` does not begin with `https://`", "{bad}");
        }
        assert_eq!(why(&at("https://a b")), "the credentials' `token_uri` is not an address");
    }

    #[test]
    fn an_access_token_that_cannot_be_sent_is_refused_without_being_shown() {
        for bad in ["", "ya29.hunter2\n", "Bearer ya29.hunter2"] {
            let why = GoogleCredentials::access_token(Secret::new(bad)).unwrap_err().to_string();
            assert!(why.starts_with("the access token is empty or holds") && !why.contains("hunter2"));
        }
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let account = GoogleCredentials::from_json(&service_account().to_string()).unwrap();
        let user = GoogleCredentials::from_json(&user().to_string()).unwrap();
        let token = GoogleCredentials::access_token(Secret::new("ya29.hunter2")).unwrap();
        let shown = format!("{account:?} {user:?} {token:?}");
        for secret in ["hunter2", "refresh+", "MIIE"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
