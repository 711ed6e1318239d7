//! Why a target stands where it does, in words: what `explain` shows.
//!
//! Kept as numbers and put in words only when somebody asks, since every request is ranked and few are explained.

use std::fmt;
use std::time::Duration;

use paceway_domain::MicroUsd;

/// Why a target has its place: one step for each rule that told it from others, the deciding one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// In the order in which the rules were asked.
    pub steps: Vec<Step>,
}

/// What one rule said.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A strategy told this target from others.
    Told {
        /// The strategy's name.
        strategy: &'static str,
        /// This target's measure.
        own: Measure,
        /// That of the next best if this one is among the best, otherwise that of the best.
        other: Measure,
    },
    /// All strategies found it as good as others; the configured order, from 0, decided.
    AsConfigured(usize),
    /// There was nothing to compare it with.
    Alone,
    /// It serves this session or prefix already, and moving is not worth it.
    Stays(super::sticky::Stay),
}

/// What a strategy compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// The place in the configuration, from 0.
    Place(usize),
    /// A weight, and the sum of all.
    Weight(u32, u64),
    /// Calls in flight.
    InFlight(u32),
    /// The expected time to the first token.
    FirstToken(Duration),
    /// A latency that is not known yet and is tried.
    Untried,
    /// A latency that is not known, and is not tried now.
    NoLatency,
    /// The expected cost of the request.
    Price(MicroUsd),
    /// A cost that is not known.
    NoPrice,
    /// The smallest free share of any limit, 0 to 1.
    Headroom(f64),
    /// A region; `None` where none is given.
    Region(Option<String>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            let between = if number == 0 { "" } else { "; then " };
            write!(f, "{between}{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told { own: Measure::Weight(0, _), strategy, .. } => {
                write!(f, "{strategy}: weight 0, only as a fallback")
            }
            Self::Told { own: own @ Measure::Weight(..), strategy, .. } => {
                write!(f, "{strategy}: drawn with {own}")
            }
            Self::Told { own: own @ Measure::Place(_), strategy, .. } => write!(f, "{strategy}: {own}"),
            Self::Told { strategy, own, other } => write!(f, "{strategy}: {own} against {other}"),
            Self::AsConfigured(place) => write!(f, "as good as others: {}", Measure::Place(*place)),
            Self::Alone => f.write_str("the only target"),
            Self::Stays(stay) => write!(f, "sticky: {stay}"),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => write!(f, "number {} in the configuration", place + 1),
            Self::Weight(weight, sum) => write!(f, "weight {weight} of {sum}"),
            Self::InFlight(1) => f.write_str("1 call in flight"),
            Self::InFlight(calls) => write!(f, "{calls} calls in flight"),
            Self::FirstToken(time) => write!(f, "{:.2} s to the first token", time.as_secs_f64()),
            Self::Untried => f.write_str("latency not known yet, tried now"),
            Self::NoLatency => f.write_str("latency not known"),
            Self::Price(price) => write!(f, "{price}"),
            Self::NoPrice => f.write_str("price not known"),
            Self::Headroom(share) => write!(f, "{:.0} % of its limits free", share * 100.0),
            Self::Region(Some(region)) => f.write_str(region),
            Self::Region(None) => f.write_str("no region given"),
        }
    }
}
