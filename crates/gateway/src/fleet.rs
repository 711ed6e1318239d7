//! The providers, their models and limits; and the plan for a request: who serves it, and what is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use paceway_domain::{CATALOGUE, Dialect, Refusal, Secret, Tokens};
use paceway_policy::routing::{self, Candidate};
use paceway_protocol::formats::{Target, format_of};
use paceway_scheduler::{Charging, Cost, Limits, PoolId};
use paceway_upstream::Call;

use crate::ask::Ask;
use crate::{Endpoint, Turnstile, headers};

/// The output bound that is sent where a format demands one, the client set none and the catalogue knows none.
const DEFAULT_MAX_OUTPUT: Tokens = Tokens(8_192);
/// What an answer is expected to have before any was seen.
const FIRST_GUESS_OUTPUT: u64 = 500;
/// The API version under which translated requests are written.
const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// A provider as configured.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Its name and models.
    pub candidate: Candidate,
    /// What it speaks.
    pub dialect: Dialect,
    /// The address before `/v1/…`, without a slash at its end.
    pub base_url: Uri,
    /// Our key there.
    pub api_key: Secret,
    /// Whether it knows `max_tokens` only (OpenAI's dialect).
    pub only_max_tokens: bool,
    /// Whether no model is behind it.
    pub is_simulated: bool,
    /// Its limits.
    pub pools: Vec<PoolSettings>,
}

/// Limits that a set of models shares.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Patterns of the models; `*` stands for any text.
    pub models: Vec<String>,
    /// The limits.
    pub limits: Limits,
}

/// All providers.
pub struct Fleet {
    candidates: Vec<Candidate>,
    providers: Vec<Arc<Provider>>,
}

/// A provider at work.
pub struct Provider {
    settings: ProviderSettings,
    pools: Vec<Arc<Pool>>,
    /// For models of which no limit is configured.
    unlimited: Arc<Pool>,
}

/// A pool at work.
pub struct Pool {
    models: Vec<String>,
    id: PoolId,
    charging: Charging,
    /// A running mean of output tokens; 0 before the first answer.
    mean_output: AtomicU64,
}

impl Pool {
    fn new(turnstile: &Turnstile, models: Vec<String>, limits: Limits) -> Arc<Self> {
        let id = turnstile.add_pool(limits);
        Arc::new(Self { models, id, charging: limits.charging, mean_output: AtomicU64::new(0) })
    }

    pub(crate) fn id(&self) -> PoolId {
        self.id
    }

    pub(crate) fn charges_refused_calls(&self) -> bool {
        self.charging == Charging::Reserved
    }

    /// What a request is expected to cost. Where output is charged as generated, its bound says little: the mean of what
    /// came before says more.
    fn expected_cost(&self, input: Tokens, max_output: Option<Tokens>) -> Cost {
        let output = match self.charging {
            Charging::Reserved => max_output.unwrap_or_default(),
            Charging::AsGenerated => {
                let mean = self.mean_output.load(Ordering::Relaxed);
                let likely = Tokens(if mean == 0 { FIRST_GUESS_OUTPUT } else { mean });
                max_output.map_or(likely, |most| most.min(likely))
            }
        };
        Cost { input, output }
    }

    /// An answer had this much output: the mean moves an eighth of the way.
    pub(crate) fn saw_output(&self, output: Tokens) {
        let update = |mean: u64| {
            let first = mean == 0;
            Some(if first { output.get() } else { mean - mean / 8 + output.get() / 8 }.max(1))
        };
        let _previous = self.mean_output.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
    }
}

impl Provider {
    pub(crate) fn name(&self) -> &str {
        &self.settings.candidate.name
    }

    pub(crate) fn catalogue(&self) -> &str {
        &self.settings.candidate.catalogue
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.settings.dialect
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.settings.is_simulated
    }

    fn pool_of(&self, model: &str) -> &Arc<Pool> {
        let covers = |pool: &&Arc<Pool>| pool.models.iter().any(|pattern| routing::matches(pattern, model));
        self.pools.iter().find(covers).unwrap_or(&self.unlimited)
    }

    fn uri(&self, path: &str, query: Option<&str>) -> Result<Uri, Refusal> {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let base = self.settings.base_url.to_string();
        let text = format!("{}{path}{query}", base.trim_end_matches('/'));
        text.parse().map_err(|_| Refusal::InvalidField {
            field: "query".into(),
            why: "the query string is not a valid part of an address".into(),
        })
    }

    /// The path behind the base URL. An OpenAI-compatible base URL ends in its version, as OpenAI's clients have it.
    fn path(&self, endpoint: Endpoint) -> Result<&'static str, Refusal> {
        match (self.settings.dialect, endpoint) {
            (Dialect::Anthropic, Endpoint::Generate) => Ok("/v1/messages"),
            (Dialect::Anthropic, Endpoint::CountTokens) => Ok("/v1/messages/count_tokens"),
            (Dialect::OpenAi, Endpoint::Generate) => Ok("/chat/completions"),
            (Dialect::OpenAi, Endpoint::CountTokens) => {
                Err(Refusal::NoSuchEndpoint { provider: self.name().to_owned(), endpoint: "token counting" })
            }
        }
    }

    fn authenticate(&self, headers: &mut HeaderMap) {
        let key = self.settings.api_key.reveal();
        let (name, value) = match self.settings.dialect {
            Dialect::Anthropic => (HeaderName::from_static("x-api-key"), HeaderValue::from_str(key)),
            Dialect::OpenAi => (header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}"))),
        };
        let mut value = value.expect("configuration was checked: a key is made of visible characters");
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

/// Who serves a request, and what is sent there.
pub(crate) struct Plan {
    pub(crate) provider: Arc<Provider>,
    pub(crate) pool: Arc<Pool>,
    /// The model's name at the provider.
    pub(crate) model: String,
    pub(crate) cost: Cost,
    pub(crate) call: Call,
}

impl Plan {
    /// Whether client and provider speak the same dialect, so that bytes pass through.
    pub(crate) fn is_passthrough(&self, ask: &Ask) -> bool {
        self.provider.dialect() == ask.dialect
    }
}

impl Fleet {
    /// Sets up the providers, with a pool at the turnstile for each of their limits.
    pub fn new(providers: Vec<ProviderSettings>, turnstile: &Turnstile) -> Self {
        let candidates = providers.iter().map(|settings| settings.candidate.clone()).collect();
        let providers = providers.into_iter().map(|settings| {
            let pools = &settings.pools;
            let pools =
                pools.iter().map(|pool| Pool::new(turnstile, pool.models.clone(), pool.limits)).collect();
            let unlimited = Pool::new(turnstile, Vec::new(), Limits::NONE);
            Arc::new(Provider { settings, pools, unlimited })
        });
        Self { candidates, providers: providers.collect() }
    }

    /// The providers as routing sees them.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The pools that have limits, as `(provider, models, pool)`.
    pub fn limited_pools(&self) -> impl Iterator<Item = (&str, String, PoolId)> {
        self.providers.iter().flat_map(|provider| {
            provider.pools.iter().map(|pool| (provider.name(), pool.models.join(" "), pool.id))
        })
    }

    /// Decides who serves a request and writes the call.
    pub(crate) fn plan(&self, ask: &Ask) -> Result<Plan, Refusal> {
        let route = routing::route(&self.candidates, &ask.summary.model)?;
        let provider = Arc::clone(&self.providers[route.candidate]);
        let pool = match ask.endpoint {
            Endpoint::Generate => Arc::clone(provider.pool_of(&route.model)),
            // Counting has limits of its own at Anthropic, which are not configured.
            Endpoint::CountTokens => Arc::clone(&provider.unlimited),
        };
        let cost = pool.expected_cost(ask.input, ask.summary.max_output);
        let call = call(&provider, ask, &route.model)?;
        Ok(Plan { provider, pool, model: route.model, cost, call })
    }
}

/// The request as the provider wants it: the client's own bytes and headers where the dialects agree.
fn call(provider: &Provider, ask: &Ask, model: &str) -> Result<Call, Refusal> {
    let path = provider.path(ask.endpoint)?;
    let is_passthrough = provider.dialect() == ask.dialect;
    let envelope = ask.envelope()?;
    let (body, mut headers, query) = if is_passthrough {
        let body = ask.format().forward(&envelope, &ask.summary, &ask.body, model);
        (body, headers::to_provider(&ask.headers), ask.query.as_deref())
    } else {
        let chat = ask.format().read_chat(&envelope)?;
        let known_most = CATALOGUE.find(provider.catalogue(), model).and_then(|card| card.max_output);
        let target = Target {
            model,
            default_max_output: known_most.map_or(DEFAULT_MAX_OUTPUT, Tokens),
            only_max_tokens: provider.settings.only_max_tokens,
        };
        let body = format_of(provider.dialect()).write_chat(&chat, target)?;
        (body, translated_headers(provider.dialect()), None)
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Usage is read from the answer, so it must not be compressed.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    provider.authenticate(&mut headers);
    Ok(Call { method: Method::POST, uri: provider.uri(path, query)?, headers, body })
}

/// A client's headers belong to its dialect and do not cross over.
fn translated_headers(dialect: Dialect) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers
        .insert(header::USER_AGENT, HeaderValue::from_static(concat!("paceway/", env!("CARGO_PKG_VERSION"))));
    if dialect == Dialect::Anthropic {
        headers.insert("anthropic-version", ANTHROPIC_VERSION);
    }
    headers
}
