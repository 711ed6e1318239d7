//! Fields that may be of any shape: what is not as expected counts as absent, and the rest is read all the same.
//!
//! For what an answer says of itself. Requests are read strictly.

use paceway_domain::ServiceTier;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A value of this shape, or nothing.
pub(crate) fn maybe<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

/// A number of things; anything else counts as none. Some providers write `12.0`.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(from)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // A cast of a float ends at the limits.
    Ok(value.as_u64().or_else(|| value.as_f64().map(|number| number as u64)).unwrap_or(0))
}

/// A service level by the name that a provider gives it, or nothing.
pub(crate) fn tier<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ServiceTier>, D::Error> {
    Ok(Value::deserialize(from)?.as_str().map(tier_named))
}

/// The service level that a provider calls so. `auto`, `default`, Groq's `on_demand` and what is not known are the usual one.
///
/// Sources: OpenAI's `service_tier` (openai-python, `types/chat/chat_completion.py`; `fast` is priced as `priority`,
/// developers.openai.com, pricing, by genai-prices 0.2.1), Vertex AI's `trafficType` (google-genai, `types.py`), Bedrock's
/// `serviceTier.type` (docs.aws.amazon.com, API_runtime_ServiceTier).
pub(crate) fn tier_named(name: &str) -> ServiceTier {
    match name.to_ascii_lowercase().as_str() {
        "batch" => ServiceTier::Batch,
        "flex" | "on_demand_flex" => ServiceTier::Flex,
        "priority" | "fast" | "on_demand_priority" => ServiceTier::Priority,
        "ultrafast" => ServiceTier::Fast,
        "scale" | "reserved" | "provisioned_throughput" => ServiceTier::Reserved,
        _ => ServiceTier::Standard,
    }
}
