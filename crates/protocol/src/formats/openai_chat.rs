//! OpenAI Chat Completions (`/v1/chat/completions`), as OpenAI and the many that follow it write it: read leniently, written
//! strictly.
//!
//! Which provider has which peculiarity is not configured: what one of them says in its own way is understood from all.

mod answer;
mod content;
mod errors;
mod read;
mod reader;
mod request;
#[cfg(test)]
mod tests;
mod thoughts;
mod usage;
mod watch;
mod wire;
mod words;
mod write;
mod writer;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Sold};

use super::{Abilities, Address, Format, Frame, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorReport, Reply};

/// The format. Source: platform.openai.com/docs/api-reference/chat, read 2026-11; openai-python, `types/chat`.
pub(super) struct OpenAiChat;

impl Format for OpenAiChat {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAi
    }

    fn abilities(&self, _model: &str) -> Abilities {
        Abilities {
            schema: true,
            json: true,
            custom_tools: true,
            namespaces: false,
            tool_name_length: 64,
            mid_system: true,
            media_in_results: false,
            one_call: true,
        }
    }

    fn summary(&self, envelope: &Envelope<'_>, _address: &Address) -> Result<Summary, Refusal> {
        request::summary(envelope)
    }

    fn forward(&self, envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes {
        request::forward(envelope, summary, body, model)
    }

    fn read_chat<'a>(
        &self,
        envelope: &Envelope<'a>,
        summary: &Summary,
        changes: &mut Changes,
    ) -> Result<Chat<'a>, Refusal> {
        read::read(envelope, summary, changes)
    }

    fn write_chat(
        &self,
        chat: &Chat<'_>,
        target: Target<'_>,
        changes: &mut Changes,
    ) -> Result<Bytes, Refusal> {
        write::write(chat, target, changes)
    }

    fn read_reply<'a>(&self, body: &'a [u8]) -> Result<Reply<'a>, String> {
        answer::read(body)
    }

    fn write_reply(&self, reply: &Reply<'_>, frame: &Frame) -> Bytes {
        answer::write(reply, frame)
    }

    fn sold(&self, body: &[u8]) -> Option<Sold> {
        answer::read_sold(body)
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        errors::read(status, body)
    }

    fn write_error(&self, error: &ErrorReport, _status: u16, _request_id: &str) -> Bytes {
        errors::write(error)
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        writer::write_error(error, out);
    }

    fn watch(&self, hide_usage: bool) -> Box<dyn StreamWatch> {
        Box::new(watch::Watch::new(hide_usage))
    }

    fn reader(&self) -> Box<dyn StreamReader> {
        Box::new(reader::Reader::default())
    }

    fn writer(&self, frame: Frame) -> Box<dyn StreamWriter> {
        Box::new(writer::Writer::new(frame))
    }
}
