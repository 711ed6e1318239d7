//! The compiled-in providers, checked row by row, and that `docs/providers.md` says what they say.
//!
//! Tests only. Whether a provider answers at its address is not for tests to find out.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use http::Uri;
use paceway_domain::CATALOGUE;
use paceway_policy::routing;

use super::{Auth, Config, Dialect, ProviderConfig, defaults};

const DOCUMENT: &str = include_str!("../../../../docs/providers.md");

/// A key for every provider that takes one, so that all of them are in use.
fn all_in_use() -> Config {
    let mut config = defaults();
    for provider in config.providers.values_mut() {
        provider.enabled = Some(true);
        provider.api_key = Some(paceway_domain::Secret::new("metadata"));
    }
    config
}

fn claims(provider: &ProviderConfig, model: &str) -> bool {
    provider.serves.iter().any(|pattern| routing::matches(pattern, model))
}

/// Who serves a model by its bare name.
fn claimants<'a>(config: &'a Config, model: &str) -> Vec<&'a str> {
    let all = config.providers.iter();
    all.filter(|(_, provider)| claims(provider, model)).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn there_are_at_least_thirty_and_all_can_be_used() {
    let config = all_in_use();
    let used = crate::providers::in_use(&config).unwrap();
    assert!(used.len() >= 30, "{}", used.len());
    assert_eq!(used.len(), config.providers.len());
}

#[test]
fn each_is_called_over_tls_or_on_this_machine() {
    let config = defaults();
    let addresses = config.providers.values().flat_map(|provider| {
        let own = Some(&provider.base_url).filter(|url| !url.is_empty());
        own.into_iter().chain(provider.also.values()).map(move |url| (provider.auth, url))
    });
    for (auth, url) in addresses {
        let uri: Uri = url.parse().unwrap();
        let is_fine = match auth {
            Some(Auth::None) => uri.scheme_str() == Some("http") && uri.host() == Some("127.0.0.1"),
            _ => uri.scheme_str() == Some("https"),
        };
        assert!(is_fine && !url.ends_with('/'), "{url}");
    }
}

#[test]
fn each_has_a_variable_for_its_key_that_is_set_for_nothing_else() {
    const SET_FOR_OTHER_THINGS: [&str; 8] = [
        "GITHUB_TOKEN",
        "HF_TOKEN",
        "WANDB_API_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "DATABRICKS_TOKEN",
        "CLOUDFLARE_API_TOKEN",
        "DIGITALOCEAN_ACCESS_TOKEN",
        "SCW_SECRET_KEY",
    ];
    for (name, provider) in &defaults().providers {
        let Some(variable) = provider.api_key_env.as_deref() else {
            assert_eq!(provider.auth, Some(Auth::None), "{name}");
            continue;
        };
        let is_in_capitals = variable
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
        assert!(is_in_capitals, "{name}: {variable}");
        assert!(!SET_FOR_OTHER_THINGS.contains(&variable), "{name}: {variable}");
    }
}

#[test]
fn no_two_claim_one_known_model() {
    let config = defaults();
    let cards = config.providers.keys().flat_map(|name| CATALOGUE.of_provider(name));
    let models: Vec<_> = cards.map(|card| card.model.as_str()).collect();
    assert!(models.len() > 200, "{}", models.len());
    for model in models {
        let claimants = claimants(&config, model);
        assert!(claimants.len() <= 1, "{model}: {claimants:?}");
    }
}

#[test]
fn no_two_claim_one_name_of_embeddings_or_rerankers() {
    let config = defaults();
    let names = [
        ("rerank-v4.0-pro", "cohere"),
        ("rerank-english-v3.0", "cohere"),
        ("rerank-3-lite", "voyage"),
        ("embed-v4.0", "cohere"),
        ("text-embedding-3-small", "openai"),
        ("mistral-embed", "mistral"),
        ("jina-reranker-v3.5", "jina"),
    ];
    for (model, provider) in names {
        assert_eq!(claimants(&config, model), [provider], "{model}");
    }
}

#[test]
fn the_names_that_hosts_give_to_other_peoples_models_are_claimed_by_nobody() {
    let config = defaults();
    let names = [
        "deepseek-ai/DeepSeek-V4-Pro",
        "qwen/qwen3-32b",
        "moonshotai/kimi-k3",
        "openai/gpt-oss-120b",
        "zai-org/GLM-5.3",
    ];
    for model in names {
        assert!(claimants(&config, model).is_empty(), "{model}");
    }
}

#[test]
fn what_is_to_be_filled_in_is_told_before_the_first_request() {
    let problems = super::check::problems(&all_in_use());
    let told: Vec<_> =
        problems.iter().filter_map(|problem| problem.split_once(": write")).map(|(key, _)| key).collect();
    let expected = [
        "providers.azure.base_url",
        "providers.azure-anthropic.base_url",
        "providers.cloudflare.base_url",
        "providers.databricks.base_url",
        "providers.snowflake.base_url",
        "providers.vertex.project",
        "providers.vertex-anthropic.project",
    ];
    assert_eq!(told, expected);
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    let capitals = |url: &str| {
        url.split(['/', '.']).any(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase()))
    };
    let unfilled = defaults().providers.values().filter(|provider| capitals(&provider.base_url)).count();
    assert_eq!(unfilled, 5);
}

#[test]
fn the_document_lists_what_is_compiled_in() {
    let table = table(&defaults());
    assert!(DOCUMENT.contains(&table), "put this in place of the table in docs/providers.md:\n\n{table}");
}

fn table(config: &Config) -> String {
    let mut table = String::from("| Provider | Dialects | Key | Models by name |\n|---|---|---|---|\n");
    for (name, provider) in &config.providers {
        let dialects = std::iter::once(&provider.dialect).chain(provider.also.keys());
        let dialects: Vec<_> = dialects.map(|dialect| dialect_name(*dialect)).collect();
        let key =
            provider.api_key_env.as_ref().map_or("none: `enabled = true`".into(), |key| format!("`{key}`"));
        let models: Vec<_> = provider.serves.iter().map(|pattern| format!("`{pattern}`")).collect();
        let models = if models.is_empty() { "—".to_owned() } else { models.join(", ") };
        writeln!(table, "| `{name}` | {} | {key} | {models} |", dialects.join(", ")).unwrap();
    }
    table
}

fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "Messages",
        Dialect::OpenAi => "Chat Completions",
        Dialect::Responses => "Responses",
        Dialect::Gemini => "Gemini",
        Dialect::Converse => "Converse",
        Dialect::Cohere => "Cohere",
    }
}

#[test]
fn the_models_behind_cheap_and_best_are_in_the_catalogue_and_served() {
    let config = all_in_use();
    for (name, provider) in &config.providers {
        for model in [&provider.cheap, &provider.best].into_iter().flatten() {
            let is_served =
                provider.serves.iter().any(|pattern| paceway_policy::routing::matches(pattern, model));
            assert!(is_served && paceway_domain::CATALOGUE.find(name, model).is_some(), "{name}/{model}");
        }
    }
}
