//! What numbers in a text are worth, in digits or in English words.
//!
//! Only single tokens: "twenty five" is two numbers. Signs are the business of who reads an expression.

use super::text::{Kind, Token, tokens};

/// The longest number word, in bytes.
const LONGEST_WORD: usize = 8;

/// The value of digits with commas and points, such as `1,600.5`.
pub(super) fn of_digits(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| *c != ',').collect();
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The value of an English number word in any case; not of `one` and `a`, which seldom count.
pub(super) fn of_word(word: &str) -> Option<f64> {
    // Every word of a text comes by here: no allocation.
    let mut buffer = [0; LONGEST_WORD];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    Some(match std::str::from_utf8(lower).ok()? {
        "two" | "twice" | "double" | "doubled" | "doubles" | "both" | "pair" | "couple" => 2.0,
        "half" => 0.5,
        "three" | "thrice" | "triple" | "tripled" | "triples" => 3.0,
        "third" | "thirds" => 1.0 / 3.0,
        "four" => 4.0,
        "quarter" | "quarters" => 0.25,
        "five" => 5.0,
        "fifth" => 0.2,
        "six" => 6.0,
        "seven" => 7.0,
        "eight" => 8.0,
        "nine" => 9.0,
        "ten" => 10.0,
        "eleven" => 11.0,
        "twelve" | "dozen" | "dozens" => 12.0,
        "thirteen" => 13.0,
        "fourteen" => 14.0,
        "fifteen" => 15.0,
        "sixteen" => 16.0,
        "eighteen" => 18.0,
        "twenty" => 20.0,
        "thirty" => 30.0,
        "forty" => 40.0,
        "fifty" => 50.0,
        "sixty" => 60.0,
        "hundred" => 100.0,
        "thousand" => 1_000.0,
        _ => return None,
    })
}

/// Whether two values are the same but for rounding to two places or a thousandth.
pub(super) fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 0.0051 + 1e-3 * one.abs().min(other.abs())
}

/// The values of all numbers in a text, in order, with their tokens.
pub(super) fn values(text: &str) -> impl Iterator<Item = (f64, Token<'_>)> {
    tokens(text).filter_map(|token| {
        let value = match token.kind {
            Kind::Number => of_digits(token.text),
            Kind::Word => of_word(token.text),
            Kind::Mark => None,
        };
        Some((value?, token))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_digits_and_in_words() {
        let found: Vec<f64> = values("Twice 1,600.5, a dozen and one half").map(|(value, _)| value).collect();
        assert_eq!(found, [2.0, 1600.5, 12.0, 0.5]);
    }

    #[test]
    fn rounding_is_no_difference_and_one_off_is() {
        assert!(same(83.333_333, 83.33) && same(0.5, 0.5) && same(100_000.0, 100_050.0));
        assert!(!same(12.0, 13.0) && !same(0.25, 0.26) && !same(180.0, 181.0));
    }
}
