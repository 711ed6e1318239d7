//! What a prompt is made of: how many words, sentences, numbers, marks and words of each group, in one pass.
//!
//! Counts only. What they say about the difficulty of a task is in `features.rs` and `weights.csv`.

use super::lexicon::{self, Group};
use super::numbers;
use super::text::{Kind, Token, bounded, tokens};

/// Commands stand at the beginning of a sentence: "Please write", "Can you quickly prove". Elsewhere such words tell about
/// something.
const COMMAND_WITHIN: u32 = 4;

/// Counts over a prompt.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Words and numbers, of the whole text: what was not read counts as what was.
    pub(super) words: f64,
    pub(super) letters: f64,
    /// Letters that are not ASCII.
    pub(super) foreign: f64,
    pub(super) sentences: f64,
    pub(super) questions: f64,
    /// Numbers, in digits or words.
    pub(super) numbers: f64,
    /// Kinds of numbers: a bit for each of percent, fraction, decimal, money, thousands.
    pub(super) number_kinds: u8,
    /// Words with a capital letter that begin no sentence.
    pub(super) names: f64,
    /// Signs of mathematics, of logic and of code.
    pub(super) mathematics: f64,
    pub(super) logic: f64,
    pub(super) code: f64,
    pub(super) quotes: f64,
    pub(super) commas: f64,
    /// Options to choose from (`A.`, `(b)`), the words in them, and those that speak about others ("all of the above").
    pub(super) options: f64,
    pub(super) option_words: f64,
    pub(super) combined_options: f64,
    /// Options that begin with a number or an amount of money.
    pub(super) number_options: f64,
    /// Lines that begin a list's item.
    pub(super) items: f64,
    groups: lexicon::Tally,
    /// Of all fields of knowledge together, in squares of words.
    of_fields: f64,
}

impl Shape {
    /// Of a prompt; linear in its bounded part.
    pub(super) fn of(prompt: &str) -> Self {
        let parts = bounded(prompt);
        let mut shape = Self::default();
        for part in parts {
            shape.read(part);
            shape.lines(part);
        }
        let read = parts.iter().map(|part| part.len()).sum::<usize>().max(1);
        shape.words *= (prompt.len() as f64 / read as f64).max(1.0);
        shape.of_fields = shape.groups.of_fields();
        shape
    }

    /// How many words of a group there are.
    pub(super) fn group(&self, group: Group) -> f64 {
        self.groups.of(group)
    }

    /// How much of a prompt's terms are of one field, from 0 to 1: all shares of a prompt together are at most 1, so that a
    /// field is told apart from those that share words with it. A single term makes no more than a half.
    pub(super) fn field(&self, group: Group) -> f64 {
        self.group(group).powi(2) / (1.0 + self.of_fields)
    }

    fn read(&mut self, text: &str) {
        let mut before: Option<Token<'_>> = None;
        // The place of a word in its sentence or clause.
        let mut place = 0;
        for token in tokens(text) {
            match token.kind {
                Kind::Word => self.word(token.text, place),
                Kind::Number => self.number(token.text),
                Kind::Mark => self.mark(token, before),
            }
            place = match token.mark() {
                '.' | '!' | '?' | ':' | ';' => 0,
                '"' | '“' | '(' => place,
                _ => place + 1,
            };
            before = Some(token);
        }
        // A text without a full stop is a sentence, too.
        if before.is_some_and(|last| !matches!(last.text, "." | "?" | "!")) {
            self.sentences += 1.0;
        }
    }

    fn word(&mut self, word: &str, place: u32) {
        self.words += 1.0;
        let letters = word.chars().count();
        self.letters += letters as f64;
        if !word.is_ascii() {
            self.foreign += word.chars().filter(|c| !c.is_ascii() && *c != '’').count() as f64;
        }
        if place > 0 && letters > 1 && word.starts_with(char::is_uppercase) {
            self.names += 1.0;
        }
        if numbers::of_word(word).is_some() {
            self.numbers += 1.0;
        }
        self.groups.count(word, place < COMMAND_WITHIN);
    }

    fn number(&mut self, digits: &str) {
        self.words += 1.0;
        self.numbers += 1.0;
        self.number_kinds |= u8::from(digits.contains('.')) << 2 | u8::from(digits.contains(',')) << 4;
    }

    fn mark(&mut self, token: Token<'_>, before: Option<Token<'_>>) {
        let touches = before.filter(|before| before.end() == token.at);
        let after_number = touches.is_some_and(|before| before.kind == Kind::Number);
        match token.mark() {
            // A blank to fill in is no code.
            '_' if before.is_some_and(|before| before.text == "_") => {}
            '.' | '!' => self.sentences += 1.0,
            '?' => {
                self.sentences += 1.0;
                self.questions += 1.0;
            }
            '%' => self.number_kinds |= 1,
            '/' if after_number => self.number_kinds |= 1 << 1,
            '½' | '⅓' | '¼' | '¾' | '⅔' => {
                self.numbers += 1.0;
                self.number_kinds |= 1 << 1;
            }
            '$' | '€' | '£' | '¥' => self.number_kinds |= 1 << 3,
            ',' => self.commas += 1.0,
            '"' | '“' | '”' | '«' | '»' | '「' => self.quotes += 1.0,
            '^' | '√' | '∫' | '∑' | '≤' | '≥' | '±' | '×' | '÷' | '∂' | '∞' | 'π' | 'θ' | 'λ' | '∈' | '⊂'
            | '∪' | '∩' | '+' | '*' | '\\' | '≠' | '−' => self.mathematics += 1.0,
            '=' => {
                self.mathematics += 1.0;
                self.code += 0.5;
            }
            '∨' | '∧' | '¬' | '~' | '≡' | '→' | '⊃' | '∃' | '∀' | '↔' | '⊢' | '⇒' | '•' | '·' =>
            {
                self.logic += 1.0;
            }
            '{' | '}' | ';' | '`' | '_' | '<' | '>' | '[' | ']' | '#' | '|' => self.code += 1.0,
            '(' if touches.is_some_and(|before| before.kind == Kind::Word) => self.code += 1.0,
            _ => {}
        }
    }

    fn lines(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.trim_start();
            if let Some(option) = option(line) {
                self.options += 1.0;
                self.option_words += option.split_whitespace().count() as f64;
                let is_number =
                    option.trim_start_matches(['$', '-', '€']).starts_with(|c: char| c.is_ascii_digit());
                self.number_options += f64::from(u8::from(is_number));
                self.combined_options += f64::from(u8::from(is_combined(option)));
            } else if line.starts_with(['-', '*', '•'])
                || line.starts_with(|c: char| c.is_ascii_digit()) && line[1..].starts_with(['.', ')'])
            {
                self.items += 1.0;
            }
        }
    }
}

/// What follows the letter of an option.
fn option(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('(').unwrap_or(line);
    let letter = inner.chars().next().filter(|c| matches!(c, 'A'..='F' | 'a'..='f'))?;
    let rest = inner[letter.len_utf8()..].strip_prefix(['.', ')', ':'])?;
    rest.starts_with(' ').then(|| rest.trim())
}

/// Whether an option is about others, or gives an answer to several questions at once.
fn is_combined(option: &str) -> bool {
    let lower = option.to_ascii_lowercase();
    let several = |with: &str| lower.contains(with);
    several(" of the above")
        || several(" of these")
        || several("i and ii")
        || several("ii and iii")
        || several("i only")
        || lower.starts_with("both ")
        || lower.starts_with("neither ")
        || is_row(option)
}

/// Whether an option answers several questions in turn, in a word or two each: "true, not true".
fn is_row(option: &str) -> bool {
    let mut parts = option.trim_end_matches('.').split(", ");
    option.contains(", ") && parts.all(|part| (1..=2).contains(&part.split_whitespace().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_problem_shows_its_numbers_names_and_relations() {
        let shape = Shape::of(
            "Mara has 12 pens. Her brother Tom has half as many, plus 3.5 more than Mara. How many is 20% of all?",
        );
        assert!((shape.sentences - 3.0).abs() < f64::EPSILON);
        assert!((shape.questions - 1.0).abs() < f64::EPSILON);
        // 12, half, 3.5 and 20.
        assert!((shape.numbers - 4.0).abs() < f64::EPSILON);
        assert_eq!(shape.number_kinds, 0b101);
        // Tom, and Mara in the middle.
        assert!((shape.names - 2.0).abs() < f64::EPSILON);
        assert!(shape.group(Group::Relation) >= 2.0);
    }

    #[test]
    fn options_are_counted_with_those_that_speak_of_others() {
        let shape =
            Shape::of("Which is prime?\nA. 4\nB. 7 and 11\n(c) Both of these\nd) none of the above\nAnswer:");
        assert!((shape.options - 4.0).abs() < f64::EPSILON);
        assert!((shape.combined_options - 2.0).abs() < f64::EPSILON);
        assert!((shape.number_options - 2.0).abs() < f64::EPSILON);
        assert!(Shape::of("A. is a letter").options > 0.0 && Shape::of("A cat sat").options < 1.0);
    }

    #[test]
    fn options_that_answer_two_questions_at_once_are_combined() {
        let shape =
            Shape::of("Who erred?\nA. Wrong, not wrong\nB. rises, falls.\nC. It fell, as it was too heavy");
        assert!((shape.combined_options - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_blank_to_fill_in_is_no_code() {
        assert!(Shape::of("Water boils at ______ degrees.").code < 2.0);
    }

    #[test]
    fn a_text_beyond_the_bound_counts_in_full_length() {
        let shape = Shape::of(&"word ".repeat(20_000));
        assert!((shape.words - 20_000.0).abs() < 50.0, "{}", shape.words);
    }
}
