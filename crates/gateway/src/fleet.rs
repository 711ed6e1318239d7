//! The providers and their models: which of them serve a name, and by which rules they take each other's place.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceway_domain::Refusal;
use paceway_policy::fallback::FallbackRules;
use paceway_policy::routing::rules::Rule;
use paceway_policy::routing::strategy::Strategy;
use paceway_policy::routing::{self, Candidate};
use paceway_scheduler::{PoolId, RouteId};

use crate::Turnstile;
use crate::deployment::Deployment;
use crate::lane::Lane;
use crate::provider::{Provider, ProviderSettings};

/// The targets of one name at most; more are left out.
pub const MOST_TARGETS: usize = 16;

/// A name that stands for others.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasSettings {
    /// What it stands for, in the order in which they are preferred; at least one, none of them an alias.
    pub targets: Vec<TargetSettings>,
    /// How one of them is chosen.
    pub rules: ChainRules,
}

/// A model that an alias names.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetSettings {
    /// Its name.
    pub model: String,
    /// Its share of the traffic, relative to the others'; 0: only as a fallback.
    pub weight: u32,
    /// For which requests it may serve; `None`: for all.
    pub when: Option<Rule>,
}

/// How one of several targets is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainRules {
    /// When they take each other's place.
    pub fallback: FallbackRules,
    /// By what they are ordered; empty: as configured.
    pub strategies: Vec<Strategy>,
    /// What stays at one target.
    pub sticky: Sticky,
    /// Patterns of the regions in which a request may be served; empty: all.
    pub regions: Vec<String>,
    /// Whether a stream that breaks in the middle is continued by another target, where the caller does not say.
    pub continues: bool,
    /// Whether another target is asked too when the first one's answer is later than is usual there.
    pub hedges: bool,
    /// When the targets after the first, which is the cheap one, are preferred.
    pub escalation: Option<Escalation>,
}

/// When a request goes to a stronger model than the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Escalation {
    /// What is judged.
    pub by: EscalationBy,
    /// From this score on, 0 to 1.
    pub threshold: f64,
}

/// What is judged to decide whether a stronger model is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscalationBy {
    /// How hard the prompt looks.
    Prompt,
    /// How wrong the first model's answer looks (a cascade); of answers that are not streamed.
    Answer,
}

/// What stays at one target, while its cache is worth more than moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sticky {
    /// Nothing.
    Off,
    /// Requests of one session, as their client names it.
    Session,
    /// Requests with the same cacheable beginning.
    Prefix,
}

impl ChainRules {
    /// In the configured order, each of them.
    pub fn plain(fallback: FallbackRules) -> Self {
        Self {
            fallback,
            strategies: Vec::new(),
            sticky: Sticky::Off,
            regions: Vec::new(),
            continues: false,
            hedges: false,
            escalation: None,
        }
    }

    /// Whether a single target needs no look at the request.
    pub(crate) fn asks_nothing(&self) -> bool {
        self.regions.is_empty()
    }
}

/// All providers.
pub struct Fleet {
    candidates: Vec<Candidate>,
    providers: Vec<Arc<Provider>>,
    aliases: BTreeMap<String, AliasSettings>,
    /// For names that are no aliases.
    usual: ChainRules,
}

/// Who may serve a name, in the order in which they are preferred, never nobody.
pub(crate) struct Chain<'f> {
    pub(crate) stops: Vec<Stop<'f>>,
    pub(crate) rules: &'f ChainRules,
}

/// A model at a provider that may serve a name.
pub(crate) struct Stop<'f> {
    pub(crate) provider: &'f Arc<Provider>,
    pub(crate) model: String,
    pub(crate) weight: u32,
    pub(crate) when: Option<&'f Rule>,
}

impl Fleet {
    /// Sets up the providers. Their pools are added to the turnstile when the first request needs them.
    pub fn new(
        providers: Vec<ProviderSettings>,
        aliases: BTreeMap<String, AliasSettings>,
        usual: ChainRules,
        turnstile: &Arc<Turnstile>,
    ) -> Self {
        let nobody = Self {
            candidates: Vec::new(),
            providers: Vec::new(),
            aliases: BTreeMap::new(),
            usual: usual.clone(),
        };
        nobody.succeeded_by(providers, aliases, usual, turnstile)
    }

    /// The fleet that takes this one's place. What was learned of providers that stay goes with them; requests that have begun are
    /// not disturbed.
    #[must_use]
    pub fn succeeded_by(
        &self,
        providers: Vec<ProviderSettings>,
        aliases: BTreeMap<String, AliasSettings>,
        usual: ChainRules,
        turnstile: &Arc<Turnstile>,
    ) -> Self {
        let candidates = providers.iter().map(|settings| settings.candidate.clone()).collect();
        let successor = |settings: ProviderSettings| match self.provider(&settings.candidate.name) {
            Some(before) => before.succeeded_by(settings, turnstile),
            None => Arc::new(Provider::new(settings, turnstile)),
        };
        let providers = providers.into_iter().map(successor).collect();
        Self { candidates, providers, aliases, usual }
    }

    /// The providers as routing sees them.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Names that stand for others, and for which.
    pub fn aliases(&self) -> &BTreeMap<String, AliasSettings> {
        &self.aliases
    }

    /// Who may serve a name, or else one of the others that the caller names.
    ///
    /// # Errors
    /// [`Refusal::UnknownModel`] if nobody does.
    pub(crate) fn chain<'f>(&'f self, name: &str, others: &[String]) -> Result<Chain<'f>, Refusal> {
        let rules = self.aliases.get(name).map_or(&self.usual, |alias| &alias.rules);
        let mut stops: Vec<Stop<'_>> = Vec::new();
        let mut unknown = None;
        for name in std::iter::once(name).chain(others.iter().map(String::as_str)) {
            match self.stops_of(name) {
                Ok(found) => {
                    let is_new = |stop: &Stop<'_>| {
                        let is_same = |known: &Stop<'_>| {
                            Arc::ptr_eq(known.provider, stop.provider) && known.model == stop.model
                        };
                        !stops.iter().any(is_same)
                    };
                    let found: Vec<_> = found.into_iter().filter(is_new).collect();
                    stops.extend(found);
                }
                Err(refusal) => unknown = unknown.or(Some(refusal)),
            }
        }
        stops.truncate(MOST_TARGETS);
        match unknown {
            Some(refusal) if stops.is_empty() => Err(refusal),
            _ => Ok(Chain { stops, rules }),
        }
    }

    /// What a provider calls the model that is named with it: `claude-…` of `anthropic/claude-…`. `None` for other names.
    pub(crate) fn without_provider<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (provider, model) = name.split_once('/')?;
        let is_model = !self.aliases.contains_key(name) && self.provider(provider).is_some();
        is_model.then_some(model)
    }

    /// The targets of an alias, or the providers of a model.
    fn stops_of(&self, name: &str) -> Result<Vec<Stop<'_>>, Refusal> {
        let Some(alias) = self.aliases.get(name) else { return self.stops(name, 1, None) };
        let mut stops = Vec::new();
        let mut unknown = None;
        for target in &alias.targets {
            match self.stops(&target.model, target.weight, target.when.as_ref()) {
                Ok(found) => stops.extend(found),
                Err(refusal) => unknown = unknown.or(Some(refusal)),
            }
        }
        match unknown {
            Some(refusal) if stops.is_empty() => Err(refusal),
            _ => Ok(stops),
        }
    }

    fn stops<'f>(
        &'f self,
        model: &str,
        weight: u32,
        when: Option<&'f Rule>,
    ) -> Result<Vec<Stop<'f>>, Refusal> {
        let routes = routing::routes(&self.candidates, model)?;
        let stop = |route: routing::Route| Stop {
            provider: &self.providers[route.candidate],
            model: route.model,
            weight,
            when,
        };
        Ok(routes.into_iter().take(MOST_TARGETS).map(stop).collect())
    }

    /// Who serves a name first of all, and its name there.
    ///
    /// # Errors
    /// [`Refusal::UnknownModel`].
    pub(crate) fn serving(&self, name: &str) -> Result<(&Arc<Provider>, String), Refusal> {
        let first = self.chain(name, &[])?.stops.into_iter().next().expect("a chain is never empty");
        Ok((first.provider, first.model))
    }

    /// All providers.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.iter()
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

    /// The deployments that requests have needed so far, as `(provider, model, deployment)`.
    pub(crate) fn deployments(&self) -> Vec<(String, String, Arc<Deployment>)> {
        let of_provider = |provider: &Arc<Provider>| {
            let name = provider.name().to_owned();
            let all = provider.deployments.all().into_iter();
            all.map(move |(model, deployment)| (name.clone(), model, deployment))
        };
        self.providers.iter().flat_map(of_provider).collect()
    }

    /// The providers that say what our limits are when they are asked.
    pub(crate) fn administered(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.iter().filter(|provider| provider.settings().admin.is_some())
    }
}
