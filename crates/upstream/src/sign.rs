//! AWS Signature Version 4: the headers by which Bedrock knows who sends a call.
//!
//! As IAM's user guide has it ("Create a signed AWS API request", docs.aws.amazon.com/IAM/latest/UserGuide/
//! reference_sigv-create-signed-request.html). Headers only: no presigned addresses, no S3, whose paths are encoded once,
//! no chunked bodies. Keys and time are handed in. A bearer key (`AWS_BEARER_TOKEN_BEDROCK`) needs none of this.

use std::collections::BTreeMap;

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use aws_lc_rs::{digest, hmac};
use jiff::Timestamp;
use paceway_domain::{Failure, Secret, UnixMillis};

use crate::Call;
use crate::credentials::BadCredentials;
use crate::http::{host_header, host_of};
use crate::percent;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The keys of an AWS identity.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// Which identity; not secret.
    pub access_key_id: String,
    /// What it signs with.
    pub secret_access_key: Secret,
    /// Comes with keys that end after a while.
    pub session_token: Option<Secret>,
}

/// For what a signature holds.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsScope {
    /// As in `us-east-1`.
    pub region: String,
    /// The name that the service signs under: `bedrock` for all of Bedrock's endpoints.
    pub service: String,
}

/// Signs calls with the keys of one identity for one region and service.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsSigner {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<HeaderValue>,
    scope: AwsScope,
}

impl AwsSigner {
    /// A signer with these keys.
    ///
    /// # Errors
    /// [`BadCredentials`] if a part is empty or holds what cannot be sent.
    pub fn new(keys: AwsKeys, scope: AwsScope) -> Result<Self, BadCredentials> {
        for (name, part) in [
            ("AWS access key id", keys.access_key_id.as_str()),
            ("AWS secret access key", keys.secret_access_key.reveal()),
            ("AWS region", &scope.region),
            ("AWS service", &scope.service),
        ] {
            check(name, part)?;
        }
        let AwsKeys { access_key_id, secret_access_key, session_token } = keys;
        let session_token = session_token.map(|token| {
            check("AWS session token", token.reveal())?;
            secret_value(token.reveal())
                .ok_or_else(|| BadCredentials::new("the AWS session token cannot be sent"))
        });
        Ok(Self { access_key_id, secret_access_key, session_token: session_token.transpose()?, scope })
    }

    /// Adds `authorization`, `x-amz-date` and, where the keys have one, `x-amz-security-token`; replaces those of an
    /// earlier signature. Signed are the method, the path, the query, the body, `host`, `content-type` and AWS's own
    /// headers; all others may still be changed. Each segment of the path is put into
    /// the form in which it is encoded once.
    ///
    /// # Errors
    /// [`Failure::Connect`] if the address has no host, or the time is beyond the year 9999.
    pub fn sign(&self, call: &mut Call, now: UnixMillis) -> Result<(), Failure> {
        let (scheme, authority) = host_of(&call.uri)?;
        let host = host_header(&scheme, &authority)?;
        call.uri = encoded_once(&call.uri)?;
        let time = timestamp(now)?;
        let date = HeaderValue::from_str(&time).expect("digits and letters can be sent");
        call.headers.insert(DATE, date);
        match &self.session_token {
            Some(token) => call.headers.insert(SESSION_TOKEN, token.clone()),
            None => call.headers.remove(SESSION_TOKEN),
        };
        let signed = signed_headers(&call.headers, &host);
        let request = CanonicalRequest {
            method: call.method.as_str(),
            path: &canonical_path(call.uri.path()),
            query: &canonical_query(call.uri.query().unwrap_or_default()),
            headers: &signed,
            body: &call.body,
        };
        let authorization = self.authorization(&time, &request);
        let authorization = secret_value(&authorization).expect("all its parts can be sent");
        call.headers.insert(header::AUTHORIZATION, authorization);
        Ok(())
    }

    fn authorization(&self, time: &str, request: &CanonicalRequest<'_>) -> String {
        let AwsScope { region, service } = &self.scope;
        let day = &time[..8];
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let hash = hex(digest::digest(&digest::SHA256, &request.bytes()).as_ref());
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{hash}");
        let first = format!("AWS4{}", self.secret_access_key.reveal());
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
        for part in [day, region, service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
        let (id, names) = (&self.access_key_id, request.header_names());
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

/// Visible ASCII without what separates the parts of an authorization; AWS's keys and tokens are that (the secret and the
/// token hold slashes).
fn check(name: &str, part: &str) -> Result<(), BadCredentials> {
    if part.is_empty() {
        return Err(BadCredentials::new(format!("the {name} is empty")));
    }
    if !part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',') {
        let why = format!("the {name} holds a space, a comma or another character that none has");
        return Err(BadCredentials::new(why));
    }
    Ok(())
}

/// A header's value that `Debug` does not show.
fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The address with every segment of its path encoded once: `/model/a.b-v1:0/invoke` becomes `/model/a.b-v1%3A0/invoke`,
/// and what is so already stays. AWS's SDKs send paths so. Whether a service encodes what it receives once more, or
/// decodes it and encodes it twice, only then gives the same signature.
fn encoded_once(uri: &Uri) -> Result<Uri, Failure> {
    let segments = uri.path().split('/').map(|segment| percent::encode(&percent::decode(segment), b""));
    let mut path = segments.collect::<Vec<_>>().join("/");
    if path == uri.path() {
        return Ok(uri.clone());
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query =
        Some(PathAndQuery::try_from(path).map_err(|error| Failure::Connect(error.to_string()))?);
    Uri::from_parts(parts).map_err(|error| Failure::Connect(error.to_string()))
}

/// The time as `20150830T123600Z`.
fn timestamp(now: UnixMillis) -> Result<String, Failure> {
    let time = i64::try_from(now.0).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let time =
        time.ok_or_else(|| Failure::Connect(format!("{} ms is not a time that can be signed", now.0)))?;
    Ok(time.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// Headers by name, the values of one name joined, each without the spaces around it and with single ones within.
type SignedHeaders<'a> = BTreeMap<&'a str, Vec<u8>>;

fn signed_headers<'a>(headers: &'a HeaderMap, host: &HeaderValue) -> SignedHeaders<'a> {
    let is_signed = |name: &str| {
        name == "content-type" || name.starts_with("x-amz-") || name.starts_with("x-amzn-bedrock-")
    };
    let mut signed = SignedHeaders::from([("host", host.as_bytes().to_vec())]);
    for (name, value) in headers.iter().filter(|(name, _)| is_signed(name.as_str())) {
        add(&mut signed, name.as_str(), value.as_bytes());
    }
    signed
}

fn add<'a>(headers: &mut SignedHeaders<'a>, name: &'a str, value: &[u8]) {
    let joined = headers.entry(name).and_modify(|joined| joined.push(b',')).or_default();
    let words = value.trim_ascii().split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    joined.extend(words.collect::<Vec<_>>().join(&b' '));
}

/// A request in the form that is signed.
struct CanonicalRequest<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a SignedHeaders<'a>,
    body: &'a [u8],
}

impl CanonicalRequest<'_> {
    fn header_names(&self) -> String {
        self.headers.keys().copied().collect::<Vec<_>>().join(";")
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{}\n{}\n{}\n", self.method, self.path, self.query).into_bytes();
        for (name, value) in self.headers {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            out.extend_from_slice(value);
            out.push(b'\n');
        }
        let body_hash = hex(digest::digest(&digest::SHA256, self.body).as_ref());
        out.extend_from_slice(format!("\n{}\n{body_hash}", self.header_names()).as_bytes());
        out
    }
}

/// The path without empty and dot segments (RFC 3986, section 5.2.4), encoded once more than it is sent: `%3A` is signed
/// as `%253A`, for every service but S3.
fn canonical_path(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => (),
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let ends_in_slash = !kept.is_empty() && ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if ends_in_slash { "/" } else { "" };
    percent::encode(format!("/{}{end}", kept.join("/")).as_bytes(), b"/")
}

/// The query's parameters, encoded once and in order of their names.
fn canonical_query(query: &str) -> String {
    let encode = |text: &str| percent::encode(&percent::decode(text), b"");
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let mut parameters: Vec<_> = parameters
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    parameters.sort();
    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod suite;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ::http::Method;
    use bytes::Bytes;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE/+==";
    const BEDROCK: &str = "https://bedrock-runtime.us-east-1.amazonaws.com";
    const NOW: UnixMillis = UnixMillis(1_440_938_160_999);

    fn keys(session_token: Option<&str>) -> AwsKeys {
        let access_key_id = "AKIDEXAMPLE".into();
        AwsKeys {
            access_key_id,
            secret_access_key: Secret::new(SECRET),
            session_token: session_token.map(Secret::new),
        }
    }

    fn scope() -> AwsScope {
        AwsScope { region: "us-east-1".into(), service: "bedrock".into() }
    }

    fn signer(session_token: Option<&str>) -> AwsSigner {
        AwsSigner::new(keys(session_token), scope()).unwrap()
    }

    fn call(path: &str, body: &'static str) -> Call {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Call {
            method: Method::POST,
            uri: format!("{BEDROCK}{path}").parse().unwrap(),
            headers: headers.into_iter().collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn authorization(call: &Call) -> &str {
        call.headers[header::AUTHORIZATION].to_str().unwrap()
    }

    #[test]
    fn a_call_to_bedrock_is_signed_as_amazons_own_crate_signs_it() {
        // Both signatures are those of aws-sigv4 1.6.4 with its default settings.
        let mut with_token =
            call("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke", "{\"max_tokens\":1}");
        signer(Some(TOKEN)).sign(&mut with_token, NOW).unwrap();
        assert_eq!(
            authorization(&with_token),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, \
            SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
            Signature=f2c0c006024679c27c29271d86d766446b6f05005cd3fd00027d578f433c4ae0"
        );
        assert_eq!(with_token.headers[DATE], "20150830T123600Z");
        assert_eq!(with_token.headers[SESSION_TOKEN], TOKEN);

        let profile =
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0";
        let mut without = call(&format!("/model/{profile}/converse-stream"), "{}");
        signer(None).sign(&mut without, NOW).unwrap();
        let signature = "Signature=ada2b6223fab09e10835b00d321d0a2f509d022a5394f8a2bb8b3a9df6f7f14b";
        assert!(authorization(&without).ends_with(signature), "{}", authorization(&without));
        assert!(!without.headers.contains_key(SESSION_TOKEN));
    }

    #[test]
    fn a_colon_in_the_path_is_sent_encoded_and_signed_the_same() {
        let mut plain = call("/model/amazon.nova-lite-v1:0/invoke?x=a:b", "{}");
        let mut encoded = call("/model/amazon.nova-lite-v1%3a0/invoke?x=a:b", "{}");
        signer(None).sign(&mut plain, NOW).unwrap();
        signer(None).sign(&mut encoded, NOW).unwrap();
        assert_eq!(plain.uri.path_and_query().unwrap(), "/model/amazon.nova-lite-v1%3A0/invoke?x=a:b");
        assert_eq!(plain.uri, encoded.uri);
        assert_eq!(authorization(&plain), authorization(&encoded));
    }

    #[test]
    fn signing_again_replaces_the_earlier_signature() {
        let mut again = call("/model/x/invoke", "{}");
        signer(Some(TOKEN)).sign(&mut again, UnixMillis(0)).unwrap();
        signer(None).sign(&mut again, NOW).unwrap();
        let mut once = call("/model/x/invoke", "{}");
        signer(None).sign(&mut once, NOW).unwrap();
        assert_eq!(again.headers, once.headers);
    }

    #[test]
    fn the_host_is_signed_as_it_is_sent() {
        let signature = |base: &str| {
            let mut call = Call { uri: format!("{base}/model/x/invoke").parse().unwrap(), ..call("", "{}") };
            signer(None).sign(&mut call, NOW).unwrap();
            authorization(&call).to_owned()
        };
        assert_eq!(signature("https://h:443"), signature("https://h"));
        assert_ne!(signature("https://h:8443"), signature("https://h"));
    }

    #[test]
    fn headers_of_others_may_change_and_amazons_may_not() {
        let signature = |name: &'static str| {
            let mut call = call("/model/x/invoke", "{}");
            call.headers.insert(name, HeaderValue::from_static("1"));
            signer(None).sign(&mut call, NOW).unwrap();
            authorization(&call).to_owned()
        };
        assert_eq!(signature("user-agent"), signature("accept"));
        assert_ne!(signature("x-amzn-bedrock-trace"), signature("accept"));
    }

    #[test]
    fn an_address_without_host_and_a_time_beyond_all_calendars_are_failures() {
        let mut nowhere = Call { uri: Uri::from_static("/model"), ..call("", "") };
        assert!(matches!(signer(None).sign(&mut nowhere, NOW), Err(Failure::Connect(_))));
        assert!(matches!(
            signer(None).sign(&mut call("/", ""), UnixMillis(u64::MAX)),
            Err(Failure::Connect(_))
        ));
    }

    #[test]
    fn credentials_that_cannot_be_used_are_named_and_not_shown() {
        let why = |keys| AwsSigner::new(keys, scope()).unwrap_err().to_string();
        assert_eq!(
            why(AwsKeys { access_key_id: String::new(), ..keys(None) }),
            "the AWS access key id is empty"
        );
        let spaced = AwsKeys { secret_access_key: Secret::new(format!("{SECRET}\n")), ..keys(None) };
        assert!(why(spaced.clone()).starts_with("the AWS secret access key holds a space"));
        assert!(!why(spaced).contains("wJalr"));
        assert!(!why(keys(Some("IQoJ token"))).contains("IQoJ"));
    }

    #[test]
    fn no_debug_output_holds_a_secret() {
        let mut call = call("/model/x/invoke", "{}");
        let signer = signer(Some(TOKEN));
        signer.sign(&mut call, NOW).unwrap();
        let shown = format!("{:?} {signer:?} {call:?}", keys(Some(TOKEN)));
        assert!(
            !shown.contains("wJalr") && !shown.contains("IQoJ") && !shown.contains("Signature="),
            "{shown}"
        );
        assert!(shown.contains("AKIDEXAMPLE"));
    }
}
