//! Why a request went where it went: a record of every decision, kept for a while, that people can read.
//!
//! It decides nothing and costs little: texts are made where something was decided, and the oldest records make room for new ones.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use paceway_domain::{RequestId, UnixMillis};
use paceway_policy::fallback::Reason;
use serde::Serialize;

/// Attempts of one request that its record shows.
const MOST_NOTED: usize = 50;

/// Everything that was decided of one request.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Decision {
    /// The request.
    pub request_id: String,
    /// When it came, in Unix milliseconds.
    pub arrived_at: u64,
    /// The model as it was asked for.
    pub model_asked: String,
    /// What the caller asked of routing beside that, in words; empty if nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// What else was decided, in words; empty if nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The targets that came into question, in the order in which they were preferred, and then those that were left out.
    pub candidates: Vec<Considered>,
    /// The calls that were made, or would have been, in their order.
    pub attempts: Vec<Attempt>,
    /// What became of it; empty while it is on its way.
    pub outcome: String,
    /// From arrival to the end, in milliseconds.
    pub total_ms: u64,
}

/// A target that came into question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Considered {
    /// Its provider.
    pub provider: String,
    /// Its model's name there.
    pub model: String,
    /// Whether the request may not go there.
    pub is_left_out: bool,
    /// Why it is left out, or why it stands at this place.
    pub why: String,
    /// The state of its circuit breaker.
    pub breaker: &'static str,
    /// What was known of it, as far as somebody asked.
    #[serde(flatten)]
    pub known: Known,
}

/// What was known of a target when it was considered; what nobody asked for is not there.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Known {
    /// The expected cost of the request there, in 10⁻⁶ US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_microusd: Option<u64>,
    /// The wait for its limits, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// The expected time to the first byte, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// Calls that it has in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u32>,
    /// The smallest free share of any of its limits, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headroom: Option<f64>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// Where: `provider/model`.
    pub target: String,
    /// When it ended, in milliseconds since the request came.
    pub after_ms: u64,
    /// `served`, or why it did not serve.
    pub result: String,
    /// What was said, where it did not serve.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub said: String,
}

/// The latest decisions.
#[derive(Debug)]
pub struct Decisions {
    most: AtomicUsize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: HashMap<String, Arc<Decision>>,
    order: VecDeque<String>,
}

impl Decisions {
    /// Keeps so many at most.
    pub fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most), kept: Mutex::default() }
    }

    /// From the next one on, so many at most.
    pub fn keep_at_most(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// The decision of this request.
    pub fn find(&self, id: &str) -> Option<Arc<Decision>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned()
    }

    pub(crate) fn keep(&self, decision: Decision) {
        let most = self.most.load(Ordering::Relaxed);
        if most == 0 {
            return;
        }
        let kept = &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.order.len() >= most {
            let Some(oldest) = kept.order.pop_front() else { break };
            kept.by_id.remove(&oldest);
        }
        let id = decision.request_id.clone();
        if kept.by_id.insert(id.clone(), Arc::new(decision)).is_none() {
            kept.order.push_back(id);
        }
    }
}

impl Decision {
    /// Of a request that has just been read.
    pub(crate) fn new(id: &RequestId, arrived: UnixMillis, model_asked: &str) -> Self {
        Self {
            request_id: id.as_str().to_owned(),
            arrived_at: arrived.0,
            model_asked: model_asked.to_owned(),
            ..Self::default()
        }
    }
}

/// The record of a request that is on its way.
#[derive(Debug)]
pub(crate) struct Record {
    decision: Decision,
    tried: Vec<(String, Reason)>,
}

impl Record {
    pub(crate) fn new(decision: Decision) -> Self {
        Self { decision, tried: Vec::new() }
    }

    /// So long after the request came, a target did not serve for this reason, and said this.
    pub(crate) fn tried(&mut self, after_ms: u64, target: &str, reason: Reason, said: String) {
        self.notes(after_ms, target, reason.name(), said);
        // One that refused several times in a row, and was waited for, is told once.
        let is_known = self.tried.last().is_some_and(|last| last.0 == target && last.1 == reason);
        if !is_known && self.tried.len() < MOST_NOTED {
            self.tried.push((target.to_owned(), reason));
        }
    }

    /// So long after the request came, this came of a call.
    pub(crate) fn notes(&mut self, after_ms: u64, target: &str, result: &str, said: String) {
        if self.decision.attempts.len() < MOST_NOTED {
            let attempt = Attempt { target: target.to_owned(), after_ms, result: result.to_owned(), said };
            self.decision.attempts.push(attempt);
        }
    }

    /// Targets that did not serve, and why, in one line; `None` if all served.
    pub(crate) fn all_tried(&self) -> Option<String> {
        let tried = self.tried.iter().map(|(target, reason)| format!("{target} ({reason})"));
        (!self.tried.is_empty()).then(|| tried.collect::<Vec<_>>().join(", "))
    }

    /// It has ended so, after this time: its record is whole, and nothing more is noted here.
    pub(crate) fn ends(&mut self, outcome: &str, total_ms: u64) -> Decision {
        Decision { outcome: outcome.to_owned(), total_ms, ..std::mem::take(&mut self.decision) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn decision(id: &str) -> Decision {
        Decision { request_id: id.into(), ..Decision::new(&RequestId::from_bits(1), UnixMillis(0), "m") }
    }

    #[test]
    fn the_oldest_make_room() {
        let decisions = Decisions::new(2);
        for id in ["a", "b", "b", "c"] {
            decisions.keep(decision(id));
        }
        let found: Vec<_> = ["a", "b", "c"].into_iter().filter(|id| decisions.find(id).is_some()).collect();
        assert_eq!(found, ["b", "c"]);
    }

    #[test]
    fn none_are_kept_where_none_are_wanted() {
        let decisions = Decisions::new(0);
        decisions.keep(decision("a"));
        assert!(decisions.find("a").is_none());
    }
}
