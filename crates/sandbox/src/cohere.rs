//! Cohere's dialect, and Jina's reranking, which is much like Cohere's.
//!
//! Source: docs.cohere.com/v2/reference (chat, chat-stream, embed, rerank), docs.cohere.com/v2/docs/streaming,
//! jina.ai/reranker, read 2026-10, and the types of Cohere's Python SDK 7.3.

mod chat;
mod embed;
mod messages;
mod rerank;
mod write;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::exchange::{self, Wrong};
use crate::limiter::{Reading, Refused, Rules};
use crate::models::{self, Model};

pub(crate) use chat::Chat;
pub(crate) use embed::Embed;
pub(crate) use rerank::{Rerank, Shape};

/// What a refusal names as the size of a model's context, in tokens.
const CONTEXT: u64 = 256_000;

/// The dialect at one of two providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cohere {
    Own,
    Jina,
}

/// The body as an object that names a model.
fn parse(body: &[u8]) -> Result<(Value, String), Wrong> {
    match serde_json::from_slice::<Value>(body) {
        Ok(body @ Value::Object(_)) => match body["model"].as_str() {
            Some(model) => {
                let model = model.to_owned();
                Ok((body, model))
            }
            None => Err(Wrong::invalid("invalid request: model is required")),
        },
        _ => Err(Wrong::invalid("invalid request: the body is no JSON object")),
    }
}

impl exchange::Dialect for Cohere {
    fn rules(&self) -> Rules {
        Rules::Cohere
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        models::find(id, Rules::Cohere)
    }

    fn unknown_model(&self, id: &str) -> Wrong {
        Wrong::new(
            404,
            format!(
                "model '{id}' not found, make sure the correct model ID was used and that you have access to the model."
            ),
        )
    }

    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap) {
        let body = match self {
            Self::Own => {
                json!({"id": format!("00000000-0000-4000-8000-{serial:012}"), "message": wrong.message})
            }
            Self::Jina => json!({"detail": wrong.message}),
        };
        (body, HeaderMap::new())
    }

    fn headers(&self, _: &[Reading], _: u64) -> HeaderMap {
        HeaderMap::new()
    }

    fn refusal(&self, refused: &Refused, _: &Model) -> Wrong {
        let limit = refused.limit;
        Wrong::new(429, format!("You have exceeded your rate limit of {limit} API calls / minute."))
    }

    fn denied(&self) -> Wrong {
        Wrong::new(401, if *self == Self::Own { "invalid api token" } else { "Invalid API key" })
    }

    /// Source: github.com/cohere-ai/sandbox-topically, issue 4.
    fn too_long(&self, excess: u64) -> Wrong {
        Wrong::invalid(format!(
            "too many tokens: total number of tokens (prompt and prediction) cannot exceed {CONTEXT} - received {}. Try \
             using a shorter prompt or a smaller max_tokens value.",
            CONTEXT + excess
        ))
    }

    fn filtered(&self) -> Option<Wrong> {
        Some(Wrong::invalid("blocked input: please adjust your prompt and try again"))
    }
}

fn meta(billed_units: &Value) -> Value {
    json!({"api_version": {"version": "2"}, "billed_units": billed_units})
}
