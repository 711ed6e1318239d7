//! How likely words were: Cohere's items, each a piece of text with the likelihoods of its tokens, and OpenAI's tokens,
//! which the neutral form holds.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::Words;
use crate::compose::{self, ArrayWriter};
use crate::neutral::Json;

#[derive(Debug, Deserialize)]
pub(super) struct WireItem<'a> {
    #[serde(borrow)]
    text: Option<Words<'a>>,
    logprobs: Option<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
struct Token<'a> {
    #[serde(borrow)]
    token: Words<'a>,
    logprob: f64,
}

/// Items as tokens. The tokens of one item are told as one: the likelihood of its text is the product of theirs.
pub(super) fn read(items: &[WireItem<'_>]) -> Option<Json<'static>> {
    let mut out = Vec::with_capacity(64 * items.len());
    compose::array(&mut out, |list| {
        for item in items {
            let (Some(Words(text)), Some(logprobs)) = (&item.text, &item.logprobs) else { continue };
            list.object(|token| {
                token.field("token", text).field("logprob", &logprobs.iter().sum::<f64>());
                token.field("bytes", &None::<()>).array("top_logprobs", |_| {});
            });
        }
    });
    let text = String::from_utf8(out).ok().filter(|text| text != "[]")?;
    RawValue::from_string(text).ok().map(Cow::Owned)
}

/// Tokens as items, one for each.
pub(super) fn write(tokens: &RawValue, list: &mut ArrayWriter<'_>) {
    for Token { token: Words(text), logprob } in read_tokens(tokens) {
        list.object(|item| {
            item.field("text", &text).array("token_ids", |_| {}).field("logprobs", &[logprob]);
        });
    }
}

/// Tokens as one item.
pub(super) fn write_item(tokens: &RawValue, fields: &mut compose::ObjectWriter<'_>) {
    let tokens = read_tokens(tokens);
    let text: String = tokens.iter().map(|token| &*token.token.0).collect();
    let logprobs: Vec<f64> = tokens.iter().map(|token| token.logprob).collect();
    fields.field("text", &text).array("token_ids", |_| {}).field("logprobs", &logprobs);
}

fn read_tokens(tokens: &RawValue) -> Vec<Token<'_>> {
    serde_json::from_str(tokens.get()).unwrap_or_default()
}
