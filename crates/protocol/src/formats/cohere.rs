//! Cohere's chat, version 2 (`/v2/chat`).
//!
//! Shapes are those of Cohere's Python SDK 7.3, read 2026-11.

mod answer;
mod citation;
mod errors;
mod logprobs;
mod request;
mod stream;
mod usage;
mod wire;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Sold};

use super::{Abilities, Address, Format, Frame, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorReport, Reply};

/// The format.
pub(super) struct Cohere;

impl Format for Cohere {
    fn dialect(&self) -> Dialect {
        Dialect::Cohere
    }

    fn abilities(&self, _model: &str) -> Abilities {
        Abilities {
            schema: true,
            json: true,
            custom_tools: false,
            namespaces: false,
            tool_name_length: 64,
            mid_system: true,
            media_in_results: false,
            one_call: false,
        }
    }

    fn summary(&self, envelope: &Envelope<'_>, _address: &Address) -> Result<Summary, Refusal> {
        request::summary(envelope)
    }

    /// Usage comes at the end of every stream, so that there is nothing to ask for.
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
        request::read(envelope, summary, changes)
    }

    fn write_chat(
        &self,
        chat: &Chat<'_>,
        target: Target<'_>,
        changes: &mut Changes,
    ) -> Result<Bytes, Refusal> {
        request::write(chat, target, changes)
    }

    fn read_reply<'a>(&self, body: &'a [u8]) -> Result<Reply<'a>, String> {
        answer::read(body)
    }

    fn write_reply(&self, reply: &Reply<'_>, frame: &Frame) -> Bytes {
        answer::write(reply, frame)
    }

    fn sold(&self, body: &[u8]) -> Option<Sold> {
        usage::of_answer(body)
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        errors::read(status, body)
    }

    fn write_error(&self, error: &ErrorReport, _status: u16, request_id: &str) -> Bytes {
        errors::write(error, request_id)
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        errors::write_event(error, out);
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
#[allow(clippy::unwrap_used)]
mod tests;
