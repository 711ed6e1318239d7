//! OpenAI's embeddings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::tools::{invalid_type, missing};
use super::wrong_parameter;
use crate::ask::Ask;
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::{tokens, vectors};

/// The most inputs of one request.
const MAX_INPUTS: usize = 2_048;
/// What a refusal names as the most tokens of one input.
const CONTEXT: u64 = 8_192;

/// A request for embeddings.
pub(crate) struct Embeddings {
    ask: Ask,
    inputs: Vec<String>,
    dimensions: usize,
    is_base64: bool,
}

/// Reads a body; `deployment` is the model where the path names it.
pub(crate) fn read(body: &[u8], deployment: Option<&str>) -> Result<Embeddings, Wrong> {
    let mut body = super::parse(body)?;
    if let Some(model) = deployment {
        body["model"] = model.into();
    }
    let Some(model) = body["model"].as_str() else {
        return Err(Wrong::invalid("you must provide a model parameter"));
    };
    let (inputs, input_tokens) = inputs(&body["input"])?;
    let most: u64 = if model.contains("3-large") { 3_072 } else { 1_536 };
    let dimensions = match &body["dimensions"] {
        Value::Null => most,
        asked => match asked.as_u64() {
            Some(asked) if (1..=most).contains(&asked) => asked,
            _ => {
                let message = format!("Invalid 'dimensions': expected a value between 1 and {most}.");
                return Err(wrong_parameter("dimensions", Some("integer_out_of_range"), message));
            }
        },
    };
    let is_base64 = match body["encoding_format"].as_str() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => {
            let message = format!("Invalid value: '{other}'. Supported values are: 'float' and 'base64'.");
            return Err(wrong_parameter("encoding_format", Some("invalid_value"), message));
        }
    };
    let ask = Ask { model: model.to_owned(), input_tokens, wordless: true, ..Ask::default() };
    Ok(Embeddings { ask, inputs, dimensions: usize::try_from(dimensions).unwrap_or(1), is_base64 })
}

/// The inputs as texts, and the tokens of all of them. Tokens that come as numbers are texts of a kind.
fn inputs(input: &Value) -> Result<(Vec<String>, u64), Wrong> {
    let is_tokens = |list: &[Value]| !list.is_empty() && list.iter().all(Value::is_u64);
    let one = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some((text.clone(), tokens::count(text))),
        Value::Array(list) if is_tokens(list) => Some((value.to_string(), list.len() as u64)),
        _ => None,
    };
    let read: Option<Vec<_>> = match input {
        Value::Null => return Err(missing("input")),
        Value::Array(list) if !is_tokens(list) => list.iter().map(one).collect(),
        single => one(single).map(|one| vec![one]),
    };
    match read {
        Some(all) if (1..=MAX_INPUTS).contains(&all.len()) => {
            let count = all.iter().map(|(_, tokens)| tokens).sum();
            Ok((all.into_iter().map(|(text, _)| text).collect(), count))
        }
        _ => Err(invalid_type(
            "input",
            "a string or an array of strings, of tokens or of arrays of tokens, none empty",
        )),
    }
}

impl Exchange for Embeddings {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        let one = |(index, text): (usize, &String)| {
            let vector = vectors::vector(text, self.dimensions);
            let embedding =
                if self.is_base64 { STANDARD.encode(vectors::bytes(&vector)).into() } else { json!(vector) };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        };
        let data: Vec<_> = self.inputs.iter().enumerate().map(one).collect();
        let tokens = facts.ask.input_tokens;
        let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
        json!({"object": "list", "data": data, "model": self.ask.model, "usage": usage})
    }

    fn chunks(&self, _: &Facts<'_>) -> Vec<Chunk> {
        Vec::new()
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        Chunk::data(&Value::Null)
    }

    fn too_long(&self, excess: u64) -> Option<Wrong> {
        let asked = CONTEXT + excess;
        Some(Wrong::invalid(format!(
            "This model's maximum context length is {CONTEXT} tokens, however you requested {asked} tokens ({asked} in \
             your prompt; 0 for the completion). Please reduce your prompt; or completion length."
        )))
    }
}
