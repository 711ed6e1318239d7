//! What is sold by another measure than tokens: pictures, minutes of sound, characters to be spoken.
//!
//! OpenAI's shapes of these endpoints, in which other providers of them answer too. It prices nothing.

use paceway_domain::{Apart, Dialect, Sold, Terms, Tokens, Usage};
use serde::Deserialize;

use crate::envelope::Envelope;
use crate::formats::format_of;
use crate::lenient;

/// What an answer with pictures says was sold: tokens where it counts them, or else its pictures.
pub fn images(dialect: Dialect, body: &[u8]) -> Option<Sold> {
    #[derive(Deserialize)]
    struct Answer {
        data: Vec<serde::de::IgnoredAny>,
    }
    let counted = format_of(dialect).sold(body).filter(|sold| sold.usage != Usage::default());
    counted.or_else(|| {
        let answer: Answer = serde_json::from_slice(body).ok()?;
        let apart = Apart { images: answer.data.len() as u64, ..Apart::default() };
        Some(Sold { apart, ..Sold::default() })
    })
}

/// `usage` of a transcription: `{"type":"duration","seconds":…}`, tokens, or Mistral's tokens with `prompt_audio_seconds`.
#[derive(Deserialize)]
struct WireUsage {
    #[serde(default, deserialize_with = "lenient::maybe")]
    seconds: Option<f64>,
    #[serde(default, deserialize_with = "lenient::maybe")]
    prompt_audio_seconds: Option<f64>,
    #[serde(default, deserialize_with = "lenient::count")]
    input_tokens: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    output_tokens: u64,
    #[serde(default, deserialize_with = "lenient::maybe")]
    input_token_details: Option<WireDetails>,
}

#[derive(Deserialize)]
struct WireDetails {
    #[serde(default, deserialize_with = "lenient::count")]
    audio_tokens: u64,
}

/// What the answer to a recording says was sold: its length, in whole seconds that have begun, or tokens.
pub fn transcription(body: &[u8]) -> Option<Sold> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default, deserialize_with = "lenient::maybe")]
        usage: Option<WireUsage>,
        /// Of `verbose_json`, where no usage is told.
        #[serde(default, deserialize_with = "lenient::maybe")]
        duration: Option<f64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let usage = answer.usage.as_ref();
    let seconds = usage.and_then(|usage| usage.seconds.or(usage.prompt_audio_seconds)).or(answer.duration);
    if let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // A cast of a float ends at the limits.
        let apart = Apart { audio_seconds: seconds.ceil() as u64, ..Apart::default() };
        return Some(Sold { apart, ..Sold::default() });
    }
    let usage = usage.filter(|usage| usage.input_tokens > 0)?;
    let audio = usage.input_token_details.as_ref().map_or(0, |details| details.audio_tokens);
    let usage = Usage {
        input: Tokens(usage.input_tokens),
        audio_input: Tokens(audio.min(usage.input_tokens)),
        output: Tokens(usage.output_tokens),
        ..Usage::default()
    };
    Some(usage.into())
}

/// What is sold by speaking the `input` of a request. No answer tells it: an answer is sound.
pub fn speech(envelope: &Envelope<'_>) -> Option<Sold> {
    let text: String = envelope.field("input", "a text").ok().flatten()?;
    let apart = Apart { characters: text.chars().count() as u64, ..Apart::default() };
    Some(Sold { apart, terms: Terms::default(), usage: Usage::default() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn pictures_are_counted_where_tokens_are_not() {
        let sold = images(Dialect::OpenAi, br#"{"created":1,"data":[{"url":"a"},{"url":"b"}]}"#).unwrap();
        assert_eq!((sold.apart.images, sold.usage), (2, Usage::default()));
        let body = br#"{"data":[{"b64_json":"x"}],"usage":{"input_tokens":50,"output_tokens":1056,"total_tokens":1106,
            "input_tokens_details":{"text_tokens":50,"image_tokens":0},"output_tokens_details":{"image_tokens":1056}}}"#;
        let sold = images(Dialect::OpenAi, body).unwrap();
        let Usage { input, output, image_output, .. } = sold.usage;
        assert_eq!((input, output, image_output), (Tokens(50), Tokens(1_056), Tokens(1_056)));
        assert_eq!(sold.apart.images, 0);
        assert_eq!(images(Dialect::OpenAi, b"{}"), None);
    }

    #[test]
    fn a_recording_is_counted_in_seconds_or_tokens_as_the_answer_says() {
        let seconds = |body: &str| transcription(body.as_bytes()).map(|sold| sold.apart.audio_seconds);
        assert_eq!(seconds(r#"{"text":"hi","usage":{"type":"duration","seconds":7}}"#), Some(7));
        assert_eq!(seconds(r#"{"text":"hi","duration":8.47}"#), Some(9));
        assert_eq!(
            seconds(r#"{"text":"hi","usage":{"prompt_audio_seconds":12,"prompt_tokens":4}}"#),
            Some(12)
        );
        assert_eq!(seconds(r#"{"text":"hi"}"#), None);
        assert_eq!(seconds("hi"), None);
        let body =
            br#"{"text":"hi","usage":{"type":"tokens","input_tokens":14,"output_tokens":45,"total_tokens":59,
            "input_token_details":{"text_tokens":10,"audio_tokens":4}}}"#;
        let Usage { input, audio_input, output, .. } = transcription(body).unwrap().usage;
        assert_eq!((input, audio_input, output), (Tokens(14), Tokens(4), Tokens(45)));
    }

    #[test]
    fn what_is_spoken_is_counted_in_characters_and_not_in_bytes() {
        let body = Bytes::from_static("{\"model\":\"tts-1\",\"input\":\"Grüße\"}".as_bytes());
        let envelope = Envelope::parse(&body).unwrap();
        assert_eq!(speech(&envelope).unwrap().apart.characters, 5);
    }
}
