//! Where a provider's endpoints are, and what a body has to have there: the same format is spoken at different addresses by
//! its own provider, by Azure, by Amazon Bedrock and by Google's Vertex AI.
//!
//! One table. It sends nothing and knows no key.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderMap;
use paceway_domain::{Dialect, Refusal};
use paceway_protocol::Envelope;

use crate::Endpoint;

/// Whose addresses they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platform {
    /// The format's own provider, or one that follows it.
    Direct,
    /// Azure OpenAI. With a version, models are deployments in the path; without, the base ends in `/openai/v1`.
    Azure {
        /// `2024-10-21`, …
        api_version: Option<String>,
    },
    /// Amazon Bedrock's runtime.
    Bedrock,
    /// Google's Vertex AI.
    Vertex {
        /// The project's id.
        project: String,
        /// The region, or `global`.
        location: String,
    },
}

/// What is asked of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) endpoint: Endpoint,
    pub(crate) model: &'a str,
    pub(crate) stream: bool,
}

impl Platform {
    /// The path and query behind the base address; `None` where there is no such endpoint.
    pub(crate) fn path(&self, wanted: Wanted<'_>) -> Option<String> {
        let model = segment(wanted.model);
        match self {
            Self::Direct | Self::Azure { api_version: None } => direct(wanted, &model),
            Self::Azure { api_version: Some(version) } => {
                let path = direct(wanted, &model)?;
                let is_of_deployment = wanted.dialect == Dialect::OpenAi;
                let deployment =
                    if is_of_deployment { format!("/deployments/{model}") } else { String::new() };
                Some(format!("/openai{deployment}{path}?api-version={version}"))
            }
            Self::Bedrock => bedrock(wanted, &model),
            Self::Vertex { project, location } => {
                let (publisher, method) = vertex(wanted)?;
                Some(format!(
                    "/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:{method}"
                ))
            }
        }
    }

    /// Whether errors too come in the shape that the format's own provider gives them.
    pub(crate) fn speaks_as_its_dialect(&self) -> bool {
        matches!(self, Self::Direct | Self::Azure { .. })
    }

    /// The body as it is wanted here. Anthropic's models on Bedrock and Vertex are named in the path, and what is a header
    /// at Anthropic is a field.
    pub(crate) fn body(
        &self,
        wanted: Wanted<'_>,
        body: Bytes,
        headers: &mut HeaderMap,
    ) -> Result<Bytes, Refusal> {
        let version = match self {
            Self::Bedrock => "bedrock-2023-05-31",
            Self::Vertex { .. } => "vertex-2023-10-16",
            Self::Direct | Self::Azure { .. } => return Ok(body),
        };
        if wanted.dialect != Dialect::Anthropic {
            return Ok(body);
        }
        let betas: Vec<String> = headers
            .get_all("anthropic-beta")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|names| names.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        headers.remove("anthropic-version");
        let body = Envelope::parse(&body)?.without("model");
        let body = Envelope::parse(&body)?.with("anthropic_version", &format!("\"{version}\""));
        if !matches!(self, Self::Bedrock) {
            return Ok(body);
        }
        headers.remove("anthropic-beta");
        // Whether it streams is in the path.
        let body = Envelope::parse(&body)?.without("stream");
        if betas.is_empty() {
            return Ok(body);
        }
        let betas = serde_json::to_string(&betas).expect("names are texts");
        Ok(Envelope::parse(&body)?.with("anthropic_beta", &betas))
    }
}

fn direct(wanted: Wanted<'_>, model: &str) -> Option<String> {
    let path = match (wanted.dialect, wanted.endpoint) {
        (Dialect::Anthropic, Endpoint::Generate) => "/v1/messages",
        (Dialect::Anthropic, Endpoint::CountTokens) => "/v1/messages/count_tokens",
        // An OpenAI-compatible base ends in its version, as OpenAI's clients have it.
        (Dialect::OpenAi, Endpoint::Generate) => "/chat/completions",
        (Dialect::Responses, Endpoint::Generate) => "/responses",
        (Dialect::Responses, Endpoint::CountTokens) => "/responses/input_tokens",
        (Dialect::OpenAi | Dialect::Responses, Endpoint::Embeddings) => "/embeddings",
        (Dialect::OpenAi | Dialect::Responses, Endpoint::Rerank) => "/rerank",
        (Dialect::OpenAi | Dialect::Responses, Endpoint::Images) => "/images/generations",
        (Dialect::OpenAi | Dialect::Responses, Endpoint::Transcription) => "/audio/transcriptions",
        (Dialect::OpenAi | Dialect::Responses, Endpoint::Speech) => "/audio/speech",
        (Dialect::Gemini, _) => return Some(format!("/models/{model}:{}", gemini_method(wanted)?)),
        (Dialect::Cohere, Endpoint::Generate) => "/v2/chat",
        (Dialect::Cohere, Endpoint::Embeddings) => "/v2/embed",
        (Dialect::Cohere, Endpoint::Rerank) => "/v2/rerank",
        _ => return None,
    };
    Some(path.to_owned())
}

fn gemini_method(wanted: Wanted<'_>) -> Option<&'static str> {
    match wanted.endpoint {
        Endpoint::Generate if wanted.stream => Some("streamGenerateContent?alt=sse"),
        Endpoint::Generate => Some("generateContent"),
        Endpoint::CountTokens => Some("countTokens"),
        Endpoint::Embeddings => Some("batchEmbedContents"),
        _ => None,
    }
}

fn bedrock(wanted: Wanted<'_>, model: &str) -> Option<String> {
    let method = match (wanted.dialect, wanted.endpoint, wanted.stream) {
        (Dialect::Converse, Endpoint::Generate, false) => "converse",
        (Dialect::Converse, Endpoint::Generate, true) => "converse-stream",
        (Dialect::Anthropic, Endpoint::Generate, false) => "invoke",
        (Dialect::Anthropic, Endpoint::Generate, true) => "invoke-with-response-stream",
        (Dialect::OpenAi, Endpoint::Generate, _) => return Some("/openai/v1/chat/completions".to_owned()),
        _ => return None,
    };
    Some(format!("/model/{model}/{method}"))
}

/// The publisher and the method.
fn vertex(wanted: Wanted<'_>) -> Option<(&'static str, &'static str)> {
    match (wanted.dialect, wanted.endpoint, wanted.stream) {
        (Dialect::Gemini, ..) => Some(("google", gemini_method(wanted)?)),
        (Dialect::Anthropic, Endpoint::Generate, false) => Some(("anthropic", "rawPredict")),
        (Dialect::Anthropic, Endpoint::Generate, true) => Some(("anthropic", "streamRawPredict")),
        _ => None,
    }
}

/// A model's name as one segment of a path: everything but unreserved characters (RFC 3986, 2.3) is encoded.
pub(crate) fn segment(model: &str) -> String {
    let mut encoded = String::with_capacity(model.len());
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn path(platform: &Platform, dialect: Dialect, stream: bool) -> Option<String> {
        platform.path(Wanted { dialect, endpoint: Endpoint::Generate, model: "a.b-v1:0", stream })
    }

    #[test]
    fn each_platform_has_its_own_addresses() {
        let azure = Platform::Azure { api_version: Some("2024-10-21".into()) };
        let vertex = Platform::Vertex { project: "p".into(), location: "global".into() };
        let told = [
            path(&Platform::Direct, Dialect::Gemini, true),
            path(&Platform::Direct, Dialect::Cohere, false),
            path(&azure, Dialect::OpenAi, true),
            path(&azure, Dialect::Responses, true),
            path(&Platform::Bedrock, Dialect::Converse, true),
            path(&Platform::Bedrock, Dialect::Anthropic, false),
            path(&vertex, Dialect::Anthropic, true),
            path(&vertex, Dialect::Cohere, true),
        ];
        let expected = [
            Some("/models/a.b-v1%3A0:streamGenerateContent?alt=sse"),
            Some("/v2/chat"),
            Some("/openai/deployments/a.b-v1%3A0/chat/completions?api-version=2024-10-21"),
            Some("/openai/responses?api-version=2024-10-21"),
            Some("/model/a.b-v1%3A0/converse-stream"),
            Some("/model/a.b-v1%3A0/invoke"),
            Some("/v1/projects/p/locations/global/publishers/anthropic/models/a.b-v1%3A0:streamRawPredict"),
            None,
        ];
        assert_eq!(told, expected.map(|path| path.map(str::to_owned)));
    }

    #[test]
    fn a_model_of_anthropics_on_bedrock_is_named_in_the_path_and_betas_in_the_body() {
        let wanted =
            Wanted { dialect: Dialect::Anthropic, endpoint: Endpoint::Generate, model: "m", stream: true };
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
        headers.append("anthropic-beta", "one-2025, two".parse().unwrap());
        let body = Bytes::from_static(br#"{"model":"m","stream":true,"max_tokens":1}"#);
        let body = Platform::Bedrock.body(wanted, body, &mut headers).unwrap();
        assert_eq!(
            body,
            &br#"{"max_tokens":1,"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["one-2025","two"]}"#[..]
        );
        assert!(headers.is_empty());
    }
}
