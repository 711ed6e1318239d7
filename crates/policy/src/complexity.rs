//! How hard a task is, from its prompt alone, and whether an answer to it looks wrong: what routing to a cheap or a strong
//! model can go by without asking anyone.
//!
//! A logistic model over features that can be told to people, with weights that ship (`complexity/weights.csv`); how they
//! came about and what they cannot do is in `docs/complexity.md`. No model is called here and nothing is learned here.
//! Which score calls for which model is the business of who routes.

mod doubt;
mod features;
mod lexicon;
mod numbers;
mod shape;
mod text;
mod weights;

pub use doubt::{Doubt, Found, Sign};
pub use features::{FEATURES, Feature, Features, Form, May, features};

use weights::Weights;

/// How hard a prompt looks, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Complexity {
    /// 0 is easy and 1 is hard; 0.5 is what the authors of the corpus called of medium difficulty.
    pub score: f64,
    /// What moved it from the average prompt, most first.
    pub reasons: Vec<Reason>,
}

/// A feature's part in a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    /// The feature's name.
    pub name: &'static str,
    /// For people: completes "because of …".
    pub told: &'static str,
    /// In log-odds: what is above 0 makes harder.
    pub moves: f64,
}

/// How hard a prompt is, from 0 (easy) to 1 (hard): the part that is asked, such as the last message of the user. Of a
/// prompt of more than 8 KiB the first and last 4 KiB are read, so the time is bounded.
pub fn score(prompt: &str) -> f64 {
    let features = features(prompt);
    let weights = Weights::of(&features);
    let moved = features.values.iter().zip(&weights.each).map(|(value, weight)| value * weight);
    logistic(weights.base + moved.sum::<f64>())
}

/// The score with its reasons: every feature that moved it.
pub fn explain(prompt: &str) -> Complexity {
    let features = features(prompt);
    let weights = Weights::of(&features);
    let moved = features.values.iter().zip(&weights.each).zip(FEATURES);
    let mut reasons: Vec<_> = moved
        .map(|((value, weight), feature)| Reason {
            name: feature.name,
            told: feature.told,
            moves: value * weight,
        })
        .filter(|reason| reason.moves != 0.0)
        .collect();
    reasons.sort_by(|one, other| other.moves.abs().total_cmp(&one.moves.abs()));
    Complexity { score: score(prompt), reasons }
}

/// How much an answer to a question looks wrong, from 0 to 1. Of longer texts the ends are read, as for `score`.
pub fn doubt(question: &str, answer: &str) -> f64 {
    explain_doubt(question, answer).score
}

/// The doubt with the signs that were found.
pub fn explain_doubt(question: &str, answer: &str) -> Doubt {
    doubt::judge(question, answer, score(question))
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_talk_is_easier_than_a_fact_and_a_fact_than_a_proof() {
        let talk = score("Hello, thanks for your help!");
        let why = score("Why do leaves turn yellow in autumn?");
        let proof = score(
            "Prove that every bounded sequence of real numbers has a convergent subsequence, and analyse whether \
             the claim holds for continuous functions on [0, 1] with the maximum norm: if not, give a counterexample.",
        );
        assert!(talk < why && why < proof && talk < 0.2 && proof > 0.8, "{talk} {why} {proof}");
    }

    #[test]
    fn more_steps_are_harder() {
        let one = score("Ana has 5 pens and buys 3 more. How many does she have?");
        let many = score(
            "Ana has 5 pens and buys twice as many more, then gives a third of all to Ben, who had 4 fewer than her at \
             first. After that each of them loses half of the rest every second day for a week. If Ben finds 20% \
             of what both lost, how many more pens than Ana does he have in the end?",
        );
        assert!(many > one + 0.2, "{one} {many}");
    }

    #[test]
    fn reasons_add_up_to_the_score_and_the_weightiest_comes_first() {
        let prompt = "Calculate the force on a mass of 3 kg if its acceleration is 2.5 m/s^2.";
        let explained = explain(prompt);
        let moved: f64 = explained.reasons.iter().map(|reason| reason.moves).sum();
        assert!((logistic(Weights::of(&features(prompt)).base + moved) - explained.score).abs() < 1e-9);
        assert!(explained.reasons.is_sorted_by(|one, other| one.moves.abs() >= other.moves.abs()));
        assert!(explained.reasons.iter().any(|reason| reason.name == "physics" && reason.moves > 0.0));
    }

    #[test]
    fn any_text_has_a_score_and_a_doubt_between_0_and_1() {
        let texts = [
            "",
            "\u{0}",
            "```",
            "((((",
            "= = =",
            "💥",
            &"x".repeat(1 << 20),
            &"1+".repeat(100_000),
            "答案是五。",
        ];
        for question in texts {
            for answer in texts {
                assert!(
                    (0.0..=1.0).contains(&score(question)) && (0.0..=1.0).contains(&doubt(question, answer))
                );
            }
        }
    }

    #[test]
    fn an_answer_can_be_doubted_with_reasons() {
        let found = explain_doubt("How many legs have 7 cats?", "7 * 4 = 29 legs");
        assert_eq!(found.signs[0].sign, Sign::WrongArithmetic);
        assert!((found.score - doubt("How many legs have 7 cats?", "7 * 4 = 29 legs")).abs() < f64::EPSILON);
    }
}
