//! What goes wrong, and with which of the providers.

use serde_json::{Value, json};

/// One kind of trouble.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    trouble: Trouble,
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    /// Every provider has this fault with this share of its calls, each by its own chance.
    Everywhere(&'static str, f64),
    /// The first provider has this fault with every call.
    First(&'static str),
    /// Nobody listens at the first provider's address.
    Dead,
    /// The first provider's address swallows what is sent to it, as behind a firewall: no connection comes to be.
    Unreachable,
    /// The first provider refuses everything for its load in the middle third of the time.
    Overload,
}

/// What becomes of a connection to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is made.
    Alive,
    /// It is refused at once.
    Dead,
    /// Nothing comes of it.
    Unreachable,
}

/// Between two pieces of a slow body, in milliseconds: it takes seconds and never comes to a timeout.
const DRIP_MS: u64 = 100;

impl Scenario {
    pub(crate) const HEALTHY: Self = Self { name: "healthy", trouble: Trouble::None };
    pub(crate) const ALL: [Self; 26] = [
        Self::HEALTHY,
        Self { name: "errors-1", trouble: Trouble::Everywhere("server_error", 0.01) },
        Self { name: "errors-10", trouble: Trouble::Everywhere("server_error", 0.1) },
        Self { name: "errors-30", trouble: Trouble::Everywhere("server_error", 0.3) },
        Self { name: "resets", trouble: Trouble::Everywhere("reset", 0.1) },
        Self { name: "hangs", trouble: Trouble::Everywhere("hang", 0.1) },
        Self { name: "slow-bodies", trouble: Trouble::Everywhere("drip", 0.1) },
        Self { name: "stalled-bodies", trouble: Trouble::Everywhere("stall", 0.1) },
        Self { name: "cut-early", trouble: Trouble::Everywhere("cut_early", 0.1) },
        Self { name: "cut-midway", trouble: Trouble::Everywhere("cut", 0.1) },
        Self { name: "stream-errors", trouble: Trouble::Everywhere("broken", 0.1) },
        Self { name: "garbage", trouble: Trouble::Everywhere("garbage", 0.1) },
        Self { name: "dead-region", trouble: Trouble::Dead },
        Self { name: "silent-region", trouble: Trouble::First("hang") },
        Self { name: "first-errors", trouble: Trouble::First("server_error") },
        Self { name: "first-resets", trouble: Trouble::First("reset") },
        Self { name: "first-garbage", trouble: Trouble::First("garbage") },
        Self { name: "first-cut-early", trouble: Trouble::First("cut_early") },
        Self { name: "first-stalls", trouble: Trouble::First("stall") },
        Self { name: "first-slow", trouble: Trouble::First("drip") },
        Self { name: "first-cut-midway", trouble: Trouble::First("cut") },
        Self { name: "first-stream-errors", trouble: Trouble::First("broken") },
        Self { name: "unreachable-region", trouble: Trouble::Unreachable },
        Self { name: "first-rate-limited", trouble: Trouble::First("rate_limited") },
        Self { name: "first-overloaded", trouble: Trouble::First("overloaded") },
        Self { name: "overload", trouble: Trouble::Overload },
    ];

    /// In what condition the address of this provider is, counted from 0.
    pub(crate) fn condition(&self, provider: usize) -> Condition {
        match self.trouble {
            Trouble::Dead if provider == 0 => Condition::Dead,
            Trouble::Unreachable if provider == 0 => Condition::Unreachable,
            _ => Condition::Alive,
        }
    }

    /// The settings of this provider, counted from 0. Limits are out of reach: this is not about pacing.
    pub(crate) fn settings(&self, provider: usize, seed: u64, during_ms: u64) -> Value {
        const PLENTY: u64 = 1_000_000_000;
        let mut faults = json!({"drip_ms": DRIP_MS});
        match self.trouble {
            Trouble::Everywhere(fault, share) => faults[fault] = json!(share),
            Trouble::First(fault) if provider == 0 => faults[fault] = json!(1.0),
            Trouble::Overload if provider == 0 => {
                faults["episode"] =
                    json!({"from_ms": during_ms / 3, "until_ms": during_ms / 3 * 2, "fault": "529"});
            }
            _ => {}
        }
        json!({
            // Providers that share a seed would fail together.
            "seed": seed * 1_000 + provider as u64,
            "limits": {
                "requests_per_minute": PLENTY, "input_tokens_per_minute": PLENTY,
                "output_tokens_per_minute": PLENTY, "tokens_per_minute": PLENTY,
            },
            "latency": {"first_token_ms": 100, "per_token_ms": 2.0},
            "faults": faults,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, provider: usize) -> Value {
        let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.name == name).expect("it is there");
        scenario.settings(provider, 1, 9_000)["faults"].clone()
    }

    #[test]
    fn an_address_is_out_of_order_at_the_first_provider_only() {
        let of = |name: &str, provider| {
            let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.name == name);
            scenario.expect("it is there").condition(provider)
        };
        assert_eq!([of("dead-region", 0), of("dead-region", 1)], [Condition::Dead, Condition::Alive]);
        assert_eq!(
            [of("unreachable-region", 0), of("unreachable-region", 1)],
            [Condition::Unreachable, Condition::Alive]
        );
        assert_eq!(of("silent-region", 0), Condition::Alive);
    }

    #[test]
    fn shares_hold_everywhere_and_outages_at_the_first_provider_only() {
        assert_eq!(faults("errors-30", 2)["server_error"], 0.3);
        assert_eq!(
            [faults("silent-region", 0)["hang"].as_f64(), faults("silent-region", 1)["hang"].as_f64()],
            [Some(1.0), None]
        );
        let episode = json!({"from_ms": 3_000, "until_ms": 6_000, "fault": "529"});
        assert_eq!(
            [&faults("overload", 0)["episode"], &faults("overload", 1)["episode"]],
            [&episode, &Value::Null]
        );
    }
}
