//! Keeping a session, or requests with one beginning, at one target while what that target has cached is worth more than
//! moving would gain.
//!
//! Where a key is at home is computed and not remembered: every node of a cluster finds the same target, and when one
//! comes or goes only its own share moves (rendezvous hashing: Thaler and Ravishankar, "Using name-based mappings to
//! increase hit rates", 1998; with weights as in Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005).

use std::fmt;
use std::time::Duration;

use paceway_domain::MicroUsd;

/// A name as a number for [`home`]: FNV-1a, 64 bits (Fowler, Noll, Vo).
pub fn number_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The place of the target at which `key` (the hash of a session or of a cacheable prefix) is at home. `targets`: numbers
/// that stay theirs, as by [`number_of`], and weights; a weight of 0 is nobody's home unless all are 0. `None`: no targets.
pub fn home(key: u64, targets: &[(u64, u32)]) -> Option<usize> {
    let are_all_zero = targets.iter().all(|(_, weight)| *weight == 0);
    let distance = |number: u64, weight: u32| {
        let weight = if are_all_zero { 1.0 } else { f64::from(weight) };
        // An exponential variable by the key and the target: the least of them is each one's with probability weight / sum.
        -unit(mix(key ^ mix(number))).ln() / weight
    };
    let distances = targets.iter().map(|&(number, weight)| distance(number, weight));
    distances
        .enumerate()
        .filter(|(_, far)| far.is_finite())
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(at, _)| at)
}

/// Spreads every bit over all (the finaliser of SplitMix64: Steele, Lea and Flood, 2014).
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Between 0 and 1, never either.
fn unit(number: u64) -> f64 {
    ((number >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// What a request would meet at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// What it would cost there if nothing were cached. `None`: not known.
    pub uncached_price: Option<MicroUsd>,
    /// How long it would wait for its turn.
    pub wait: Duration,
}

/// Whether to stay, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Moving gains no more than it loses.
    Stay(Stay),
    /// Moving is worth it.
    Move(Move),
}

/// Why a request stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// What reading the prefix from this target's cache saves.
    pub cached_value: MicroUsd,
    /// What the other target's prices would save.
    pub gain: MicroUsd,
}

/// Why a request moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The other target's prices save more than the cache.
    Cheaper(Stay),
    /// The wait here is above the patience, and shorter there.
    Sooner {
        /// The wait at home.
        here: Duration,
        /// The wait at the other.
        there: Duration,
    },
}

/// Whether a request stays at its home rather than going to `other`, the best of the rest. It stays while `cached_value`
/// (what reading its prefix from the home's cache saves, see `prompt_cache::saved_by_reading`; zero if nothing is there)
/// is at least the difference of prices, and while the home's wait is at most `patience`. Where a price is not known there
/// is nothing to gain by it.
pub fn judge(home: Offer, other: Offer, cached_value: MicroUsd, patience: Duration) -> Verdict {
    if home.wait > patience && other.wait < home.wait {
        return Verdict::Move(Move::Sooner { here: home.wait, there: other.wait });
    }
    let gain = match (home.uncached_price, other.uncached_price) {
        (Some(here), Some(there)) => MicroUsd(here.0.saturating_sub(there.0)),
        _ => MicroUsd::ZERO,
    };
    let reason = Stay { cached_value, gain };
    if cached_value >= gain { Verdict::Stay(reason) } else { Verdict::Move(Move::Cheaper(reason)) }
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cached_value == MicroUsd::ZERO {
            return f.write_str("at home here, and moving saves nothing");
        }
        write!(f, "what it has cached is worth {}, moving would save {}", self.cached_value, self.gain)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cheaper(Stay { cached_value, gain }) => {
                write!(f, "moving saves {gain}, what is cached at home is worth {cached_value}")
            }
            Self::Sooner { here, there } => {
                write!(
                    f,
                    "home has a wait of {:.1} s, here it is {:.1} s",
                    here.as_secs_f64(),
                    there.as_secs_f64()
                )
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn offer(micro: u64, wait_s: u64) -> Offer {
        Offer { uncached_price: Some(MicroUsd(micro)), wait: Duration::from_secs(wait_s) }
    }

    #[test]
    fn homes_are_shared_out_by_weight() {
        let targets = [(number_of("a"), 1), (number_of("b"), 3), (number_of("c"), 0)];
        let mut homes = [0; 3];
        (0..40_000).for_each(|key| homes[home(key, &targets).unwrap()] += 1);
        assert_eq!(homes[2], 0);
        assert!((9_700..10_300).contains(&homes[0]), "{homes:?}");
    }

    #[test]
    fn when_a_target_goes_only_its_own_keys_move() {
        let all = [(number_of("a"), 1), (number_of("b"), 1), (number_of("c"), 1)];
        let without_c = &all[..2];
        let moved = (0..10_000).filter(|&key| home(key, &all) != home(key, without_c)).count();
        let of_c = (0..10_000).filter(|&key| home(key, &all) == Some(2)).count();
        assert_eq!(moved, of_c);
    }

    #[test]
    fn somebody_is_home_while_there_is_anybody() {
        assert!(home(7, &[(1, 0), (2, 0)]).is_some());
        assert_eq!(home(7, &[]), None);
    }

    #[test]
    fn a_session_stays_exactly_while_its_cache_is_worth_the_difference() {
        let stays = |value| {
            matches!(judge(offer(300, 0), offer(100, 0), MicroUsd(value), PATIENCE), Verdict::Stay(_))
        };
        assert!(stays(200));
        assert!(!stays(199));
    }

    #[test]
    fn a_wait_above_the_patience_moves_it_only_where_the_wait_is_shorter() {
        let worth = MicroUsd(1_000_000);
        let sooner = Move::Sooner { here: Duration::from_secs(6), there: Duration::from_secs(1) };
        assert_eq!(judge(offer(100, 6), offer(100, 1), worth, PATIENCE), Verdict::Move(sooner));
        assert!(matches!(judge(offer(100, 5), offer(100, 1), worth, PATIENCE), Verdict::Stay(_)));
        assert!(matches!(judge(offer(100, 6), offer(100, 6), worth, PATIENCE), Verdict::Stay(_)));
    }

    #[test]
    fn without_prices_there_is_nothing_to_gain() {
        let unknown = Offer { uncached_price: None, wait: Duration::ZERO };
        let verdict = judge(offer(300, 0), unknown, MicroUsd::ZERO, PATIENCE);
        let Verdict::Stay(stay) = verdict else { panic!("{verdict:?}") };
        assert_eq!(stay.to_string(), "at home here, and moving saves nothing");
    }

    #[test]
    fn both_verdicts_say_why_with_figures() {
        let stay = Stay { cached_value: MicroUsd(24_000), gain: MicroUsd(1_500) };
        assert_eq!(stay.to_string(), "what it has cached is worth $0.024000, moving would save $0.001500");
        let moves = Move::Sooner { here: Duration::from_millis(6_250), there: Duration::ZERO };
        assert_eq!(moves.to_string(), "home has a wait of 6.2 s, here it is 0.0 s");
    }
}
