//! OpenAI Responses (`/v1/responses`), as OpenAI and those that follow it write it.
//!
//! It keeps no state: earlier responses and items that a request refers to are put in before it is read here.
//!
//! Source of all shapes: the type definitions of the openai SDKs (Python 3.57, `types/responses`) and
//! platform.openai.com/docs/api-reference/responses, read 2026-11.

mod answer;
mod echo;
mod errors;
mod output;
mod read;
mod stream;
mod thought;
mod usage;
mod wire;
mod write;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Sold};

use super::{Abilities, Address, Format, Frame, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorReport, Reply};

/// The format.
pub(super) struct OpenAiResponses;

impl Format for OpenAiResponses {
    fn dialect(&self) -> Dialect {
        Dialect::Responses
    }

    fn abilities(&self, _model: &str) -> Abilities {
        Abilities {
            schema: true,
            json: true,
            custom_tools: true,
            namespaces: true,
            tool_name_length: 64,
            mid_system: true,
            media_in_results: true,
            one_call: true,
        }
    }

    fn summary(&self, envelope: &Envelope<'_>, _address: &Address) -> Result<Summary, Refusal> {
        read::summary(envelope)
    }

    fn forward(&self, envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes {
        if summary.model == model {
            return body.clone();
        }
        envelope.with("model", &serde_json::Value::from(model).to_string())
    }

    fn read_chat<'a>(
        &self,
        envelope: &Envelope<'a>,
        summary: &Summary,
        changes: &mut Changes,
    ) -> Result<Chat<'a>, Refusal> {
        read::chat(envelope, summary, changes)
    }

    fn write_chat(
        &self,
        chat: &Chat<'_>,
        target: Target<'_>,
        changes: &mut Changes,
    ) -> Result<Bytes, Refusal> {
        write::chat(chat, target, changes)
    }

    fn read_reply<'a>(&self, body: &'a [u8]) -> Result<Reply<'a>, String> {
        answer::read(body)
    }

    fn write_reply(&self, reply: &Reply<'_>, frame: &Frame) -> Bytes {
        answer::write(reply, frame)
    }

    fn sold(&self, body: &[u8]) -> Option<Sold> {
        usage::of_body(body)
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        errors::read(status, body)
    }

    fn write_error(&self, error: &ErrorReport, _status: u16, _request_id: &str) -> Bytes {
        errors::write(error)
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        stream::write_error(error, out);
    }

    fn watch(&self, _hide_usage: bool) -> Box<dyn StreamWatch> {
        Box::new(stream::Watch::default())
    }

    fn reader(&self) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }

    fn writer(&self, frame: Frame) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::new(frame))
    }
}

#[cfg(test)]
// Snapshots are long.
#[allow(clippy::unwrap_used, clippy::too_many_lines)]
mod tests;
