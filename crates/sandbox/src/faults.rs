//! What goes wrong with a request: by chance, for a while, or because a header asks for it.
//!
//! What is said then is not here but in each dialect; what becomes of a body is in `mishap.rs`.

use std::time::Duration;

use axum::http::HeaderMap;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::strike::Strike;

/// What goes wrong, each as a share of requests from 0 to 1. Shares of more than 1 in all leave no request untouched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Of [`Fault::RateLimited`].
    pub rate_limited: f64,
    /// Of [`Fault::ServerError`].
    pub server_error: f64,
    /// Of [`Fault::Overloaded`].
    pub overloaded: f64,
    /// Of [`Fault::Reset`].
    pub reset: f64,
    /// Of [`Fault::Cut`].
    pub cut: f64,
    /// Of [`Fault::Slow`].
    pub slow: f64,
    /// How late such an answer begins, in milliseconds.
    pub slow_ms: u64,
    /// Of [`Fault::Hang`].
    pub hang: f64,
    /// Of [`Fault::Broken`].
    pub broken: f64,
    /// Of [`Fault::CutEarly`].
    pub cut_early: f64,
    /// Of [`Fault::Stall`].
    pub stall: f64,
    /// Of [`Fault::Drip`].
    pub drip: f64,
    /// The pause before each piece of such a body, in milliseconds.
    pub drip_ms: u64,
    /// Of [`Fault::Garbage`].
    pub garbage: f64,
    /// Of [`Fault::Unauthorized`].
    pub unauthorized: f64,
    /// Of [`Fault::NotFound`].
    pub not_found: f64,
    /// Of [`Fault::TooLong`].
    pub too_long: f64,
    /// Of [`Fault::Filtered`].
    pub filtered: f64,
    /// What befalls every request for a while.
    pub episode: Episode,
    /// What befalls the next requests from when the settings were put, one after the other: `["cut@3", "500"]`.
    pub next: Vec<Strike>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            rate_limited: 0.0,
            server_error: 0.0,
            overloaded: 0.0,
            reset: 0.0,
            cut: 0.0,
            slow: 0.0,
            slow_ms: 0,
            hang: 0.0,
            broken: 0.0,
            cut_early: 0.0,
            stall: 0.0,
            drip: 0.0,
            drip_ms: 1_000,
            garbage: 0.0,
            unauthorized: 0.0,
            not_found: 0.0,
            too_long: 0.0,
            filtered: 0.0,
            episode: Episode::default(),
            next: Vec::new(),
        }
    }
}

/// A while in which one fault befalls every request. Moments count from when the settings were put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Episode {
    /// Its beginning, in milliseconds.
    pub from_ms: u64,
    /// Its end, in milliseconds; not after the beginning: there is none.
    pub until_ms: u64,
    /// What befalls them.
    pub fault: Fault,
}

impl Default for Episode {
    fn default() -> Self {
        Self { from_ms: 0, until_ms: 0, fault: Fault::Overloaded }
    }
}

impl Episode {
    fn holds(&self, since_put: Duration) -> bool {
        (Duration::from_millis(self.from_ms)..Duration::from_millis(self.until_ms)).contains(&since_put)
    }
}

/// A test asks for a fault by this header and its short name; a name that there is not asks for none.
const HEADER: &str = "x-sandbox-fault";

impl Faults {
    /// The fault that befalls a request, if any: what a header asks for, else its place in the list, else the episode's, else by
    /// chance. So many requests came `before` it since the settings were put, which is so long ago.
    pub(crate) fn strike(
        &self,
        headers: &HeaderMap,
        (before, since_put): (usize, Duration),
        dice: &mut Rng,
    ) -> Option<Strike> {
        if let Some(asked) = headers.get(HEADER).and_then(|value| value.to_str().ok()) {
            return asked.parse().ok();
        }
        if let Some(strike) = self.next.get(before) {
            return Some(*strike);
        }
        if self.episode.holds(since_put) {
            return Some(self.episode.fault.into());
        }
        let mut left = dice.f64();
        for (fault, share) in self.shares() {
            left -= share;
            if left < 0.0 {
                return Some(fault.into());
            }
        }
        None
    }

    /// In an order that does not change: a new share at the end leaves what a seed gave before.
    fn shares(&self) -> [(Fault, f64); 16] {
        [
            (Fault::RateLimited, self.rate_limited),
            (Fault::ServerError, self.server_error),
            (Fault::Overloaded, self.overloaded),
            (Fault::Reset, self.reset),
            (Fault::Cut, self.cut),
            (Fault::Slow, self.slow),
            (Fault::Hang, self.hang),
            (Fault::Broken, self.broken),
            (Fault::CutEarly, self.cut_early),
            (Fault::Stall, self.stall),
            (Fault::Drip, self.drip),
            (Fault::Garbage, self.garbage),
            (Fault::Unauthorized, self.unauthorized),
            (Fault::NotFound, self.not_found),
            (Fault::TooLong, self.too_long),
            (Fault::Filtered, self.filtered),
        ]
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn strikes(faults: &Faults, since_put_ms: u64, header: Option<&'static str>) -> Vec<Option<Fault>> {
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(HEADER, HeaderValue::from_static(name));
        }
        let since_put = (0, Duration::from_millis(since_put_ms));
        let strike = |seed| faults.strike(&headers, since_put, &mut Rng::with_seed(seed));
        (0..10_000).map(strike).map(|strike| strike.map(|strike| strike.fault)).collect()
    }

    #[test]
    fn the_next_requests_have_what_is_listed_for_them_and_those_behind_what_chance_gives() {
        let next = ["cut@3", "500"].map(|name| name.parse().expect("it is a fault")).into();
        let faults = Faults { next, reset: 1.0, ..Faults::default() };
        let strike = |before| {
            faults.strike(&HeaderMap::new(), (before, Duration::ZERO), &mut Rng::new()).map(String::from)
        };
        assert_eq!([0, 1, 2].map(strike), ["cut@3", "500", "reset"].map(|name| Some(name.to_owned())));
    }

    #[test]
    fn each_fault_befalls_its_share_of_requests() {
        let faults = Faults { server_error: 0.1, stall: 0.2, filtered: 0.3, ..Faults::default() };
        let struck = strikes(&faults, 0, None);
        let share = |fault| struck.iter().filter(|struck| **struck == fault).count().div_euclid(100);
        let wanted = [Some(Fault::ServerError), Some(Fault::Stall), Some(Fault::Filtered), None];
        for (fault, percent) in wanted.into_iter().zip([10_usize, 20, 30, 40]) {
            assert!(share(fault).abs_diff(percent) <= 1, "{fault:?}: {} %", share(fault));
        }
    }

    #[test]
    fn a_share_of_one_leaves_nothing_untouched_whatever_the_fault() {
        for (index, (fault, _)) in Faults::default().shares().into_iter().enumerate() {
            let mut settings = serde_json::to_value(Faults::default()).expect("it is plain data");
            let names = [
                "rate_limited",
                "server_error",
                "overloaded",
                "reset",
                "cut",
                "slow",
                "hang",
                "broken",
                "cut_early",
                "stall",
                "drip",
                "garbage",
                "unauthorized",
                "not_found",
                "too_long",
                "filtered",
            ];
            settings[names[index]] = 1.0.into();
            let faults: Faults = serde_json::from_value(settings).expect("the name is a setting's");
            assert!(strikes(&faults, 0, None).iter().all(|struck| *struck == Some(fault)), "{fault:?}");
        }
    }

    #[test]
    fn a_header_asks_for_any_fault_by_its_short_name() {
        let names =
            ["429", "500", "529", "reset", "cut", "cut_early", "slow", "drip", "stall", "hang", "error"];
        let more = ["garbage", "401", "404", "too_long", "filtered"];
        let faults = Faults { hang: 1.0, ..Faults::default() };
        let mut found: Vec<_> =
            names.into_iter().chain(more).map(|name| strikes(&faults, 0, Some(name))[0]).collect();
        assert!(found.iter().all(Option::is_some), "{found:?}");
        found.dedup();
        assert_eq!(found.len(), 16);
        assert_eq!(strikes(&faults, 0, Some("nothing"))[0], None);
    }

    #[test]
    fn an_episode_befalls_everything_from_its_beginning_to_its_end() {
        let episode = Episode { from_ms: 100, until_ms: 200, fault: Fault::Reset };
        let faults = Faults { episode, ..Faults::default() };
        let at = |ms| strikes(&faults, ms, None)[0];
        assert_eq!([99, 100, 199, 200].map(at), [None, Some(Fault::Reset), Some(Fault::Reset), None]);
        assert_eq!(strikes(&Faults::default(), 0, None)[0], None);
    }

    #[test]
    fn settings_name_the_fault_of_an_episode_as_the_header_does() {
        let read =
            |fault| serde_json::from_value(serde_json::json!({"episode": {"until_ms": 9, "fault": fault}}));
        let faults: Faults = read("503").unwrap_or_default();
        assert_eq!(faults, Faults::default(), "there is no such name");
        let faults: Faults = read("hang").expect("there is");
        assert_eq!(faults.episode, Episode { from_ms: 0, until_ms: 9, fault: Fault::Hang });
    }
}
