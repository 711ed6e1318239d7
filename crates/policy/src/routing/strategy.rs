//! The names of the strategies by which targets are ordered, and how configuration writes them.
//!
//! What each does is in `rank`.

use std::fmt;
use std::str::FromStr;

/// One way of ordering targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// As configured.
    Ordered,
    /// By chance, the first place with probability weight / sum of weights: canaries.
    Weighted,
    /// The fewest calls in flight first.
    LeastBusy,
    /// The shortest expected time to the first token first.
    LowestLatency,
    /// The lowest expected cost of this request first.
    Cheapest,
    /// The largest free share of its limits first.
    MostHeadroom,
    /// By region, nearest first: names or patterns (`eu-*`). Regions that match none come last.
    Nearest(Vec<String>),
}

/// How the strategies are written.
pub const NAMES: [&str; 7] =
    ["ordered", "weighted", "least_busy", "lowest_latency", "cheapest", "most_headroom", "nearest"];

impl Strategy {
    /// Its name, without the regions of [`Strategy::Nearest`].
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Weighted => "weighted",
            Self::LeastBusy => "least_busy",
            Self::LowestLatency => "lowest_latency",
            Self::Cheapest => "cheapest",
            Self::MostHeadroom => "most_headroom",
            Self::Nearest(_) => "nearest",
        }
    }
}

impl fmt::Display for Strategy {
    /// As [`FromStr`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nearest(regions) => write!(f, "nearest: {}", regions.join(", ")),
            other => f.write_str(other.as_str()),
        }
    }
}

/// Why a text names no strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyError {
    /// No strategy has this name.
    Unknown(String),
    /// `nearest` without regions.
    NoRegions,
    /// Something after the name of a strategy that takes nothing.
    Superfluous(&'static str),
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "no strategy `{name}`: there are {}", NAMES.join(", ")),
            Self::NoRegions => {
                f.write_str("`nearest` needs regions, nearest first: `nearest: eu-west-1, eu-*`")
            }
            Self::Superfluous(name) => write!(f, "`{name}` stands alone: nothing follows it"),
        }
    }
}

impl std::error::Error for StrategyError {}

impl FromStr for Strategy {
    type Err = StrategyError;

    /// A name of [`NAMES`]; `nearest` is followed by a colon and regions with commas between.
    fn from_str(text: &str) -> Result<Self, StrategyError> {
        let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let strategy = match name.trim() {
            "ordered" => Self::Ordered,
            "weighted" => Self::Weighted,
            "least_busy" => Self::LeastBusy,
            "lowest_latency" => Self::LowestLatency,
            "cheapest" => Self::Cheapest,
            "most_headroom" => Self::MostHeadroom,
            "nearest" => return nearest(rest.unwrap_or_default()),
            other => return Err(StrategyError::Unknown(other.to_owned())),
        };
        match rest {
            None => Ok(strategy),
            Some(_) => Err(StrategyError::Superfluous(strategy.as_str())),
        }
    }
}

fn nearest(regions: &str) -> Result<Strategy, StrategyError> {
    let regions: Vec<_> =
        regions.split(',').map(str::trim).filter(|region| !region.is_empty()).map(str::to_owned).collect();
    if regions.is_empty() { Err(StrategyError::NoRegions) } else { Ok(Strategy::Nearest(regions)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_written_alike() {
        for name in NAMES {
            let text = if name == "nearest" { "nearest: eu-west-1, eu-*" } else { name };
            let strategy: Strategy = text.parse().unwrap();
            assert_eq!((strategy.as_str(), strategy.to_string().as_str()), (name, text));
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_all_that_there_are() {
        let error = "fastest".parse::<Strategy>().unwrap_err().to_string();
        assert!(error.starts_with("no strategy `fastest`"), "{error}");
        assert!(NAMES.iter().all(|name| error.contains(name)), "{error}");
    }

    #[test]
    fn regions_belong_to_nearest_and_to_nothing_else() {
        assert_eq!("nearest".parse::<Strategy>(), Err(StrategyError::NoRegions));
        assert_eq!("nearest: ,".parse::<Strategy>(), Err(StrategyError::NoRegions));
        assert_eq!("cheapest: eu".parse::<Strategy>(), Err(StrategyError::Superfluous("cheapest")));
    }
}
