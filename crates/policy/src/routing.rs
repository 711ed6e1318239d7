//! Which providers serve a model's name.
//!
//! In which order they are asked is not said here.

pub mod capability;
pub mod cost;
pub mod facts;
pub mod latency;
pub mod rank;
pub mod region;
pub mod rules;
pub mod sticky;
pub mod strategy;
pub mod why;

use paceway_domain::{CATALOGUE, Refusal};

/// How many names an unknown model's error suggests.
const SUGGESTIONS: usize = 3;

/// A provider as routing sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// The catalogue's name for its models and prices.
    pub catalogue: String,
    /// Patterns of the model names it serves; `*` stands for any text.
    pub serves: Vec<String>,
}

impl Candidate {
    fn serves(&self, model: &str) -> bool {
        self.serves.iter().any(|pattern| matches(pattern, model))
    }

    /// The catalogue's models that it serves.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        CATALOGUE
            .of_provider(&self.catalogue)
            .map(|card| card.model.as_str())
            .filter(|model| self.serves(model))
    }
}

/// A model at one of the candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The candidate's place in the list.
    pub candidate: usize,
    /// The model's name there.
    pub model: String,
}

/// Finds who serves `model`, never nobody: `provider/model` names one, otherwise all whose patterns match, in their order.
///
/// # Errors
/// [`Refusal::UnknownModel`] with the nearest names that are served.
pub fn routes(candidates: &[Candidate], model: &str) -> Result<Vec<Route>, Refusal> {
    if let Some((provider, rest)) = model.split_once('/')
        && let Some(candidate) = candidates.iter().position(|candidate| candidate.name == provider)
    {
        return Ok(vec![Route { candidate, model: rest.to_owned() }]);
    }
    let serving = (0..candidates.len()).filter(|&candidate| candidates[candidate].serves(model));
    let routes: Vec<Route> = serving.map(|candidate| Route { candidate, model: model.to_owned() }).collect();
    if routes.is_empty() {
        return Err(Refusal::UnknownModel { model: model.to_owned(), nearest: nearest(candidates, model) });
    }
    Ok(routes)
}

/// The served names most like `model`, best first.
fn nearest(candidates: &[Candidate], model: &str) -> Vec<String> {
    let asked = model.to_lowercase();
    let mut names: Vec<_> = candidates
        .iter()
        .flat_map(Candidate::models)
        .map(|name| (strsim::jaro_winkler(&asked, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .collect();
    names.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    names.into_iter().take(SUGGESTIONS).map(|(_, name)| name.to_owned()).collect()
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any text, also none. Each part between two stars is looked for once,
/// as early as it can be: what comes after has then most room, so that nothing is ever tried again.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let (parts, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in parts.split('*') {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(tail)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidates() -> Vec<Candidate> {
        let candidate = |name: &str, serves: &[&str]| Candidate {
            name: name.into(),
            catalogue: name.into(),
            serves: serves.iter().map(|&pattern| pattern.into()).collect(),
        };
        vec![candidate("anthropic", &["claude-*"]), candidate("openai", &["gpt-*", "o*"])]
    }

    fn found(candidates: &[Candidate], model: &str) -> Vec<(usize, String)> {
        routes(candidates, model).unwrap().into_iter().map(|route| (route.candidate, route.model)).collect()
    }

    #[test]
    fn a_name_goes_to_the_providers_whose_patterns_it_matches_in_their_order() {
        let mut candidates = candidates();
        assert_eq!(found(&candidates, "gpt-5.5"), [(1, "gpt-5.5".to_owned())]);
        candidates.insert(0, Candidate { name: "azure".into(), ..candidates[1].clone() });
        assert_eq!(found(&candidates, "gpt-5.5"), [(0, "gpt-5.5".to_owned()), (2, "gpt-5.5".to_owned())]);
    }

    #[test]
    fn a_provider_can_be_named_and_is_not_part_of_the_models_name() {
        assert_eq!(found(&candidates(), "openai/ft:gpt-4o:acme"), [(1, "ft:gpt-4o:acme".to_owned())]);
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest_ones() {
        let refusal = routes(&candidates(), "cluade-sonnet-5-5").unwrap_err();
        let Refusal::UnknownModel { nearest, .. } = refusal else { panic!("{refusal}") };
        assert!(nearest.contains(&"claude-sonnet-5-5".to_owned()), "{nearest:?}");
    }

    #[test]
    fn patterns_match_as_written() {
        assert!(matches("claude-*", "claude-opus-5-5"));
        assert!(matches("*-mini", "gpt-5-mini"));
        assert!(matches("a*b*c", "a-é-b-c"));
        assert!(!matches("claude-*", "gpt-claude-"));
        assert!(!matches("gpt", "gpt-4"));
        assert!(matches("*", "") && matches("", "") && matches("a*", "a"));
        assert!(!matches("a*a", "a") && !matches("*ab*ab", "xab") && matches("*ab*ab", "abxab"));
    }

    /// As the definition of a star says it.
    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|at| by_definition(rest, &text[at..])),
            [first, rest @ ..] => text.first() == Some(first) && by_definition(rest, &text[1..]),
        }
    }

    #[test]
    fn thirty_stars_are_looked_at_once() {
        let pattern = format!("{}b", "*a".repeat(30));
        // Trying every place for every star would take longer than the universe has been there.
        assert!(!matches(&pattern, &"a".repeat(10_000)));
        assert!(matches(&pattern, &format!("{}b", "a".repeat(10_000))));
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_its_stars_can_stand_for(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(matches(&pattern, &text), by_definition(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
