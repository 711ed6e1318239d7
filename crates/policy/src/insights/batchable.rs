//! Requests for which nobody waits, at the full price: a provider's batches cost half.
//!
//! Nobody waits for what was asked with the priority `batch`, or has waited long for its turn and was answered all the same.

use std::collections::HashMap;

use paceway_domain::ServiceTier;

use super::Look;
use super::finding::{Draft, Examples, Found, Kind};
use super::groups::GroupId;
use super::observed::Observed;

/// Providers that sell batches at half price. Sources, read 2026-11: platform.claude.com, build-with-claude/batch-processing;
/// developers.openai.com, guides/batch; ai.google.dev, gemini-api/docs/batch-mode; docs.mistral.ai, capabilities/batch.
const SELL_BATCHES: [&str; 4] = ["anthropic", "openai", "gemini", "mistral"];
/// What a batch costs less, in percent.
const DISCOUNT: i128 = 50;
/// Who has waited so long for a turn is not in a hurry, in milliseconds.
const LONG_WAIT_MS: u64 = 600_000;

#[derive(Default)]
struct Patient {
    requests: u64,
    cost: i128,
    examples: Examples,
}

#[derive(Default)]
pub(super) struct Batchable(HashMap<GroupId, Patient>);

impl Look for Batchable {
    fn see(&mut self, row: &Observed, group: GroupId) {
        let is_patient = row.is_patient || row.queued_ms >= LONG_WAIT_MS;
        let is_sold = row.tier == ServiceTier::Standard && SELL_BATCHES.contains(&row.catalogue.as_str());
        let (true, Some(cost)) = (is_patient && is_sold && row.is_generation && row.is_answered(), row.cost)
        else {
            return;
        };
        let patient = self.0.entry(group).or_default();
        patient.requests += 1;
        patient.cost += i128::from(cost.0);
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
                saved: patient.cost * DISCOUNT / 100,
                is_at_most: false,
                reckoned: "half of what they cost, which is the providers' discount",
                advice: "Send these to the provider's batch API; its answers come within a day.".to_owned(),
            });
        }
    }
}
