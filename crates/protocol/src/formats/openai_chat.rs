//! OpenAI Chat Completions (`/v1/chat/completions`), as OpenAI and the many that follow it write it.

mod answer;
mod request;
mod stream;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Tokens, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Format, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorKind, ErrorReport, Reply};
use crate::sse;

/// The format. Source: platform.openai.com/docs/api-reference/chat, read 2026-11.
pub(super) struct OpenAiChat;

impl Format for OpenAiChat {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn summary(&self, envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
        request::summary(envelope)
    }

    fn forward(&self, envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes {
        request::forward(envelope, summary, body, model)
    }

    fn read_chat(&self, envelope: &Envelope<'_>) -> Result<Chat, Refusal> {
        request::read(envelope)
    }

    fn write_chat(&self, chat: &Chat, target: Target<'_>) -> Result<Bytes, Refusal> {
        request::write(chat, target)
    }

    fn read_reply(&self, body: &[u8]) -> Result<Reply, String> {
        answer::read(body)
    }

    fn write_reply(&self, reply: &Reply, created: u64) -> Bytes {
        answer::write(reply, created)
    }

    fn usage(&self, body: &[u8]) -> Option<Usage> {
        #[derive(Deserialize)]
        struct Body {
            usage: WireUsage,
        }
        serde_json::from_slice(body).ok().map(|body: Body| body.usage.read())
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        let kind = ErrorKind::from_status(status);
        match serde_json::from_slice(body) {
            Ok(WireErrorBody { error }) => ErrorReport { kind, message: error.message() },
            Err(_) => ErrorReport {
                kind,
                message: String::from_utf8_lossy(body).trim().chars().take(500).collect(),
            },
        }
    }

    fn write_error(&self, error: &ErrorReport, _request_id: &str) -> Bytes {
        error_body(error).to_string().into()
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        sse::write(out, None, error_body(error).to_string().as_bytes());
    }

    fn watch(&self, hide_usage: bool) -> Box<dyn StreamWatch> {
        Box::new(stream::Watch::new(hide_usage))
    }

    fn reader(&self) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn writer(&self, wants_usage: bool, created: u64) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::new(wants_usage, created))
    }
}

/// `usage` as OpenAI writes it. `prompt_tokens` includes what was cached.
#[derive(Debug, Default, Deserialize)]
struct WireUsage {
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<WirePromptDetails>,
}

#[derive(Debug, Default, Deserialize)]
struct WirePromptDetails {
    cached_tokens: Option<u64>,
    /// What was written to the cache, where the provider charges for that (gpt-5.6 and later).
    cache_write_tokens: Option<u64>,
}

impl WireUsage {
    fn read(&self) -> Usage {
        let details = self.prompt_tokens_details.as_ref();
        let cached = details.and_then(|d| d.cached_tokens).unwrap_or(0).min(self.prompt_tokens);
        let written =
            details.and_then(|d| d.cache_write_tokens).unwrap_or(0).min(self.prompt_tokens - cached);
        Usage {
            input: Tokens(self.prompt_tokens - cached - written),
            cache_read: Tokens(cached),
            cache_write_5m: Tokens(written),
            cache_write_1h: Tokens::ZERO,
            output: Tokens(self.completion_tokens),
        }
    }
}

fn write_usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_total(),
        "completion_tokens": usage.output,
        "total_tokens": usage.input_total() + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    })
}

#[derive(Deserialize)]
struct WireErrorBody {
    error: WireError,
}

/// Most write an object, some only a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum WireError {
    Object { message: String },
    Text(String),
}

impl WireError {
    fn message(self) -> String {
        match self {
            Self::Object { message } | Self::Text(message) => message,
        }
    }
}

fn error_body(error: &ErrorReport) -> Value {
    let (kind, code) = error_type(error.kind);
    json!({"error": {"message": error.message, "type": kind, "param": null, "code": code}})
}

/// `type` and `code`. Source: platform.openai.com/docs/guides/error-codes.
fn error_type(kind: ErrorKind) -> (&'static str, Option<&'static str>) {
    match kind {
        ErrorKind::InvalidRequest => ("invalid_request_error", None),
        ErrorKind::TooLarge => ("invalid_request_error", Some("request_too_large")),
        ErrorKind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        ErrorKind::Billing => ("insufficient_quota", Some("insufficient_quota")),
        ErrorKind::Permission => ("invalid_request_error", Some("permission_denied")),
        ErrorKind::NotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::RateLimit => ("requests", Some("rate_limit_exceeded")),
        ErrorKind::Timeout => ("server_error", Some("timeout")),
        ErrorKind::Overloaded => ("server_error", Some("overloaded")),
        ErrorKind::Server => ("server_error", None),
    }
}
