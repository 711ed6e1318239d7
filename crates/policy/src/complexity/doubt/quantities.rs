//! Whether the numbers of an answer go with those of its question: used, not invented, whole where things are counted.
//!
//! Only for questions that ask for a number. Knows no units and does not solve the question.

use super::super::lexicon::{self, Group};
use super::super::numbers::{self, same};
use super::super::text::{Kind, bounded, tokens};
use super::arithmetic::Reckoning;
use super::signs::Sign;

/// Numbers that belong to everybody: of days, hours, minutes, months, dozens and percents.
const EVERYBODYS: &[f64] =
    &[0.5, 1.0, 2.0, 4.0, 7.0, 10.0, 12.0, 24.0, 30.0, 52.0, 60.0, 100.0, 365.0, 1_000.0];
/// Numbers of a question that are looked at.
const MOST: usize = 48;

const TAKING: &[&str] = &[
    "fewer",
    "less",
    "left",
    "remaining",
    "remain",
    "rest",
    "younger",
    "shorter",
    "discount",
    "lost",
    "spent",
    "gave",
];
const SHARING: &[&str] =
    &["half", "third", "quarter", "average", "split", "equally", "divided", "ratio", "fourth", "fifth"];
const MULTIPLYING: &[&str] = &["twice", "times", "double", "triple", "each", "every", "per"];

/// What a question asks.
#[allow(clippy::struct_excessive_bools)] // Four independent findings, no state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// Its numbers, if it asks for one.
    given: Option<Vec<f64>>,
    is_of_things: bool,
    takes: bool,
    shares: bool,
    multiplies: bool,
}

impl Asked {
    pub(super) fn of(question: &str) -> Self {
        let parts = bounded(question);
        let words: Vec<String> = parts
            .iter()
            .flat_map(|part| tokens(part))
            .filter(|token| token.kind == Kind::Word)
            .map(|token| token.text.to_ascii_lowercase())
            .collect();
        let after = |first: &str, seconds: &[&str]| {
            words.windows(2).position(|pair| pair[0] == first && seconds.contains(&pair[1].as_str()))
        };
        let count = after("how", &["many"]);
        let asks = count.is_some()
            || after("how", &["much", "old", "far", "long", "fast", "tall", "big"]).is_some()
            || after("what", &["percentage", "percent", "number", "fraction"]).is_some()
            || words.iter().any(|word| matches!(word.as_str(), "calculate" | "compute"));
        let is_of_things = count
            .and_then(|at| words.get(at + 2))
            .is_some_and(|thing| !lexicon::is(thing, Group::Unit) && thing != "times" && thing != "total");
        let says = |cues: &[&str]| words.iter().any(|word| cues.contains(&word.as_str()));
        let given = || {
            parts.iter().flat_map(|part| numbers::values(part)).map(|(value, _)| value).take(MOST).collect()
        };
        Self {
            given: asks.then(given),
            is_of_things,
            takes: says(TAKING),
            shares: says(SHARING),
            multiplies: says(MULTIPLYING),
        }
    }
}

/// Adds the signs of an answer.
pub(super) fn signs(asked: &Asked, answer: &str, reckoning: &Reckoning, add: &mut impl FnMut(Sign, f64)) {
    let Some(given) = &asked.given else { return };
    let parts = bounded(answer);
    let said: Vec<f64> =
        parts.iter().flat_map(|part| numbers::values(part)).map(|(value, _)| value).collect();
    let flag = |is: bool| f64::from(u8::from(is));
    let Some(last) = result(answer) else {
        add(Sign::NoNumber, flag(said.is_empty()));
        return;
    };
    add(Sign::Negative, flag(last < 0.0));
    add(Sign::FractionOfThings, flag(asked.is_of_things && !same(last, last.round())));
    // A question with one number, or an answer that shows no work, says nothing about what was used.
    if given.len() > 1 && said.len() > 1 {
        let unused = given.iter().filter(|value| !said.iter().any(|used| is_form_of(**value, *used))).count();
        add(Sign::UnusedNumbers, unused as f64 / given.len() as f64 * 2.0);
    }
    if reckoning.steps.is_empty() {
        return;
    }
    add(Sign::ForeignNumbers, foreign(given, reckoning) / 2.0);
    let missing = [
        asked.takes && !reckoning.subtracts,
        asked.shares && !reckoning.divides && !reckoning.multiplies,
        asked.multiplies && !reckoning.multiplies && !reckoning.divides,
    ];
    add(Sign::MissingOperation, missing.into_iter().map(flag).sum::<f64>() / 2.0);
    let is_found =
        reckoning.steps.last().is_some_and(|(_, found)| same(*found, last) || same(found * 100.0, last));
    add(Sign::OtherResult, flag(!is_found));
}

/// The number that an answer comes to: after `####` or "answer", otherwise the last in it.
fn result(answer: &str) -> Option<f64> {
    let tail = &answer[answer.ceil_char_boundary(answer.len().saturating_sub(2_000))..];
    let marked = tail.rsplit_once("####").or_else(|| tail.rsplit_once("\\boxed{"));
    let marked = marked.or_else(|| tail.rsplit_once("nswer")).and_then(|(_, after)| signed(after).next());
    marked.or_else(|| signed(tail).last())
}

/// Numbers in digits with the minus that stands at one.
fn signed(text: &str) -> impl Iterator<Item = f64> {
    numbers::values(text).filter(|(_, token)| token.kind == Kind::Number).map(|(value, token)| {
        let before = text[..token.at].trim_end_matches('$');
        let is_negative = before
            .strip_suffix(['-', '−'])
            .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric()));
        if is_negative { -value } else { value }
    })
}

/// Whether a number stands for another: itself, as a percentage or a share, or what is left of it.
fn is_form_of(value: f64, used: f64) -> bool {
    let share = value / 100.0;
    [value, share, 1.0 - share, 1.0 + share, 100.0 - value, 100.0 + value, 100.0 * value, 1.0 / value]
        .iter()
        .any(|form| same(*form, used))
}

/// How many operands come from nowhere.
fn foreign(given: &[f64], reckoning: &Reckoning) -> f64 {
    let mut known: Vec<f64> = given.iter().chain(EVERYBODYS).copied().collect();
    let mut strangers = 0_u32;
    for (operands, found) in &reckoning.steps {
        for operand in operands {
            if !known.iter().any(|value| is_form_of(*value, *operand)) {
                strangers += 1;
                known.push(*operand);
            }
        }
        known.push(*found);
    }
    f64::from(strangers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str =
        "A shop has 48 lamps and sells a quarter of them, and then 6 more. How many lamps are left?";

    fn found(question: &str, answer: &str) -> Vec<Sign> {
        let mut signs = Vec::new();
        self::signs(&Asked::of(question), answer, &Reckoning::of(answer), &mut |sign, strength| {
            if strength > 0.0 {
                signs.push(sign);
            }
        });
        signs
    }

    #[test]
    fn an_answer_that_uses_what_is_given_has_no_sign() {
        assert_eq!(found(QUESTION, "48 / 4 = 12, 48 - 12 = 36, 36 - 6 = 30. The answer is 30."), []);
    }

    #[test]
    fn unused_and_invented_numbers_and_missing_steps_are_signs() {
        assert_eq!(found(QUESTION, "48 / 4 = 12. So 12."), [Sign::UnusedNumbers, Sign::MissingOperation]);
        assert!(
            found(QUESTION, "48 - 17 = 31 and 31 - 6 - 12 = 13, a quarter. #### 13")
                .contains(&Sign::ForeignNumbers)
        );
        assert!(found(QUESTION, "48 / 4 = 12, 48 - 12 - 6 = 30. #### 36").contains(&Sign::OtherResult));
    }

    #[test]
    fn things_are_whole_and_not_below_nothing() {
        assert!(found(QUESTION, "So there are 30.5 lamps").contains(&Sign::FractionOfThings));
        assert!(found(QUESTION, "#### -4").contains(&Sign::Negative));
        let hours = "How many hours do 3 walks of 50 minutes take?";
        assert!(!found(hours, "3 * 50 / 60 = 2.5").contains(&Sign::FractionOfThings));
        assert_eq!(found(QUESTION, "I do not know."), [Sign::NoNumber]);
    }

    #[test]
    fn a_question_that_asks_for_no_number_is_left_alone() {
        assert_eq!(found("Who wrote the 3 plays of 1905?", "Nobody"), []);
    }
}
