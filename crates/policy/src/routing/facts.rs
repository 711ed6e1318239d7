//! What is known of a target when a request is to be sent: the numbers that strategies compare.
//!
//! Plain values, gathered by the caller. Nothing here measures, and targets that may not be used (broken, barred, unfit) are
//! left out beforehand.

use std::time::Duration;

use paceway_domain::MicroUsd;

/// What is known of one target for one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts<'a> {
    /// Its share of the traffic, relative to the others'. 0: only as a fallback.
    pub weight: u32,
    /// What this request is expected to cost there, cache reads counted (`cost::expected_cost`). `None`: not known.
    pub price: Option<MicroUsd>,
    /// Its time to the first token (`latency::PeakEwma::get`). `None`: not known.
    pub ttft: Option<Duration>,
    /// Whether it may be tried first although its time to the first token is not known (`latency::PeakEwma::may_explore`).
    pub may_explore: bool,
    /// Calls sent to it that have no first token yet.
    pub awaiting: u32,
    /// Calls sent to it that have not ended.
    pub in_flight: u32,
    /// The smallest free share of any of its limits, 0 to 1.
    pub headroom: f64,
    /// How long a request would wait here for its turn.
    pub wait: Duration,
    /// Where it computes, as configured. `None`: not said.
    pub region: Option<&'a str>,
}

impl Facts<'_> {
    /// A target of which nothing is known: weight 1, idle, all of its limits free.
    pub const UNKNOWN: Facts<'static> = Facts {
        weight: 1,
        price: None,
        ttft: None,
        may_explore: true,
        awaiting: 0,
        in_flight: 0,
        headroom: 1.0,
        wait: Duration::ZERO,
        region: None,
    };

    /// The time to the first token that a request sent now would see: its wait, and the average once for itself and once
    /// for each call that still waits for its own (peak EWMA's cost: latency × (pending + 1)).
    pub fn expected_first_token(&self) -> Option<Duration> {
        let calls = self.awaiting.saturating_add(1);
        self.ttft.map(|ttft| self.wait.saturating_add(ttft.saturating_mul(calls)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_wait_for_their_first_token_make_a_target_slower() {
        let facts = Facts {
            ttft: Some(Duration::from_millis(400)),
            awaiting: 2,
            wait: Duration::from_secs(1),
            ..Facts::UNKNOWN
        };
        assert_eq!(facts.expected_first_token(), Some(Duration::from_millis(2_200)));
    }
}
