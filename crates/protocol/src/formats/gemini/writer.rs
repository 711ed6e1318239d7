//! Streams, written: chunks without event names, each an answer of its own; calls go whole, and the last chunk says why the
//! answer ended and what it used.

use paceway_domain::{Dialect, Usage};

use super::answer::arguments_of;
use super::{errors, finish, logprobs, sources, wire};
use crate::compose::{self, ObjectWriter};
use crate::formats::{Frame, StreamWriter};
use crate::neutral::{Citation, Delta, Finish, Opening, Piece, Seal, Text};
use crate::seals;

/// The part that is open.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Text,
    Thinking,
    Call {
        id: String,
        name: String,
        arguments: String,
        seal: Option<Seal<'static>>,
    },
}

/// Writes a stream of one candidate.
pub(super) struct Writer {
    id: String,
    model: String,
    open: Open,
    text: String,
    citations: Vec<Citation<'static>>,
}

impl Writer {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            id: frame.request_id,
            model: frame.model,
            open: Open::Text,
            text: String::new(),
            citations: Vec::new(),
        }
    }

    /// A chunk whose candidate has this one part.
    fn part(&self, out: &mut Vec<u8>, part: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.chunk(out, part, |_| {}, None);
    }

    fn chunk(
        &self,
        out: &mut Vec<u8>,
        part: impl FnOnce(&mut ObjectWriter<'_>),
        rest: impl FnOnce(&mut ObjectWriter<'_>),
        usage: Option<&Usage>,
    ) {
        out.extend_from_slice(b"data: ");
        compose::object(out, |body| {
            body.array("candidates", |candidates| {
                candidates.object(|candidate| {
                    candidate.object("content", |content| {
                        content.array("parts", |parts| parts.object(part)).field("role", "model");
                    });
                    rest(candidate);
                    candidate.field("index", &0);
                });
            });
            if let Some(usage) = usage {
                wire::write_usage(usage, body);
            }
            body.field("modelVersion", &self.model).field("responseId", &self.id);
        });
        out.extend_from_slice(b"\n\n");
    }

    fn opening(&mut self, opening: &Opening<'_>, out: &mut Vec<u8>) {
        match opening {
            Opening::Text | Opening::Refusal => self.open = Open::Text,
            Opening::Thinking => self.open = Open::Thinking,
            Opening::Redacted(seal) => self.part(out, |part| {
                part.field("thought", &true);
                part.field("thoughtSignature", &seals::wrap_base64(seal, Dialect::Gemini));
            }),
            Opening::ToolCall { id, name, seal, .. } => {
                let seal = seal
                    .as_ref()
                    .map(|seal| Seal { by: seal.by, data: seal.data.clone().into_owned().into() });
                let (id, name) = (id.clone().into_owned(), name.clone().into_owned());
                self.open = Open::Call { id, name, arguments: String::new(), seal };
            }
            Opening::Image { media_type, data } => self.part(out, |part| {
                part.object("inlineData", |blob| {
                    blob.field("mimeType", media_type).field("data", data);
                });
            }),
        }
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Text(text) => match &mut self.open {
                Open::Call { arguments, .. } => arguments.push_str(text),
                Open::Thinking => self.part(out, |part| {
                    part.field("text", text).field("thought", &true);
                }),
                Open::Text => {
                    self.text.push_str(text);
                    self.part(out, |part| {
                        part.field("text", text);
                    });
                }
            },
            Delta::Seal(seal) => self.part(out, |part| {
                part.field("text", "").field("thought", &true);
                part.field("thoughtSignature", &seals::wrap_base64(seal, Dialect::Gemini));
            }),
            Delta::Citation(citation) => self.citations.push(owned(citation)),
            Delta::Logprobs(json) => self.chunk(
                out,
                |part| {
                    part.field("text", "");
                },
                |candidate| logprobs::write(json, candidate),
                None,
            ),
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Open::Call { id, name, arguments, seal } = std::mem::take(&mut self.open) else { return };
        let arguments = on_one_line(&arguments_of(&arguments));
        self.part(out, |part| {
            part.object("functionCall", |call| {
                call.field("id", &id).field("name", &name).raw("args", &arguments);
            });
            let signature = seal.as_ref().map(|seal| seals::wrap_base64(seal, Dialect::Gemini));
            part.maybe("thoughtSignature", signature.as_ref());
        });
    }

    fn end(&self, finish: &Finish<'_>, usage: &Usage, out: &mut Vec<u8>) {
        self.chunk(
            out,
            |part| {
                part.field("text", "");
            },
            |candidate| {
                candidate.field("finishReason", finish::reason(finish));
                sources::write(&self.citations, &self.text, |_| (0, 0), candidate);
            },
            Some(usage),
        );
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, model, .. } => {
                if !id.is_empty() {
                    self.id = id.clone().into_owned();
                }
                if !model.is_empty() {
                    self.model = model.clone().into_owned();
                }
            }
            Piece::Open(opening) => self.opening(opening, out),
            Piece::Delta(delta) => self.delta(delta, out),
            Piece::Close => self.close(out),
            Piece::End { finish, usage } => self.end(finish, usage, out),
            Piece::Error(error) => {
                out.extend_from_slice(b"data: ");
                errors::write(error, None, out);
                out.extend_from_slice(b"\n\n");
            }
        }
    }
}

fn owned(citation: &Citation<'_>) -> Citation<'static> {
    let owned = |text: &Option<Text<'_>>| text.clone().map(|text| text.into_owned().into());
    Citation {
        url: owned(&citation.url),
        title: owned(&citation.title),
        quoted: owned(&citation.quoted),
        place: citation.place,
    }
}

/// JSON without line ends, which would end an event's data. They can only stand between tokens.
fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}
