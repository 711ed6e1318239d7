//! What a virtual key may do: models, endpoints, priority, limits of its own.
//!
//! Limits are only noted here; the scheduler keeps them.

use paceway_domain::{Endpoint, Priority, Refusal};
use serde::{Deserialize, Serialize};

use crate::routing::matches;

/// What a key may do. The default is everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// Patterns of the models and aliases that it may name, where `*` stands for any text; empty: all.
    pub models: Vec<String>,
    /// What it may have done; empty: everything.
    pub endpoints: Vec<Endpoint>,
    /// The priority of its requests, which may say a lower one; `None`: what the rules for callers say.
    pub priority: Option<Priority>,
    /// Limits of its own.
    pub limits: OwnLimits,
}

/// Limits of a key's own, on top of those of the rules for callers. What is not limited is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnLimits {
    /// Requests in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Input tokens in a minute; what is read from a provider's cache does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_per_minute: Option<u64>,
    /// Output tokens in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_per_minute: Option<u64>,
    /// Input and output tokens in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Requests in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_day: Option<u64>,
    /// Input and output tokens in a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// Requests at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Seconds of a minute's limit that may be used at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst_s: Option<u64>,
}

impl OwnLimits {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        Self { burst_s: None, ..*self } == Self::default()
    }
}

impl Grant {
    /// The most patterns, and the longest one in bytes.
    pub const MOST_MODELS: usize = 64;
    /// The longest pattern, in bytes.
    pub const LONGEST_MODEL: usize = 128;

    /// Whether the key may have this done.
    ///
    /// # Errors
    /// [`Refusal::EndpointNotAllowed`] with those that are.
    pub fn allow_endpoint(&self, endpoint: Endpoint) -> Result<(), Refusal> {
        if self.endpoints.is_empty() || self.endpoints.contains(&endpoint) {
            return Ok(());
        }
        let allowed = self.endpoints.iter().map(|endpoint| endpoint.name().to_owned()).collect();
        Err(Refusal::EndpointNotAllowed { endpoint: endpoint.name(), allowed })
    }

    /// Whether the key may name this model: as it is asked for, or by the name that its provider has for it, where the request
    /// names the provider too (`bare`).
    pub fn has_model(&self, asked: &str, bare: Option<&str>) -> bool {
        let fits = |name: &str| self.models.iter().any(|pattern| matches(pattern, name));
        self.models.is_empty() || fits(asked) || bare.is_some_and(fits)
    }

    /// Likewise.
    ///
    /// # Errors
    /// [`Refusal::ModelNotAllowed`] with the patterns of those that are.
    pub fn allow_model(&self, asked: &str, bare: Option<&str>) -> Result<(), Refusal> {
        if self.has_model(asked, bare) {
            return Ok(());
        }
        Err(Refusal::ModelNotAllowed { model: asked.to_owned(), allowed: self.models.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_says_nothing_allows_everything() {
        let grant = Grant::default();
        assert!(Endpoint::ALL.into_iter().all(|endpoint| grant.allow_endpoint(endpoint).is_ok()));
        assert_eq!(grant.allow_model("anything", None), Ok(()));
    }

    #[test]
    fn a_model_is_allowed_by_the_name_it_is_asked_by_or_its_provider_has_for_it() {
        let grant = Grant { models: vec!["claude-*".into(), "fast".into()], ..Grant::default() };
        assert!(grant.has_model("claude-haiku-5-5", None));
        assert!(grant.has_model("fast", None));
        assert!(grant.has_model("anthropic/claude-haiku-5-5", Some("claude-haiku-5-5")));
        assert!(!grant.has_model("anthropic/claude-haiku-5-5", None));
        assert!(!grant.has_model("faster", None));
        let told = Refusal::ModelNotAllowed { model: "gpt-5".into(), allowed: grant.models.clone() };
        assert_eq!(grant.allow_model("gpt-5", None), Err(told));
    }

    #[test]
    fn an_endpoint_that_is_not_granted_is_refused_with_those_that_are() {
        let grant = Grant { endpoints: vec![Endpoint::Embeddings], ..Grant::default() };
        assert_eq!(grant.allow_endpoint(Endpoint::Embeddings), Ok(()));
        let told = Refusal::EndpointNotAllowed { endpoint: "generate", allowed: vec!["embeddings".into()] };
        assert_eq!(grant.allow_endpoint(Endpoint::Generate), Err(told));
    }

    #[test]
    fn a_burst_alone_limits_nothing() {
        assert!(OwnLimits { burst_s: Some(1), ..OwnLimits::default() }.is_none());
        assert!(!OwnLimits { concurrency: Some(1), ..OwnLimits::default() }.is_none());
    }
}
