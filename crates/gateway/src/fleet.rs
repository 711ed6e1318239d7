//! The providers and their models; and the plan for a request: who serves it, and what is sent.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use paceway_domain::{CATALOGUE, Dialect, Refusal, Tokens};
use paceway_policy::access::Caller;
use paceway_policy::routing::{self, Candidate};
use paceway_protocol::formats::{Target, format_of};
use paceway_protocol::limits::organization::Granted;
use paceway_scheduler::{Charging, Cost, PoolId, RouteId};
use paceway_upstream::Call;

use crate::ask::Ask;
use crate::calibration::{Calibration, Subject};
use crate::lane::{KeySettings, Lane, Lanes, PoolSettings};
use crate::{Endpoint, Turnstile, affinity, headers};

/// The output bound that is sent where a format demands one, the client set none and the catalogue knows none.
const DEFAULT_MAX_OUTPUT: Tokens = Tokens(8_192);
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
    /// Our keys there; at least one.
    pub keys: Vec<KeySettings>,
    /// How it charges requests against its limits.
    pub charging: Charging,
    /// Whether it knows `max_tokens` only (OpenAI's dialect).
    pub only_max_tokens: bool,
    /// Whether no model is behind it.
    pub is_simulated: bool,
    /// Its limits, as far as they are declared.
    pub pools: Vec<PoolSettings>,
    /// Its tier, whose published limits are where to begin for what is not declared.
    pub tier: Option<String>,
    /// A key for its administration, by which it says what our limits are, and the quota group that they are of.
    pub admin: Option<KeySettings>,
}

/// All providers.
pub struct Fleet {
    candidates: Vec<Candidate>,
    providers: Vec<Arc<Provider>>,
}

/// A provider at work.
pub struct Provider {
    settings: ProviderSettings,
    lanes: Lanes,
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

    fn authenticate(&self, key: usize, headers: &mut HeaderMap) {
        let key = self.settings.keys[key].secret.reveal();
        let (name, value) = match self.settings.dialect {
            Dialect::Anthropic => (HeaderName::from_static("x-api-key"), HeaderValue::from_str(key)),
            Dialect::OpenAi => (header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {key}"))),
        };
        let mut value = value.expect("configuration was checked: a key is made of visible characters");
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

impl Provider {
    /// The call that asks what our limits are.
    pub(crate) fn limits_call(&self) -> Option<Call> {
        let admin = self.settings.admin.as_ref()?;
        let uri = self.uri("/v1/organizations/rate_limits", None).ok()?;
        let mut key = HeaderValue::from_str(admin.secret.reveal()).ok()?;
        key.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", key);
        headers.insert("anthropic-version", ANTHROPIC_VERSION);
        Some(Call { method: Method::GET, uri, headers, body: bytes::Bytes::new() })
    }

    /// It grants these limits.
    pub(crate) fn tell(&self, granted: Vec<Granted>) {
        if let Some(admin) = &self.settings.admin {
            self.lanes.tell(&admin.quota_group, granted);
        }
    }
}

/// Who serves a request, and what is sent there.
pub(crate) struct Plan {
    pub(crate) provider: Arc<Provider>,
    pub(crate) lane: Arc<Lane>,
    /// The model's name at the provider.
    pub(crate) model: String,
    pub(crate) cost: Cost,
    /// The place of the target that it prefers.
    pub(crate) preferred: u8,
    call: Call,
}

impl Plan {
    /// Whether client and provider speak the same dialect, so that bytes pass through.
    pub(crate) fn is_passthrough(&self, ask: &Ask) -> bool {
        self.provider.dialect() == ask.dialect
    }

    /// What is sent.
    pub(crate) fn body(&self) -> &[u8] {
        &self.call.body
    }

    /// The call with a key of the pool whose turn it is.
    pub(crate) fn call(&self, pool: PoolId) -> Call {
        let mut call = self.call.clone();
        self.provider.authenticate(self.lane.key_for(pool), &mut call.headers);
        call
    }
}

impl Fleet {
    /// Sets up the providers. Their pools are added to the turnstile when the first request needs them.
    pub fn new(providers: Vec<ProviderSettings>, turnstile: &Arc<Turnstile>) -> Self {
        let candidates = providers.iter().map(|settings| settings.candidate.clone()).collect();
        let providers = providers.into_iter().map(|settings| {
            let ProviderSettings { candidate, charging, pools, tier, keys, .. } = &settings;
            let lanes =
                Lanes::new(&candidate.catalogue, *charging, pools.clone(), tier.clone(), keys, turnstile);
            Arc::new(Provider { settings, lanes })
        });
        Self { candidates, providers: providers.collect() }
    }

    /// The providers as routing sees them.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The pools that requests have needed so far, as `(provider, models, quota group, route, pool)`.
    pub(crate) fn pools(&self) -> Vec<(String, String, String, RouteId, PoolId)> {
        let of_provider = |provider: &Arc<Provider>| {
            let of_lane = |lane: Arc<Lane>| -> Vec<_> {
                let named = |(group, pool): (&str, PoolId)| {
                    (provider.name().to_owned(), lane.class.clone(), group.to_owned(), lane.route, pool)
                };
                lane.pools().map(named).collect()
            };
            provider.lanes.all().into_iter().flat_map(of_lane).collect::<Vec<_>>()
        };
        self.providers.iter().flat_map(of_provider).collect()
    }

    /// The providers that say what our limits are when they are asked.
    pub(crate) fn administered(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.iter().filter(|provider| provider.settings.admin.is_some())
    }

    /// Decides who serves a request and writes the call.
    pub(crate) fn plan(
        &self,
        caller: &Caller,
        ask: &Ask,
        calibration: &Calibration,
    ) -> Result<Plan, Refusal> {
        let route = routing::route(&self.candidates, &ask.summary.model)?;
        let provider = Arc::clone(&self.providers[route.candidate]);
        let lane = match ask.endpoint {
            Endpoint::Generate => provider.lanes.of(&route.model),
            // Counting has limits of its own at Anthropic, which are not configured.
            Endpoint::CountTokens => Arc::clone(provider.lanes.unlimited()),
        };
        let subject = Subject { provider: provider.name(), model: &route.model, caller: caller.number };
        let (input, likely) = calibration.expected(subject, ask.input);
        let max_output = ask.summary.max_output;
        let cost = Cost {
            input,
            output: max_output.map_or(likely, |most| most.min(likely)),
            max_output: max_output.unwrap_or_default(),
        };
        let call = call(&provider, ask, &route.model)?;
        let preferred = match lane.targets() {
            1 => 0,
            targets => affinity::preferred(&ask.envelope()?, targets),
        };
        Ok(Plan { provider, lane, model: route.model, cost, preferred, call })
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
