//! Answers, read and written.

use bytes::Bytes;
use paceway_domain::{Tokens, Usage};
use serde::Deserialize;

use super::{Document, Ranked, Rerank, Reranked};
use crate::compose::{self, ObjectWriter};

/// An answer in any shape: Cohere and Jina list `results`, Voyage `data`.
#[derive(Deserialize)]
struct WireAnswer {
    id: Option<String>,
    model: Option<String>,
    #[serde(alias = "data")]
    results: Vec<WireResult>,
    usage: Option<WireUsage>,
    meta: Option<WireMeta>,
}

#[derive(Deserialize)]
struct WireResult {
    index: usize,
    #[serde(alias = "score")]
    relevance_score: f64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireMeta {
    billed_units: Option<WireUnits>,
    tokens: Option<WireTokens>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUnits {
    search_units: Option<f64>,
    input_tokens: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTokens {
    input_tokens: Option<f64>,
}

pub(super) fn read(body: &[u8]) -> Result<Reranked, String> {
    let answer: WireAnswer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let usage = answer.usage.unwrap_or_default();
    let meta = answer.meta.unwrap_or_default();
    let units = meta.billed_units.unwrap_or_default();
    let counted = units.input_tokens.or(meta.tokens.unwrap_or_default().input_tokens).map(whole);
    let input = usage.total_tokens.or(usage.prompt_tokens).or(counted).unwrap_or(0);
    let mut results: Vec<_> = answer
        .results
        .into_iter()
        .map(|result| Ranked { index: result.index, relevance_score: result.relevance_score })
        .collect();
    results.sort_by(|one, other| other.relevance_score.total_cmp(&one.relevance_score));
    Ok(Reranked {
        id: answer.id.unwrap_or_default(),
        model: answer.model.unwrap_or_default(),
        results,
        usage: Usage { input: Tokens(input), ..Usage::default() },
        search_units: units.search_units.map(whole),
    })
}

/// A count, which Cohere writes as a float; rounded up.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a float beyond the range ends at its limit
fn whole(count: f64) -> u64 {
    count.ceil() as u64
}

pub(super) fn write(reranked: &Reranked, rerank: &Rerank<'_>, request_id: &str) -> Bytes {
    let repeats = rerank.returns_documents == Some(true);
    let most = rerank.top.map_or(usize::MAX, |top| usize::try_from(top).unwrap_or(usize::MAX));
    let mut out = Vec::with_capacity(1_024);
    compose::object(&mut out, |body| {
        body.field("id", if reranked.id.is_empty() { request_id } else { &reranked.id });
        body.field("model", if reranked.model.is_empty() { &*rerank.model } else { &*reranked.model });
        body.array("results", |results| {
            let known = reranked
                .results
                .iter()
                .filter_map(|ranked| Some((ranked, rerank.documents.get(ranked.index)?)));
            for (ranked, document) in known.take(most) {
                results.object(|result| {
                    result.field("index", &ranked.index);
                    result.field("relevance_score", &ranked.relevance_score);
                    if repeats {
                        write_document(document, result);
                    }
                });
            }
        });
        let Tokens(input) = reranked.usage.input_total();
        body.object("usage", |usage| {
            usage.field("total_tokens", &input).field("prompt_tokens", &input);
        });
        if let Some(units) = reranked.search_units {
            body.object("meta", |meta| {
                meta.object("billed_units", |billed| {
                    billed.field("search_units", &units);
                });
            });
        }
    });
    out.into()
}

fn write_document(document: &Document<'_>, result: &mut ObjectWriter<'_>) {
    match document.object {
        Some(object) => result.raw("document", object.get()),
        None => result.object("document", |written| {
            written.field("text", &document.text);
        }),
    };
}
