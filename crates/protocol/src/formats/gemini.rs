//! Google's `generateContent` and `streamGenerateContent`, as AI Studio and Vertex serve them.
//!
//! The model and whether to stream stand in the address, not in the body. The array that a stream without `alt=sse` is
//! comes here as events already.

mod answer;
mod config;
mod contents;
mod encoding;
mod errors;
mod finish;
mod logprobs;
mod names;
mod plan;
mod read;
mod reader;
mod schema;
mod sources;
mod thinking;
mod tools;
mod watch;
mod wire;
mod write;
mod writer;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use bytes::Bytes;
use paceway_domain::{Dialect, Refusal, Sold};

use super::{Abilities, Address, Format, Frame, StreamReader, StreamWatch, StreamWriter, Summary, Target};
use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::neutral::{Chat, ErrorReport, Reply};
use crate::object::{Path, text};
use crate::sse;

/// The format. Sources: ai.google.dev/api/generate-content, read 2026-11, and the types of googleapis/python-genai 3.6.
pub(super) struct Gemini;

impl Format for Gemini {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
    }

    fn abilities(&self, _model: &str) -> Abilities {
        Abilities {
            schema: true,
            json: true,
            custom_tools: false,
            namespaces: false,
            tool_name_length: 64,
            mid_system: false,
            // Models before Gemini 3 take none.
            media_in_results: false,
            one_call: false,
        }
    }

    fn summary(&self, envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal> {
        read::summary(envelope, address)
    }

    /// The body names no model, but for clients that repeat the address in it.
    fn forward(&self, envelope: &Envelope<'_>, _summary: &Summary, body: &Bytes, model: &str) -> Bytes {
        let named = envelope.raw("model").and_then(|raw| text(raw, &Path::root("model")).ok());
        match named {
            Some(named) if named.rsplit('/').next() != Some(model) => {
                let collection = named.rfind('/').map_or("", |slash| &named[..=slash]);
                envelope.with("model", &serde_json::Value::from(format!("{collection}{model}")).to_string())
            }
            _ => body.clone(),
        }
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
        answer::sold(body)
    }

    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport {
        errors::read(status, body)
    }

    fn write_error(&self, error: &ErrorReport, status: u16, _request_id: &str) -> Bytes {
        let mut out = Vec::with_capacity(256);
        errors::write(error, Some(status), &mut out);
        out.into()
    }

    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>) {
        let mut data = Vec::with_capacity(256);
        errors::write(error, None, &mut data);
        sse::write(out, None, &data);
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
