//! Whether an answer looks wrong, from its text and its question: what a cascade goes by that asks a cheap model first.
//!
//! Signs that can be told to people, each with a weight set by hand (`signs.rs`) and not fitted to anything. An answer
//! without signs may be wrong all the same: nothing here knows the truth, and nothing is asked.

mod arithmetic;
mod endings;
mod json;
mod quantities;
mod signs;

pub use signs::Sign;

use arithmetic::Reckoning;
use quantities::Asked;

/// What an answer looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// 0 looks right and 1 looks wrong.
    pub score: f64,
    /// What speaks against the answer, most first.
    pub signs: Vec<Found>,
}

/// A sign that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which.
    pub sign: Sign,
    /// How much of it there is, above 0 to 1.
    pub strength: f64,
}

/// Judges an answer to a question. `difficulty` is the question's score from 0 to 1 (`complexity::score`). Of a text of more
/// than 8 KiB the first and last 4 KiB are read; JSON is read up to 256 KiB.
pub(super) fn judge(question: &str, answer: &str, difficulty: f64) -> Doubt {
    let mut signs = Vec::new();
    let mut add = |sign: Sign, strength: f64| {
        if strength > 0.0 {
            signs.push(Found { sign, strength: strength.min(1.0) });
        }
    };
    let flag = |is: bool| f64::from(u8::from(is));
    add(Sign::Difficult, difficulty);
    if answer.trim().is_empty() {
        add(Sign::Empty, 1.0);
    } else {
        let reckoning = Reckoning::of(answer);
        let asked = Asked::of(question);
        add(Sign::Refuses, flag(endings::refuses(answer)));
        add(Sign::CutOff, flag(endings::is_cut_off(answer)));
        add(Sign::Repeats, flag(endings::repeats(answer)));
        add(Sign::Hedges, flag(endings::hedges(answer)));
        add(Sign::TakesBack, flag(endings::takes_back(answer)));
        add(Sign::NotJson, flag(json::is_asked(question) && !json::is_in(answer)));
        add(Sign::WrongArithmetic, f64::from(reckoning.wrong) / 2.0 + 0.5 * flag(reckoning.wrong > 0));
        quantities::signs(&asked, answer, &reckoning, &mut add);
    }
    let moved: f64 = signs.iter().map(|found| found.sign.weight() * found.strength).sum();
    let by_weight = |found: &Found| found.sign.weight() * found.strength;
    signs.sort_by(|one, other| by_weight(other).total_cmp(&by_weight(one)));
    Doubt { score: 1.0 / (1.0 + (-(signs::BASE + moved)).exp()), signs }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str =
        "A crate holds 12 jars. How many jars are in 5 crates, if 4 jars are broken and thrown away?";

    fn signs(answer: &str) -> Vec<Sign> {
        judge(QUESTION, answer, 0.0).signs.iter().map(|found| found.sign).collect()
    }

    #[test]
    fn showing_more_right_steps_raises_no_doubt() {
        assert_eq!(signs("5 * 12 = 60, 60 - 4 = 56. The answer is 56."), []);
        assert_eq!(
            signs(
                "12 + 12 = 24, 24 + 12 = 36, 36 + 12 = 48, 48 + 12 = 60 jars in 5 crates, 60 - 4 = 56. The answer is 56."
            ),
            []
        );
    }

    #[test]
    fn a_right_answer_is_doubted_less_than_any_wrong_one() {
        let right = judge(QUESTION, "There are 12 * 5 = 60 jars. 60 - 4 = 56 are left.", 0.3).score;
        for wrong in [
            "",
            "I'm sorry, but I can't help with that.",
            "There are 12 * 5 = 70 jars. 70 - 4 = 66 are left.",
            "There are 12 * 5 = 60 jars, so in the end",
            "There are 12 * 5 = 60 jars.",
            "60 / 7 = 8.57 jars.",
        ] {
            let doubt = judge(QUESTION, wrong, 0.3).score;
            assert!(doubt > right && (0.0..=1.0).contains(&doubt), "{wrong}: {doubt} against {right}");
        }
    }

    #[test]
    fn the_heaviest_sign_is_told_first() {
        assert_eq!(signs(""), [Sign::Empty]);
        assert_eq!(signs("12 * 5 = 70, I think, 70 - 4 = 66")[0], Sign::WrongArithmetic);
    }

    #[test]
    fn a_harder_question_is_doubted_more() {
        assert!(judge(QUESTION, "56", 0.9).score > judge(QUESTION, "56", 0.1).score);
    }

    #[test]
    fn json_is_held_to_be_json_only_where_it_was_asked_for() {
        let asked = |answer| judge("Return a JSON object with the name.", answer, 0.0).score;
        assert!(asked("{\"name\": \"Lea\"}") < 0.2 && asked("{\"name\": \"Lea\"") > 0.5);
    }
}
