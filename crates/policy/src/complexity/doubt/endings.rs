//! What an answer says about itself by how it is written: cut off, refusing, unsure, going round in circles.
//!
//! English phrases; how an ending looks is the same in most languages with an alphabet.

use std::collections::HashMap;

use super::super::text::bounded;

/// A last line of so many words is prose, which ends with a mark.
const PROSE: usize = 4;
/// Lines of so many bytes count when they come again so many times.
const LINE: usize = 12;
const OFTEN: u32 = 3;

const REFUSALS: &[&str] = &[
    "i cannot help",
    "i can't help",
    "i can't assist",
    "i cannot assist",
    "i'm unable to",
    "i am unable to",
    "i cannot provide",
    "i can't provide",
    "as an ai",
    "i'm sorry, but",
    "i am sorry, but",
    "i cannot answer",
];
const HEDGES: &[&str] = &[
    "not sure",
    "i'm not certain",
    "it is unclear",
    "it's unclear",
    "not enough information",
    "cannot be determined",
    "hard to say",
    "i think",
    "i believe",
    "might be",
    "probably",
    "assuming that",
    "if we assume",
    "let's assume",
];
const RETRACTIONS: &[&str] = &[
    "wait,",
    "wait.",
    "however, since",
    "actually,",
    "correction",
    "my mistake",
    "i made a mistake",
    "let me re",
    "apolog",
    "round up",
    "round down",
    "rounded up",
    "rounded down",
    "rounding up",
    "rounding down",
    "can't have",
    "cannot have",
    "not possible",
    "doesn't make sense",
    "does not make sense",
];

/// Whether it declines, at its beginning.
pub(super) fn refuses(answer: &str) -> bool {
    says(&answer[..answer.floor_char_boundary(200)], REFUSALS)
}

pub(super) fn hedges(answer: &str) -> bool {
    bounded(answer).iter().any(|part| says(part, HEDGES))
}

pub(super) fn takes_back(answer: &str) -> bool {
    bounded(answer).iter().any(|part| says(part, RETRACTIONS))
}

fn says(text: &str, phrases: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase().replace('’', "'");
    phrases.iter().any(|phrase| lower.contains(phrase))
}

/// Whether it stops before its end: code that is not closed, a bracket or quotation open in the last line, an operator or a comma
/// last, or prose without a mark at its end.
pub(super) fn is_cut_off(answer: &str) -> bool {
    let answer = answer.trim_end();
    if answer.matches("```").count() % 2 == 1 {
        return true;
    }
    let last = answer.lines().next_back().unwrap_or_default().trim();
    let is_open = |open: char, close: char| last.matches(open).count() > last.matches(close).count();
    let has_note_open = last.matches("<<").count() > last.matches(">>").count();
    if answer.ends_with("```") || last.starts_with(['#', '|']) {
        return false;
    }
    if has_note_open
        || is_open('(', ')')
        || is_open('[', ']')
        || last.ends_with([',', '=', '+', '*', '/', '-', '('])
    {
        return true;
    }
    let is_item = last.starts_with(['-', '*', '•'])
        || last.starts_with(|c: char| c.is_ascii_digit()) && last.contains(". ");
    let ends = |c: char| {
        matches!(
            c,
            '.' | '!'
                | '?'
                | ':'
                | '"'
                | '”'
                | '\''
                | '`'
                | ')'
                | ']'
                | '}'
                | '*'
                | '$'
                | '»'
                | '。'
                | '…'
                | '>'
        ) || !c.is_alphanumeric() && !c.is_ascii()
    };
    // Reckoning as `total = 4 + 5 = 9` may end with its result.
    let is_reckoning = last.contains('=') && !last.contains(". ") && !answer.contains("<<");
    last.split_whitespace().count() >= PROSE && !is_item && !is_reckoning && !last.ends_with(ends)
}

/// Whether a line of some length, or a sentence, comes again and again.
pub(super) fn repeats(answer: &str) -> bool {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let parts = bounded(answer);
    let pieces = parts.iter().flat_map(|part| part.split(['\n', '.'])).map(str::trim);
    pieces.filter(|piece| piece.len() >= LINE).any(|piece| {
        let count = seen.entry(piece).or_default();
        *count += 1;
        *count >= OFTEN
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_in_the_middle_is_cut_off() {
        for text in [
            "So the total is 15 + 25 = <<15+2",
            "Therefore, the price of the bag after 3",
            "First, the list:\n```python\ndef f(x):",
            "She buys apples, pears,",
            "The answer (as we saw",
        ] {
            assert!(is_cut_off(text), "{text}");
        }
    }

    #[test]
    fn what_ends_is_not_cut_off() {
        for text in [
            "Paris",
            "B",
            "She has 18 left.",
            "He has 9.\n#### 18",
            "```rust\nfn f() {}\n```",
            "total = 4 + 5 = 9",
            "- one thing of many here",
            "東京です。",
            "| a | b | c | d",
            "See [the page](https://example.org).",
        ] {
            assert!(!is_cut_off(text), "{text}");
        }
    }

    #[test]
    fn refusing_hedging_and_taking_back_are_heard() {
        assert!(
            refuses("I'm sorry, but I can’t help with that.") && !refuses("Sorry is a five-letter word.")
        );
        assert!(hedges("It is probably 4.") && !hedges("It is 4."));
        assert!(takes_back("Since you can't have half a bus, we round up.") && !takes_back("It is 4."));
    }

    #[test]
    fn the_same_again_and_again_is_a_loop() {
        assert!(repeats(&"The number is then doubled. ".repeat(3)) && !repeats("Yes. Yes. Yes. No."));
        assert!(!repeats("The number is doubled. Then the number is halved. It is what it was."));
    }
}
