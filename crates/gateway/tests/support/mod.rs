//! Fakes for everything outside the gateway, in virtual time.
#![allow(clippy::unwrap_used, clippy::unnecessary_wraps, dead_code, unreachable_pub)] // Not every file uses everything.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use paceway_domain::{Counted, Dialect, Failure, KeyId, RequestId, Secret, UnixMillis, Window};
use paceway_gateway::clock::RuntimeClock;
use paceway_gateway::credential::Credential;
use paceway_gateway::fleet::{AliasSettings, ChainRules, TargetSettings};
use paceway_gateway::lane::{KeySettings, PoolSettings};
use paceway_gateway::platform::Platform;
use paceway_gateway::provider::{ProviderSettings, Way};
use paceway_gateway::standing::{CallerRule, Standings};
use paceway_gateway::waiting::SignsOfLife;
use paceway_gateway::{
    Address, Answer, Arrival, Bounds, Callers, Decisions, Endpoint, Fleet, Gateway, Metrics, Retries,
    RetryRules, Turnstile, pipeline,
};
use paceway_policy::access::{KeyHash, Keyring, VirtualKey};
use paceway_policy::breaker::BreakerRules;
use paceway_policy::fallback::{FallbackRules, Reasons};
use paceway_policy::retry::{Backoff, BudgetRules};
use paceway_policy::routing::Candidate;
use paceway_scheduler::{Charging, Limits, Rate};
use paceway_store::reports::{Adjustment, Filter, Group, Question};
use paceway_store::{KeptResponse, Ledger, Reports, Responses, Row, StoreError};
use paceway_upstream::{Answer as Response, AnswerBody, Call, Upstream};
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub const KEY: &str = "pw_test";

/// A ledger in memory.
#[derive(Default)]
pub struct Rows(Mutex<Vec<Row>>);

impl Rows {
    pub fn all(&self) -> Vec<Row> {
        self.0.lock().unwrap().clone()
    }

    pub fn only(&self) -> Row {
        let rows = self.all();
        let [row] = rows.as_slice() else { panic!("not one row: {rows:?}") };
        row.clone()
    }
}

impl Ledger for Rows {
    fn append(&self, row: Row) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(row);
        Ok(())
    }

    fn find(&self, id: &RequestId) -> Result<Vec<Row>, StoreError> {
        Ok(self.all().into_iter().filter(|row| row.request_id == *id).collect())
    }
}

/// Shows what it holds; nobody asks it for sums.
impl Reports for Rows {
    fn usage(&self, _: &Question) -> Result<Vec<Group>, StoreError> {
        Ok(Vec::new())
    }

    fn export(&self, _: &Filter, visit: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), StoreError> {
        let _ = self.all().into_iter().try_for_each(visit);
        Ok(())
    }

    fn adjust(&self, _: &[Adjustment]) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn corrected(&self, _: UnixMillis, _: Option<UnixMillis>) -> Result<i64, StoreError> {
        Ok(0)
    }
}

/// Kept responses in memory.
#[derive(Default)]
pub struct Kept(Mutex<BTreeMap<String, KeptResponse>>);

impl Responses for Kept {
    fn keep(&self, response: &KeptResponse) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(response.id.clone(), response.clone());
        Ok(())
    }

    fn find(&self, key: &KeyId, id: &str) -> Result<Option<KeptResponse>, StoreError> {
        Ok(self.0.lock().unwrap().get(id).filter(|response| response.key == *key).cloned())
    }

    fn forget(&self, _: &KeyId, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().remove(id).is_some())
    }

    fn sweep(&self, _: UnixMillis, _: u64) -> Result<usize, StoreError> {
        Ok(0)
    }
}

/// A body that a test feeds piece by piece.
pub struct Fed(mpsc::UnboundedReceiver<Result<Bytes, Failure>>);

impl Body for Fed {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

pub type Feed = mpsc::UnboundedSender<Result<Bytes, Failure>>;

/// A provider that gives the answers of a script and notes what it was asked.
#[derive(Default)]
pub struct Script {
    pub answers: Mutex<VecDeque<Result<Response, Failure>>>,
    pub calls: Mutex<Vec<Call>>,
    /// How long each answer takes.
    latency: Duration,
}

impl Upstream for Script {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Response, Failure>> {
        self.calls.lock().unwrap().push(call);
        let answer = self.answers.lock().unwrap().pop_front().expect("the script has no more answers");
        let latency = self.latency;
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            answer
        })
    }
}

pub fn response(status: u16, headers: &[(&'static str, &str)]) -> (Response, Feed) {
    let (feed, fed) = mpsc::unbounded_channel();
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    let status = StatusCode::from_u16(status).unwrap();
    (Response { status, headers, body: AnswerBody::new(Fed(fed)) }, feed)
}

pub fn whole(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Result<Response, Failure> {
    let (response, feed) = response(status, headers);
    feed.send(Ok(body.to_string().into())).unwrap();
    Ok(response)
}

/// A streamed answer that arrives in these pieces and then ends.
pub fn streamed(pieces: Vec<Bytes>) -> Result<Response, Failure> {
    let (response, feed) = response(200, &[("content-type", "text/event-stream; charset=utf-8")]);
    for piece in pieces {
        feed.send(Ok(piece)).unwrap();
    }
    Ok(response)
}

pub struct House {
    pub gateway: Arc<Gateway>,
    pub rows: Arc<Rows>,
    pub script: Arc<Script>,
}

pub fn key(name: &str, secret: &str, quota_group: &str) -> KeySettings {
    let credential = Credential::Header(HeaderName::from_static("x-api-key"), Secret::new(secret));
    KeySettings { name: name.into(), credential, quota_group: quota_group.into() }
}

/// So many requests a minute, so many of them at once.
pub fn requests(units: u64, burst: u64) -> Limits {
    let rate = Rate { units, window: Window::Minute, burst };
    Limits { rates: vec![(Counted::Requests, rate)], ..Limits::none() }
}

pub fn at_once(most: u32) -> Limits {
    Limits { concurrency: Some(most), ..Limits::none() }
}

pub fn provider(name: &str, dialect: Dialect, pattern: &str, limits: Limits) -> ProviderSettings {
    ProviderSettings {
        candidate: Candidate { name: name.into(), catalogue: name.into(), serves: vec![pattern.into()] },
        ways: vec![Way { dialect, base_url: "http://provider.test".parse().unwrap() }],
        platform: Platform::Direct,
        keys: vec![key("main", "sk-provider", "main")],
        charging: Charging::AsGenerated,
        only_max_tokens: false,
        rerank: None,
        region: None,
        is_simulated: false,
        tier: None,
        admin: None,
        pools: vec![PoolSettings { models: vec!["*".into()], limits }],
    }
}

pub fn house(answers: Vec<Result<Response, Failure>>, limits: Limits, latency: Duration) -> House {
    let providers = vec![
        provider("anthropic", Dialect::Anthropic, "claude-*", limits.clone()),
        provider("openai", Dialect::OpenAi, "gpt-*", limits),
    ];
    house_of(answers, providers, Vec::new(), latency)
}

pub fn house_of(
    answers: Vec<Result<Response, Failure>>,
    providers: Vec<ProviderSettings>,
    rules: Vec<CallerRule>,
    latency: Duration,
) -> House {
    house_with(answers, providers, rules, latency, 0, BTreeMap::new())
}

/// A house that makes a call again so often.
pub fn patient(answers: Vec<Result<Response, Failure>>, retries: u32) -> House {
    let providers = vec![
        provider("anthropic", Dialect::Anthropic, "claude-*", Limits::none()),
        provider("openai", Dialect::OpenAi, "gpt-*", Limits::none()),
    ];
    house_with(answers, providers, Vec::new(), Duration::ZERO, retries, BTreeMap::new())
}

pub fn house_with(
    answers: Vec<Result<Response, Failure>>,
    providers: Vec<ProviderSettings>,
    rules: Vec<CallerRule>,
    latency: Duration,
    retries: u32,
    aliases: BTreeMap<String, AliasSettings>,
) -> House {
    let clock = Arc::new(RuntimeClock::new());
    let bounds =
        paceway_scheduler::Bounds { waiting: 100, waiting_per_caller: 100, ageing: Duration::from_mins(1) };
    let turnstile = Arc::new(Turnstile::new(Arc::clone(&clock), bounds));
    tokio::spawn(Arc::clone(&turnstile).drive());
    let fleet = Fleet::new(providers, aliases, ChainRules::plain(fallback()), &turnstile);
    let rows = Arc::new(Rows::default());
    let script = Arc::new(Script { answers: Mutex::new(answers.into()), calls: Mutex::default(), latency });
    let key = VirtualKey::new(
        KeyHash::of(KEY),
        "test",
        paceway_domain::Owner::default(),
        paceway_domain::UnixMillis(0),
    );
    let budget = BudgetRules { share: 0.2, per_second: 1.0 };
    let backoff = Backoff { base: Duration::from_millis(500), most: Duration::from_secs(8) };
    let retry_rules = RetryRules { max_retries: retries, backoff, budget };
    let retries = Retries::new(retry_rules, paceway_domain::Clock::now(clock.as_ref()));
    let gateway = Arc::new(Gateway {
        clock,
        retries,
        breaker: BREAKER,
        callers: Arc::new(Callers::new(Keyring::new([key]))),
        fleet,
        standings: Standings::new(rules, &turnstile),
        calibration: Arc::default(),
        siblings: Arc::default(),
        turnstile,
        upstream: Arc::clone(&script) as Arc<dyn Upstream>,
        prices: Arc::default(),
        known_providers: Arc::default(),
        ledger: Arc::clone(&rows) as Arc<dyn Ledger>,
        responses: Arc::new(Kept::default()),
        decisions: Arc::new(Decisions::new(100)),
        budgets: Arc::default(),
        alerts: Arc::default(),
        metrics: Arc::new(Metrics::new()),
        bounds: Bounds {
            max_wait: Duration::from_mins(1),
            max_overload: Duration::from_secs(30),
            max_sibling_wait: Duration::from_secs(10),
            signs_of_life: Some(SignsOfLife { every: Duration::from_secs(15), shows_place: true }),
            max_answer_bytes: 1 << 20,
            max_attempts: 4,
            check_every: Duration::ZERO,
            drop_unsupported: false,
            keeps_responses: true,
        },
    });
    House { gateway, rows, script }
}

/// Five failures in a row open it for five seconds.
pub const BREAKER: BreakerRules = BreakerRules {
    consecutive: 5,
    share: 0.5,
    window: Duration::from_secs(30),
    least_calls: 20,
    open: Duration::from_secs(5),
    longest_open: Duration::from_mins(1),
    probes: 1,
    ramp: Duration::from_secs(10),
};

pub fn fallback() -> FallbackRules {
    FallbackRules { on: Reasons::usual(), patience: Duration::from_secs(5) }
}

/// A name that stands for these, in this order.
pub fn alias(name: &str, targets: &[&str]) -> (String, AliasSettings) {
    let target = |target: &&str| TargetSettings { model: (*target).to_owned(), weight: 1, when: None };
    let targets = targets.iter().map(target).collect();
    (name.to_owned(), AliasSettings { targets, rules: ChainRules::plain(fallback()) })
}

pub fn easy(answers: Vec<Result<Response, Failure>>) -> House {
    house(answers, Limits::none(), Duration::ZERO)
}

impl House {
    pub async fn ask(&self, dialect: Dialect, body: &Value) -> Answer {
        self.ask_with(dialect, body, &[]).await
    }

    pub async fn ask_with(
        &self,
        dialect: Dialect,
        body: &Value,
        more: &[(&'static str, &'static str)],
    ) -> Answer {
        self.send(dialect, Endpoint::Generate, Address::default(), body, more).await
    }

    pub async fn ask_at(&self, dialect: Dialect, address: Address, body: &Value) -> Answer {
        self.send(dialect, Endpoint::Generate, address, body, &[]).await
    }

    pub async fn count(&self, dialect: Dialect, body: &Value) -> Answer {
        self.send(dialect, Endpoint::CountTokens, Address::default(), body, &[]).await
    }

    pub async fn ask_for(&self, endpoint: Endpoint, body: &Value) -> Answer {
        self.send(Dialect::OpenAi, endpoint, Address::default(), body, &[]).await
    }

    async fn send(
        &self,
        dialect: Dialect,
        endpoint: Endpoint,
        address: Address,
        body: &Value,
        more: &[(&'static str, &'static str)],
    ) -> Answer {
        let mut headers: HeaderMap = more
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        headers.insert("x-api-key", HeaderValue::from_static(KEY));
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        let arrival = Arrival {
            id: self.gateway.new_request_id(),
            dialect,
            endpoint,
            address,
            headers,
            query: None,
            body: body.to_string().into(),
        };
        pipeline::serve(&self.gateway, arrival).await
    }

    pub fn sent(&self) -> Value {
        let calls = self.script.calls.lock().unwrap();
        serde_json::from_slice(&calls.last().unwrap().body).unwrap()
    }
}

pub async fn bytes(answer: Answer) -> Bytes {
    let collected: Result<_, Infallible> = answer.body.collect().await;
    collected.unwrap().to_bytes()
}

pub async fn text(answer: Answer) -> String {
    String::from_utf8(bytes(answer).await.to_vec()).unwrap()
}

pub fn question(model: &str, stream: bool) -> Value {
    json!({"model": model, "max_tokens": 50, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]})
}

pub fn message() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": "Hello."}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 100, "output_tokens": 20}, "unheard_of": {"z": 1, "a": null},
    })
}

pub const STREAM: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\
    \"message\",\"role\":\"assistant\",\"model\":\"claude-haiku-5-5\",\"content\":[],\"usage\":{\"input_tokens\":100,\
    \"cache_read_input_tokens\":7,\"output_tokens\":1}}}\n\nevent: unheard_of\ndata: {\"type\":\"unheard_of\"}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\
    \"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\
    \"text_delta\",\"text\":\"Héllo \"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
    \"delta\":{\"type\":\"text_delta\",\"text\":\"wörld\"}}\n\nevent: content_block_stop\ndata: {\"type\":\
    \"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\
    \"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":20}}\n\nevent: message_stop\ndata: {\"type\":\
    \"message_stop\"}\n\n";
