//! Gemini's `batchEmbedContents`. Source: ai.google.dev/api/embeddings, read 2026-11.

use bytes::Bytes;
use paceway_domain::{Refusal, Tokens, Usage};
use serde::Deserialize;

use super::{Embed, Embedded, texts};
use crate::changes::Changes;
use crate::compose;

/// The most inputs of one request.
const MOST_INPUTS: usize = 100;

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
    // Every request of the batch repeats the model of the address, with the name of its collection.
    let name = if model.contains('/') { model.to_owned() } else { format!("models/{model}") };
    let mut out = Vec::with_capacity(texts.iter().map(|text| text.len() + 128).sum());
    compose::object(&mut out, |body| {
        body.array("requests", |requests| {
            for text in texts {
                requests.object(|request| {
                    request.field("model", &name).object("content", |content| {
                        content.array("parts", |parts| {
                            parts.object(|part| {
                                part.field("text", text);
                            });
                        });
                    });
                    request.maybe("outputDimensionality", embed.dimensions.as_ref());
                });
            }
        });
    });
    Ok(out.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAnswer {
    embeddings: Vec<WireVector>,
    #[serde(default)]
    usage_metadata: Option<WireUsage>,
}

#[derive(Deserialize)]
struct WireVector {
    values: Vec<f32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireUsage {
    prompt_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

pub(super) fn read_answer(body: &[u8]) -> Result<Embedded, String> {
    let answer: WireAnswer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let usage = answer.usage_metadata.unwrap_or_default();
    let input = Tokens(usage.prompt_token_count.or(usage.total_token_count).unwrap_or(0));
    Ok(Embedded {
        model: String::new(),
        vectors: answer.embeddings.into_iter().map(|vector| vector.values).collect(),
        usage: Usage { input, ..Usage::default() },
    })
}
