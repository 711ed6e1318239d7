//! Requests, read and written. Sources: docs.cohere.com/reference/rerank, api.jina.ai/redoc, docs.voyageai.com/docs/reranker,
//! read 2026-11.

use bytes::Bytes;
use paceway_domain::Refusal;
use serde_json::value::RawValue;

use super::{Document, Rerank, Shape};
use crate::changes::Changes;
use crate::compose;
use crate::envelope::Envelope;
use crate::object::{self, Object, Path};

const EXPECTED: &str = "an array of strings or of objects with a `text`";
/// Cohere's `priority` orders its own queue.
const HINTS: [&str; 1] = ["priority"];

pub(super) fn read<'a>(envelope: &Envelope<'a>, changes: &mut Changes) -> Result<Rerank<'a>, Refusal> {
    let mut body = envelope.object();
    let model = body.need_text("model")?;
    let query = body.need_text("query")?;
    let raw = body.need("documents", EXPECTED)?;
    let path = body.path.name("documents");
    let mut documents = Vec::new();
    for (index, raw) in object::array(raw, &path, EXPECTED)?.into_iter().enumerate() {
        documents.push(document(raw, path.index(index))?);
    }
    if documents.is_empty() {
        return Err(path.invalid("at least one document is required"));
    }
    // Voyage's clients call it `top_k`.
    let top = match body.value("top_n", "a positive integer")? {
        Some(top) => Some(top),
        None => body.value("top_k", "a positive integer")?,
    };
    if top == Some(0) {
        return Err(Path::root("top_n").invalid("expected a positive integer, got 0"));
    }
    let returns_documents = body.value("return_documents", "true or false")?;
    let max_tokens_per_doc = body.value("max_tokens_per_doc", "a positive integer")?;
    // Longer documents are shortened by every provider unless it is told otherwise.
    if let Some(raw) = body.take("truncation")
        && raw.get() != "true"
    {
        changes.lost("truncation", "it cannot be carried over to another provider's API");
    }
    body.note_unread(&HINTS, changes);
    Ok(Rerank { model, query, documents, top, returns_documents, max_tokens_per_doc })
}

fn document<'a>(raw: &'a RawValue, path: Path<'_>) -> Result<Document<'a>, Refusal> {
    if object::is_string(raw) {
        return Ok(Document { text: object::text(raw, &path)?, object: None });
    }
    if !raw.get().starts_with('{') {
        return Err(path.invalid("expected a string or an object with a `text`"));
    }
    let mut fields = Object::read(raw, path)?;
    let text = match fields.text("text")? {
        Some(text) => text,
        // Cohere ranks objects without a text by the whole of what is in them.
        None => raw.get().into(),
    };
    Ok(Document { text, object: Some(raw) })
}

pub(super) fn write(rerank: &Rerank<'_>, shape: Shape, model: &str, changes: &mut Changes) -> Bytes {
    if rerank.max_tokens_per_doc.is_some() && shape != Shape::Cohere {
        changes.lost("max_tokens_per_doc", "this API has none");
    }
    let size: usize = rerank.documents.iter().map(|document| document.text.len() + 16).sum();
    let mut out = Vec::with_capacity(size + rerank.query.len() + 256);
    compose::object(&mut out, |body| {
        body.field("model", model).field("query", &rerank.query);
        body.array("documents", |documents| {
            for document in &rerank.documents {
                documents.element(&document.text);
            }
        });
        let top = if shape == Shape::Voyage { "top_k" } else { "top_n" };
        body.maybe(top, rerank.top.as_ref());
        match shape {
            Shape::Cohere => body.maybe("max_tokens_per_doc", rerank.max_tokens_per_doc.as_ref()),
            Shape::Jina | Shape::Voyage => body.field("return_documents", &false),
        };
    });
    out.into()
}
