//! The provider: its endpoints and the life of a request within it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use fastrand::Rng;
use serde_json::Value;

use crate::exchange::{Facts, Wrong, number_header};
use crate::faults::Fault;
use crate::generation::Flight;
use crate::limiter::{Account, Kind, Refused, Rules};
use crate::models::{self, Model};
use crate::prose;
use crate::serve::Hangup;
use crate::settings::Settings;
use crate::state::Provider;
use crate::stats::{Stats, add};
use crate::{anthropic, openai};

/// The header that marks every answer as simulated.
const MARK: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-simulated"), HeaderValue::from_static("paceway-sandbox"));
/// What a 429 says when reasons are not given.
const NO_REASON: &str = "Too many requests.";
/// Anthropic's bound on a request body, in bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;

pub(crate) fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/chat/completions", post(chat_completions))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{id}", get(find_model))
        .route("/", get(|| async { "This is Paceway's simulated provider.\n" }))
        .route("/sandbox/stats", get(stats))
        .route("/sandbox/settings", put(change_settings))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(provider)
}

type House = State<Arc<Provider>>;

async fn messages(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    mark(provider.generate(Rules::Anthropic, &headers, &body).await)
}

async fn chat_completions(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    mark(provider.generate(Rules::OpenAi, &headers, &body).await)
}

async fn count_tokens(State(provider): House, headers: HeaderMap, body: Bytes) -> Response {
    let counted = match key_of(&headers) {
        Some(_) => anthropic::read(&headers, &body, anthropic::For::Counting),
        None => Err(no_key()),
    };
    mark(match counted {
        Ok(ask) => Json(serde_json::json!({"input_tokens": ask.input_tokens})).into_response(),
        Err(wrong) => provider.wrong(Rules::Anthropic, &wrong),
    })
}

async fn list_models(headers: HeaderMap) -> Response {
    let list = if rules_of(&headers) == Rules::Anthropic { anthropic::models() } else { openai::models() };
    mark(Json(list).into_response())
}

async fn find_model(State(provider): House, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let rules = rules_of(&headers);
    mark(match (models::find(&id, rules), rules) {
        (Some(model), Rules::Anthropic) => Json(anthropic::model(model)).into_response(),
        (Some(model), Rules::OpenAi) => Json(openai::model(model)).into_response(),
        (None, rules) => provider.wrong(rules, &unknown_model(&id, rules)),
    })
}

async fn stats(State(provider): House) -> Json<Stats> {
    Json(provider.stats.snapshot())
}

/// Lays the fields that are given over the settings in force.
async fn change_settings(State(provider): House, Json(change): Json<Value>) -> Response {
    let mut settings = serde_json::to_value(provider.settings().as_ref()).unwrap_or_default();
    merge(&mut settings, &change);
    match serde_json::from_value(settings) {
        Ok(settings) => {
            provider.set(settings);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

fn merge(base: &mut Value, over: &Value) {
    match (base.as_object_mut(), over.as_object()) {
        (Some(fields), Some(over)) => {
            for (name, value) in over {
                merge(fields.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *base = over.clone(),
    }
}

fn mark(mut response: Response) -> Response {
    let (name, value) = MARK;
    response.headers_mut().insert(name, value);
    response
}

fn rules_of(headers: &HeaderMap) -> Rules {
    if headers.contains_key("anthropic-version") { Rules::Anthropic } else { Rules::OpenAi }
}

fn key_of(headers: &HeaderMap) -> Option<String> {
    let bearer = || headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ");
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok()).or_else(bearer)?;
    (!key.is_empty()).then(|| key.to_owned())
}

fn no_key() -> Wrong {
    Wrong {
        status: 401,
        message: "no API key was sent (any text will do: this is a simulated provider)".into(),
    }
}

fn unknown_model(id: &str, rules: Rules) -> Wrong {
    let message = match rules {
        Rules::Anthropic => format!("model: {id}"),
        Rules::OpenAi => format!("The model `{id}` does not exist or you do not have access to it."),
    };
    Wrong { status: 404, message }
}

/// The life of a request within the provider.
impl Provider {
    async fn generate(self: &Arc<Self>, rules: Rules, headers: &HeaderMap, body: &Bytes) -> Response {
        add(&self.stats.calls, 1);
        let Some(key) = key_of(headers) else { return self.wrong(rules, &no_key()) };
        let ask = match rules {
            Rules::Anthropic => anthropic::read(headers, body, anthropic::For::Generating),
            Rules::OpenAi => openai::read(body),
        };
        let ask = match ask {
            Ok(ask) => ask,
            Err(wrong) => return self.wrong(rules, &wrong),
        };
        let Some(model) = models::find(&ask.model, rules) else {
            return self.wrong(rules, &unknown_model(&ask.model, rules));
        };
        let settings = self.settings();
        let mut dice = Rng::with_seed(settings.seed ^ ask.seed());
        let serial = self.next_serial();
        // Faults strike at random even when the same request comes again, or a retry could never succeed.
        let fault = Fault::of(headers, &settings.faults, &mut Rng::with_seed(settings.seed ^ serial));
        if let Some(response) = self.fail(rules, fault, &settings).await {
            return response;
        }
        let account = (key, model.class);
        if let Err(refused) = self.admit(&account, rules, &ask, &settings) {
            add(self.stats.refused_for(refused.kind), 1);
            return self.refuse(rules, model, &account, &refused, &settings);
        }
        add(&self.stats.admitted, 1);
        add(&self.stats.input_tokens, ask.input_tokens);
        let flight = Flight::new(Arc::clone(self), account.clone());
        let length = asked_length(headers).unwrap_or_else(|| {
            let output = &settings.output;
            dice.u64(output.min_tokens..=output.max_tokens.max(output.min_tokens))
        });
        let most = ask.max_tokens.unwrap_or(u64::MAX);
        let prose = prose::answer(dice.u64(..), &ask.question, length, most, &ask.stops);
        let (cache_read, cache_written) = self.cache(&account.0, &ask);
        let facts = Facts { ask: &ask, prose: &prose, serial, cache_read, cache_written };
        let limit_headers = self.limit_headers(rules, &account, serial, &settings);
        let mut response = answer(flight, rules, &facts, fault, &settings).await;
        response.headers_mut().extend(limit_headers);
        response
    }

    /// The response of a request that fails before it is admitted.
    async fn fail(&self, rules: Rules, fault: Option<Fault>, settings: &Settings) -> Option<Response> {
        let (status, message) = match fault? {
            Fault::RateLimited if settings.quiet.reasons => (429, NO_REASON),
            Fault::RateLimited => (429, "This request would exceed a rate limit (simulated fault)."),
            Fault::ServerError => (500, "Internal server error (simulated fault)."),
            Fault::Overloaded => {
                (if rules == Rules::Anthropic { 529 } else { 503 }, "Overloaded (simulated fault).")
            }
            Fault::Reset => {
                let mut response = Response::new(Body::empty());
                response.extensions_mut().insert(Hangup);
                return Some(response);
            }
            Fault::Hang => std::future::pending().await,
            Fault::Slow => {
                tokio::time::sleep(Duration::from_millis(settings.faults.slow_ms)).await;
                return None;
            }
            Fault::Cut => return None,
        };
        let mut response = self.wrong(rules, &Wrong { status, message: message.into() });
        if status == 429 {
            add(&self.stats.faults, 1);
            if !settings.quiet.reasons {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
        } else {
            add(&self.stats.failed, 1);
        }
        Some(response)
    }

    fn limit_headers(&self, rules: Rules, account: &Account, serial: u64, settings: &Settings) -> HeaderMap {
        let readings = if settings.quiet.limit_headers {
            Vec::new()
        } else {
            self.limiter(|limiter, now| limiter.readings(now, account, &settings.limits, rules))
        };
        match rules {
            Rules::Anthropic => anthropic::headers(&readings, serial),
            Rules::OpenAi => openai::headers(&readings, serial),
        }
    }

    fn refuse(
        &self,
        rules: Rules,
        model: &Model,
        account: &Account,
        refused: &Refused,
        settings: &Settings,
    ) -> Response {
        if settings.quiet.reasons {
            return self.wrong(rules, &Wrong { status: 429, message: NO_REASON.into() });
        }
        let message = match rules {
            Rules::Anthropic => anthropic::refusal(refused),
            Rules::OpenAi => openai::refusal(refused, model),
        };
        let mut response = self.wrong(rules, &Wrong { status: 429, message });
        let headers = response.headers_mut();
        let serial = self.next_serial();
        headers.extend(self.limit_headers(rules, account, serial, settings));
        // Anthropic states no wait when it refuses for concurrency.
        if refused.kind != Kind::Concurrency || rules == Rules::OpenAi {
            number_header(headers, "retry-after", refused.wait.ceil());
            if rules == Rules::OpenAi {
                number_header(headers, "retry-after-ms", (refused.wait * 1e3).ceil());
            }
        }
        response
    }

    fn wrong(&self, rules: Rules, wrong: &Wrong) -> Response {
        let serial = self.next_serial();
        let status = StatusCode::from_u16(wrong.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (body, headers) = match rules {
            Rules::Anthropic => (anthropic::error(wrong, serial), anthropic::headers(&[], serial)),
            Rules::OpenAi => (openai::error(wrong), openai::headers(&[], serial)),
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().extend(headers);
        response
    }
}

/// The answer of an admitted request.
async fn answer(
    mut flight: Flight,
    rules: Rules,
    facts: &Facts<'_>,
    fault: Option<Fault>,
    settings: &Settings,
) -> Response {
    let latency = settings.latency.clone();
    if facts.ask.stream {
        let chunks = match rules {
            Rules::Anthropic => anthropic::chunks(facts),
            Rules::OpenAi => openai::chunks(facts),
        };
        let cut_at = (fault == Some(Fault::Cut)).then_some(chunks.len() / 2);
        let body = Body::from_stream(flight.stream(chunks, latency, cut_at));
        let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
        return (
            [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))],
            body,
        )
            .into_response();
    }
    flight.generate_unseen(facts.output(), &latency).await;
    let body = match rules {
        Rules::Anthropic => anthropic::whole(facts),
        Rules::OpenAi => openai::whole(facts),
    };
    if fault == Some(Fault::Cut) {
        let text = body.to_string();
        let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
        let pieces = [Ok(half), Err(std::io::Error::other("a fault cut the answer"))];
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        return ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
            .into_response();
    }
    Json(body).into_response()
}

/// A test asks for a length by this header.
fn asked_length(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-sandbox-output-tokens")?.to_str().ok()?.parse().ok()
}
