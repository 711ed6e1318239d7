//! Writes pieces as a stream.

use paceway_domain::Dialect;

use crate::compose::{self, ObjectWriter};
use crate::formats::StreamWriter;
use crate::formats::converse::media::{self, Use};
use crate::formats::converse::{citation, errors, usage, wire};
use crate::neutral::{Delta, Finish, Opening, Piece};
use crate::seals;
use crate::sse;

/// Writes a stream. A text begins with its first words and has no start of its own, as from Bedrock.
#[derive(Default)]
pub(crate) struct Writer {
    /// The index of the block that is open or comes next.
    index: u64,
    kind: Kind,
    /// Whether anything of the open block was written.
    has_content: bool,
    event: Vec<u8>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    Thinking,
    /// A call without arguments so far, and one with some.
    Call,
    CallWithArguments,
    Whole,
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { .. } => self.write("messageStart", out, |event| {
                event.field("role", "assistant");
            }),
            Piece::Open(opening) => self.open(opening, out),
            Piece::Delta(delta) => self.delta(delta, out),
            Piece::Close => self.close(out),
            Piece::End { finish, usage } => {
                self.stop(finish, out);
                sse::write(out, Some("metadata"), &usage::write_metadata(usage));
            }
            Piece::Error(error) => errors::write_event(error, out),
        }
    }
}

impl Writer {
    fn write(&mut self, name: &str, out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.event.clear();
        compose::object(&mut self.event, fields);
        sse::write(out, Some(name), &self.event);
    }

    /// An event of the open block.
    fn write_block(
        &mut self,
        name: &str,
        key: &'static str,
        out: &mut Vec<u8>,
        fields: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.has_content = true;
        let index = self.index;
        self.write(name, out, |event| {
            event.object(key, fields).field("contentBlockIndex", &index);
        });
    }

    fn write_delta(&mut self, out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.write_block("contentBlockDelta", "delta", out, fields);
    }

    fn open(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        self.has_content = false;
        self.kind = match opening {
            Opening::Text | Opening::Refusal => Kind::Text,
            Opening::Thinking => Kind::Thinking,
            Opening::ToolCall { .. } => Kind::Call,
            Opening::Redacted(_) | Opening::Image { .. } => Kind::Whole,
        };
        match opening {
            Opening::Text | Opening::Refusal | Opening::Thinking => {}
            Opening::Redacted(seal) => self.write_delta(out, |delta| {
                delta.object("reasoningContent", |thought| {
                    thought.field("redactedContent", &seals::wrap_base64(seal, Dialect::Converse));
                });
            }),
            Opening::ToolCall { id, name, seal, .. } => {
                self.write_block("contentBlockStart", "start", out, |start| {
                    start.object("toolUse", |call| {
                        call.field("toolUseId", &seals::id_with(id, seal.as_ref())).field("name", name);
                    });
                });
            }
            Opening::Image { media_type, data } => {
                let Some(format) = media::format(Use::Image, media_type) else { return };
                self.write_block("contentBlockStart", "start", out, |start| {
                    start.object("image", |image| {
                        image.field("format", format);
                    });
                });
                self.write_delta(out, |delta| {
                    delta.object("image", |image| {
                        image.object("source", |source| {
                            source.field("bytes", data);
                        });
                    });
                });
            }
        }
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Text(text) => match self.kind {
                Kind::Text => self.write_delta(out, |delta| {
                    delta.field("text", text);
                }),
                Kind::Thinking => self.write_delta(out, |delta| {
                    delta.object("reasoningContent", |thought| {
                        thought.field("text", text);
                    });
                }),
                Kind::Call | Kind::CallWithArguments => self.arguments(text, out),
                Kind::Whole => {}
            },
            Delta::Seal(seal) => self.write_delta(out, |delta| {
                delta.object("reasoningContent", |thought| {
                    thought.field("signature", &seals::wrap(seal, Dialect::Converse));
                });
            }),
            Delta::Citation(one) => self.write_delta(out, |delta| {
                delta.object("citation", |fields| citation::write(one, fields));
            }),
            Delta::Logprobs(_) => {}
        }
    }

    fn arguments(&mut self, text: &str, out: &mut Vec<u8>) {
        self.kind = Kind::CallWithArguments;
        self.write_delta(out, |delta| {
            delta.object("toolUse", |call| {
                call.field("input", text);
            });
        });
    }

    /// A block of which nothing was written is not ended either.
    fn close(&mut self, out: &mut Vec<u8>) {
        if self.kind == Kind::Call {
            self.arguments("{}", out);
        }
        if std::mem::take(&mut self.has_content) {
            let index = self.index;
            self.write("contentBlockStop", out, |event| {
                event.field("contentBlockIndex", &index);
            });
            self.index += 1;
        }
    }

    fn stop(&mut self, finish: &Finish<'_>, out: &mut Vec<u8>) {
        let (reason, sequence) = wire::stop_reason(finish);
        self.write("messageStop", out, |event| {
            event.field("stopReason", reason);
            if let Some(sequence) = sequence {
                event.object("additionalModelResponseFields", |fields| {
                    fields.field("stop_sequence", sequence);
                });
            }
        });
    }
}
