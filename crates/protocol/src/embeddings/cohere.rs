//! Cohere's `/v2/embed`. Source: docs.cohere.com/reference/embed and the types of cohere-python 7.3, read 2026-11.

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens, Usage};
use serde::Deserialize;

use super::{Embed, Embedded, texts};
use crate::changes::Changes;
use crate::compose;

/// The most inputs of one request.
const MOST_INPUTS: usize = 96;

pub(super) fn write(embed: &Embed<'_>, model: &str, changes: &mut Changes) -> Result<Bytes, Refusal> {
    let texts = texts(embed)?;
    if texts.len() > MOST_INPUTS {
        return Err(Refusal::Unsupported {
            field: "input".into(),
            why: format!("this provider takes at most {MOST_INPUTS} inputs at once, got {}", texts.len()),
        });
    }
    if embed.user.is_some() {
        changes.hint("user", "this API has none");
    }
    changes.adapted("input", "embedded as documents to be searched, since this API wants to know what for");
    let mut out = Vec::with_capacity(texts.iter().map(|text| text.len() + 16).sum::<usize>() + 256);
    compose::object(&mut out, |body| {
        body.field("model", model).field("texts", texts).field("input_type", "search_document");
        body.field("embedding_types", &["float"]);
        body.maybe("output_dimension", embed.dimensions.as_ref());
    });
    Ok(out.into())
}

#[derive(Deserialize)]
struct WireAnswer {
    embeddings: WireVectors,
    #[serde(default)]
    meta: Option<WireMeta>,
}

#[derive(Deserialize)]
struct WireVectors {
    #[serde(alias = "float_")]
    float: Vec<Vec<f32>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireMeta {
    billed_units: Option<WireUnits>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUnits {
    input_tokens: Option<f64>,
}

pub(super) fn read_answer(body: &[u8]) -> Result<Embedded, String> {
    let answer: WireAnswer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let units = answer.meta.unwrap_or_default().billed_units.unwrap_or_default();
    let input = whole(units.input_tokens);
    Ok(Embedded {
        model: String::new(),
        vectors: answer.embeddings.float,
        usage: Usage { input, ..Usage::default() },
    })
}

/// A count of tokens, which this API writes as a float; rounded up.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a float beyond the range ends at its limit
fn whole(count: Option<f64>) -> Tokens {
    Tokens(count.unwrap_or(0.0).ceil() as u64)
}
