//! Streams written: the role, the answer in deltas, the reason why it ended, its usage if asked for, `[DONE]`.
//!
//! After an error nothing follows, least of all `[DONE]`.

use std::borrow::Cow;

use super::words::{completion_id, finish_reason, made_up_call_id};
use super::{content, errors, thoughts, usage};
use crate::compose::{self, Gap, Mold, ObjectWriter, Value};
use crate::formats::{Frame, StreamWriter};
use crate::neutral::{Citation, Delta, ErrorReport, Json, Opening, Piece, Seal, Text};
use crate::seals;
use crate::sse;

/// The part that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Open {
    #[default]
    Nothing,
    Text,
    Refusal,
    Thinking,
    Call {
        is_custom: bool,
        has_arguments: bool,
    },
}

/// A source whose place is known only when its text is whole.
struct Cited {
    url: String,
    title: Option<String>,
    quoted: Option<String>,
}

/// Writes a stream of one choice.
pub(super) struct Writer {
    frame: Frame,
    /// What every chunk begins with: `{"id":…,"object":…,"created":…,"model":…,"choices":[`.
    head: Vec<u8>,
    open: Open,
    /// How many calls, thoughts and pictures there were before the open part.
    calls: usize,
    thoughts: usize,
    images: usize,
    has_refusal: bool,
    /// Characters of text so far, and where the open text begins.
    length: u64,
    text_start: u64,
    cited: Vec<Cited>,
    /// A chunk that adds to the open part, once one was written.
    mold: Option<Mold>,
}

impl Writer {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            frame,
            head: Vec::new(),
            open: Open::Nothing,
            calls: 0,
            thoughts: 0,
            images: 0,
            has_refusal: false,
            length: 0,
            text_start: 0,
            cited: Vec::new(),
            mold: None,
        }
    }

    fn begin(&mut self, id: &str, model: &str) {
        let model = if model.is_empty() { &*self.frame.model } else { model };
        compose::object(&mut self.head, |body| {
            body.field("id", &completion_id(id, &self.frame.request_id))
                .field("object", "chat.completion.chunk")
                .field("created", &self.frame.created)
                .field("model", model);
        });
        self.head.pop();
        self.head.extend_from_slice(b",\"choices\":[");
    }

    /// A chunk whose choice has these fields.
    fn chunk(&self, out: &mut Vec<u8>, choice: impl FnOnce(&mut ObjectWriter<'_>)) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&self.head);
        compose::object(out, |body| {
            body.field("index", &0);
            choice(body);
        });
        let end: &[u8] = if self.frame.wants_usage { b"],\"usage\":null}\n\n" } else { b"]}\n\n" };
        out.extend_from_slice(end);
    }

    /// A chunk whose delta has these fields.
    fn delta(&self, out: &mut Vec<u8>, delta: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.chunk(out, |choice| {
            choice.object("delta", delta).field("logprobs", &()).field("finish_reason", &());
        });
    }

    fn open(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        self.mold = None;
        match opening {
            Opening::Text => {
                self.open = Open::Text;
                self.text_start = self.length;
            }
            Opening::Refusal => {
                self.open = Open::Refusal;
                self.has_refusal = true;
            }
            Opening::Thinking => self.open = Open::Thinking,
            Opening::Redacted(seal) => {
                self.details(out, None, |index, detail| thoughts::write_redacted(seal, index, detail));
                self.thoughts += 1;
            }
            Opening::ToolCall { id, name, is_custom, seal, .. } => {
                self.open = Open::Call { is_custom: *is_custom, has_arguments: false };
                self.open_call(id, name, *is_custom, seal.as_ref(), out);
            }
            Opening::Image { media_type, data } => {
                let index = self.images;
                self.images += 1;
                self.delta(out, |delta| {
                    delta.array("images", |list| {
                        list.object(|image| content::write_image(media_type, data, index, image));
                    });
                });
            }
        }
    }

    fn open_call(&self, id: &str, name: &str, is_custom: bool, seal: Option<&Seal<'_>>, out: &mut Vec<u8>) {
        let id = match id {
            "" => Cow::Owned(made_up_call_id(&self.frame.request_id, self.calls)),
            id => Cow::Borrowed(id),
        };
        self.call(out, |call| {
            call.field("id", &seals::id_with(&id, seal));
            if is_custom {
                call.field("type", "custom").object("custom", |custom| {
                    custom.field("name", name).field("input", "");
                });
            } else {
                call.field("type", "function").object("function", |function| {
                    function.field("name", name).field("arguments", "");
                });
            }
        });
    }

    /// A chunk about the open call.
    fn call(&self, out: &mut Vec<u8>, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.delta(out, |delta| {
            delta.array("tool_calls", |list| {
                list.object(|call| {
                    call.field("index", &self.calls);
                    fields(call);
                });
            });
        });
    }

    fn arguments(&self, is_custom: bool, piece: &(impl Value + ?Sized), out: &mut Vec<u8>) {
        let (kind, field) = if is_custom { ("custom", "input") } else { ("function", "arguments") };
        self.call(out, |call| {
            call.object(kind, |body| {
                body.field(field, piece);
            });
        });
    }

    /// A chunk about the open thought: its words in plain, if any, and a detail.
    fn details(
        &self,
        out: &mut Vec<u8>,
        plain: Option<&str>,
        write: impl FnOnce(usize, &mut ObjectWriter<'_>),
    ) {
        self.delta(out, |delta| {
            delta.maybe("reasoning_content", plain);
            delta.array("reasoning_details", |list| list.object(|detail| write(self.thoughts, detail)));
        });
    }

    fn text(&mut self, text: &Text<'_>, out: &mut Vec<u8>) {
        match &mut self.open {
            Open::Text => self.length += text.chars().count() as u64,
            Open::Call { has_arguments, .. } => *has_arguments = true,
            Open::Thinking => {
                return self.details(out, Some(text), |index, detail| {
                    thoughts::write_words(text, None, index, detail);
                });
            }
            Open::Refusal => {}
            Open::Nothing => return,
        }
        if self.mold.is_none() {
            self.mold = Some(Mold::of(|out| self.words(&Gap, out)));
        }
        if let Some(mold) = &self.mold {
            mold.pour([text], out);
        }
    }

    /// A chunk that adds words to the open part, which is no thought.
    fn words(&self, words: &impl Value, out: &mut Vec<u8>) {
        match self.open {
            Open::Text => self.delta(out, |delta| {
                delta.field("content", words);
            }),
            Open::Refusal => self.delta(out, |delta| {
                delta.field("refusal", words);
            }),
            Open::Call { is_custom, .. } => self.arguments(is_custom, words, out),
            Open::Thinking | Open::Nothing => {}
        }
    }

    fn logprobs(&self, tokens: &Json<'_>, out: &mut Vec<u8>) {
        self.chunk(out, |choice| {
            choice
                .object("delta", |_| {})
                .object("logprobs", |logprobs| {
                    logprobs.raw("content", tokens.get()).field("refusal", &());
                })
                .field("finish_reason", &());
        });
    }

    /// A source. One without an address (a quote from a document) has no place in this format.
    fn citation(&mut self, citation: &Citation<'_>, out: &mut Vec<u8>) {
        let Some(url) = &citation.url else { return };
        match citation.place {
            Some(place) => self.annotation(url, citation, place, out),
            None => self.cited.push(Cited {
                url: url.clone().into_owned(),
                title: citation.title.as_deref().map(str::to_owned),
                quoted: citation.quoted.as_deref().map(str::to_owned),
            }),
        }
    }

    fn annotation(&self, url: &str, citation: &Citation<'_>, place: (u64, u64), out: &mut Vec<u8>) {
        self.delta(out, |delta| {
            delta.array("annotations", |list| {
                list.object(|annotation| content::write_citation(url, citation, place, annotation));
            });
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.open) {
            Open::Text => {
                for cited in std::mem::take(&mut self.cited) {
                    let citation = Citation {
                        url: None,
                        title: cited.title.as_deref().map(Text::of),
                        quoted: cited.quoted.as_deref().map(Text::of),
                        place: None,
                    };
                    self.annotation(&cited.url, &citation, (self.text_start, self.length), out);
                }
            }
            Open::Thinking => self.thoughts += 1,
            Open::Call { is_custom, has_arguments } => {
                if !is_custom && !has_arguments {
                    self.arguments(false, "{}", out);
                }
                self.calls += 1;
            }
            Open::Refusal | Open::Nothing => {}
        }
    }

    fn end(&self, finish: &str, usage: &paceway_domain::Usage, out: &mut Vec<u8>) {
        self.chunk(out, |choice| {
            choice.object("delta", |_| {}).field("logprobs", &()).field("finish_reason", finish);
        });
        if self.frame.wants_usage {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"],\"usage\":");
            compose::object(out, |body| usage::write(usage, body));
            out.extend_from_slice(b"}\n\n");
        }
        sse::write(out, None, b"[DONE]");
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, model, .. } => {
                self.begin(id, model);
                self.delta(out, |delta| {
                    delta.field("role", "assistant").field("content", "").field("refusal", &());
                });
            }
            Piece::Open(opening) => self.open(opening, out),
            Piece::Delta(Delta::Text(text)) => self.text(text, out),
            Piece::Delta(Delta::Seal(seal)) => {
                self.details(out, None, |index, detail| thoughts::write_words("", Some(seal), index, detail));
            }
            Piece::Delta(Delta::Citation(citation)) => self.citation(citation, out),
            Piece::Delta(Delta::Logprobs(tokens)) => self.logprobs(tokens, out),
            Piece::Close => self.close(out),
            Piece::End { finish, usage } => {
                self.end(finish_reason(finish, self.calls > 0, self.has_refusal), usage, out);
            }
            Piece::Error(error) => write_error(error, out),
        }
    }
}

/// An error as an event.
pub(super) fn write_error(error: &ErrorReport, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    errors::write_into(error, out);
    out.extend_from_slice(b"\n\n");
}
