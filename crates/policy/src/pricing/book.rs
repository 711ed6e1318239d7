//! Whose prices hold for a model: the operator's before the catalogue's before the database's.
//!
//! It computes no amounts.

use std::collections::BTreeMap;

use paceway_domain::catalogue::Profile;
use paceway_domain::price::PriceLine;
use paceway_domain::{CATALOGUE, UnixMillis};

use super::resolved::Resolved;
use super::{List, Offer};
use crate::routing::matches;

/// A model as configured: where it is asked, and whose list prices it has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product<'a> {
    /// The provider's name in configuration.
    pub provider: &'a str,
    /// The provider whose list prices and model names it uses.
    pub catalogue: &'a str,
    /// The model's name there.
    pub model: &'a str,
}

/// What the operator says of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnModel {
    /// The provider's name in configuration.
    pub provider: String,
    /// The model's name there; `*` stands for any text.
    pub model: String,
    /// All its prices; empty: the list prices hold.
    pub prices: Vec<PriceLine>,
    /// What it takes and can, where that is not what the catalogue says.
    pub profile: Profile,
}

/// Every price that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceBook {
    models: Vec<OwnModel>,
    discounts: BTreeMap<String, u32>,
    /// What the database was asked before.
    resolved: Resolved,
}

impl PriceBook {
    /// Of what the operator says; the first model that matches holds. Discounts are by the provider's name in
    /// configuration, in millionths of its list prices.
    pub fn new(models: Vec<OwnModel>, discounts: BTreeMap<String, u32>) -> Self {
        Self { models, discounts, resolved: Resolved::default() }
    }

    /// What the operator says of models.
    pub fn own(&self) -> &[OwnModel] {
        &self.models
    }

    /// The prices of a model at a time. That nobody knows any is told when something is priced.
    pub fn offer<'b>(&'b self, product: Product<'b>, at: UnixMillis) -> Offer<'b> {
        let Product { provider, catalogue, model } = product;
        let card = CATALOGUE.find(catalogue, model);
        let own = self.own_model(provider, model);
        let profile = card.map(|card| card.profile).unwrap_or_default();
        let profile = own.map_or(profile, |own| profile.under(own.profile));
        let own = own.map(|own| own.prices.as_slice()).filter(|prices| !prices.is_empty());
        if let Some(prices) = own {
            // Prices that were agreed upon are as agreed.
            return Offer { list: List::Own(prices), profile, discount: 0, at };
        }
        let discount = self.discounts.get(provider).copied().unwrap_or(0);
        let list = match card {
            Some(card) if !card.prices.is_empty() => List::Catalogue(&card.prices),
            _ => List::Database { provider: catalogue, model, resolved: &self.resolved },
        };
        Offer { list, profile, discount, at }
    }

    /// What a model takes and can.
    pub fn profile(&self, product: Product<'_>) -> Profile {
        let card = CATALOGUE.find(product.catalogue, product.model).map(|card| card.profile);
        let own = self.own_model(product.provider, product.model).map(|own| own.profile);
        card.unwrap_or_default().under(own.unwrap_or_default())
    }

    fn own_model(&self, provider: &str, model: &str) -> Option<&OwnModel> {
        self.models.iter().find(|own| own.provider == provider && matches(&own.model, model))
    }
}
