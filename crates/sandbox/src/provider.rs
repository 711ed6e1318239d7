//! The life of a request within the provider, in whatever dialect it came.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fastrand::Rng;
use futures_util::stream;
use serde_json::Value;

use crate::decision;
use crate::exchange::{Dialect, Exchange, Facts, Wrong};
use crate::fault::Fault;
use crate::generation::Flight;
use crate::limiter::{Account, Refused};
use crate::mishap::{self, Mishap};
use crate::models::Model;
use crate::reply::Reply;
use crate::settings::Settings;
use crate::state::Provider;
use crate::stats::add;
use crate::strike::Strike;

/// What a 429 says when reasons are not given.
pub(crate) const NO_REASON: &str = "Too many requests.";
/// The longest answer that a header may ask for, in tokens.
const MAX_LENGTH: u64 = 1_000_000;
/// The most answers to one request.
const MAX_ANSWERS: u64 = 128;

type Read = Result<Box<dyn Exchange>, Wrong>;

impl Provider {
    /// Answers a request that came with this key.
    pub(crate) async fn generate(
        self: &Arc<Self>,
        dialect: &dyn Dialect,
        key: Option<String>,
        headers: &HeaderMap,
        read: Read,
    ) -> Response {
        add(&self.stats.calls, 1);
        let Some(key) = key else { return self.wrong(dialect, &no_key(dialect)) };
        let exchange = match read {
            Ok(exchange) => exchange,
            Err(wrong) => return self.wrong(dialect, &wrong),
        };
        let ask = exchange.ask();
        let Some(model) = dialect.model(&ask.model) else {
            return self.wrong(dialect, &dialect.unknown_model(&ask.model));
        };
        let settings = self.settings();
        let mut dice = Rng::with_seed(settings.seed ^ ask.seed());
        let serial = self.next_serial();
        // Faults strike at random even when the same request comes again, or a retry could never succeed.
        let mut fate = Rng::with_seed(settings.seed ^ serial);
        let strike = settings.faults.strike(headers, self.comes(), &mut fate);
        if let Some(strike) = strike
            && let Some(response) = self.fail(dialect, exchange.as_ref(), strike.fault, &settings).await
        {
            return response;
        }
        let account = (key, model.class);
        let reserved = match self.admit(&account, dialect.rules(), ask, &settings) {
            Ok(reserved) => reserved,
            Err(refused) => {
                add(self.stats.refused_for(refused.kind), 1);
                return self.refuse(dialect, model, &account, &refused, &settings);
            }
        };
        add(&self.stats.admitted, 1);
        add(&self.stats.input_tokens, ask.input_tokens);
        let flight = Flight::new(Arc::clone(self), account.clone(), reserved);
        let length = asked_length(headers).unwrap_or_else(|| {
            let output = &settings.output;
            dice.u64(output.min_tokens..=output.max_tokens.max(output.min_tokens))
        });
        // Where a filter's refusal is no error, it is an answer without a reply.
        let is_filtered = strike.is_some_and(|strike| strike.fault == Fault::Filtered);
        let answers = if is_filtered { 0 } else { 1 + ask.more_answers.min(MAX_ANSWERS) };
        let replies: Vec<Reply> = (0..answers).map(|_| decision::reply(ask, length, &mut dice)).collect();
        let (cache_read, cache_written) = self.cache(&account.0, ask);
        let interleave =
            settings.interleave || headers.get("x-sandbox-interleave").is_some_and(|one| one == "1");
        let facts = Facts { ask, replies: &replies, serial, cache_read, cache_written, interleave };
        exchange.admitted(&facts);
        let limit_headers = self.limit_headers(dialect, &account, serial, &settings);
        let mut response = answer(flight, exchange.as_ref(), &facts, strike, &settings).await;
        response.headers_mut().extend(limit_headers);
        response
    }

    /// Counts the input of a request without answering it.
    pub(crate) fn count(
        &self,
        dialect: &dyn Dialect,
        key: Option<&str>,
        read: Read,
        told: impl FnOnce(u64) -> Value,
    ) -> Response {
        self.tell(dialect, key, |_| read.map(|exchange| told(exchange.ask().input_tokens)))
    }

    /// Answers a request that generates nothing and is under no limit.
    pub(crate) fn tell(
        &self,
        dialect: &dyn Dialect,
        key: Option<&str>,
        told: impl FnOnce(&str) -> Result<Value, Wrong>,
    ) -> Response {
        match key.ok_or_else(|| no_key(dialect)).and_then(told) {
            Ok(body) => Json(body).into_response(),
            Err(wrong) => self.wrong(dialect, &wrong),
        }
    }

    /// Tells of one model.
    pub(crate) fn describe(
        &self,
        dialect: &dyn Dialect,
        id: &str,
        told: impl FnOnce(&Model) -> Value,
    ) -> Response {
        match dialect.model(id) {
            Some(model) => Json(told(model)).into_response(),
            None => self.wrong(dialect, &dialect.unknown_model(id)),
        }
    }

    fn limit_headers(
        &self,
        dialect: &dyn Dialect,
        account: &Account,
        serial: u64,
        settings: &Settings,
    ) -> HeaderMap {
        let readings = if settings.quiet.limit_headers {
            Vec::new()
        } else {
            self.limiter(|limiter, now| limiter.readings(now, account, &settings.limits, dialect.rules()))
        };
        dialect.headers(&readings, serial)
    }

    fn refuse(
        &self,
        dialect: &dyn Dialect,
        model: &Model,
        account: &Account,
        refused: &Refused,
        settings: &Settings,
    ) -> Response {
        if settings.quiet.reasons {
            return self.wrong(dialect, &Wrong::new(429, NO_REASON));
        }
        let mut response = self.wrong(dialect, &dialect.refusal(refused, model));
        let headers = response.headers_mut();
        let serial = self.next_serial();
        headers.extend(self.limit_headers(dialect, account, serial, settings));
        headers.extend(dialect.wait_headers(refused));
        response
    }

    /// An error in the words of a dialect.
    pub(crate) fn wrong(&self, dialect: &dyn Dialect, wrong: &Wrong) -> Response {
        let status = StatusCode::from_u16(wrong.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (body, headers) = dialect.error(wrong, self.next_serial());
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().extend(headers);
        response
    }
}

/// What is said to a request without a key.
fn no_key(dialect: &dyn Dialect) -> Wrong {
    let message = "no API key was sent (any text will do: this is a simulated provider)";
    Wrong::new(dialect.unauthorized(), message)
}

/// The answer of an admitted request.
async fn answer(
    mut flight: Flight,
    exchange: &dyn Exchange,
    facts: &Facts<'_>,
    strike: Option<Strike>,
    settings: &Settings,
) -> Response {
    let latency = settings.latency.clone();
    if facts.ask.stream {
        let mut chunks = exchange.chunks(facts);
        let half = chunks.len() / 2;
        if let Some(Strike { fault: Fault::Broken, place }) = strike {
            let sent = place.map_or(half, |place| place.pieces.min(chunks.len()));
            chunks.truncate(sent);
            chunks.push(exchange.broken(facts, sent));
        }
        let mishap = Mishap::of(strike, &settings.faults, half);
        let body = Body::from_stream(mishap::befall(flight.stream(chunks, latency), mishap));
        let kind = HeaderValue::from_static(exchange.stream_type());
        return (
            [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))],
            body,
        )
            .into_response();
    }
    flight.generate_unseen(facts.output(), &latency).await;
    let (kind, bytes) = exchange.body(facts);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes.len())),
    ];
    let pieces = mishap::pieces(&bytes);
    let body = match Mishap::of(strike, &settings.faults, pieces.len() / 2) {
        None => Body::from(bytes),
        mishap => Body::from_stream(mishap::befall(stream::iter(pieces), mishap)),
    };
    (headers, body).into_response()
}

/// A test asks for a length by this header.
fn asked_length(headers: &HeaderMap) -> Option<u64> {
    let asked: u64 = headers.get("x-sandbox-output-tokens")?.to_str().ok()?.parse().ok()?;
    Some(asked.min(MAX_LENGTH))
}
