//! The list of models, in the caller's dialect.

use paceway_domain::{Dialect, Refusal};
use paceway_policy::access::Caller;
use paceway_policy::routing;

use crate::Fleet;
use crate::callers::allow_models;

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

/// Those of them that this caller may name.
pub fn list_for(fleet: &Fleet, caller: &Caller) -> Vec<ListedModel> {
    let mut listed = list(fleet);
    listed.retain(|model| allow_models(fleet, caller, [&model.id]).is_ok());
    listed
}

/// One model by its id, also one that the catalogue does not know if a provider would serve it.
///
/// # Errors
/// [`Refusal::UnknownModel`], or [`Refusal::ModelNotAllowed`] for one that this caller may not name.
pub fn find(fleet: &Fleet, caller: &Caller, id: String) -> Result<ListedModel, Refusal> {
    allow_models(fleet, caller, [&id])?;
    let (provider, _) = fleet.serving(&id)?;
    Ok(ListedModel { provider: provider.name().to_owned(), id })
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
