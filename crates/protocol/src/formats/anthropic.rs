//! Anthropic Messages (`/v1/messages`), versions 2023-06-01 and 2026-10-21: for what is read here they are the same.
//!
//! Shapes are those of the official SDKs' types (github.com/anthropics/anthropic-sdk-typescript,
//! `src/resources/messages/messages.ts`, read 2026-11).

mod answer;
mod answer_blocks;
mod blocks;
mod closed;
mod errors;
mod events;
mod models;
mod order;
mod parts;
mod read;
mod read_tools;
mod reader;
mod thinking;
mod usage;
mod watch;
mod wire;
mod write;
mod write_tools;
mod writer;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Sold, Terms, Usage};
use serde::Deserialize;

use super::{Abilities, Address, Format, Frame, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorReport, Reply};

/// The format. Source: platform.claude.com/docs/en/api/messages, read 2026-11.
pub(super) struct Anthropic;

impl Format for Anthropic {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn abilities(&self, _model: &str) -> Abilities {
        Abilities {
            schema: true,
            json: false,
            custom_tools: false,
            namespaces: false,
            // `^[a-zA-Z0-9_-]{1,128}$`, as the API's own refusals say.
            tool_name_length: 128,
            // Models that take none get a user's message in its place, which is decided where the model is known.
            mid_system: true,
            media_in_results: true,
            one_call: true,
        }
    }

    fn summary(&self, envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal> {
        read::summary(envelope, address)
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
        #[derive(Deserialize)]
        struct Body {
            usage: usage::WireUsage,
        }
        let Body { usage } = serde_json::from_slice(body).ok()?;
        Some(Sold {
            usage: usage.over(Usage::default()),
            terms: usage.terms_over(Terms::default()),
            ..Sold::default()
        })
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        errors::read(status, body)
    }

    fn write_error(&self, error: &ErrorReport, _status: u16, request_id: &str) -> Bytes {
        let mut out = Vec::new();
        errors::write(error, Some(request_id).filter(|id| !id.is_empty()), &mut out);
        out.into()
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        writer::write_error(error, out);
    }

    fn watch(&self, _hide_usage: bool) -> Box<dyn StreamWatch> {
        Box::new(watch::Watch::default())
    }

    fn reader(&self) -> Box<dyn StreamReader> {
        Box::new(reader::Reader::default())
    }

    fn writer(&self, frame: Frame) -> Box<dyn StreamWriter> {
        Box::new(writer::Writer::new(frame))
    }
}
