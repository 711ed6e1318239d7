//! OpenAI's images and audio: the smallest picture, one sentence, a moment of silence.
//!
//! Nothing is drawn, heard or spoken, and nothing but what makes an answer possible is checked.

use bytes::Bytes;
use serde_json::{Value, json};

use super::tools::missing;
use super::wrong_parameter;
use crate::ask::{Ask, MediaKind};
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::tokens;

/// A picture of one pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const TRANSCRIPT: &str = "This is a simulated transcription; nothing was heard.";
/// The head of an MPEG frame of 128 kbit/s at 44.1 kHz, and how long such a frame is.
const FRAME: ([u8; 4], usize) = ([0xff, 0xfb, 0x90, 0x64], 417);

/// A request, and what is asked for.
pub(crate) struct Media {
    ask: Ask,
    wish: Wish,
}

enum Wish {
    Images { count: u64, as_url: bool },
    Transcription { format: String },
    Speech { media_type: &'static str },
}

impl Media {
    pub(crate) fn images(body: &[u8]) -> Result<Self, Wrong> {
        let body = super::parse(body)?;
        let prompt = body["prompt"].as_str().ok_or_else(|| missing("prompt"))?;
        let count = body["n"].as_u64().unwrap_or(1);
        if !(1..=10).contains(&count) {
            return Err(wrong_parameter("n", Some("integer_out_of_range"), "Invalid 'n': expected 1 to 10."));
        }
        let model = body["model"].as_str().unwrap_or("gpt-image-1");
        let as_url = body["response_format"] == "url";
        Ok(Self::new(model, tokens::count(prompt), Wish::Images { count, as_url }))
    }

    pub(crate) fn speech(body: &[u8]) -> Result<Self, Wrong> {
        let body = super::parse(body)?;
        let text = body["input"].as_str().ok_or_else(|| missing("input"))?;
        let model = body["model"].as_str().ok_or_else(|| missing("model"))?;
        if body["voice"].is_null() {
            return Err(missing("voice"));
        }
        let media_type = match body["response_format"].as_str() {
            None | Some("mp3") => "audio/mpeg",
            Some("opus") => "audio/ogg",
            Some("aac") => "audio/aac",
            Some("flac") => "audio/flac",
            Some("wav") => "audio/wav",
            Some("pcm") => "audio/pcm",
            Some(_) => {
                let message = "Invalid value for 'response_format'. Supported values are: 'mp3', 'opus', 'aac', 'flac', \
                               'wav', and 'pcm'.";
                return Err(wrong_parameter("response_format", Some("invalid_value"), message));
            }
        };
        Ok(Self::new(model, tokens::count(text), Wish::Speech { media_type }))
    }

    /// Reads a form: `content_type` must say that it is one.
    pub(crate) fn transcription(content_type: &str, body: &[u8]) -> Result<Self, Wrong> {
        if !content_type.starts_with("multipart/form-data") {
            return Err(Wrong::invalid("Expected a body of the type multipart/form-data."));
        }
        let form = String::from_utf8_lossy(body);
        if !form.contains("name=\"file\"") {
            return Err(missing("file"));
        }
        let model = field(&form, "model").ok_or_else(|| missing("model"))?;
        let format = field(&form, "response_format").unwrap_or("json").to_owned();
        Ok(Self::new(model, MediaKind::Audio.tokens(), Wish::Transcription { format }))
    }

    fn new(model: &str, input_tokens: u64, wish: Wish) -> Self {
        let ask = Ask { model: model.to_owned(), input_tokens, wordless: true, ..Ask::default() };
        Self { ask, wish }
    }
}

/// The value of a field of a form.
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = form.split_once(&format!("name=\"{name}\""))?;
    let (_, value) = rest.split_once("\r\n\r\n")?;
    Some(value.split("\r\n").next().unwrap_or_default())
}

impl Exchange for Media {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, _: &Facts<'_>) -> Value {
        let input = self.ask.input_tokens;
        match &self.wish {
            Wish::Images { count, as_url } => {
                let url = json!({"url": "https://example.com/simulated.png"});
                let one = if *as_url { url } else { json!({"b64_json": PNG}) };
                let details = json!({"text_tokens": input, "image_tokens": 0});
                let usage = json!({
                    "input_tokens": input, "output_tokens": 0, "total_tokens": input, "input_tokens_details": details,
                });
                let data: Vec<_> = (0..*count).map(|_| one.clone()).collect();
                json!({"created": 1_767_225_600, "data": data, "usage": usage})
            }
            Wish::Transcription { format } if format == "verbose_json" => json!({
                "task": "transcribe", "language": "english", "duration": 1.0, "text": TRANSCRIPT, "segments": [],
            }),
            Wish::Transcription { .. } => {
                let output = tokens::count(TRANSCRIPT);
                let usage = json!({
                    "type": "tokens", "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
                });
                json!({"text": TRANSCRIPT, "usage": usage})
            }
            Wish::Speech { .. } => Value::Null,
        }
    }

    fn body(&self, facts: &Facts<'_>) -> (&'static str, Bytes) {
        match &self.wish {
            Wish::Speech { media_type } => {
                let mut frame = FRAME.0.to_vec();
                frame.resize(FRAME.1, 0);
                (media_type, Bytes::from(frame))
            }
            Wish::Transcription { format } if matches!(format.as_str(), "text" | "srt" | "vtt") => {
                ("text/plain; charset=utf-8", Bytes::from(format!("{TRANSCRIPT}\n")))
            }
            _ => ("application/json", Bytes::from(self.whole(facts).to_string())),
        }
    }

    fn chunks(&self, _: &Facts<'_>) -> Vec<Chunk> {
        Vec::new()
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        Chunk::data(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_picture_is_one() {
        let bytes = STANDARD.decode(PNG).unwrap_or_default();
        assert_eq!(&bytes[1..4], b"PNG");
    }
}
