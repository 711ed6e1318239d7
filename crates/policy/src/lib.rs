//! What is wise: who may ask, which provider serves a model, where to go when it fails, what a request costs.
//!
//! Decisions as arithmetic on values handed in. No database, no network, no clock.

pub mod access;
pub mod alerts;
pub mod breaker;
pub mod budget;
pub mod complexity;
pub mod fallback;
pub mod insights;
pub mod pricing;
pub mod prompt_cache;
pub mod quota_class;
pub mod retry;
pub mod routing;
pub mod tiers;
