//! Amazon Bedrock's Converse (`/model/{id}/converse` and `/converse-stream`): one shape for the models of many makers.
//!
//! Model and streaming are said by the address, so a body passes through unchanged. Streams arrive as events named by
//! their frame's `:event-type` or `:exception-type`; the binary frames themselves are none of this format's business.
//!
//! Shapes are those of the AWS SDKs' service description (`bedrock-runtime`, 2023-09-30, in botocore 1.44), read 2026-11.

mod answer;
mod citation;
mod errors;
mod media;
mod model;
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
pub(super) struct Converse;

impl Format for Converse {
    fn dialect(&self) -> Dialect {
        Dialect::Converse
    }

    /// `role: "system"` exists in `messages` but only for a few models, which a format does not know beforehand; so
    /// instructions in mid-conversation are told by the user.
    fn abilities(&self, model: &str) -> Abilities {
        let model = model::Model::named(model);
        Abilities {
            schema: model.has_structured_output(),
            json: false,
            custom_tools: false,
            namespaces: false,
            tool_name_length: 64,
            mid_system: false,
            media_in_results: true,
            one_call: model.has_own_tool_choice(),
        }
    }

    fn summary(&self, envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal> {
        request::summary(envelope, address)
    }

    fn forward(&self, _envelope: &Envelope<'_>, _summary: &Summary, body: &Bytes, _model: &str) -> Bytes {
        body.clone()
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

    fn write_reply(&self, reply: &Reply<'_>, _frame: &Frame) -> Bytes {
        answer::write(reply)
    }

    fn sold(&self, body: &[u8]) -> Option<Sold> {
        usage::of_answer(body)
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        errors::read(status, body)
    }

    fn write_error(&self, error: &ErrorReport, _status: u16, _request_id: &str) -> Bytes {
        errors::write(error)
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

    fn writer(&self, _frame: Frame) -> Box<dyn StreamWriter> {
        Box::new(stream::Writer::default())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
