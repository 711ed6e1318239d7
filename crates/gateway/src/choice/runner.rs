//! One target under consideration, with the facts that were gathered of it.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::MicroUsd;
use paceway_policy::routing::facts::Facts;
use paceway_scheduler::Ask as Wish;

use super::millis;
use crate::Gateway;
use crate::deployment::Pulse;
use crate::explain::{Considered, Known};
use crate::fleet::Stop;
use crate::target::Target;

/// One target under consideration.
pub(super) struct Runner<'f> {
    pub(super) target: Arc<Target>,
    pub(super) wish: Wish,
    pub(super) stop: Stop<'f>,
    pub(super) price: Option<MicroUsd>,
    pub(super) pulse: Option<Pulse>,
    pub(super) headroom: Option<f64>,
    pub(super) left_out: Option<String>,
    /// Whether it is the first that is configured.
    pub(super) is_first: bool,
}

impl<'f> Runner<'f> {
    pub(super) fn new(target: Target, wish: Wish, stop: Stop<'f>, is_first: bool) -> Self {
        let target = Arc::new(target);
        Self { target, wish, stop, price: None, pulse: None, headroom: None, left_out: None, is_first }
    }

    pub(super) fn facts(&self, wait: Duration) -> Facts<'_> {
        let pulse = self.pulse;
        Facts {
            weight: self.stop.weight,
            price: self.price,
            ttft: pulse.and_then(|pulse| pulse.first_byte),
            may_explore: pulse.is_none_or(|pulse| pulse.may_explore),
            awaiting: pulse.map_or(0, |pulse| pulse.awaiting),
            in_flight: pulse.map_or(0, |pulse| pulse.in_flight),
            headroom: self.headroom.unwrap_or(1.0),
            wait,
            region: self.target.provider.settings().region.as_deref(),
        }
    }

    pub(super) fn told(&self, gateway: &Gateway, why: String) -> Considered {
        let (state, _, _) = self.target.deployment.state(&gateway.breaker, gateway.clock.now());
        Considered {
            provider: self.target.provider.name().to_owned(),
            model: self.target.model.clone(),
            is_left_out: false,
            why,
            breaker: state.name(),
            known: Known {
                price_microusd: self.price.map(|price| price.0),
                wait_ms: None,
                first_byte_ms: self.pulse.and_then(|pulse| pulse.first_byte).map(millis),
                in_flight: self.pulse.map(|pulse| pulse.in_flight),
                headroom: self.headroom,
            },
        }
    }
}
