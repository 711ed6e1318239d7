//! Money as integers.
//!
//! Two units: prices per token are whole pico-dollars (a millionth of a micro-dollar, so that every published price per
//! million tokens is exact), amounts in the ledger are whole micro-dollars. The one rounding, from the first to the
//! second, happens once per request and goes to the nearest micro-dollar, halves up.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// An amount in 10⁻⁶ US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
}

impl Add for MicroUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for MicroUsd {
    /// As dollars with six decimals: `$0.001234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// An amount in 10⁻¹² US dollars: a price per token, or a sum of such prices before it is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PicoUsd(pub u128);

impl PicoUsd {
    /// This price for each of `count` tokens.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count as u128))
    }

    /// To the nearest micro-dollar, halves up.
    pub fn rounded(self) -> MicroUsd {
        MicroUsd(u64::try_from(self.0.saturating_add(500_000) / 1_000_000).unwrap_or(u64::MAX))
    }
}

impl Add for PicoUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_micro_dollar_rounds_up_and_less_rounds_down() {
        assert_eq!(PicoUsd(500_000).rounded(), MicroUsd(1));
        assert_eq!(PicoUsd(499_999).rounded(), MicroUsd(0));
    }

    #[test]
    fn amounts_show_six_decimals() {
        assert_eq!(MicroUsd(1_234_567).to_string(), "$1.234567");
    }
}
