//! Requests for which nobody waits, at the full price: where a provider sells batches, they cost less.
//!
//! Nobody waits for what was asked with the priority `batch`, or has waited long for its turn and was answered all the same.

use std::collections::HashMap;

use paceway_domain::ServiceTier;

use crate::pricing::PriceBook;

use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::Observed;
use super::{Look, price};

/// Who has waited so long for a turn is not in a hurry, in milliseconds.
const LONG_WAIT_MS: u64 = 600_000;

#[derive(Default)]
struct Patient {
    requests: u64,
    saved: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct Batchable(HashMap<GroupId, Patient>);

impl Look for Batchable {
    fn see(&mut self, row: &Observed, group: GroupId, prices: &PriceBook) {
        let is_patient = row.is_patient || row.queued_ms >= LONG_WAIT_MS;
        let is_at_full_price = row.tier == ServiceTier::Standard && row.is_generation && row.is_answered();
        if !(is_patient && is_at_full_price) {
            return;
        }
        // Where no batches are sold there is no price.
        let full = price::of(prices, row, &row.usage);
        let (Some(full), Some(batch)) = (full, price::in_a_batch(prices, row)) else { return };
        let patient = self.0.entry(group).or_default();
        patient.requests += 1;
        patient.saved += full - batch;
        patient.examples.note(&row.request);
    }

    fn find(&self, found: &mut Found<'_>) {
        for (group, patient) in &self.0 {
            found.add(Draft {
                kind: Kind::Batchable,
                group: *group,
                requests: patient.requests,
                of: found.requests_of(*group),
                examples: &patient.examples,
                evidence: format!("{} requests could wait, and paid the full price", patient.requests),
                saved: patient.saved,
                is_at_most: false,
                reckoned: "what they cost, less what they cost in a batch, at list prices",
                advice: "Send these to the provider's batch API; its answers come within a day.".to_owned(),
            });
        }
    }
}
