//! Cohere's embeddings, in each of their forms.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{meta, parse};
use crate::ask::{Ask, MediaKind};
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::{tokens, vectors};

const FORMS: [&str; 6] = ["float", "int8", "uint8", "binary", "ubinary", "base64"];
const DIMENSIONS: [u64; 4] = [256, 512, 1_024, 1_536];

/// A request for embeddings.
pub(crate) struct Embed {
    ask: Ask,
    /// What was given as text, which is told again.
    texts: Vec<String>,
    /// Everything that is embedded.
    inputs: Vec<String>,
    forms: Vec<String>,
    dimensions: usize,
}

impl Embed {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Wrong> {
        let (body, model) = parse(body)?;
        if !body["input_type"].is_string() {
            return Err(Wrong::invalid(
                "invalid request: valid input_type must be provided with the provided model",
            ));
        }
        let strings = |field: &str| -> Vec<String> {
            let list = body[field].as_array().into_iter().flatten();
            list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let (texts, images, mixed) = (strings("texts"), strings("images"), mixed(&body["inputs"]));
        let pictures = images.len() as u64 + mixed.1;
        let inputs = [texts.clone(), images, mixed.0].concat();
        if inputs.is_empty() || inputs.len() > 96 {
            return Err(Wrong::invalid(
                "invalid request: between 1 and 96 texts, images or inputs must be provided",
            ));
        }
        let mut forms = strings("embedding_types");
        if forms.is_empty() {
            forms.push("float".to_owned());
        }
        if let Some(form) = forms.iter().find(|form| !FORMS.contains(&form.as_str())) {
            return Err(Wrong::invalid(format!("invalid request: embedding type {form} is not valid")));
        }
        let usual = if model.starts_with("embed-v4") { 1_536 } else { 1_024 };
        let dimensions = body["output_dimension"].as_u64().unwrap_or(usual);
        if !DIMENSIONS.contains(&dimensions) {
            return Err(Wrong::invalid(
                "invalid request: output_dimension must be one of 256, 512, 1024, 1536",
            ));
        }
        let told: u64 = texts.iter().map(|text| tokens::count(text)).sum();
        let input_tokens = told + pictures * MediaKind::Image.tokens();
        let ask = Ask { model, input_tokens, wordless: true, ..Ask::default() };
        Ok(Self { ask, texts, inputs, forms, dimensions: usize::try_from(dimensions).unwrap_or(1) })
    }
}

/// Inputs of several parts, each as one text, and how many pictures are among them.
fn mixed(inputs: &Value) -> (Vec<String>, u64) {
    let list = inputs.as_array().map_or(&[][..], Vec::as_slice);
    let pictures = list.iter().flat_map(|input| input["content"].as_array().into_iter().flatten());
    let count = pictures.filter(|part| part["type"] == "image_url").count();
    (list.iter().map(|input| input["content"].to_string()).collect(), count as u64)
}

impl Exchange for Embed {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        let vectors: Vec<_> = self.inputs.iter().map(|text| vectors::vector(text, self.dimensions)).collect();
        let form = |form: &String| {
            let all = vectors.iter().map(|vector| written(vector, form));
            (form.clone(), all.collect::<Value>())
        };
        let embeddings: Map<_, _> = self.forms.iter().map(form).collect();
        json!({
            "id": format!("00000000-0000-4000-8000-{:012}", facts.serial),
            "embeddings": embeddings,
            "texts": self.texts,
            "meta": meta(&json!({"input_tokens": self.ask.input_tokens})),
            "response_type": "embeddings_by_type",
        })
    }

    fn chunks(&self, _: &Facts<'_>) -> Vec<Chunk> {
        Vec::new()
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        Chunk::data(&Value::Null)
    }
}

/// A vector in one of the forms. Values are between -1 and 1, so that their bytes hold them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn written(vector: &[f32], form: &str) -> Value {
    let bits =
        || vector.chunks(8).map(|bits| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit > 0.0)));
    match form {
        "int8" => vector.iter().map(|value| json!((value * 127.0) as i8)).collect(),
        "uint8" => vector.iter().map(|value| json!((value * 127.0 + 128.0) as u8)).collect(),
        "binary" => bits().map(|byte| json!(i16::from(byte) - 128)).collect(),
        "ubinary" => bits().map(|byte| json!(byte)).collect(),
        "base64" => STANDARD.encode(vectors::bytes(vector)).into(),
        _ => json!(vector),
    }
}
