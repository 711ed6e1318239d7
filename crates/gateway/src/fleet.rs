//! The providers and their models: which of them serve a name, and by which rules they take each other's place.

use std::collections::BTreeMap;
use std::sync::Arc;

use paceway_domain::Refusal;
use paceway_policy::fallback::FallbackRules;
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
    /// Names of models, in the order in which they are preferred; at least one, none of them an alias.
    pub targets: Vec<String>,
    /// When they take each other's place.
    pub fallback: FallbackRules,
}

/// All providers.
pub struct Fleet {
    candidates: Vec<Candidate>,
    providers: Vec<Arc<Provider>>,
    aliases: BTreeMap<String, AliasSettings>,
    /// For names that are no aliases.
    usual: FallbackRules,
}

/// Who may serve a name, in the order in which they are preferred, never nobody.
pub(crate) struct Chain<'f> {
    pub(crate) stops: Vec<(&'f Arc<Provider>, String)>,
    pub(crate) rules: FallbackRules,
}

impl Fleet {
    /// Sets up the providers. Their pools are added to the turnstile when the first request needs them.
    pub fn new(
        providers: Vec<ProviderSettings>,
        aliases: BTreeMap<String, AliasSettings>,
        usual: FallbackRules,
        turnstile: &Arc<Turnstile>,
    ) -> Self {
        let candidates = providers.iter().map(|settings| settings.candidate.clone()).collect();
        let providers =
            providers.into_iter().map(|settings| Arc::new(Provider::new(settings, turnstile))).collect();
        Self { candidates, providers, aliases, usual }
    }

    /// The fleet that takes this one's place. What was learned of providers that stay goes with them; requests that have begun are
    /// not disturbed.
    #[must_use]
    pub fn succeeded_by(
        &self,
        providers: Vec<ProviderSettings>,
        aliases: BTreeMap<String, AliasSettings>,
        usual: FallbackRules,
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

    /// Who may serve a name.
    ///
    /// # Errors
    /// [`Refusal::UnknownModel`] if nobody does.
    pub(crate) fn chain(&self, name: &str) -> Result<Chain<'_>, Refusal> {
        let Some(alias) = self.aliases.get(name) else {
            return Ok(Chain { stops: self.stops(name)?, rules: self.usual });
        };
        let found: Vec<_> = alias.targets.iter().map(|target| self.stops(target)).collect();
        let mut stops = Vec::new();
        let mut unknown = None;
        for found in found {
            match found {
                Ok(found) => stops.extend(found),
                Err(refusal) => unknown = unknown.or(Some(refusal)),
            }
        }
        stops.truncate(MOST_TARGETS);
        match unknown {
            Some(refusal) if stops.is_empty() => Err(refusal),
            _ => Ok(Chain { stops, rules: alias.fallback }),
        }
    }

    fn stops(&self, model: &str) -> Result<Vec<(&Arc<Provider>, String)>, Refusal> {
        let routes = routing::routes(&self.candidates, model)?;
        let stop = |route: routing::Route| (&self.providers[route.candidate], route.model);
        Ok(routes.into_iter().take(MOST_TARGETS).map(stop).collect())
    }

    /// Who serves a name first of all, and its name there.
    ///
    /// # Errors
    /// [`Refusal::UnknownModel`].
    pub(crate) fn serving(&self, name: &str) -> Result<(&Arc<Provider>, String), Refusal> {
        let first = self.chain(name)?.stops.into_iter().next();
        Ok(first.expect("a chain is never empty"))
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
