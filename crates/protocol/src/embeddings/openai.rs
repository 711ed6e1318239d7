//! OpenAI's embeddings: requests both ways, answers read.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use paceway_domain::{Refusal, Tokens, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Embed, Embedded, Encoding, Inputs};
use crate::changes::Changes;
use crate::compose;
use crate::envelope::Envelope;
use crate::neutral::Text;
use crate::object::{self, Path};

const EXPECTED: &str = "a string, an array of strings, or an array of arrays of tokens";
/// The most inputs of one request. Source: platform.openai.com/docs/api-reference/embeddings, read 2026-11.
const MOST_INPUTS: usize = 2_048;

pub(super) fn read<'a>(envelope: &Envelope<'a>, changes: &mut Changes) -> Result<Embed<'a>, Refusal> {
    let mut body = envelope.object();
    let model = body.need_text("model")?;
    let raw = body.need("input", EXPECTED)?;
    let inputs = read_inputs(raw, &body.path.name("input"))?;
    if inputs.is_empty() {
        return Err(Path::root("input").invalid("at least one input is required"));
    }
    if inputs.len() > MOST_INPUTS {
        let why = format!("at most {MOST_INPUTS} inputs are taken at once, got {}", inputs.len());
        return Err(Path::root("input").invalid(why));
    }
    let dimensions = body.value("dimensions", "a positive integer")?;
    if dimensions == Some(0) {
        return Err(Path::root("dimensions").invalid("expected a positive integer, got 0"));
    }
    let encoding = match body.text("encoding_format")?.as_deref() {
        None | Some("float") => Encoding::Float,
        Some("base64") => Encoding::Base64,
        Some(other) => {
            let why = format!("expected `float` or `base64`, got `{other}`");
            return Err(Path::root("encoding_format").invalid(why));
        }
    };
    let user = body.text("user")?;
    body.note_unread(&[], changes);
    Ok(Embed { model, inputs, dimensions, encoding, user })
}

/// The four shapes of `input`: a text, texts, the tokens of one text, the tokens of several.
fn read_inputs<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Inputs<'a>, Refusal> {
    if object::is_string(raw) {
        return Ok(Inputs::Texts(vec![text(raw, path)?]));
    }
    let elements = object::array(raw, path, EXPECTED)?;
    match elements.first().map(|first| first.get().as_bytes()[0]) {
        None => Ok(Inputs::Texts(Vec::new())),
        Some(b'"') => {
            let texts = elements.iter().enumerate().map(|(index, raw)| text(raw, &path.index(index)));
            Ok(Inputs::Texts(texts.collect::<Result<_, _>>()?))
        }
        Some(b'[') => {
            let lists = elements.iter().enumerate().map(|(index, raw)| tokens(raw, &path.index(index)));
            Ok(Inputs::Tokens(lists.collect::<Result<_, _>>()?))
        }
        Some(_) => Ok(Inputs::Tokens(vec![tokens(raw, path)?])),
    }
}

fn text<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Text<'a>, Refusal> {
    let text = object::text(raw, path)?;
    if text.is_empty() { Err(path.invalid("an empty text cannot be embedded")) } else { Ok(text) }
}

fn tokens(raw: &RawValue, path: &Path<'_>) -> Result<Vec<u32>, Refusal> {
    let tokens: Vec<u32> = object::value(raw, path, "an array of tokens")?;
    if tokens.is_empty() { Err(path.invalid("an empty text cannot be embedded")) } else { Ok(tokens) }
}

/// Vectors are asked for in base64, which is a quarter of the bytes and half of the work.
pub(super) fn write(embed: &Embed<'_>, model: &str) -> Bytes {
    let mut out = Vec::with_capacity(1_024);
    compose::object(&mut out, |body| {
        body.field("model", model);
        match &embed.inputs {
            Inputs::Texts(texts) => body.field("input", texts),
            Inputs::Tokens(lists) => body.field("input", lists),
        };
        body.field("encoding_format", "base64");
        body.maybe("dimensions", embed.dimensions.as_ref()).maybe("user", embed.user.as_ref());
    });
    out.into()
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(borrow)]
    data: Vec<WireVector<'a>>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct WireVector<'a> {
    #[serde(default)]
    index: Option<usize>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

pub(super) fn read_answer(body: &[u8]) -> Result<Embedded, String> {
    let answer: WireAnswer<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut vectors = Vec::with_capacity(answer.data.len());
    for (place, vector) in answer.data.into_iter().enumerate() {
        vectors.push((vector.index.unwrap_or(place), read_vector(vector.embedding)?));
    }
    vectors.sort_by_key(|(index, _)| *index);
    let usage = answer.usage.unwrap_or_default();
    let input = Tokens(usage.prompt_tokens.or(usage.total_tokens).unwrap_or(0));
    Ok(Embedded {
        model: answer.model.unwrap_or_default(),
        vectors: vectors.into_iter().map(|(_, vector)| vector).collect(),
        usage: Usage { input, ..Usage::default() },
    })
}

/// A vector as numbers or as base64; some servers give numbers whatever they are asked for.
fn read_vector(raw: &RawValue) -> Result<Vec<f32>, String> {
    if !object::is_string(raw) {
        return serde_json::from_str(raw.get())
            .map_err(|error| format!("an embedding is no vector: {error}"));
    }
    let text: Cow<'_, str> = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    let bytes =
        STANDARD.decode(text.as_bytes()).map_err(|error| format!("an embedding is no base64: {error}"))?;
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("an embedding of {} bytes is no vector of 32-bit floats", bytes.len()));
    }
    Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
