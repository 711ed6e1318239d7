//! Streams for clients, written from pieces.

use paceway_domain::Dialect;

use super::answer_blocks;
use super::errors;
use super::usage::write_usage;
use super::wire;
use crate::compose::{self, ObjectWriter};
use crate::formats::{Frame, StreamWriter};
use crate::neutral::{Citation, Delta, ErrorReport, Finish, Opening, Piece, Seal};
use crate::seals;

/// Writes a stream.
pub(super) struct Writer {
    frame: Frame,
    index: u64,
    open: Kind,
    has_calls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    ToolCall { has_arguments: bool },
    Whole,
}

impl Writer {
    pub(super) fn new(frame: Frame) -> Self {
        Self { frame, index: 0, open: Kind::Text, has_calls: false }
    }

    fn open(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        let index = self.index;
        let start = |out: &mut Vec<u8>, block: &dyn Fn(&mut ObjectWriter<'_>)| {
            event(out, "content_block_start", |fields| {
                fields.field("index", &index).object("content_block", block);
            });
        };
        self.open = match opening {
            Opening::Text | Opening::Refusal => {
                start(out, &|block| {
                    block.field("type", "text").field("text", "");
                });
                Kind::Text
            }
            Opening::Thinking => {
                start(out, &|block| {
                    block.field("type", "thinking").field("thinking", "").field("signature", "");
                });
                Kind::Thinking
            }
            Opening::Redacted(seal) => {
                start(out, &|block| {
                    let data = seals::wrap(seal, Dialect::Anthropic);
                    block.field("type", "redacted_thinking").field("data", &data);
                });
                Kind::Whole
            }
            Opening::ToolCall { id, name, seal, .. } => {
                start(out, &|block| {
                    block
                        .field("type", "tool_use")
                        .field("id", &wire::call_id_with(id, seal.as_ref()))
                        .field("name", name)
                        .object("input", |_| {});
                });
                self.has_calls = true;
                Kind::ToolCall { has_arguments: false }
            }
            Opening::Image { media_type, .. } => {
                start(out, &|block| {
                    block.field("type", "text").field("text", "");
                });
                self.words("text_delta", "text", &answer_blocks::told_image(media_type), out);
                Kind::Whole
            }
        };
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Text(text) => match &mut self.open {
                Kind::Text | Kind::Whole => self.words("text_delta", "text", text, out),
                Kind::Thinking => self.words("thinking_delta", "thinking", text, out),
                Kind::ToolCall { has_arguments } => {
                    *has_arguments |= !text.trim().is_empty();
                    self.words("input_json_delta", "partial_json", text, out);
                }
            },
            Delta::Seal(seal) => self.seal(seal, out),
            Delta::Citation(citation) => self.citation(citation, out),
            // There is no place for how likely words were.
            Delta::Logprobs(_) => {}
        }
    }

    fn words(&self, kind: &str, name: &str, text: &str, out: &mut Vec<u8>) {
        self.block_delta(out, |delta| {
            delta.field("type", kind).field(name, text);
        });
    }

    fn seal(&self, seal: &Seal<'_>, out: &mut Vec<u8>) {
        if self.open == Kind::Thinking {
            let signature = seals::wrap(seal, Dialect::Anthropic);
            self.words("signature_delta", "signature", &signature, out);
        }
    }

    fn citation(&self, citation: &Citation<'_>, out: &mut Vec<u8>) {
        let Some(url) = citation.url.as_deref().filter(|_| self.open == Kind::Text) else { return };
        self.block_delta(out, |delta| {
            delta
                .field("type", "citations_delta")
                .object("citation", |fields| wire::write_citation(fields, url, citation));
        });
    }

    fn block_delta(&self, out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
        event(out, "content_block_delta", |body| {
            body.field("index", &self.index).object("delta", fields);
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open == (Kind::ToolCall { has_arguments: false }) {
            self.words("input_json_delta", "partial_json", "{}", out);
        }
        event(out, "content_block_stop", |fields| {
            fields.field("index", &self.index);
        });
        self.index += 1;
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, model, usage } => event(out, "message_start", |fields| {
                fields.object("message", |message| {
                    message
                        .field("id", &wire::message_id(id, &self.frame.request_id))
                        .field("type", "message")
                        .field("role", "assistant")
                        .field("model", if model.is_empty() { &*self.frame.model } else { &**model })
                        .array("content", |_| {})
                        .field("stop_reason", &None::<&str>)
                        .field("stop_sequence", &None::<&str>);
                    write_usage(message, usage);
                });
            }),
            Piece::Open(opening) => self.open(opening, out),
            Piece::Delta(delta) => self.delta(delta, out),
            Piece::Close => self.close(out),
            Piece::End { finish, usage } => {
                let has_calls = self.has_calls && *finish == Finish::Done;
                event(out, "message_delta", |fields| {
                    fields.object("delta", |delta| wire::write_stop(delta, finish, has_calls));
                    write_usage(fields, usage);
                });
                event(out, "message_stop", |_| {});
            }
            Piece::Error(error) => write_error(error, out),
        }
    }
}

/// Writes an error as an event.
pub(super) fn write_error(error: &ErrorReport, out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: error\ndata: ");
    errors::write(error, None, out);
    out.extend_from_slice(b"\n\n");
}

/// Writes an event straight into `out`; its data has its name as `type`.
fn event(out: &mut Vec<u8>, name: &str, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    compose::object(out, |data| {
        data.field("type", name);
        fields(data);
    });
    out.extend_from_slice(b"\n\n");
}
