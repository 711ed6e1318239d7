//! The settings of an alias as types: a name, a list or a table. What each means stands in `config/default.toml`, not here.
//!
//! What may have several shapes is read by hand, so that a mistake is told with its own key and not as "none of these".

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

/// A model's name, several in order, or a table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AliasConfig {
    One(String),
    InOrder(Vec<TargetConfig>),
    Rules(AliasRules),
}

/// A model's name, or a table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TargetConfig {
    Name(String),
    Weighted(WeightedTarget),
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeightedTarget {
    pub model: String,
    #[serde(default)]
    pub weight: Option<u32>,
    #[serde(default)]
    pub when: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EscalateConfig {
    Prompt,
    Answer,
}

/// A strategy's name, or several in order.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum StrategyConfig {
    One(String),
    InOrder(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StickyConfig {
    Off,
    Session,
    Prefix,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasRules {
    pub targets: Vec<TargetConfig>,
    #[serde(default)]
    pub strategy: Option<StrategyConfig>,
    #[serde(default)]
    pub sticky: Option<StickyConfig>,
    #[serde(default)]
    pub regions: Option<Vec<String>>,
    #[serde(default)]
    pub continue_streams: Option<bool>,
    #[serde(default)]
    pub hedge: Option<bool>,
    #[serde(default)]
    pub escalate: Option<EscalateConfig>,
    #[serde(default)]
    pub threshold: Option<f64>,
    #[serde(default)]
    pub fallback_on: Option<Vec<String>>,
    #[serde(default)]
    pub patience_s: Option<u64>,
}

impl StrategyConfig {
    pub(crate) fn names(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::InOrder(names) => names,
        }
    }
}

impl TargetConfig {
    /// The model's name.
    pub(crate) fn model(&self) -> &str {
        match self {
            Self::Name(model) => model,
            Self::Weighted(target) => &target.model,
        }
    }
}

impl AliasConfig {
    /// As a table.
    pub(crate) fn rules(&self) -> AliasRules {
        let of = |targets| AliasRules { targets, ..AliasRules::default() };
        match self {
            Self::One(target) => of(vec![TargetConfig::Name(target.clone())]),
            Self::InOrder(targets) => of(targets.clone()),
            Self::Rules(rules) => rules.clone(),
        }
    }
}

/// What may be written in several shapes; a shape that is not overridden is a mistake.
trait Shapes<'de>: Sized {
    /// What is expected, in words.
    const EXPECTED: &'static str;

    fn of_text(text: String) -> Self;

    fn of_list<A: SeqAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Seq, &Self::EXPECTED))
    }

    fn of_table<A: MapAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(A::Error::invalid_type(Unexpected::Map, &Self::EXPECTED))
    }
}

impl<'de> Shapes<'de> for AliasConfig {
    const EXPECTED: &'static str = "a model's name, a list of them, or a table with `targets`";

    fn of_text(text: String) -> Self {
        Self::One(text)
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Self::InOrder)
    }

    fn of_table<A: MapAccess<'de>>(table: A) -> Result<Self, A::Error> {
        AliasRules::deserialize(MapAccessDeserializer::new(table)).map(Self::Rules)
    }
}

impl<'de> Shapes<'de> for TargetConfig {
    const EXPECTED: &'static str = "a model's name, or a table with `model`";

    fn of_text(text: String) -> Self {
        Self::Name(text)
    }

    fn of_table<A: MapAccess<'de>>(table: A) -> Result<Self, A::Error> {
        WeightedTarget::deserialize(MapAccessDeserializer::new(table)).map(Self::Weighted)
    }
}

impl<'de> Shapes<'de> for StrategyConfig {
    const EXPECTED: &'static str = "a strategy's name, or a list of them";

    fn of_text(text: String) -> Self {
        Self::One(text)
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Self::InOrder)
    }
}

struct ShapesVisitor<T>(PhantomData<T>);

impl<'de, T: Shapes<'de>> Visitor<'de> for ShapesVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<T, A::Error> {
        T::of_table(table)
    }
}

impl<'de> Deserialize<'de> for AliasConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapesVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for TargetConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapesVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for StrategyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapesVisitor(PhantomData))
    }
}
