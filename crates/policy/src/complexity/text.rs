//! Text in words, numbers and marks, within a bound.
//!
//! Knows no grammar and no language: what a word means is in `lexicon.rs`, what a number is worth in `numbers.rs`.

/// Of a longer text only the first and the last so many bytes are read: a task is put at the beginning or the end of what
/// it is about.
pub(super) const HALF: usize = 4 * 1024;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, with apostrophes and hyphens between them.
    Word,
    /// Digits, with commas and points between them.
    Number,
    /// Any other character that is not white.
    Mark,
}

/// A piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Its place in the text, in bytes.
    pub(super) at: usize,
}

impl Token<'_> {
    /// The place after it, in bytes.
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// The character of a mark; a space for others.
    pub(super) fn mark(&self) -> char {
        if self.kind == Kind::Mark { self.text.chars().next().unwrap_or(' ') } else { ' ' }
    }
}

/// The parts of a text that are read: all of it, or its beginning and its end.
pub(super) fn bounded(text: &str) -> [&str; 2] {
    if text.len() <= 2 * HALF {
        return [text, ""];
    }
    [&text[..text.floor_char_boundary(HALF)], &text[text.ceil_char_boundary(text.len() - HALF)..]]
}

/// The tokens of a text, in order; together with the white space between them they are the text.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &text[at..];
        let first = rest.chars().next()?;
        let (kind, length) = if first.is_ascii_digit() {
            (Kind::Number, run(rest, |c| c.is_ascii_digit(), |c| matches!(c, ',' | '.')))
        } else if first.is_alphabetic() {
            (Kind::Word, run(rest, char::is_alphabetic, |c| matches!(c, '\'' | '’' | '-')))
        } else {
            (Kind::Mark, first.len_utf8())
        };
        let token = Token { kind, text: &rest[..length], at };
        at += length;
        Some(token)
    })
}

/// The length of the run of `part` at the beginning, where a `joint` belongs to it if a part follows.
fn run(text: &str, part: impl Fn(char) -> bool, joint: impl Fn(char) -> bool) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let goes_on =
            part(character) || joint(character) && characters.peek().is_some_and(|(_, next)| part(*next));
        if !goes_on {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).map(|token| token.text).collect()
    }

    #[test]
    fn words_numbers_and_marks_are_told_apart() {
        assert_eq!(
            texts("Janet’s well-kept ducks lay 1,600.5 eggs, 3*4=12."),
            ["Janet’s", "well-kept", "ducks", "lay", "1,600.5", "eggs", ",", "3", "*", "4", "=", "12", "."]
        );
        assert_eq!(texts("  "), [""; 0]);
        assert_eq!(texts("Größe ≤ 5m"), ["Größe", "≤", "5", "m"]);
    }

    #[test]
    fn of_a_long_text_the_ends_are_read_and_no_character_is_cut() {
        let text = "ü".repeat(3 * HALF);
        let [head, tail] = bounded(&text);
        assert_eq!((head.len(), tail.len()), (HALF, HALF));
        assert_eq!(bounded("short"), ["short", ""]);
        let [head, tail] = bounded(&text[..2 * HALF]);
        assert_eq!((head.len(), tail.len()), (2 * HALF, 0));
    }
}
