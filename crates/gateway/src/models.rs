//! The list of models, in the caller's dialect.

use paceway_domain::{Dialect, Refusal};
use paceway_policy::routing;

use crate::Fleet;

/// A model as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// Its id, as it can be asked for.
    pub id: String,
    /// Who serves it.
    pub provider: String,
}

/// Every alias, and every model of the catalogue that a configured provider serves.
pub fn list(fleet: &Fleet) -> Vec<ListedModel> {
    let of_provider = |candidate: &'_ routing::Candidate| -> Vec<ListedModel> {
        let listed = |id: &str| ListedModel { id: id.to_owned(), provider: candidate.name.clone() };
        candidate.models().map(listed).collect()
    };
    let alias = |name: &String| {
        let (provider, _) = fleet.serving(name).ok()?;
        Some(ListedModel { id: name.clone(), provider: provider.name().to_owned() })
    };
    let aliases = fleet.aliases().keys().filter_map(alias);
    aliases.chain(fleet.candidates().iter().flat_map(of_provider)).collect()
}

/// One model by its id, also one that the catalogue does not know if a provider would serve it.
///
/// # Errors
/// [`Refusal::UnknownModel`].
pub fn find(fleet: &Fleet, id: &str) -> Result<ListedModel, Refusal> {
    let (provider, _) = fleet.serving(id)?;
    Ok(ListedModel { id: id.to_owned(), provider: provider.name().to_owned() })
}

/// The dialect whose shape a caller's headers show that it expects.
pub fn dialect_of(headers: &http::HeaderMap) -> Dialect {
    if headers.contains_key("anthropic-version") || headers.contains_key("x-api-key") {
        Dialect::Anthropic
    } else if headers.contains_key("x-goog-api-key") {
        Dialect::Gemini
    } else {
        Dialect::OpenAi
    }
}
