//! Anthropic's models on Vertex: Anthropic's bodies behind Google's addresses and errors.
//!
//! Source: platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, read 2026-10. Google's own models on Vertex
//! are with Gemini.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::anthropic::{self, Anthropic, For, Messages, version_in};
use crate::exchange::{Dialect, Wrong};
use crate::gemini::Google;
use crate::limiter::{Reading, Refused, Rules};
use crate::models::{self, Model};

/// The version that a body names.
const VERSION: &str = "vertex-2023-10-16";

/// The dialect of Anthropic's models there.
pub(crate) struct Vertex;

/// Reads a body without a model, or one that is only counted and names it.
pub(crate) fn read(body: &[u8], model: &str, is_streamed: bool, purpose: For) -> Result<Messages, Wrong> {
    let mut body = anthropic::parse(body)?;
    let version = version_in(&body, VERSION)
        .ok_or_else(|| Wrong::invalid("anthropic_version: Field required"))?
        .to_owned();
    if purpose == For::Generating {
        if body.get("model").is_some() {
            return Err(Wrong::invalid("model: Extra inputs are not permitted"));
        }
        body["model"] = model.into();
    }
    if let Some(fields) = body.as_object_mut() {
        fields.remove("anthropic_version");
        fields.remove("anthropic_beta");
    }
    let mut messages = Messages::read(&body, &version, purpose)?;
    let ask = messages.ask_mut();
    ask.stream = is_streamed;
    ask.told_model = Some(own_name(&ask.model).to_owned());
    Ok(messages)
}

/// `claude-haiku-4-5` for `claude-haiku-4-5@20251001`.
fn own_name(id: &str) -> &str {
    id.split_once('@').map_or(id, |(name, _)| name)
}

impl Dialect for Vertex {
    fn rules(&self) -> Rules {
        Rules::Anthropic
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        models::find(own_name(id), Rules::Anthropic)
    }

    fn unknown_model(&self, id: &str) -> Wrong {
        Wrong::new(404, format!("Publisher Model `publishers/anthropic/models/{id}` was not found."))
    }

    /// What the model refuses is told as Anthropic does, what the service refuses as Google does.
    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap) {
        match wrong.status {
            401 | 403 | 404 | 429 => Google::Vertex.error(wrong, serial),
            _ => (anthropic::error(wrong, serial), HeaderMap::new()),
        }
    }

    fn headers(&self, _: &[Reading], _: u64) -> HeaderMap {
        HeaderMap::new()
    }

    fn refusal(&self, _: &Refused, model: &Model) -> Wrong {
        let message = format!(
            "Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model with base model: \
             anthropic-{}. Please submit a quota increase request.",
            model.id
        );
        Wrong { details: json!([]), ..Wrong::new(429, message) }
    }

    fn overloaded(&self) -> u16 {
        529
    }

    fn denied(&self) -> Wrong {
        Google::Vertex.denied()
    }

    fn too_long(&self, excess: u64) -> Wrong {
        Anthropic.too_long(excess)
    }

    fn filtered(&self) -> Option<Wrong> {
        Anthropic.filtered()
    }
}
