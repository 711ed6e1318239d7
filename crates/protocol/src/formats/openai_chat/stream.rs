//! Streams: chunks of `choices[].delta`, a usage chunk if it was asked for, then `[DONE]`.

use std::ops::Range;

use memchr::memmem;
use paceway_domain::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{completion_id, finish, finish_reason};
use super::{WireError, WireUsage, error_body, write_usage};
use crate::formats::{Edit, Ending, Seen, StreamReader, StreamWatch, StreamWriter, text_bytes_after};
use crate::neutral::{ErrorKind, ErrorReport, Finish, Piece};
use crate::sse::{self, Event};

const DONE: &[u8] = b"[DONE]";
/// What stands in every chunk but the last once usage has been asked for.
const NO_USAGE: &[u8] = b",\"usage\":null";

#[derive(Deserialize)]
struct WireChunk {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    choices: Vec<WireChoice>,
    usage: Option<WireUsage>,
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct WireChoice {
    #[serde(default)]
    delta: WireDelta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireDelta {
    content: Option<String>,
    refusal: Option<String>,
}

/// Reads usage and ending on the way, and takes out usage that the client did not ask for.
pub(super) struct Watch {
    seen: Seen,
    hide_usage: bool,
    has_finished: bool,
}

impl Watch {
    pub(super) fn new(hide_usage: bool) -> Self {
        Self { seen: Seen::default(), hide_usage, has_finished: false }
    }

    /// A chunk that may say more than text: usage, an error or the reason why it ended.
    fn read_closely(&mut self, event: Event<'_>, data: &[u8]) -> Edit {
        let Ok(chunk) = serde_json::from_slice::<WireChunk>(data) else { return Edit::Pass };
        if chunk.error.is_some() {
            self.seen.ending = Ending::Failed;
        }
        self.has_finished |= chunk.choices.iter().any(|choice| choice.finish_reason.is_some());
        match chunk.usage {
            Some(usage) => {
                self.seen.usage = usage.read();
                self.seen.usage_is_final = true;
                if self.hide_usage && chunk.choices.is_empty() { Edit::Hide } else { Edit::Pass }
            }
            None => self.without_null_usage(event),
        }
    }

    fn without_null_usage(&self, event: Event<'_>) -> Edit {
        let Some(place) = self.hide_usage.then(|| null_usage(event.raw())).flatten() else {
            return Edit::Pass;
        };
        Edit::Replace([&event.raw()[..place.start], &event.raw()[place.end..]].concat())
    }
}

/// Where `,"usage":null` stands. A quote inside a JSON string is escaped, so these bytes cannot be part of a text.
fn null_usage(raw: &[u8]) -> Option<Range<usize>> {
    memmem::rfind(raw, NO_USAGE).map(|start| start..start + NO_USAGE.len())
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        if data.as_ref() == DONE {
            self.seen.ending = Ending::Complete;
            return Edit::Pass;
        }
        self.seen.output_bytes += text_bytes_after(&data, b"\"content\":\"");
        let is_mere_text = memmem::find(&data, b"\"finish_reason\":null").is_some()
            && memmem::find(&data, b"\"usage\":{").is_none();
        if is_mere_text { self.without_null_usage(event) } else { self.read_closely(event, &data) }
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    fn edits(&self) -> bool {
        self.hide_usage
    }

    /// A stream whose last choice has finished is whole even where a provider forgets its `[DONE]`.
    fn is_complete_at_end(&self) -> bool {
        self.seen.ending == Ending::Complete || (self.has_finished && self.seen.ending == Ending::Open)
    }
}

/// Reads a stream of one choice's text. The end is told at `[DONE]`, since the usage comes after the finish reason.
#[derive(Default)]
pub(super) struct Reader {
    has_begun: bool,
    has_ended: bool,
    finish: Option<Finish>,
    usage: Usage,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>) -> Result<Vec<Piece>, String> {
        let Some(data) = event.data() else { return Ok(Vec::new()) };
        if data.as_ref() == DONE {
            return Ok(self.end());
        }
        let chunk: WireChunk = serde_json::from_slice(&data)
            .map_err(|error| format!("a chunk is not what the dialect allows: {error}"))?;
        if let Some(error) = chunk.error {
            let error = ErrorReport { kind: ErrorKind::Server, message: error.message() };
            return Ok(vec![Piece::Error(error)]);
        }
        if let Some(usage) = chunk.usage {
            self.usage = usage.read();
        }
        let mut pieces = Vec::new();
        if !std::mem::replace(&mut self.has_begun, true) {
            pieces.push(Piece::Begin { id: chunk.id, model: chunk.model, usage: self.usage });
        }
        for choice in chunk.choices.into_iter().take(1) {
            pieces.extend(self.choice(choice));
        }
        Ok(pieces)
    }

    fn finish(&mut self) -> Vec<Piece> {
        if self.finish.is_some() { self.end() } else { Vec::new() }
    }
}

impl Reader {
    fn choice(&mut self, choice: WireChoice) -> Option<Piece> {
        let is_refusal = choice.delta.refusal.is_some();
        if choice.finish_reason.is_some() || is_refusal {
            let reason = finish(choice.finish_reason.as_deref());
            self.finish =
                Some(if is_refusal { Finish::Refused } else { self.finish.take().unwrap_or(reason) });
        }
        let text = choice.delta.refusal.or(choice.delta.content)?;
        (!text.is_empty()).then_some(Piece::Text(text))
    }

    fn end(&mut self) -> Vec<Piece> {
        if std::mem::replace(&mut self.has_ended, true) {
            return Vec::new();
        }
        vec![Piece::End { finish: self.finish.clone().unwrap_or(Finish::Done), usage: self.usage }]
    }
}

/// Writes a stream of one choice.
pub(super) struct Writer {
    id: String,
    model: String,
    created: u64,
    wants_usage: bool,
}

impl Writer {
    pub(super) fn new(wants_usage: bool, created: u64) -> Self {
        Self { id: String::new(), model: String::new(), created, wants_usage }
    }

    fn chunk(&self, choices: &Value, usage: Option<Value>, out: &mut Vec<u8>) {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": choices,
        });
        if self.wants_usage {
            chunk["usage"] = usage.unwrap_or(Value::Null);
        }
        sse::write(out, None, chunk.to_string().as_bytes());
    }

    fn delta(&self, delta: &Value, finish: Option<&str>, out: &mut Vec<u8>) {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        self.chunk(&json!([choice]), None, out);
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, model, .. } => {
                self.id = completion_id(id);
                self.model.clone_from(model);
                self.delta(&json!({"role": "assistant", "content": "", "refusal": null}), None, out);
            }
            Piece::Text(text) => self.delta(&json!({"content": text}), None, out),
            Piece::End { finish, usage } => {
                self.delta(&json!({}), Some(finish_reason(finish)), out);
                if self.wants_usage {
                    self.chunk(&json!([]), Some(write_usage(usage)), out);
                }
                sse::write(out, None, DONE);
            }
            Piece::Error(error) => sse::write(out, None, error_body(error).to_string().as_bytes()),
        }
    }
}
