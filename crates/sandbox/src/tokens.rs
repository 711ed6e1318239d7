//! The provider's own count of tokens: pieces of words.
//!
//! Deliberately another method than the gateway's estimate by classes of characters, as a real provider's tokenizer is.

/// The tokens of a text as pieces that join to the text: words in pieces of at most four letters, digits by threes, every
/// other character alone; a space belongs to what follows it.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut length = 0;
    let mut previous = Class::Other;
    for (at, character) in text.char_indices() {
        let class = Class::of(character);
        let joins = match (previous, class) {
            (Class::Letter, Class::Letter) => length < 4,
            (Class::Digit, Class::Digit) => length < 3,
            (Class::Space, Class::Letter | Class::Digit | Class::Space) => true,
            _ => false,
        };
        if at > 0 && !joins {
            pieces.push(&text[start..at]);
            (start, length) = (at, 0);
        }
        if class != Class::Space {
            length += 1;
        }
        previous = class;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// The same, each as a text of its own.
pub(crate) fn owned(text: &str) -> Vec<String> {
    pieces(text).into_iter().map(str::to_owned).collect()
}

/// How many tokens a text has.
pub(crate) fn count(text: &str) -> u64 {
    pieces(text).len() as u64
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Other,
}

impl Class {
    fn of(character: char) -> Self {
        match character {
            ' ' | '\n' | '\t' => Self::Space,
            '0'..='9' => Self::Digit,
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Self::Letter,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text() {
        let text = "Hello, wonderful world!  12345\n日本 naïve";
        assert_eq!(pieces(text).concat(), text);
    }

    #[test]
    fn words_digits_and_ideographs_are_counted_each_in_their_way() {
        assert_eq!(pieces("wonderful"), ["wond", "erfu", "l"]);
        assert_eq!(count(" cat 12345"), 3);
        assert_eq!(count("日本"), 2);
        assert_eq!(count(""), 0);
    }
}
