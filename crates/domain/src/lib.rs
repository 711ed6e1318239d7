//! The nouns of Paceway: ids, tokens, money, moments, usage, failures, refusals and the model catalogue.
//!
//! Nothing here does I/O, reads a clock or knows a wire format; every other crate may import this one and this one
//! imports none of them.

pub mod cache_lifetime;
pub mod catalogue;
pub mod day;
pub mod failure;
pub mod ids;
pub mod moment;
pub mod money;
pub mod owner;
pub mod price;
pub mod quota;
pub mod refusal;
pub mod secret;
pub mod service_tier;
pub mod sold;
pub mod tokens;
pub mod usage;

pub use cache_lifetime::CacheLifetime;
pub use catalogue::{CATALOGUE, Catalogue, ModelCard};
pub use day::Day;
pub use failure::Failure;
pub use ids::{Dialect, KeyId, RequestId};
pub use moment::{Clock, Moment, UnixMillis};
pub use money::{MicroUsd, PicoUsd};
pub use owner::{Owner, Tags};
pub use quota::{Cause, Counted, Dimension, LimitReading, LimitReadings, RateRefusal, Window};
pub use refusal::Refusal;
pub use secret::Secret;
pub use service_tier::ServiceTier;
pub use sold::{Apart, Sold, Terms};
pub use tokens::Tokens;
pub use usage::Usage;
