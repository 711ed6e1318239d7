//! The settings of a budget as types. What each means stands in `config/default.toml`, not here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct BudgetConfig {
    pub name: String,
    pub amount_usd: f64,
    pub window: PeriodConfig,
    #[serde(default)]
    pub organisation: Option<String>,
    #[serde(default)]
    pub team: Option<String>,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub tag: Option<String>,
    #[serde(default)]
    pub value: Option<String>,
    #[serde(default)]
    pub each: bool,
    #[serde(default)]
    pub utc_offset_minutes: Option<i32>,
    #[serde(default)]
    pub unknown_price: Option<UnknownPrice>,
    #[serde(default)]
    pub ladder: Option<Vec<RungConfig>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PeriodConfig {
    Hour,
    Day,
    Week,
    Month,
    Once,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnknownPrice {
    Refuse,
    Allow,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct RungConfig {
    pub at_percent: u32,
    pub action: ActionConfig,
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActionConfig {
    Alert,
    Cheaper,
    CapOutput,
    Batch,
    Refuse,
    Pause,
}
