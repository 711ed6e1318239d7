//! How far estimates of tokens are from what providers count, learned from the usage that comes back.
//!
//! Two ratios for each model and caller: counted input ÷ estimated input, which holds the tokenizer, the overhead of tools
//! and what comes from a cache, and output per request. A caller of which little is known borrows from all callers of the
//! model. It decides nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use paceway_domain::Tokens;

/// Pairs of model and caller that are kept; beyond it, all are learned anew.
const MOST_KEPT: usize = 20_000;
/// Answers after which a caller's own figures count alone.
const OWN_AFTER: u32 = 5;
/// The weight of a new answer once there were many.
const STEADY: f64 = 0.05;
/// What an answer is expected to have before any was seen, in tokens.
const FIRST_GUESS_OUTPUT: f64 = 500.0;

/// What has been learned.
#[derive(Debug, Default)]
pub struct Calibration {
    ratios: Mutex<HashMap<u64, Ratios>>,
}

#[derive(Debug, Clone, Copy)]
struct Ratios {
    answers: u32,
    input: f64,
    output: f64,
    /// How far outputs are from their mean, on average.
    spread: f64,
}

impl Ratios {
    /// Before anything is known it is better to expect a little too much: too little is refused.
    const UNKNOWN: Self = Self { answers: 0, input: 1.1, output: FIRST_GUESS_OUTPUT, spread: 0.0 };

    fn learn(&mut self, input: Option<f64>, output: f64) {
        self.answers = self.answers.saturating_add(1);
        let weight = (1.0 / f64::from(self.answers)).max(STEADY);
        if let Some(input) = input {
            self.input += (input - self.input) * weight;
        }
        let is_first = self.answers == 1;
        if !is_first {
            self.spread += ((output - self.output).abs() - self.spread) * weight;
        }
        self.output += (output - self.output) * weight;
    }
}

/// Whose figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) caller: u64,
}

impl Subject<'_> {
    /// The keys of the caller's own figures, and of everybody's.
    fn keys(&self) -> [u64; 2] {
        let mut hasher = DefaultHasher::new();
        (self.provider, self.model).hash(&mut hasher);
        let all = hasher.finish();
        self.caller.hash(&mut hasher);
        [hasher.finish(), all]
    }
}

impl Calibration {
    /// The likely input and output of a request whose text looks like so many tokens.
    pub(crate) fn expected(&self, subject: Subject<'_>, estimate: Tokens) -> (Tokens, Tokens) {
        let ratios = self.lock();
        let [own, all] = subject.keys().map(|key| ratios.get(&key).copied());
        let ratios = match own {
            Some(own) if own.answers >= OWN_AFTER => own,
            _ => all.unwrap_or(Ratios::UNKNOWN),
        };
        // Half the spread on top: of a burst of answers the short ones end first, and those that are left are longer than
        // the mean.
        (rounded(estimate.get() as f64 * ratios.input), rounded(ratios.output + ratios.spread / 2.0))
    }

    /// A request that was estimated so was counted so.
    pub(crate) fn learn(&self, subject: Subject<'_>, estimate: Tokens, input: Tokens, output: Tokens) {
        let input = (estimate > Tokens::ZERO).then(|| input.get() as f64 / estimate.get() as f64);
        let mut ratios = self.lock();
        if ratios.len() >= MOST_KEPT {
            ratios.clear();
        }
        for key in subject.keys() {
            ratios.entry(key).or_insert(Ratios::UNKNOWN).learn(input, output.get() as f64);
        }
    }

    /// No panic can leave the map half changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Ratios>> {
        self.ratios.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To the nearest token, at least one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Positive, and small beside 2⁶³.
fn rounded(tokens: f64) -> Tokens {
    Tokens(tokens.round().clamp(1.0, 1e12) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(caller: u64) -> Subject<'static> {
        Subject { provider: "p", model: "m", caller }
    }

    #[test]
    fn before_any_answer_a_little_more_than_the_estimate_is_expected() {
        let calibration = Calibration::default();
        assert_eq!(calibration.expected(of(1), Tokens(40)), (Tokens(44), Tokens(500)));
    }

    #[test]
    fn after_fifty_answers_the_median_error_is_small() {
        let calibration = Calibration::default();
        for turn in 0..50 {
            let estimate = 100 + turn * 7;
            calibration.learn(of(1), Tokens(estimate), Tokens(estimate * 13 / 10), Tokens(200));
        }
        let (input, output) = calibration.expected(of(1), Tokens(1_000));
        assert!(input.get().abs_diff(1_300) <= 13 && output == Tokens(200), "{input} {output}");
    }

    #[test]
    fn a_caller_with_little_history_borrows_from_all_and_then_has_its_own() {
        let calibration = Calibration::default();
        for _ in 0..20 {
            calibration.learn(of(1), Tokens(100), Tokens(200), Tokens(1_000));
        }
        assert_eq!(calibration.expected(of(2), Tokens(100)).1, Tokens(1_000));
        for _ in 0..5 {
            calibration.learn(of(2), Tokens(100), Tokens(10), Tokens(7));
        }
        assert_eq!(calibration.expected(of(2), Tokens(100)), (Tokens(10), Tokens(7)));
    }
}
