//! Where each provider looks for the caller's key. Any text is a key.

use axum::http::{HeaderMap, header};

/// `x-api-key` or a bearer token: Anthropic and OpenAI.
pub(crate) fn common(headers: &HeaderMap) -> Option<String> {
    text(headers, "x-api-key").or_else(|| bearer(headers)).map(str::to_owned)
}

/// A bearer token: Cohere, Vertex.
pub(crate) fn bearer_only(headers: &HeaderMap) -> Option<String> {
    bearer(headers).map(str::to_owned)
}

/// `api-key` or a bearer token: Azure.
pub(crate) fn azure(headers: &HeaderMap) -> Option<String> {
    text(headers, "api-key").or_else(|| bearer(headers)).map(str::to_owned)
}

/// `x-goog-api-key`, `?key=` or a bearer token: Gemini.
pub(crate) fn google(headers: &HeaderMap, query: &str) -> Option<String> {
    let in_query = query_value(query, "key").filter(|key| !key.is_empty());
    text(headers, "x-goog-api-key").or(in_query).or_else(|| bearer(headers)).map(str::to_owned)
}

/// A bearer token, or the key id of a signature that has all of its parts; whether it is right is not looked at: Bedrock.
pub(crate) fn amazon(headers: &HeaderMap) -> Option<String> {
    let signed = || {
        let signature = text(headers, "authorization")?.strip_prefix("AWS4-HMAC-SHA256")?;
        let part = |name: &str| {
            let parts = signature.split(',').map(str::trim);
            parts
                .filter_map(|part| part.strip_prefix(name)?.strip_prefix('='))
                .find(|value| !value.is_empty())
        };
        part("SignedHeaders").and(part("Signature"))?;
        part("Credential")?.split('/').next()
    };
    bearer(headers).or_else(signed).map(str::to_owned)
}

/// The value of a parameter in a query, as it is written there.
pub(crate) fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    (!token.is_empty()).then_some(token)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_signature_needs_its_three_parts() {
        let key = |authorization: &'static str| {
            amazon(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(authorization))]))
        };
        let whole = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, \
                     Signature=abc";
        assert_eq!(key(whole).as_deref(), Some("AKID"));
        assert_eq!(key("AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host"), None);
        assert_eq!(key("Bearer any").as_deref(), Some("any"));
    }
}
