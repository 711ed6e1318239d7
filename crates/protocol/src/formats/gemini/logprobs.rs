//! How likely words were: `logprobsResult` here, OpenAI's array of tokens in the neutral form.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::compose::{self, ObjectWriter};
use crate::neutral::Json;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireResult {
    chosen_candidates: Vec<WireToken>,
    top_candidates: Vec<WireTop>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTop {
    candidates: Vec<WireToken>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireToken {
    token: String,
    log_probability: f64,
}

/// A token as OpenAI writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NeutralToken {
    token: String,
    logprob: f64,
    top_logprobs: Vec<NeutralToken>,
}

/// A `logprobsResult` as an array of tokens; `None` if it holds none.
pub(super) fn read(raw: &RawValue) -> Option<Json<'static>> {
    let result: WireResult = serde_json::from_str(raw.get()).ok()?;
    if result.chosen_candidates.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(raw.get().len() + 64);
    compose::array(&mut out, |tokens| {
        for (place, chosen) in result.chosen_candidates.iter().enumerate() {
            tokens.object(|token| {
                write_token(chosen, token);
                token.array("top_logprobs", |tops| {
                    for top in result.top_candidates.get(place).iter().flat_map(|top| &top.candidates) {
                        tops.object(|token| write_token(top, token));
                    }
                });
            });
        }
    });
    let json = String::from_utf8(out).ok()?;
    RawValue::from_string(json).ok().map(Cow::Owned)
}

fn write_token(token: &WireToken, object: &mut ObjectWriter<'_>) {
    object.field("token", &token.token).field("logprob", &token.log_probability);
    object.field("bytes", token.token.as_bytes());
}

/// An array of tokens as `logprobsResult`.
pub(super) fn write(json: &RawValue, object: &mut ObjectWriter<'_>) {
    let Ok(tokens) = serde_json::from_str::<Vec<NeutralToken>>(json.get()) else { return };
    object.object("logprobsResult", |result| {
        result.array("topCandidates", |tops| {
            for token in &tokens {
                tops.object(|top| {
                    top.array("candidates", |candidates| {
                        for token in &token.top_logprobs {
                            candidates.object(|candidate| write_candidate(token, candidate));
                        }
                    });
                });
            }
        });
        result.array("chosenCandidates", |chosen| {
            for token in &tokens {
                chosen.object(|candidate| write_candidate(token, candidate));
            }
        });
    });
}

fn write_candidate(token: &NeutralToken, object: &mut ObjectWriter<'_>) {
    object.field("token", &token.token).field("logProbability", &token.logprob);
}
