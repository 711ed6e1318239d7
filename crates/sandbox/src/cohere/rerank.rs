//! Reranking, as Cohere and as Jina tell it: by the words that a document shares with the query.

use serde_json::{Value, json};

use super::{meta, parse};
use crate::ask::Ask;
use crate::exchange::{Chunk, Exchange, Facts, Wrong};
use crate::{tokens, vectors};

/// The most documents of one request.
const MAX_DOCUMENTS: usize = 1_000;

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Cohere,
    Jina,
}

/// A request to put documents in order.
pub(crate) struct Rerank {
    ask: Ask,
    shape: Shape,
    query: String,
    documents: Vec<String>,
    most: usize,
    tells_documents: bool,
}

impl Rerank {
    pub(crate) fn read(body: &[u8], shape: Shape) -> Result<Self, Wrong> {
        let (body, model) = parse(body)?;
        let Some(query) = body["query"].as_str().filter(|query| !query.is_empty()) else {
            return Err(Wrong::invalid("invalid request: query must not be empty"));
        };
        let text = |document: &Value| match (document.as_str(), document["text"].as_str()) {
            (Some(text), _) => Some(text.to_owned()),
            // Cohere's second version takes texts alone.
            (None, Some(text)) if shape == Shape::Jina => Some(text.to_owned()),
            _ => None,
        };
        let list = body["documents"].as_array().map_or(&[][..], Vec::as_slice);
        let documents: Option<Vec<_>> = list.iter().map(text).collect();
        let documents = documents.filter(|documents| (1..=MAX_DOCUMENTS).contains(&documents.len()));
        let Some(documents) = documents else {
            return Err(Wrong::invalid(format!(
                "invalid request: documents must be a list of 1 to {MAX_DOCUMENTS} texts"
            )));
        };
        let most = match &body["top_n"] {
            Value::Null => documents.len(),
            asked => match asked.as_u64().and_then(|asked| usize::try_from(asked).ok()) {
                Some(asked) if asked > 0 => asked,
                _ => return Err(Wrong::invalid("invalid request: top_n must be greater than 0")),
            },
        };
        let told: u64 = documents.iter().map(|document| tokens::count(document)).sum();
        let input_tokens = told + tokens::count(query);
        let ask = Ask { model, input_tokens, wordless: true, ..Ask::default() };
        let tells_documents = shape == Shape::Jina && body["return_documents"] != false;
        Ok(Self { ask, shape, query: query.to_owned(), documents, most, tells_documents })
    }

    fn results(&self) -> Vec<Value> {
        let scored = self.documents.iter().enumerate();
        let mut scored: Vec<_> =
            scored.map(|(index, text)| (index, text, vectors::nearness(&self.query, text))).collect();
        scored.sort_by(|(.., one), (.., other)| other.total_cmp(one));
        let told = scored.into_iter().take(self.most).map(|(index, text, score)| {
            let mut result = json!({"index": index, "relevance_score": score});
            if self.tells_documents {
                result["document"] = json!({"text": text});
            }
            result
        });
        told.collect()
    }
}

impl Exchange for Rerank {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        let results = self.results();
        match self.shape {
            Shape::Cohere => json!({
                "id": format!("00000000-0000-4000-8000-{:012}", facts.serial),
                "results": results,
                "meta": meta(&json!({"search_units": self.documents.len().div_ceil(100)})),
            }),
            Shape::Jina => {
                let tokens = self.ask.input_tokens;
                let usage = json!({"total_tokens": tokens, "prompt_tokens": tokens});
                json!({"model": self.ask.model, "object": "list", "usage": usage, "results": results})
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
