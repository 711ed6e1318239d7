//! Anthropic Messages (`/v1/messages`), versions 2023-06-01 and 2026-10-21: for what is read here they are the same.

mod answer;
mod request;
mod stream;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Usage};
use serde::Deserialize;
use serde_json::json;

use super::{Format, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorKind, ErrorReport, Reply};
use crate::sse;

/// The format. Source: platform.claude.com/docs/en/api/messages, read 2026-11.
pub(super) struct Anthropic;

impl Format for Anthropic {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn summary(&self, envelope: &Envelope<'_>) -> Result<Summary, Refusal> {
        request::summary(envelope)
    }

    fn forward(&self, envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes {
        if summary.model == model {
            return body.clone();
        }
        envelope.with("model", &json!(model).to_string())
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

    fn write_reply(&self, reply: &Reply, _created: u64) -> Bytes {
        answer::write(reply)
    }

    fn usage(&self, body: &[u8]) -> Option<Usage> {
        #[derive(Deserialize)]
        struct Body {
            usage: WireUsage,
        }
        serde_json::from_slice(body).ok().map(|body: Body| body.usage.over(Usage::default()))
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        match serde_json::from_slice(body) {
            Ok(WireErrorBody { error }) => error.report(ErrorKind::from_status(status)),
            Err(_) => ErrorReport {
                kind: ErrorKind::from_status(status),
                message: String::from_utf8_lossy(body).trim().chars().take(500).collect(),
            },
        }
    }

    fn write_error(&self, error: &ErrorReport, request_id: &str) -> Bytes {
        json!({
            "type": "error",
            "error": {"type": error_type(error.kind), "message": error.message},
            "request_id": request_id,
        })
        .to_string()
        .into()
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        let data =
            json!({"type": "error", "error": {"type": error_type(error.kind), "message": error.message}});
        sse::write(out, Some("error"), data.to_string().as_bytes());
    }

    fn watch(&self, _hide_usage: bool) -> Box<dyn StreamWatch> {
        Box::new(stream::Watch::default())
    }

    fn reader(&self) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn writer(&self, _wants_usage: bool, _created: u64) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::default())
    }
}

/// `usage` as Anthropic writes it, whole or in part.
#[derive(Debug, Default, Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<WireCacheCreation>,
    output_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct WireCacheCreation {
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
}

impl WireUsage {
    /// This report laid over an earlier one: in a stream the counts are cumulative, and a later event may repeat or
    /// leave out what an earlier one said.
    fn over(&self, earlier: Usage) -> Usage {
        let mut usage = earlier;
        if let Some(input) = self.input_tokens {
            usage.input.0 = input;
        }
        if let Some(read) = self.cache_read_input_tokens {
            usage.cache_read.0 = read;
        }
        if let Some(written) = self.cache_creation_input_tokens {
            let hour =
                self.cache_creation.as_ref().map_or(usage.cache_write_1h.0, |c| c.ephemeral_1h_input_tokens);
            usage.cache_write_1h.0 = hour.min(written);
            usage.cache_write_5m.0 = written - usage.cache_write_1h.0;
        }
        if let Some(output) = self.output_tokens {
            usage.output.0 = output;
        }
        usage
    }
}

fn write_usage(usage: &Usage) -> serde_json::Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write(),
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    })
}

#[derive(Deserialize)]
struct WireErrorBody {
    error: WireError,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

impl WireError {
    fn report(self, otherwise: ErrorKind) -> ErrorReport {
        let kind =
            ERROR_TYPES.iter().find(|(_, name)| *name == self.kind).map_or(otherwise, |(kind, _)| *kind);
        ErrorReport { kind, message: self.message }
    }
}

/// Source: platform.claude.com/docs/en/api/errors.
const ERROR_TYPES: [(ErrorKind, &str); 10] = [
    (ErrorKind::InvalidRequest, "invalid_request_error"),
    (ErrorKind::Authentication, "authentication_error"),
    (ErrorKind::Billing, "billing_error"),
    (ErrorKind::Permission, "permission_error"),
    (ErrorKind::NotFound, "not_found_error"),
    (ErrorKind::TooLarge, "request_too_large"),
    (ErrorKind::RateLimit, "rate_limit_error"),
    (ErrorKind::Timeout, "timeout_error"),
    (ErrorKind::Overloaded, "overloaded_error"),
    (ErrorKind::Server, "api_error"),
];

fn error_type(kind: ErrorKind) -> &'static str {
    ERROR_TYPES.iter().find(|(known, _)| *known == kind).map_or("api_error", |(_, name)| name)
}
