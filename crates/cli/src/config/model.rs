//! The settings as types. What each means stands in `config/default.toml`, not here.
#![allow(missing_docs, clippy::struct_field_names)]

mod aliases;
mod budgets;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use paceway_domain::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use budgets::{ActionConfig, BudgetConfig, PeriodConfig, RungConfig, UnknownPrice};

use super::alerting::AlertConfig;
use super::notify::NotifyConfig;
use super::storage::Storage;

pub(crate) use aliases::{
    AliasConfig, AliasRules, EscalateConfig, StickyConfig, StrategyConfig, TargetConfig, WeightedTarget,
};

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Config {
    pub server: Server,
    pub admin: super::admin::AdminConfig,
    pub storage: Storage,
    pub queue: Queue,
    pub retry: Retry,
    pub fallback: Fallback,
    pub breaker: Breaker,
    pub upstream: Upstream,
    pub log: Log,
    pub reload: Reload,
    pub translation: Translation,
    pub responses: Responses,
    pub explain: Explain,
    pub prices: Prices,
    pub aliases: BTreeMap<String, AliasConfig>,
    pub providers: BTreeMap<String, ProviderConfig>,
    #[serde(default)]
    pub callers: Vec<CallerConfig>,
    #[serde(default)]
    pub budgets: Vec<BudgetConfig>,
    #[serde(default)]
    pub alerts: Vec<AlertConfig>,
    #[serde(default)]
    pub notify: BTreeMap<String, NotifyConfig>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Server {
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    pub max_body_bytes: usize,
    pub body_timeout_s: u64,
    pub header_timeout_s: u64,
    pub max_connections: usize,
    pub drain_s: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Queue {
    pub max_wait_s: u64,
    pub max_overload_s: u64,
    pub max_sibling_wait_s: u64,
    pub max_waiting: usize,
    pub max_waiting_per_key: usize,
    pub ageing_s: u64,
    pub sign_of_life_s: u64,
    pub sign_shows_place: bool,
    pub max_attempts: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Retry {
    pub max_retries: u32,
    pub first_wait_ms: u64,
    pub longest_wait_ms: u64,
    pub budget_percent: u32,
    pub budget_per_second: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Fallback {
    pub on: Vec<String>,
    pub patience_s: u64,
    pub continue_streams: bool,
    pub hedge: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Breaker {
    pub consecutive: u32,
    pub share_percent: u32,
    pub window_s: u64,
    pub least_calls: u32,
    pub open_s: u64,
    pub longest_open_s: u64,
    pub probes: u32,
    pub ramp_s: u64,
    pub check_every_s: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Explain {
    pub keep: usize,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Prices {
    pub file: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Upstream {
    pub connect_timeout_s: u64,
    pub headers_timeout_s: u64,
    pub first_byte_timeout_s: u64,
    pub idle_timeout_s: u64,
    pub total_timeout_s: u64,
    pub low_speed_bytes_per_s: u32,
    pub low_speed_s: u64,
    pub max_answer_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Log {
    pub level: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Reload {
    pub watch: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Translation {
    pub drop_unsupported: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Responses {
    pub keep_days: u64,
    pub keep_at_most: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct ProviderConfig {
    #[serde(default)]
    pub dialect: Dialect,
    #[serde(default)]
    pub base_url: String,
    #[serde(default)]
    pub also: BTreeMap<Dialect, String>,
    #[serde(default)]
    pub platform: Platform,
    #[serde(default)]
    pub api_version: Option<String>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub auth: Option<Auth>,
    #[serde(default)]
    pub enabled: Option<bool>,
    /// No setting: there is a key, and an address that nobody has filled in or spoken of.
    #[serde(skip)]
    pub(crate) is_left_alone: bool,
    #[serde(default)]
    pub charging: Option<Charging>,
    #[serde(default)]
    pub api_key_env: Option<String>,
    /// A secret cannot be written, so it is not part of what is shown.
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<Secret>,
    #[serde(default)]
    pub keys: Vec<KeyConfig>,
    #[serde(default)]
    pub tier: Option<String>,
    #[serde(default)]
    pub admin_key_env: Option<String>,
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub admin_key: Option<Secret>,
    pub serves: Vec<String>,
    #[serde(default)]
    pub cheap: Option<String>,
    #[serde(default)]
    pub best: Option<String>,
    #[serde(default)]
    pub catalogue: Option<String>,
    #[serde(default)]
    pub only_max_tokens: bool,
    #[serde(default)]
    pub rerank: Option<RerankShape>,
    #[serde(default)]
    pub limits: Vec<LimitConfig>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    Anthropic,
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
    #[serde(rename = "openai_responses")]
    Responses,
    Gemini,
    Converse,
    Cohere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Platform {
    #[default]
    Direct,
    Azure,
    Bedrock,
    Vertex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Auth {
    Bearer,
    XApiKey,
    ApiKey,
    XGoogApiKey,
    Aws,
    Google,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RerankShape {
    Cohere,
    Jina,
    Voyage,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct KeyConfig {
    pub name: String,
    #[serde(default)]
    pub env: Option<String>,
    #[serde(default, skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub key: Option<Secret>,
    #[serde(default)]
    pub quota_group: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct LimitConfig {
    pub models: Vec<String>,
    #[serde(flatten)]
    pub rates: Rates,
    pub charging: Option<Charging>,
    pub learn: Option<Learn>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Rates {
    pub requests_per_minute: Option<u64>,
    pub input_tokens_per_minute: Option<u64>,
    pub output_tokens_per_minute: Option<u64>,
    pub tokens_per_minute: Option<u64>,
    pub requests_per_day: Option<u64>,
    pub tokens_per_day: Option<u64>,
    pub concurrency: Option<u32>,
    pub burst_s: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct CallerConfig {
    pub name: String,
    pub keys: Vec<String>,
    pub priority: Option<Priority>,
    pub weight: Option<u32>,
    #[serde(default)]
    pub team: bool,
    pub models: Option<Vec<String>>,
    #[serde(flatten)]
    pub rates: Rates,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    High,
    Normal,
    Low,
    Batch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Charging {
    AsGenerated,
    Reserved,
    ReservedThenSettled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Learn {
    Everything,
    UpToDeclared,
    Nothing,
}
