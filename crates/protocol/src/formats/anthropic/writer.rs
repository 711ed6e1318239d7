//! Streams for clients, written from pieces.

use paceway_domain::Dialect;

use super::answer_blocks;
use super::errors;
use super::usage::write_usage;
use super::wire;
use crate::compose::{self, Gap, Mold, ObjectWriter, Value};
use crate::formats::{Frame, StreamWriter};
use crate::neutral::{Citation, Delta, ErrorReport, Finish, Opening, Piece, Seal, Text};
use crate::seals;

/// Writes a stream.
pub(super) struct Writer {
    frame: Frame,
    index: u64,
    open: Kind,
    has_calls: bool,
    /// Whether there are words or calls.
    has_said: bool,
    /// The signature of a thought without words behind them. Clients take the last block for the answer, and Claude never
    /// ends with a thought: so it is written only if something follows.
    afterthought: Option<String>,
    /// An event that adds to the open block, once one was written.
    mold: Option<Mold>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    /// A thought that is not begun yet, and will not be if it has no words and ends the answer.
    Afterthought,
    ToolCall {
        has_arguments: bool,
    },
    Whole,
}

impl Writer {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            frame,
            index: 0,
            open: Kind::Text,
            has_calls: false,
            has_said: false,
            afterthought: None,
            mold: None,
        }
    }

    fn open(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        if self.begin_afterthought(out) {
            self.close(out);
        }
        self.mold = None;
        if self.has_said && matches!(opening, Opening::Thinking) {
            self.open = Kind::Afterthought;
            self.afterthought = Some(String::new());
            return;
        }
        self.has_said |= !matches!(opening, Opening::Thinking | Opening::Redacted(_));
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
                self.begin_thought(out);
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

    /// Begins the thought that was held back, if there is one.
    fn begin_afterthought(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(signature) = self.afterthought.take() else { return false };
        self.begin_thought(out);
        if !signature.is_empty() {
            self.words("signature_delta", "signature", &signature, out);
        }
        true
    }

    fn begin_thought(&mut self, out: &mut Vec<u8>) {
        event(out, "content_block_start", |fields| {
            fields.field("index", &self.index).object("content_block", |block| {
                block.field("type", "thinking").field("thinking", "").field("signature", "");
            });
        });
        self.open = Kind::Thinking;
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        if self.open == Kind::Afterthought {
            match delta {
                Delta::Text(text) if !text.is_empty() => self.begin_afterthought(out),
                Delta::Seal(seal) => {
                    self.afterthought = Some(seals::wrap(seal, Dialect::Anthropic).into_owned());
                    return;
                }
                _ => return,
            };
        }
        match delta {
            Delta::Text(text) => self.more(text, out),
            Delta::Seal(seal) => self.seal(seal, out),
            Delta::Citation(citation) => self.citation(citation, out),
            // There is no place for how likely words were.
            Delta::Logprobs(_) => {}
        }
    }

    /// More words of the open block.
    fn more(&mut self, text: &Text<'_>, out: &mut Vec<u8>) {
        let (kind, name) = match &mut self.open {
            Kind::Text | Kind::Whole => ("text_delta", "text"),
            Kind::Thinking | Kind::Afterthought => ("thinking_delta", "thinking"),
            Kind::ToolCall { has_arguments } => {
                *has_arguments |= !text.is_blank();
                ("input_json_delta", "partial_json")
            }
        };
        if self.mold.is_none() {
            self.mold = Some(Mold::of(|out| self.words(kind, name, &Gap, out)));
        }
        if let Some(mold) = &self.mold {
            mold.pour([text], out);
        }
    }

    fn words(&self, kind: &str, name: &'static str, text: &(impl Value + ?Sized), out: &mut Vec<u8>) {
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
        if self.open == Kind::Afterthought {
            return;
        }
        if self.open == (Kind::ToolCall { has_arguments: false }) {
            self.words("input_json_delta", "partial_json", "{}", out);
        }
        event(out, "content_block_stop", |fields| {
            fields.field("index", &self.index);
        });
        self.index += 1;
        self.mold = None;
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
