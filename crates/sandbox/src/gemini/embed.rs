//! Google's embeddings: of one content, of many, and Vertex's predictions.

use serde_json::{Value, json};

use super::{parse, parts, shape};
use crate::ask::Ask;
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::{tokens, vectors};

/// The usual number of dimensions of gemini-embedding-001.
const DIMENSIONS: u64 = 3_072;

/// How many are asked for, and so how they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Many {
    /// `:embedContent`
    One,
    /// `:batchEmbedContents`
    Batch,
    /// Vertex's `:predict`
    Instances,
}

/// A request for embeddings.
pub(crate) struct Embedding {
    ask: Ask,
    many: Many,
    /// Each text with its dimensions.
    texts: Vec<(String, usize)>,
}

impl Embedding {
    pub(crate) fn read(body: &[u8], model: &str, many: Many) -> Result<Self, Wrong> {
        let body = parse(body)?;
        let texts = match many {
            Many::One => vec![content(&shape::normalized(&body, shape::EMBED)?)?],
            Many::Batch => {
                let body = shape::normalized(&body, shape::BATCH)?;
                let requests = body["requests"].as_array().map_or(&[][..], Vec::as_slice);
                requests.iter().map(content).collect::<Result<_, _>>()?
            }
            Many::Instances => instances(&body)?,
        };
        if texts.is_empty() {
            return Err(Wrong::invalid(
                "* BatchEmbedContentsRequest.requests: at least one request is required\n",
            ));
        }
        let input_tokens = texts.iter().map(|(text, _)| tokens::count(text)).sum();
        let ask = Ask { model: model.to_owned(), input_tokens, wordless: true, ..Ask::default() };
        Ok(Self { ask, many, texts })
    }
}

fn content(request: &Value) -> Result<(String, usize), Wrong> {
    let given = &request["content"]["parts"];
    let one = given.is_object().then_some(given);
    let parts = given.as_array().into_iter().flatten().chain(one);
    let text: String = parts.filter_map(|part| part["text"].as_str()).collect();
    if text.is_empty() && parts::tokens(given) == 0 {
        return Err(Wrong::invalid("* EmbedContentRequest.content: content is empty\n"));
    }
    let config = request.get("embedContentConfig").unwrap_or(request);
    Ok((text, dimensions(&config["outputDimensionality"])?))
}

fn instances(body: &Value) -> Result<Vec<(String, usize)>, Wrong> {
    let dimensions = dimensions(&body["parameters"]["outputDimensionality"])?;
    let text = |instance: &Value| match instance["content"].as_str() {
        Some(text) => Ok((text.to_owned(), dimensions)),
        None => Err(Wrong::invalid("The text content is empty.")),
    };
    body["instances"].as_array().into_iter().flatten().map(text).collect()
}

fn dimensions(asked: &Value) -> Result<usize, Wrong> {
    let count = if asked.is_null() { Some(DIMENSIONS) } else { asked.as_u64() };
    count
        .filter(|count| (1..=DIMENSIONS).contains(count))
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| Wrong::invalid(format!("output_dimensionality must be between 1 and {DIMENSIONS}.")))
}

impl Exchange for Embedding {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, _: &Facts<'_>) -> Value {
        let values = self.texts.iter().map(|(text, dimensions)| (text, vectors::vector(text, *dimensions)));
        match self.many {
            Many::One => {
                let values: Vec<_> = values.map(|(_, values)| values).collect();
                json!({"embedding": {"values": values.first()}})
            }
            Many::Batch => {
                let all: Vec<_> = values.map(|(_, values)| json!({"values": values})).collect();
                json!({"embeddings": all})
            }
            Many::Instances => {
                let all: Vec<_> = values
                    .map(|(text, values)| {
                        let statistics = json!({"token_count": tokens::count(text), "truncated": false});
                        json!({"embeddings": {"values": values, "statistics": statistics}})
                    })
                    .collect();
                json!({"predictions": all})
            }
        }
    }

    fn chunks(&self, _: &Facts<'_>) -> Vec<Chunk> {
        Vec::new()
    }

    fn broken(&self, _: &Facts<'_>, _: usize) -> Chunk {
        Chunk::data(&Value::Null)
    }
}
