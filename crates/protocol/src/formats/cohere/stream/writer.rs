//! Writes pieces as a stream.

use crate::compose::{self, ObjectWriter};
use crate::formats::cohere::{citation, errors, logprobs, usage, wire};
use crate::formats::{Frame, StreamWriter};
use crate::neutral::{Delta, Opening, Piece};
use crate::seals;
use crate::sse;

/// Writes a stream.
pub(crate) struct Writer {
    request_id: String,
    open: Open,
    contents: usize,
    calls: usize,
    citations: usize,
    /// The open text as far as it has come, for the places that citations name.
    text: String,
    event: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    /// A call without arguments so far, and one with some.
    Call,
    CallWithArguments,
    /// What this format has no place for.
    Nothing,
}

impl Writer {
    pub(crate) fn new(frame: Frame) -> Self {
        Self {
            request_id: frame.request_id,
            open: Open::Nothing,
            contents: 0,
            calls: 0,
            citations: 0,
            text: String::new(),
            event: Vec::new(),
        }
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, .. } => self.begin(id, out),
            Piece::Open(opening) => self.open(opening, out),
            Piece::Delta(delta) => self.delta(delta, out),
            Piece::Close => self.close(out),
            Piece::End { finish, usage } => self.write("message-end", None, out, |event| {
                event.object("delta", |delta| {
                    delta.field("finish_reason", wire::finish_reason(finish));
                    delta.object("usage", |fields| usage::write(usage, fields));
                });
            }),
            Piece::Error(error) => errors::write_event(error, out),
        }
    }
}

impl Writer {
    fn write(
        &mut self,
        kind: &str,
        index: Option<usize>,
        out: &mut Vec<u8>,
        fields: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.event.clear();
        compose::object(&mut self.event, |event| {
            event.field("type", kind).maybe("index", index.as_ref());
            fields(event);
        });
        sse::write(out, Some(kind), &self.event);
    }

    /// An event whose delta is one of the message.
    fn write_message(
        &mut self,
        kind: &str,
        index: Option<usize>,
        out: &mut Vec<u8>,
        fields: impl FnOnce(&mut ObjectWriter<'_>),
    ) {
        self.write(kind, index, out, |event| {
            event.object("delta", |delta| {
                delta.object("message", fields);
            });
        });
    }

    fn begin(&mut self, id: &str, out: &mut Vec<u8>) {
        let id = if id.is_empty() { self.request_id.clone() } else { id.to_owned() };
        self.write("message-start", None, out, |event| {
            event.field("id", &id);
            event.object("delta", |delta| {
                delta.object("message", |message| {
                    message.field("role", "assistant").array("content", |_| {});
                    message.field("tool_plan", "").array("tool_calls", |_| {}).array("citations", |_| {});
                });
            });
        });
    }

    fn open(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        self.open = match opening {
            Opening::Text | Opening::Refusal => Open::Text,
            Opening::Thinking => Open::Thinking,
            Opening::ToolCall { .. } => Open::Call,
            Opening::Redacted(_) | Opening::Image { .. } => Open::Nothing,
        };
        match opening {
            Opening::Text | Opening::Refusal | Opening::Thinking => {
                self.text.clear();
                let kind = if self.open == Open::Text { "text" } else { "thinking" };
                self.write_message("content-start", Some(self.contents), out, |message| {
                    message.object("content", |content| {
                        content.field("type", kind).field(kind, "");
                    });
                });
            }
            Opening::ToolCall { id, name, seal, .. } => {
                self.write_message("tool-call-start", Some(self.calls), out, |message| {
                    message.object("tool_calls", |call| {
                        call.field("id", &seals::id_with(id, seal.as_ref())).field("type", "function");
                        call.object("function", |function| {
                            function.field("name", name).field("arguments", "");
                        });
                    });
                });
            }
            Opening::Redacted(_) | Opening::Image { .. } => {}
        }
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        match (delta, self.open) {
            (Delta::Text(text), Open::Text) => {
                self.text.push_str(text);
                self.content("text", text, out);
            }
            (Delta::Text(text), Open::Thinking) => self.content("thinking", text, out),
            (Delta::Text(text), Open::Call | Open::CallWithArguments) => self.arguments(text, out),
            (Delta::Citation(one), Open::Text) => {
                let (text, content) = (std::mem::take(&mut self.text), self.contents);
                self.write_message("citation-start", Some(self.citations), out, |message| {
                    message.object("citations", |fields| citation::write(one, &text, content, fields));
                });
                self.text = text;
                self.write("citation-end", Some(self.citations), out, |_| {});
                self.citations += 1;
            }
            (Delta::Logprobs(tokens), Open::Text) => {
                self.write("content-delta", Some(self.contents), out, |event| {
                    event.object("delta", |delta| {
                        delta.object("message", |message| {
                            message.object("content", |content| {
                                content.field("text", "");
                            });
                        });
                    });
                    event.object("logprobs", |item| logprobs::write_item(tokens, item));
                });
            }
            _ => {}
        }
    }

    fn content(&mut self, kind: &'static str, text: &str, out: &mut Vec<u8>) {
        self.write_message("content-delta", Some(self.contents), out, |message| {
            message.object("content", |content| {
                content.field(kind, text);
            });
        });
    }

    fn arguments(&mut self, text: &str, out: &mut Vec<u8>) {
        self.open = Open::CallWithArguments;
        self.write_message("tool-call-delta", Some(self.calls), out, |message| {
            message.object("tool_calls", |call| {
                call.object("function", |function| {
                    function.field("arguments", text);
                });
            });
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open == Open::Call {
            self.arguments("{}", out);
        }
        match self.open {
            Open::Text | Open::Thinking => {
                self.write("content-end", Some(self.contents), out, |_| {});
                self.contents += 1;
            }
            Open::Call | Open::CallWithArguments => {
                self.write("tool-call-end", Some(self.calls), out, |_| {});
                self.calls += 1;
            }
            Open::Nothing => {}
        }
        self.open = Open::Nothing;
    }
}
