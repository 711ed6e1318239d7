//! The providers and their models; and the plan for a request: who serves it, and what is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceway_domain::{Dialect, Failure, Refusal, Tokens, UnixMillis};
use paceway_policy::access::Caller;
use paceway_policy::routing::{self, Candidate, Route};
use paceway_protocol::Envelope;
use paceway_scheduler::{Cost, PoolId, RouteId};
use paceway_upstream::{Call, Upstream};

use crate::ask::Ask;
use crate::calibration::{Calibration, Subject};
use crate::crossing::Crossing;
use crate::lane::Lane;
use crate::outgoing::{self, Circumstances, Outgoing};
use crate::provider::{Provider, ProviderSettings};
use crate::{Endpoint, Turnstile, affinity};

/// All providers.
pub struct Fleet {
    candidates: Vec<Candidate>,
    providers: Vec<Arc<Provider>>,
    /// Other names for models.
    aliases: BTreeMap<String, String>,
}

/// Who serves a request, and what is sent there.
pub(crate) struct Plan {
    pub(crate) provider: Arc<Provider>,
    pub(crate) lane: Arc<Lane>,
    /// The model's name at the provider.
    pub(crate) model: String,
    /// The dialect in which the provider is asked and answers.
    pub(crate) dialect: Dialect,
    pub(crate) cost: Cost,
    /// The place of the target that it prefers.
    pub(crate) preferred: u8,
    /// How the request crossed into the provider's dialect; `None` where both speak the same, so that bytes pass through.
    pub(crate) crossing: Option<Crossing>,
    call: Call,
}

impl Plan {
    /// What is sent.
    pub(crate) fn body(&self) -> &[u8] {
        &self.call.body
    }

    /// The call with a key of the pool whose turn it is.
    pub(crate) async fn call(
        &self,
        pool: PoolId,
        upstream: &Arc<dyn Upstream>,
        now: UnixMillis,
    ) -> Result<Call, Failure> {
        let mut call = self.call.clone();
        self.provider.credential(self.lane.key_for(pool)).authorize(&mut call, upstream, now).await?;
        Ok(call)
    }
}

impl Fleet {
    /// Sets up the providers. Their pools are added to the turnstile when the first request needs them.
    pub fn new(
        providers: Vec<ProviderSettings>,
        aliases: BTreeMap<String, String>,
        turnstile: &Arc<Turnstile>,
    ) -> Self {
        let candidates = providers.iter().map(|settings| settings.candidate.clone()).collect();
        let providers =
            providers.into_iter().map(|settings| Arc::new(Provider::new(settings, turnstile))).collect();
        Self { candidates, providers, aliases }
    }

    /// The providers as routing sees them.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Other names for models, and what they stand for.
    pub fn aliases(&self) -> &BTreeMap<String, String> {
        &self.aliases
    }

    /// Who serves the model of this name, which may be another name for it.
    ///
    /// # Errors
    /// [`Refusal::UnknownModel`].
    pub fn route(&self, name: &str) -> Result<Route, Refusal> {
        routing::route(&self.candidates, self.aliases.get(name).map_or(name, String::as_str))
    }

    /// Who serves the model of this name, and its name there.
    ///
    /// # Errors
    /// [`Refusal::UnknownModel`].
    pub(crate) fn serving(&self, name: &str) -> Result<(&Arc<Provider>, String), Refusal> {
        let route = self.route(name)?;
        Ok((&self.providers[route.candidate], route.model))
    }

    /// The provider of this name.
    pub(crate) fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|provider| provider.name() == name)
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
        self.providers.iter().filter(|provider| provider.settings().admin.is_some())
    }

    /// Decides who serves a request and writes the call.
    pub(crate) fn plan(
        &self,
        caller: &Caller,
        ask: &Ask,
        envelope: Option<&Envelope<'_>>,
        calibration: &Calibration,
        circumstances: Circumstances,
    ) -> Result<Plan, Refusal> {
        let route = self.route(&ask.summary.model)?;
        let provider = Arc::clone(&self.providers[route.candidate]);
        let lane = match ask.endpoint {
            // Counting has limits of its own at Anthropic, which are not configured.
            Endpoint::CountTokens => Arc::clone(provider.lanes.unlimited()),
            _ => provider.lane(&route.model),
        };
        let subject = Subject { provider: provider.name(), model: &route.model, caller: caller.number };
        let (input, likely) = calibration.expected(subject, ask.input);
        let max_output = ask.summary.max_output;
        let output = if ask.is_generation() { likely } else { Tokens::ZERO };
        let cost = Cost {
            input,
            output: max_output.map_or(output, |most| most.min(output)),
            max_output: max_output.unwrap_or_default(),
        };
        let Outgoing { call, dialect, crossing } =
            outgoing::write(&provider, ask, envelope, &route.model, circumstances)?;
        let preferred = match (lane.targets(), envelope) {
            (1, _) | (_, None) => 0,
            _ if !ask.is_generation() => 0,
            (targets, Some(envelope)) => affinity::preferred(envelope, targets),
        };
        Ok(Plan { provider, lane, model: route.model, dialect, cost, preferred, crossing, call })
    }
}
