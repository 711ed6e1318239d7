//! A provider at work: what it speaks, where, and with which keys.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Uri};
use paceway_domain::{Dialect, Refusal};
use paceway_policy::pricing::Product;
use paceway_policy::routing::Candidate;
use paceway_protocol::limits::organization::Granted;
use paceway_protocol::rerank::Shape;
use paceway_scheduler::Charging;
use paceway_upstream::Call;

use crate::credential::Credential;
use crate::deployment::Deployments;
use crate::lane::{KeySettings, Lane, Lanes, PoolSettings};
use crate::platform::{Platform, Wanted, segment};
use crate::{Endpoint, Turnstile};

/// The API version under which translated requests are written.
pub(crate) const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// A provider as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// Its name and models.
    pub candidate: Candidate,
    /// What it speaks, and where; at least one. The first is used for clients of dialects that it does not speak.
    pub ways: Vec<Way>,
    /// Whose addresses they are.
    pub platform: Platform,
    /// Our keys there; at least one.
    pub keys: Vec<KeySettings>,
    /// How it charges requests against its limits.
    pub charging: Charging,
    /// Whether it knows `max_tokens` only (OpenAI's dialect).
    pub only_max_tokens: bool,
    /// The shape of its reranking, where it is not the usual one of its dialect.
    pub rerank: Option<Shape>,
    /// Where it computes, by its own or our name; `None`: not said.
    pub region: Option<String>,
    /// Whether no model is behind it.
    pub is_simulated: bool,
    /// Its limits, as far as they are declared.
    pub pools: Vec<PoolSettings>,
    /// Its tier, whose published limits are where to begin for what is not declared.
    pub tier: Option<String>,
    /// A key for its administration, by which it says what our limits are, and the quota group that they are of.
    pub admin: Option<KeySettings>,
}

impl ProviderSettings {
    /// Whether what is known of the one's limits and health holds for the other: they differ in nothing but which models are served
    /// and how requests are written.
    fn is_the_same_service(&self, other: &Self) -> bool {
        let candidate = Candidate { serves: other.candidate.serves.clone(), ..self.candidate.clone() };
        let (only_max_tokens, rerank, admin) = (other.only_max_tokens, other.rerank, other.admin.clone());
        Self { candidate, only_max_tokens, rerank, admin, ..self.clone() } == *other
    }
}

/// A dialect that a provider speaks at an address.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// The dialect.
    pub dialect: Dialect,
    /// The address before the paths that the dialect has, without a slash at its end.
    pub base_url: Uri,
}

/// A provider at work.
pub struct Provider {
    settings: ProviderSettings,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) deployments: Arc<Deployments>,
}

impl Provider {
    /// Sets it up. Its pools are added to the turnstile when the first request needs them.
    pub(crate) fn new(settings: ProviderSettings, turnstile: &Arc<Turnstile>) -> Self {
        let ProviderSettings { candidate, charging, pools, tier, keys, .. } = &settings;
        let lanes = Lanes::new(&candidate.catalogue, *charging, pools.clone(), tier.clone(), keys, turnstile);
        Self { settings, lanes: Arc::new(lanes), deployments: Arc::default() }
    }

    /// What becomes of it under these settings of the same name: itself if nothing has changed. What was learned of its limits and
    /// its health goes with it, as long as it is the same service that is asked with the same keys.
    pub(crate) fn succeeded_by(
        self: &Arc<Self>,
        settings: ProviderSettings,
        turnstile: &Arc<Turnstile>,
    ) -> Arc<Self> {
        if settings == self.settings {
            return Arc::clone(self);
        }
        if self.settings.is_the_same_service(&settings) {
            let (lanes, deployments) = (Arc::clone(&self.lanes), Arc::clone(&self.deployments));
            return Arc::new(Self { settings, lanes, deployments });
        }
        Arc::new(Self::new(settings, turnstile))
    }

    pub(crate) fn name(&self) -> &str {
        &self.settings.candidate.name
    }

    pub(crate) fn catalogue(&self) -> &str {
        &self.settings.candidate.catalogue
    }

    /// One of its models, as prices are known for it.
    pub(crate) fn product<'a>(&'a self, model: &'a str) -> Product<'a> {
        Product { provider: self.name(), catalogue: self.catalogue(), model }
    }

    pub(crate) fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.settings.is_simulated
    }

    /// The shape of its reranking.
    pub(crate) fn rerank_shape(&self, dialect: Dialect) -> Shape {
        let usual = if dialect == Dialect::Cohere { Shape::Cohere } else { Shape::Jina };
        self.settings.rerank.unwrap_or(usual)
    }

    /// Whether a client's bytes of the same dialect are what it takes at this endpoint.
    pub(crate) fn takes_as_it_is(&self, endpoint: Endpoint) -> bool {
        endpoint != Endpoint::Rerank || self.settings.rerank.is_none()
    }

    /// The way for clients of a dialect: their own, or the first.
    pub(crate) fn way_for(&self, dialect: Dialect) -> &Way {
        let ways = &self.settings.ways;
        ways.iter().find(|way| way.dialect == dialect).unwrap_or(&ways[0])
    }

    /// The address of what is wanted there.
    pub(crate) fn uri(&self, way: &Way, wanted: Wanted<'_>, query: Option<&str>) -> Result<Uri, Refusal> {
        let Some(path) = self.settings.platform.path(wanted) else {
            return Err(Refusal::NoSuchEndpoint {
                provider: self.name().to_owned(),
                endpoint: wanted.endpoint.name(),
            });
        };
        let query = query.filter(|query| !query.is_empty());
        let join = if path.contains('?') { "&" } else { "?" };
        let query = query.map(|query| format!("{join}{query}")).unwrap_or_default();
        address(&way.base_url, &format!("{path}{query}"))
    }

    /// The credential of the key whose turn it is.
    pub(crate) fn credential(&self, key: usize) -> &Credential {
        &self.settings.keys[key].credential
    }

    /// A credential of a quota group.
    pub(crate) fn credential_of(&self, group: &str) -> Option<&Credential> {
        self.settings.keys.iter().find(|key| key.quota_group == group).map(|key| &key.credential)
    }

    /// The address of an answer that it keeps.
    pub(crate) fn response_uri(&self, id: &str, rest: &str, query: Option<&str>) -> Result<Uri, Refusal> {
        let way = self.way_for(Dialect::Responses);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        address(&way.base_url, &format!("/responses/{}{rest}{query}", segment(id)))
    }

    /// The lane of a model.
    pub(crate) fn lane(&self, model: &str) -> Arc<Lane> {
        self.lanes.of(model)
    }

    /// The call that asks what our limits are, and the credential for it.
    pub(crate) fn limits_call(&self) -> Option<(Call, &Credential)> {
        let admin = self.settings.admin.as_ref()?;
        let uri = address(&self.settings.ways[0].base_url, "/v1/organizations/rate_limits").ok()?;
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", ANTHROPIC_VERSION);
        let call = Call { method: Method::GET, uri, headers, body: bytes::Bytes::new() };
        Some((call, &admin.credential))
    }

    /// The call that asks for its models, and the credential for it; `None` where there is no such address.
    pub(crate) fn models_call(&self) -> Option<(Call, &Credential)> {
        if self.settings.platform != Platform::Direct {
            return None;
        }
        let way = &self.settings.ways[0];
        let path = match way.dialect {
            Dialect::Anthropic | Dialect::Cohere => "/v1/models",
            Dialect::OpenAi | Dialect::Responses | Dialect::Gemini => "/models",
            Dialect::Converse => return None,
        };
        let uri = address(&way.base_url, path).ok()?;
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", ANTHROPIC_VERSION);
        let call = Call { method: Method::GET, uri, headers, body: bytes::Bytes::new() };
        Some((call, self.credential(0)))
    }

    /// It grants these limits.
    pub(crate) fn tell(&self, granted: Vec<Granted>) {
        if let Some(admin) = &self.settings.admin {
            self.lanes.tell(&admin.quota_group, granted);
        }
    }
}

fn address(base: &Uri, rest: &str) -> Result<Uri, Refusal> {
    let base = base.to_string();
    let text = format!("{}{rest}", base.trim_end_matches('/'));
    text.parse().map_err(|_| Refusal::InvalidField {
        field: "query".into(),
        why: "the query string is not a valid part of an address".into(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
