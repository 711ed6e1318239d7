//! The wire formats, one folder each, behind one trait.
//!
//! A new format is a folder here and a line in [`format_of`].

mod anthropic;
mod cohere;
mod converse;
mod gemini;
mod openai;
mod openai_chat;
mod openai_responses;
mod stencil;

use bytes::Bytes;
use memchr::memmem::Finder;
use paceway_domain::{Apart, Dialect, Refusal, Sold, Terms, Tokens, Usage};

use crate::changes::Changes;
use crate::envelope::Envelope;
use crate::escapes;
use crate::finish::Finish;
use crate::neutral::{Chat, ErrorReport, Piece, Reply};
use crate::sse::Event;

/// The format that a dialect's requests and answers are written in.
pub fn format_of(dialect: Dialect) -> &'static dyn Format {
    match dialect {
        Dialect::Anthropic => &anthropic::Anthropic,
        Dialect::OpenAi => &openai_chat::OpenAiChat,
        Dialect::Responses => &openai_responses::OpenAiResponses,
        Dialect::Gemini => &gemini::Gemini,
        Dialect::Cohere => &cohere::Cohere,
        Dialect::Converse => &converse::Converse,
    }
}

/// What a request's address says that other formats write into the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// The model (Gemini's and Bedrock's paths).
    pub model: Option<String>,
    /// Whether the answer is to be streamed.
    pub stream: Option<bool>,
}

/// What the gateway has to know of a request, whatever its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The model asked for, as the client wrote it.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The most output tokens, if the client set a bound.
    pub max_output: Option<Tokens>,
    /// Whether the client asked to see the usage at the end of a stream. Formats that always send it say so.
    pub wants_stream_usage: bool,
}

/// What a provider wants that its format leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// The model's name at the provider.
    pub model: &'a str,
    /// The output bound to send where the format demands one and the client set none.
    pub default_max_output: Tokens,
    /// Whether the provider knows only `max_tokens` and not `max_completion_tokens` (OpenAI's format).
    pub only_max_tokens: bool,
}

/// What a format can say to a model. What it cannot is put in other words beforehand, by [`fit`](crate::fit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a claim of its own; they are no state.
pub struct Abilities {
    /// Answers of a given schema.
    pub schema: bool,
    /// Answers that are some JSON object.
    pub json: bool,
    /// Tools whose argument is plain text.
    pub custom_tools: bool,
    /// Tools in groups.
    pub namespaces: bool,
    /// The longest name of a tool; its characters are letters, digits, `_` and `-`.
    pub tool_name_length: usize,
    /// Instructions in mid-conversation.
    pub mid_system: bool,
    /// Images (and documents) in the results of tools.
    pub media_in_results: bool,
    /// That no more than one tool is to be called at a time.
    pub one_call: bool,
}

/// What writing an answer needs besides the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Unix seconds.
    pub created: u64,
    /// The request's id, for formats whose errors or answers name it and whose providers gave none.
    pub request_id: String,
    /// The model that was asked for, for answers that do not name theirs.
    pub model: String,
    /// Whether the client asked for the usage at the end of a stream.
    pub wants_usage: bool,
    /// The request itself where the format repeats parts of it in its answers (Responses); empty otherwise.
    pub request: Bytes,
}

/// One wire format: requests, answers, streams and errors, read and written.
pub trait Format: Send + Sync {
    /// Its dialect.
    fn dialect(&self) -> Dialect;

    /// What it can say to this model.
    fn abilities(&self, model: &str) -> Abilities;

    /// Reads what the gateway has to know, and checks no more than that.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] for a field that is missing or has the wrong type.
    fn summary(&self, envelope: &Envelope<'_>, address: &Address) -> Result<Summary, Refusal>;

    /// The body for a provider of this same format: the client's bytes but for the model's name, and for asking a stream
    /// to end with its usage.
    fn forward(&self, envelope: &Envelope<'_>, summary: &Summary, body: &Bytes, model: &str) -> Bytes;

    /// The request in the neutral form. What that has no place for is noted.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] for what the format itself does not allow.
    fn read_chat<'a>(
        &self,
        envelope: &Envelope<'a>,
        summary: &Summary,
        changes: &mut Changes,
    ) -> Result<Chat<'a>, Refusal>;

    /// A request in the neutral form as a body of this format. What the format has no place for is noted.
    ///
    /// # Errors
    /// [`Refusal::InvalidField`] or [`Refusal::Unsupported`] for what no leave to drop would make sendable.
    fn write_chat(
        &self,
        chat: &Chat<'_>,
        target: Target<'_>,
        changes: &mut Changes,
    ) -> Result<Bytes, Refusal>;

    /// An answer's body in the neutral form.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    fn read_reply<'a>(&self, body: &'a [u8]) -> Result<Reply<'a>, String>;

    /// An answer as a body.
    fn write_reply(&self, reply: &Reply<'_>, frame: &Frame) -> Bytes;

    /// What an answer's body says was sold, if it does, and on which terms.
    fn sold(&self, body: &[u8]) -> Option<Sold>;

    /// The usage that an answer's body states, if it does.
    fn usage(&self, body: &[u8]) -> Option<Usage> {
        self.sold(body).map(|sold| sold.usage)
    }

    /// An error answer of a provider, taken apart. A body of another shape becomes the message.
    fn read_error(&self, status: u16, body: &[u8]) -> ErrorReport;

    /// An error as a body.
    fn write_error(&self, error: &ErrorReport, status: u16, request_id: &str) -> Bytes;

    /// An error as an event in a stream that has begun.
    fn write_stream_error(&self, error: &ErrorReport, out: &mut Vec<u8>);

    /// An eye on a stream that passes through in this format. With `hide_usage` it takes out the usage that only the
    /// gateway had asked for.
    fn watch(&self, hide_usage: bool) -> Box<dyn StreamWatch>;

    /// Reads a stream of this format into neutral pieces.
    fn reader(&self) -> Box<dyn StreamReader>;

    /// Writes neutral pieces as a stream of this format.
    fn writer(&self, frame: Frame) -> Box<dyn StreamWriter>;
}

/// What to do with an event that passes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Pass it on as it is.
    Pass,
    /// Leave it out.
    Hide,
    /// Pass these bytes on instead.
    Replace(Vec<u8>),
}

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// More is expected.
    #[default]
    Open,
    /// Its last event has come.
    Complete,
    /// The provider reported an error.
    Failed,
}

/// What has been seen of a stream so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Usage as last reported.
    pub usage: Usage,
    /// What else was sold, as last reported.
    pub apart: Apart,
    /// On which terms it is served, as last reported.
    pub terms: Terms,
    /// Whether the output count in `usage` is the provider's last word.
    pub usage_is_final: bool,
    /// Bytes of generated text, for an estimate if the stream ends before its usage comes.
    pub output_bytes: usize,
    /// Whether it has ended, and how.
    pub ending: Ending,
    /// Whether the bound on its output cut it, and the tools it has called.
    pub finish: Finish,
}

/// Reads the events of a stream that passes through.
pub trait StreamWatch: Send {
    /// Looks at the next event.
    fn event(&mut self, event: Event<'_>) -> Edit;

    /// What has been seen so far.
    fn seen(&self) -> Seen;

    /// Whether the stream is whole if nothing more comes.
    fn is_complete_at_end(&self) -> bool {
        self.seen().ending == Ending::Complete
    }

    /// The id by which a later request may go on from this answer, where the provider keeps it and has said it.
    fn kept_as(&self) -> Option<&str> {
        None
    }

    /// Whether it may answer anything but [`Edit::Pass`]. If not, bytes may be passed on before an event is whole.
    fn edits(&self) -> bool;
}

/// Takes the pieces of a stream as they are read.
pub type Sink<'s> = dyn for<'p> FnMut(Piece<'p>) + 's;

/// Reads a stream of one format.
pub trait StreamReader: Send {
    /// Hands the pieces that this event brings to `sink`, well-formed: parts strictly one after the other.
    ///
    /// # Errors
    /// What is wrong with the event, as a sentence.
    fn event(&mut self, event: Event<'_>, sink: &mut Sink<'_>) -> Result<(), String>;

    /// The pieces that the end of the bytes brings, where the last event is missing but nothing else is.
    fn finish(&mut self, _sink: &mut Sink<'_>) {}
}

/// Writes a stream of one format.
pub trait StreamWriter: Send {
    /// Appends the events that say this piece.
    fn piece(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>);

    /// The whole answer as a body, once it has ended, in formats whose answers can be gone on from.
    fn record(&self) -> Option<&[u8]> {
        None
    }
}

/// The bytes between the quotes that follow `key` in an event's JSON, at most up to its end; an estimate's input, so an
/// escape may count as the two bytes it has.
fn text_bytes_after(data: &[u8], key: &Finder<'_>) -> usize {
    let Some(start) = key.find(data) else { return 0 };
    let text = &data[start + key.needle().len()..];
    let mut at = 0;
    while let Some(place) = escapes::quote_or_backslash(text, at) {
        if text[place] == b'"' {
            return place;
        }
        at = place + 2;
    }
    text.len()
}
