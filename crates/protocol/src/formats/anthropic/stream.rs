//! Streams: `message_start`, content blocks, `message_delta`, `message_stop`, with `ping` and `error` anywhere.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{finish, message_id, stop};
use super::{WireErrorBody, WireUsage, error_type, write_usage};
use crate::formats::{Edit, Ending, Seen, StreamReader, StreamWatch, StreamWriter, text_bytes_after};
use crate::neutral::{ErrorKind, Piece};
use crate::sse::{self, Event};

#[derive(Deserialize)]
struct Start {
    message: StartMessage,
}

#[derive(Deserialize)]
struct StartMessage {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    usage: WireUsage,
}

#[derive(Deserialize)]
struct MessageDelta {
    delta: StopDelta,
    #[serde(default)]
    usage: WireUsage,
}

#[derive(Deserialize)]
struct StopDelta {
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
}

/// The kind of an event: its name, or where a server leaves that out, the `type` in its data.
fn kind_of<'a>(event: &Event<'a>, data: &'a [u8]) -> &'a [u8] {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: &'a str,
    }
    match event.name() {
        b"" => serde_json::from_slice(data).map_or(b"", |typed: Typed<'_>| typed.kind.as_bytes()),
        name => name,
    }
}

/// Reads usage and ending on the way; changes nothing.
#[derive(Default)]
pub(super) struct Watch {
    seen: Seen,
}

impl StreamWatch for Watch {
    fn event(&mut self, event: Event<'_>) -> Edit {
        let Some(data) = event.data() else { return Edit::Pass };
        match kind_of(&event, &data) {
            b"content_block_delta" => {
                for key in [&b"\"text\":\""[..], b"\"thinking\":\"", b"\"partial_json\":\""] {
                    self.seen.output_bytes += text_bytes_after(&data, key);
                }
            }
            b"message_start" => {
                if let Ok(start) = serde_json::from_slice::<Start>(&data) {
                    self.seen.usage = start.message.usage.over(self.seen.usage);
                }
            }
            b"message_delta" => {
                if let Ok(delta) = serde_json::from_slice::<MessageDelta>(&data) {
                    self.seen.usage = delta.usage.over(self.seen.usage);
                    self.seen.usage_is_final = delta.usage.output_tokens.is_some();
                }
            }
            b"message_stop" => self.seen.ending = Ending::Complete,
            b"error" => self.seen.ending = Ending::Failed,
            _ => {}
        }
        Edit::Pass
    }

    fn seen(&self) -> Seen {
        self.seen
    }

    fn edits(&self) -> bool {
        false
    }
}

/// Reads a stream of texts. Blocks of other types cannot appear, since what would ask for them was refused; thinking
/// that a model does of its own accord is left out as it is in whole answers.
#[derive(Default)]
pub(super) struct Reader {
    usage: paceway_domain::Usage,
}

impl StreamReader for Reader {
    fn event(&mut self, event: Event<'_>) -> Result<Vec<Piece>, String> {
        let Some(data) = event.data() else { return Ok(Vec::new()) };
        let pieces = match kind_of(&event, &data) {
            b"message_start" => {
                let Start { message } = parse(&data)?;
                self.usage = message.usage.over(self.usage);
                vec![Piece::Begin { id: message.id, model: message.model, usage: self.usage }]
            }
            b"content_block_delta" => {
                let delta: Value = parse(&data)?;
                match delta["delta"]["text"].as_str() {
                    Some(text) => vec![Piece::Text(text.to_owned())],
                    None => Vec::new(),
                }
            }
            b"message_delta" => {
                let MessageDelta { delta, usage } = parse(&data)?;
                self.usage = usage.over(self.usage);
                let finish = finish(delta.stop_reason.as_deref(), delta.stop_sequence);
                vec![Piece::End { finish, usage: self.usage }]
            }
            b"error" => {
                let WireErrorBody { error } = parse(&data)?;
                vec![Piece::Error(error.report(ErrorKind::Server))]
            }
            _ => Vec::new(),
        };
        Ok(pieces)
    }
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(data).map_err(|error| format!("an event is not what the dialect allows: {error}"))
}

/// Writes a stream of one text block.
#[derive(Default)]
pub(super) struct Writer {
    block_is_open: bool,
}

impl Writer {
    fn open_block(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.block_is_open, true) {
            let block = json!({"type": "text", "text": ""});
            write(out, "content_block_start", &json!({"index": 0, "content_block": block}));
        }
    }

    fn close_block(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.block_is_open) {
            write(out, "content_block_stop", &json!({"index": 0}));
        }
    }
}

impl StreamWriter for Writer {
    fn piece(&mut self, piece: &Piece, out: &mut Vec<u8>) {
        match piece {
            Piece::Begin { id, model, usage } => {
                let message = json!({
                    "id": message_id(id), "type": "message", "role": "assistant", "model": model, "content": [],
                    "stop_reason": null, "stop_sequence": null, "usage": write_usage(usage),
                });
                write(out, "message_start", &json!({"message": message}));
            }
            Piece::Text(text) => {
                self.open_block(out);
                let delta = json!({"type": "text_delta", "text": text});
                write(out, "content_block_delta", &json!({"index": 0, "delta": delta}));
            }
            Piece::End { finish, usage } => {
                self.close_block(out);
                let (reason, sequence) = stop(finish);
                let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
                write(out, "message_delta", &json!({"delta": delta, "usage": write_usage(usage)}));
                write(out, "message_stop", &json!({}));
            }
            Piece::Error(error) => {
                let error = json!({"type": error_type(error.kind), "message": error.message});
                write(out, "error", &json!({"error": error}));
            }
        }
    }
}

/// Writes an event whose data has its name as `type`, in the order in which Anthropic writes it: type first.
fn write(out: &mut Vec<u8>, name: &str, fields: &Value) {
    let mut data = json!({"type": name});
    if let (Some(data), Some(fields)) = (data.as_object_mut(), fields.as_object()) {
        data.extend(fields.clone());
    }
    sse::write(out, Some(name), data.to_string().as_bytes());
}
