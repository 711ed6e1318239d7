//! Wiring: what is configured of providers becomes what the gateway needs of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use http::{HeaderName, Uri};
use paceway_domain::{Dialect, Secret};
use paceway_gateway::Shape;
use paceway_gateway::credential::Credential;
use paceway_gateway::insights::KnownProvider;
use paceway_gateway::lane::KeySettings;
use paceway_gateway::platform::Platform;
use paceway_gateway::provider::{ProviderSettings, Way};
use paceway_policy::routing::Candidate;
use paceway_sandbox::Sandbox;
use paceway_scheduler::Charging;
use paceway_upstream::{AwsKeys, AwsScope, AwsSigner, GoogleCredentials, GoogleTokens};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::{self, Auth, Config, NamedKey, ProviderConfig};
use crate::limits;

/// What configuration says of providers, in use or not, that matters to what was spent there.
pub(crate) fn known(config: &Config) -> BTreeMap<String, KnownProvider> {
    let known = config.providers.iter().map(|(name, provider)| {
        let catalogue = provider.catalogue.clone().unwrap_or_else(|| name.clone());
        (name.clone(), KnownProvider { catalogue, small: provider.cheap.clone() })
    });
    known.collect()
}

/// The configured providers that have a key.
pub(crate) fn in_use(config: &Config) -> Result<Vec<ProviderSettings>> {
    config
        .providers_in_use()
        .map(|(name, provider, keys)| {
            settings(name, provider, &keys).with_context(|| format!("providers.{name}"))
        })
        .collect()
}

fn settings(name: &str, provider: &ProviderConfig, keys: &[NamedKey<'_>]) -> Result<ProviderSettings> {
    let dialect = dialect(provider.dialect);
    let auth = provider.auth.unwrap_or_else(|| usual_auth(provider));
    let key = |key: &NamedKey<'_>| {
        Ok(KeySettings {
            name: key.name.to_owned(),
            credential: credential(auth, key.secret, provider)?,
            quota_group: key.quota_group.to_owned(),
        })
    };
    let admin = provider.admin_key.as_ref().filter(|secret| !secret.is_empty()).map(|secret| KeySettings {
        name: "admin".into(),
        credential: header("x-api-key", secret),
        quota_group: "main".into(),
    });
    let charging = provider.charging.map_or_else(|| usual_charging(provider), limits::charging);
    Ok(ProviderSettings {
        candidate: Candidate {
            name: name.to_owned(),
            catalogue: provider.catalogue.clone().unwrap_or_else(|| name.to_owned()),
            serves: provider.serves.clone(),
        },
        ways: ways(dialect, provider)?,
        platform: platform(provider)?,
        keys: keys.iter().map(key).collect::<Result<_>>()?,
        charging,
        only_max_tokens: provider.only_max_tokens,
        rerank: provider.rerank.map(rerank_shape),
        region: provider.region.clone().or_else(|| provider.location.clone()),
        is_simulated: false,
        tier: provider.tier.clone(),
        admin,
        pools: provider.limits.iter().map(|limit| limits::pool_settings(limit, charging)).collect(),
    })
}

fn dialect(dialect: config::Dialect) -> Dialect {
    match dialect {
        config::Dialect::Anthropic => Dialect::Anthropic,
        config::Dialect::OpenAi => Dialect::OpenAi,
        config::Dialect::Responses => Dialect::Responses,
        config::Dialect::Gemini => Dialect::Gemini,
        config::Dialect::Converse => Dialect::Converse,
        config::Dialect::Cohere => Dialect::Cohere,
    }
}

fn rerank_shape(shape: config::RerankShape) -> Shape {
    match shape {
        config::RerankShape::Cohere => Shape::Cohere,
        config::RerankShape::Jina => Shape::Jina,
        config::RerankShape::Voyage => Shape::Voyage,
    }
}

/// The dialects that a provider speaks, its own first.
fn ways(own: Dialect, provider: &ProviderConfig) -> Result<Vec<Way>> {
    let first = (own, base_url(provider)?);
    let also = provider.also.iter().map(|(other, url)| (dialect(*other), url.clone()));
    let way = |(dialect, url): (Dialect, String)| {
        let base_url: Uri = url.parse().with_context(|| format!("`{url}` is not an address"))?;
        Ok(Way { dialect, base_url })
    };
    std::iter::once(first).chain(also).map(way).collect()
}

/// The address as configured, or as it follows from a cloud's region.
fn base_url(provider: &ProviderConfig) -> Result<String> {
    if !provider.base_url.is_empty() {
        return Ok(provider.base_url.clone());
    }
    match (provider.platform, &provider.region, provider.location.as_deref()) {
        (config::Platform::Bedrock, Some(region), _) => {
            Ok(format!("https://bedrock-runtime.{region}.amazonaws.com"))
        }
        (config::Platform::Vertex, _, Some("global")) => Ok("https://aiplatform.googleapis.com".into()),
        (config::Platform::Vertex, _, Some(location)) => {
            Ok(format!("https://{location}-aiplatform.googleapis.com"))
        }
        _ => bail!("`base_url` is missing"),
    }
}

fn platform(provider: &ProviderConfig) -> Result<Platform> {
    let need =
        |value: &Option<String>, name: &str| value.clone().with_context(|| format!("`{name}` is missing"));
    Ok(match provider.platform {
        config::Platform::Direct => Platform::Direct,
        config::Platform::Azure => Platform::Azure { api_version: provider.api_version.clone() },
        config::Platform::Bedrock => Platform::Bedrock,
        config::Platform::Vertex => Platform::Vertex {
            project: need(&provider.project, "project")?,
            location: need(&provider.location, "location")?,
        },
    })
}

/// How the dialect's own provider, or the platform, wants to be shown a key.
fn usual_auth(provider: &ProviderConfig) -> Auth {
    match (provider.platform, provider.dialect) {
        (config::Platform::Azure, _) => Auth::ApiKey,
        (config::Platform::Vertex, _) => Auth::Google,
        (config::Platform::Direct, config::Dialect::Anthropic) => Auth::XApiKey,
        (config::Platform::Direct, config::Dialect::Gemini) => Auth::XGoogApiKey,
        _ => Auth::Bearer,
    }
}

fn credential(auth: Auth, secret: &Secret, provider: &ProviderConfig) -> Result<Credential> {
    Ok(match auth {
        Auth::None => Credential::None,
        Auth::Bearer => Credential::Bearer(secret.clone()),
        Auth::XApiKey => header("x-api-key", secret),
        Auth::ApiKey => header("api-key", secret),
        Auth::XGoogApiKey => header("x-goog-api-key", secret),
        Auth::Aws => Credential::Aws(Arc::new(aws_signer(secret, provider)?)),
        Auth::Google => Credential::Google(Arc::new(GoogleTokens::new(google_credentials(secret)?))),
    })
}

/// `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, or with `:SESSION_TOKEN` behind it.
fn aws_signer(secret: &Secret, provider: &ProviderConfig) -> Result<AwsSigner> {
    let mut parts = secret.reveal().splitn(3, ':');
    let (Some(id), Some(key)) = (parts.next(), parts.next()) else {
        bail!(
            "expected ACCESS_KEY_ID:SECRET_ACCESS_KEY as the key, and :SESSION_TOKEN behind it if there is one"
        );
    };
    let keys = AwsKeys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(key),
        session_token: parts.next().map(Secret::new),
    };
    let region = provider.region.clone().context("`region` is missing")?;
    Ok(AwsSigner::new(keys, AwsScope { region, service: "bedrock".into() })?)
}

/// A JSON of credentials, the name of a file that holds it, or `metadata`.
fn google_credentials(secret: &Secret) -> Result<GoogleCredentials> {
    match secret.reveal().trim() {
        "metadata" => Ok(GoogleCredentials::metadata_server()),
        json if json.starts_with('{') => Ok(GoogleCredentials::from_json(json)?),
        token if token.starts_with("ya29.") => Ok(GoogleCredentials::access_token(Secret::new(token))?),
        file => {
            let json = std::fs::read_to_string(file).context(
                "the key is neither a JSON of credentials nor the name of a file that can be read",
            )?;
            Ok(GoogleCredentials::from_json(&json)?)
        }
    }
}

fn header(name: &'static str, secret: &Secret) -> Credential {
    Credential::Header(HeaderName::from_static(name), secret.clone())
}

fn usual_charging(provider: &ProviderConfig) -> Charging {
    match provider.platform {
        config::Platform::Bedrock => Charging::ReservedThenSettled,
        _ => charging_of(dialect(provider.dialect)),
    }
}

/// How the provider after which a dialect is named charges. Gemini and Cohere have no limits of output.
pub(crate) fn charging_of(dialect: Dialect) -> Charging {
    match dialect {
        Dialect::Anthropic | Dialect::Gemini | Dialect::Cohere => Charging::AsGenerated,
        Dialect::OpenAi | Dialect::Responses => Charging::Reserved,
        Dialect::Converse => Charging::ReservedThenSettled,
    }
}

/// A provider's only key.
pub(crate) fn only_key(dialect: Dialect, secret: &str) -> Vec<KeySettings> {
    let secret = Secret::new(secret);
    let credential = match dialect {
        Dialect::Anthropic => header("x-api-key", &secret),
        Dialect::Gemini => header("x-goog-api-key", &secret),
        _ => Credential::Bearer(secret),
    };
    vec![KeySettings { name: "main".into(), credential, quota_group: "main".into() }]
}

/// Starts the simulated provider on a port of its own and returns it as several providers, one for each vendor whose models
/// it pretends to have.
pub(crate) async fn simulated() -> Result<(Vec<ProviderSettings>, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the simulated provider")?;
    let address = listener.local_addr()?;
    let sandbox = Sandbox::new(paceway_sandbox::Settings::default());
    let serving = tokio::spawn(async move {
        if let Err(error) = sandbox.serve(listener, std::future::pending()).await {
            tracing::error!(%error, "the simulated provider stopped");
        }
    });
    let vendors = [
        (&[(Dialect::Anthropic, "")][..], &["claude-*"][..]),
        (&[(Dialect::OpenAi, "/v1"), (Dialect::Responses, "/v1")], &["gpt-*", "text-embedding-*"]),
        (&[(Dialect::Gemini, "/v1beta")], &["gemini-*"]),
    ];
    let provider = |(ways, patterns): (&[(Dialect, &str)], &[&str])| -> Result<ProviderSettings> {
        let (dialect, _) = ways[0];
        let way = |(dialect, path): &(Dialect, &str)| {
            Ok(Way { dialect: *dialect, base_url: format!("http://{address}{path}").parse()? })
        };
        Ok(ProviderSettings {
            candidate: Candidate {
                name: format!("simulated-{dialect}"),
                catalogue: dialect.name().to_owned(),
                serves: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
            },
            ways: ways.iter().map(way).collect::<Result<_>>()?,
            platform: Platform::Direct,
            keys: only_key(dialect, "simulated"),
            charging: charging_of(dialect),
            only_max_tokens: false,
            rerank: None,
            region: None,
            is_simulated: true,
            pools: Vec::new(),
            tier: None,
            admin: None,
        })
    };
    Ok((vendors.into_iter().map(provider).collect::<Result<_>>()?, serving))
}
