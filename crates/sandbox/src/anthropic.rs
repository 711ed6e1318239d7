//! The Anthropic dialect: its errors, headers and models. Requests are read and answers written in the files below.
//!
//! Source: platform.claude.com/docs (api/messages, api/errors, api/rate-limits, build-with-claude/*), read 2026-10, and
//! the types of the Python SDK 2.14.

mod check;
mod read;
mod turns;
mod write;

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::exchange::{self, Chunk, Facts, Wrong, number_header, text_header};
use crate::limiter::{Kind, Reading, Refused, Rules};
use crate::models::{self, MODELS, Model};

use check::version_of;
pub(crate) use check::{For, version_in};

/// What a refusal names as the size of a model's context, in tokens.
const CONTEXT: u64 = 200_000;

/// The dialect as Anthropic speaks it.
pub(crate) struct Anthropic;

/// A request for a message.
pub(crate) struct Messages {
    ask: Ask,
    /// Whether thinking is sent without its text.
    hides_thinking: bool,
}

impl Messages {
    /// A request whose body is this object, at one of the versions.
    pub(crate) fn read(body: &Value, version: &str, purpose: For) -> Result<Self, Wrong> {
        check::body(body, version, purpose)?;
        let turns = turns::read(&body["messages"], version)?;
        let hides_thinking = body["thinking"]["display"] == "omitted";
        Ok(Self { ask: read::ask(body, turns), hides_thinking })
    }

    pub(crate) fn ask_mut(&mut self) -> &mut Ask {
        &mut self.ask
    }

    /// The events of a stream as JSON with the tokens of each, for those who frame them in another way.
    pub(crate) fn events(&self, facts: &Facts<'_>) -> Vec<(Value, u64)> {
        write::events(facts, self.hides_thinking)
    }
}

impl exchange::Exchange for Messages {
    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn whole(&self, facts: &Facts<'_>) -> Value {
        write::whole(facts, self.hides_thinking)
    }

    fn chunks(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        let chunk = |(data, tokens): (Value, u64)| {
            Chunk::event(data["type"].as_str().unwrap_or_default(), &data).worth(tokens)
        };
        self.events(facts).into_iter().map(chunk).collect()
    }

    fn broken(&self, facts: &Facts<'_>, _: usize) -> Chunk {
        Chunk::event("error", &error(&Wrong::new(529, "Overloaded"), facts.serial))
    }
}

/// Reads a request of Anthropic's own API.
pub(crate) fn read(headers: &HeaderMap, body: &[u8], purpose: For) -> Result<Messages, Wrong> {
    let version = version_of(headers)?;
    Messages::read(&parse(body)?, version, purpose)
}

/// The body as an object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Wrong> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Wrong::invalid(format!("The request body is not valid JSON: {error}")))?;
    if !body.is_object() {
        return Err(Wrong::invalid("Input should be a valid dictionary"));
    }
    Ok(body)
}

impl exchange::Dialect for Anthropic {
    fn rules(&self) -> Rules {
        Rules::Anthropic
    }

    fn model(&self, id: &str) -> Option<&'static Model> {
        models::find(id, Rules::Anthropic)
    }

    fn unknown_model(&self, id: &str) -> Wrong {
        Wrong::new(404, format!("model: {id}"))
    }

    fn error(&self, wrong: &Wrong, serial: u64) -> (Value, HeaderMap) {
        (error(wrong, serial), headers(&[], serial))
    }

    fn headers(&self, readings: &[Reading], serial: u64) -> HeaderMap {
        headers(readings, serial)
    }

    fn states_wait(&self) -> bool {
        true
    }

    fn refusal(&self, refused: &Refused, _: &Model) -> Wrong {
        let what = match refused.kind {
            Kind::Concurrency => {
                return Wrong::new(429, "Number of concurrent connections has exceeded your rate limit");
            }
            kind => exchange::limit_name(kind),
        };
        Wrong::new(
            429,
            format!(
                "This request would exceed your organization's rate limit of {} {what}. For details, refer to the rate \
                 limit headers.",
                refused.limit
            ),
        )
    }

    /// Anthropic states no wait when it refuses for concurrency.
    fn wait_headers(&self, refused: &Refused) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if refused.kind != Kind::Concurrency {
            number_header(&mut headers, "retry-after", refused.wait.ceil());
        }
        headers
    }

    fn overloaded(&self) -> u16 {
        529
    }

    fn denied(&self) -> Wrong {
        Wrong::new(401, "invalid x-api-key")
    }

    fn too_long(&self, excess: u64) -> Wrong {
        Wrong::invalid(format!("prompt is too long: {} tokens > {CONTEXT} maximum", CONTEXT + excess))
    }

    /// Source: github.com/anthropics/claude-code, issue 58367.
    fn filtered(&self) -> Option<Wrong> {
        Some(Wrong::invalid("Output blocked by content filtering policy"))
    }
}

pub(crate) fn error(wrong: &Wrong, serial: u64) -> Value {
    let kind = match wrong.status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": wrong.message}, "request_id": request_id(serial)})
}

fn request_id(serial: u64) -> String {
    format!("req_sim{serial:020}")
}

/// `anthropic-ratelimit-*`: tokens that remain are rounded to thousands, `reset` is the time of full replenishment, the
/// `tokens` family shows the most restrictive token limit.
fn headers(readings: &[Reading], serial: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    text_header(&mut headers, "request-id", &request_id(serial));
    text_header(&mut headers, "anthropic-organization-id", "simulated");
    let tokens = readings.iter().filter(|reading| reading.kind != Kind::Requests);
    let tightest = tokens.min_by(|a, b| share(a).total_cmp(&share(b)));
    let families = readings.iter().map(|reading| (family(reading.kind), reading));
    for (family, reading) in families.chain(tightest.map(|reading| ("tokens", reading))) {
        let is_requests = reading.kind == Kind::Requests;
        let remaining =
            if is_requests { reading.remaining.floor() } else { (reading.remaining / 1e3).round() * 1e3 };
        let reset =
            Timestamp::now() + SignedDuration::try_from_secs_f64(reading.full_in.ceil()).unwrap_or_default();
        let reset = reset.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        number_header(&mut headers, &format!("anthropic-ratelimit-{family}-limit"), reading.limit as f64);
        number_header(&mut headers, &format!("anthropic-ratelimit-{family}-remaining"), remaining);
        text_header(&mut headers, &format!("anthropic-ratelimit-{family}-reset"), &reset);
    }
    headers
}

fn share(reading: &Reading) -> f64 {
    reading.remaining / (reading.limit as f64).max(1.0)
}

fn family(kind: Kind) -> &'static str {
    match kind {
        Kind::Requests | Kind::Concurrency => "requests",
        Kind::Input => "input-tokens",
        Kind::Output => "output-tokens",
        Kind::Tokens => "tokens",
    }
}

pub(crate) fn models() -> Value {
    let data: Vec<_> = MODELS.iter().filter(|model| model.rules == Rules::Anthropic).map(model).collect();
    let id = |model: Option<&Value>| model.map(|model| model["id"].clone());
    json!({"first_id": id(data.first()), "last_id": id(data.last()), "has_more": false, "data": data})
}

pub(crate) fn model(model: &Model) -> Value {
    json!({"type": "model", "id": model.id, "display_name": model.display_name, "created_at": model.created_at})
}
