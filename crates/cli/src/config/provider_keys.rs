//! Which providers are in use: those that have a key, by one of three ways to give it.

use paceway_domain::Secret;

use super::{Config, ProviderConfig};

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
        let main = self.api_key.as_ref().map(|secret| NamedKey { name: "main", secret, quota_group: "main" });
        let more = self.keys.iter().filter_map(|key| {
            let quota_group = key.quota_group.as_deref().unwrap_or(&key.name);
            Some(NamedKey { name: &key.name, secret: key.key.as_ref()?, quota_group })
        });
        main.into_iter().chain(more).filter(|key| !key.secret.is_empty()).collect()
    }
}
