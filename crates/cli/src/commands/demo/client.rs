//! A client with the retry rules of the official SDKs.
//!
//! Source: anthropic 2.12 and openai 3.54 (Python), `_base_client.py`: two retries of 408, 409, 429, 5xx and broken
//! connections; the wait is `retry-after-ms` or `retry-after` if that is more than zero and at most a minute, else
//! 0.5 s · 2ⁿ up to 8 s, less up to a quarter by chance.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use paceway_domain::Failure;
use paceway_upstream::{Call, HttpUpstream, Timeouts, Upstream};
use serde_json::json;

/// What an SDK waits for an answer at most.
const TIMEOUT: Duration = Duration::from_mins(10);
const MAX_RETRIES: u32 = 2;
const FIRST_PAUSE_S: f64 = 0.5;
const LONGEST_PAUSE_S: f64 = 8.0;
const LONGEST_STATED_S: f64 = 60.0;
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// What became of a request.
pub(super) struct Outcome {
    pub(super) is_answered: bool,
    /// 429s that the client saw on the way.
    pub(super) refusals: u32,
}

pub(super) struct Client {
    http: HttpUpstream,
    key: HeaderValue,
    dice: Mutex<Rng>,
}

impl Client {
    /// A client that authenticates with `key`, whose chance begins at `seed`.
    pub(super) fn new(key: &str, seed: u64) -> Self {
        let timeouts = Timeouts {
            connect: TIMEOUT,
            headers: TIMEOUT,
            first_byte: TIMEOUT,
            idle: TIMEOUT,
            total: TIMEOUT,
            low_speed: None,
        };
        let key = HeaderValue::from_str(key).expect("keys are made of visible characters");
        Self { http: HttpUpstream::new(timeouts), key, dice: Mutex::new(Rng::with_seed(seed)) }
    }

    /// Asks the `number`th question, with retries.
    pub(super) async fn ask(&self, address: SocketAddr, number: u32) -> Outcome {
        let mut refusals = 0;
        let mut retries = 0;
        loop {
            let (status, headers) = match self.send(address, number).await {
                Ok((status, headers)) => (Some(status), headers),
                Err(_) => (None, HeaderMap::new()),
            };
            if status.is_some_and(|status| status.is_success()) {
                return Outcome { is_answered: true, refusals };
            }
            refusals += u32::from(status == Some(StatusCode::TOO_MANY_REQUESTS));
            if retries == MAX_RETRIES || !status.is_none_or(is_retried) {
                return Outcome { is_answered: false, refusals };
            }
            tokio::time::sleep(self.pause(&headers, retries)).await;
            retries += 1;
        }
    }

    /// One call; it counts as answered when the whole answer is there.
    async fn send(&self, address: SocketAddr, number: u32) -> Result<(StatusCode, HeaderMap), Failure> {
        let question = format!("Question {number}: summarise ticket {number} in three sentences.");
        let body = json!({
            "model": "claude-haiku-5-5",
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": question}],
        });
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (HeaderName::from_static("anthropic-version"), HeaderValue::from_static("2023-06-01")),
            (HeaderName::from_static("x-api-key"), self.key.clone()),
        ]);
        let uri = format!("http://{address}/v1/messages").parse().expect("an address makes a URI");
        let call = Call { method: Method::POST, uri, headers, body: body.to_string().into() };
        let answer = self.http.call(call).await?;
        let (status, headers) = (answer.status, answer.headers);
        answer.body.collect(MAX_ANSWER).await?;
        Ok((status, headers))
    }

    fn pause(&self, headers: &HeaderMap, retries: u32) -> Duration {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<f64>().ok();
        let stated = number("retry-after-ms").map(|ms| ms / 1e3).or_else(|| number("retry-after"));
        let seconds = stated.filter(|&wait| wait > 0.0 && wait <= LONGEST_STATED_S).unwrap_or_else(|| {
            let chance = self.dice.lock().unwrap_or_else(PoisonError::into_inner).f64();
            (FIRST_PAUSE_S * f64::from(1 << retries)).min(LONGEST_PAUSE_S) * (1.0 - 0.25 * chance)
        });
        Duration::from_secs_f64(seconds)
    }
}

fn is_retried(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 409 | 429) || status.is_server_error()
}
