//! Which providers are in use: those that have a key, by one of three ways to give it, or that need none and are enabled.

use std::sync::LazyLock;

use paceway_domain::Secret;

use super::{Auth, Config, ProviderConfig};

/// Stands for the key of a provider that asks for none.
static NO_KEY: LazyLock<Secret> = LazyLock::new(|| Secret::new("none"));

impl Config {
    /// The providers that have a key, with all of theirs.
    pub(crate) fn providers_in_use(
        &self,
    ) -> impl Iterator<Item = (&str, &ProviderConfig, Vec<NamedKey<'_>>)> {
        self.providers.iter().filter_map(|(name, provider)| {
            let keys = provider.named_keys();
            (!keys.is_empty()).then_some((name.as_str(), provider, keys))
        })
    }
}

/// A key that is there, with its name and its quota group.
pub(crate) struct NamedKey<'a> {
    pub(crate) name: &'a str,
    pub(crate) secret: &'a Secret,
    pub(crate) quota_group: &'a str,
}

impl ProviderConfig {
    fn named_keys(&self) -> Vec<NamedKey<'_>> {
        match (self.enabled, self.auth) {
            (Some(false), _) | (None, Some(Auth::None)) => return Vec::new(),
            (Some(true), Some(Auth::None)) => {
                return vec![NamedKey { name: "main", secret: &NO_KEY, quota_group: "main" }];
            }
            _ => {}
        }
        let main = self.api_key.as_ref().map(|secret| NamedKey { name: "main", secret, quota_group: "main" });
        let more = self.keys.iter().filter_map(|key| {
            let quota_group = key.quota_group.as_deref().unwrap_or(&key.name);
            Some(NamedKey { name: &key.name, secret: key.key.as_ref()?, quota_group })
        });
        main.into_iter().chain(more).filter(|key| !key.secret.is_empty()).collect()
    }
}
