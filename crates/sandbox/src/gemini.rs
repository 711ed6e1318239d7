//! Google's dialect: Gemini's own API and Vertex. Requests are read and answers written in the files below.
//!
//! Source: ai.google.dev/api (generate-content, embeddings, models, tokens), ai.google.dev/gemini-api/docs
//! (thought-signatures, rate-limits, troubleshooting), read 2026-10, and the types of the Python SDK 3.6.

mod embed;
mod parts;
mod read;
mod shape;
mod write;

use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::exchange::{self, Chunk, Facts, Wrong};
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::{self, MODELS, Model};

pub(crate) use embed::{Embedding, Many};

/// What a refusal names as the size of a model's context, in tokens.
const CONTEXT: u64 = 1_048_576;

/// The dialect at one of its two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Google {
    /// generativelanguage.googleapis.com
    Gemini,
    /// aiplatform.googleapis.com, which says less when it refuses.
    Vertex,
}

/// How a stream is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Whole,
    /// `alt=sse`
    Events,
    /// One JSON array, an element at a time.
    Array,
}

/// A request for content.
pub(crate) struct Content {
    ask: Ask,
    framing: Framing,
    includes_thoughts: bool,
}

/// Reads a request for content from this model.
pub(crate) fn read(body: &[u8], model: &str, framing: Framing) -> Result<Content, Wrong> {
    let body = shape::normalized(&parse(body)?, shape::REQUEST)?;
    let ask = Ask { stream: framing != Framing::Whole, ..read::ask(&body, model)? };
    let includes_thoughts = body["generationConfig"]["thinkingConfig"]["includeThoughts"] == true;
    Ok(Content { ask, framing, includes_thoughts })
}

/// Reads a request to count tokens, which may hold a whole request for content.
pub(crate) fn read_count(body: &[u8], model: &str) -> Result<Content, Wrong> {
    let body = shape::normalized(&parse(body)?, shape::COUNT)?;
    let inner =
        if body["generateContentRequest"].is_object() { &body["generateContentRequest"] } else { &body };
    Ok(Content { ask: read::ask(inner, model)?, framing: Framing::Whole, includes_thoughts: false })
}

/// What a count is told as.
pub(crate) fn counted(tokens: u64) -> Value {
    json!({"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]})
}

/// The body as an object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Wrong> {
    match serde_json::from_slice(body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        Ok(_) => Err(Wrong::invalid("Invalid JSON payload received. Root element must be a message.")),
        Err(error) => Err(Wrong::invalid(format!("Invalid JSON payload received. {error}"))),
    }
}

impl exchange::Exchange for Content {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        write::whole(facts, self.includes_thoughts)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        let pieces = write::pieces(facts, self.includes_thoughts);
        let count = pieces.len();
        let frame =
            |(index, (data, tokens)): (usize, (Value, u64))| self.frame(&data, index, count).worth(tokens);
        pieces.into_iter().enumerate().map(frame).collect()
    }

    fn stream_type(&self) -> &'static str {
        if self.framing == Framing::Array { "application/json; charset=UTF-8" } else { "text/event-stream" }
    }

    fn broken(&self, _: &Facts<'_>, sent: usize) -> Chunk {
        self.frame(
            &error(&Wrong::new(503, "The model is overloaded. Please try again later.")),
            sent,
            sent + 1,
        )
    }
}

impl Content {
    /// Google ends its lines with CR LF.
    fn frame(&self, data: &Value, index: usize, count: usize) -> Chunk {
        let text = match self.framing {
            Framing::Array => {
                let begin = if index == 0 { "[" } else { ",\r\n" };
                let end = if index + 1 == count { "\n]\n" } else { "\n" };
                format!("{begin}{data}{end}")
            }
            _ => format!("data: {data}\r\n\r\n"),
        };
        Chunk { bytes: Bytes::from(text), tokens: 0 }
    }
}

impl exchange::Dialect for Google {
    fn rules(&self) -> Rules {
        Rules::Gemini
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        models::find(id, Rules::Gemini)
    }

    fn unknown_model(&self, id: &str) -> Wrong {
        let message = match self {
            Self::Gemini => format!(
                "models/{id} is not found for API version v1beta, or is not supported for this method. Call ListModels \
                 to see the list of available models and their supported methods."
            ),
            Self::Vertex => format!("Publisher Model `publishers/google/models/{id}` was not found."),
        };
        Wrong::new(404, message)
    }

    fn error(&self, wrong: &Wrong, _: u64) -> (Value, HeaderMap) {
        (error(wrong), HeaderMap::new())
    }

    fn headers(&self, _: &[Reading], _: u64) -> HeaderMap {
        HeaderMap::new()
    }

    fn refusal(&self, refused: &Refused, model: &Model) -> Wrong {
        match self {
            Self::Gemini => refusal(refused, model),
            Self::Vertex => Wrong::new(429, "Resource exhausted. Please try again later."),
        }
    }

    fn unauthorized(&self) -> u16 {
        if *self == Self::Gemini { 403 } else { 401 }
    }

    fn denied(&self) -> Wrong {
        let info = |reason: &str, service: &str| {
            let metadata = json!({"service": service});
            json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
                "metadata": metadata,
            }])
        };
        match self {
            Self::Gemini => Wrong {
                details: info("API_KEY_INVALID", "generativelanguage.googleapis.com"),
                ..Wrong::invalid("API key not valid. Please pass a valid API key.")
            },
            Self::Vertex => {
                let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie \
                               or other valid authentication credential. See \
                               https://developers.google.com/identity/sign-in/web/devconsole-project.";
                let details = info("ACCESS_TOKEN_TYPE_UNSUPPORTED", "aiplatform.googleapis.com");
                Wrong { details, ..Wrong::new(401, message) }
            }
        }
    }

    /// Source: github.com/google-gemini/gemini-cli, issue 6678.
    fn too_long(&self, excess: u64) -> Wrong {
        Wrong::invalid(format!(
            "The input token count ({}) exceeds the maximum number of tokens allowed ({CONTEXT}).",
            CONTEXT + excess
        ))
    }

    /// A prompt that is blocked is a 200 without candidates (`promptFeedback`).
    fn filtered(&self) -> Option<Wrong> {
        None
    }
}

fn refusal(refused: &Refused, model: &Model) -> Wrong {
    let (metric, quota) = match refused.kind {
        Kind::Input => {
            ("generate_content_paid_tier_input_token_count", "GenerateContentInputTokensPerModelPerMinute")
        }
        _ => ("generate_requests_per_model", "GenerateRequestsPerMinutePerProjectPerModel"),
    };
    let metric = format!("generativelanguage.googleapis.com/{metric}");
    let message = format!(
        "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: \
         {metric}, limit: {}, model: {}\nPlease retry in {:.9}s.",
        refused.limit, model.id, refused.wait
    );
    let details = json!([
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "quotaMetric": metric, "quotaId": quota, "quotaValue": refused.limit.to_string(),
                "quotaDimensions": {"location": "global", "model": model.id},
            }],
        },
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{"description": "Learn more", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{:.0}s", refused.wait.ceil())},
    ]);
    Wrong { status: 429, message, details }
}

fn error(wrong: &Wrong) -> Value {
    let status = match wrong.status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
    let mut error = json!({"code": wrong.status, "message": wrong.message, "status": status});
    if wrong.details.is_array() {
        error["details"] = wrong.details.clone();
    }
    json!({"error": error})
}

pub(crate) fn models() -> Value {
    let data: Vec<_> = MODELS.iter().filter(|model| model.rules == Rules::Gemini).map(model).collect();
    json!({"models": data})
}

pub(crate) fn model(model: &Model) -> Value {
    let methods: &[&str] = if model.id.contains("embedding") {
        &["embedContent", "countTokens"]
    } else {
        &["generateContent", "countTokens"]
    };
    json!({
        "name": format!("models/{}", model.id),
        "version": "001",
        "displayName": model.display_name,
        "description": "Simulated.",
        "inputTokenLimit": CONTEXT,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": methods,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    })
}
