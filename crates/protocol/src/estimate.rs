//! How many tokens a text is likely to have, before anyone has counted.
//!
//! Characters weigh by class, because a flat "characters ÷ 4" is off by a quarter for prose and by three quarters for
//! Chinese or base64. It is an estimate for reservations only: bills use what the provider counted. Models differ in
//! their tokenizers; learning a factor per model from real usage is the scheduler's next step, not done here.

use paceway_domain::Tokens;

/// Hundredths of a token per character of a class. Rounded from the ratios of real token counts of current Claude
/// models to characters: about 3.2 characters a token in English prose, 2.5 in code and JSON, 1 in CJK scripts.
mod weight {
    pub(super) const LETTER: u64 = 25;
    pub(super) const SPACE: u64 = 12;
    pub(super) const DIGIT: u64 = 50;
    pub(super) const PUNCTUATION: u64 = 60;
    pub(super) const OTHER_ALPHABET: u64 = 55;
    pub(super) const IDEOGRAPH: u64 = 120;
}

/// Tokens that every request has beyond its text: roles, separators.
const OVERHEAD: u64 = 8;

/// The likely number of tokens in `text`, which may be a whole JSON body: its syntax counts as the text it is.
pub fn tokens(text: &[u8]) -> Tokens {
    let mut hundredths: u64 = 0;
    for &byte in text {
        hundredths += match byte {
            b'a'..=b'z' | b'A'..=b'Z' => weight::LETTER,
            b' ' | b'\n' | b'\t' | b'\r' => weight::SPACE,
            b'0'..=b'9' => weight::DIGIT,
            0..=0x7f => weight::PUNCTUATION,
            // UTF-8 lead bytes tell the script's block; continuation bytes add nothing.
            0x80..=0xbf => 0,
            0xc0..=0xdf => weight::OTHER_ALPHABET,
            0xe0..=0xff => weight::IDEOGRAPH,
        };
    }
    Tokens(hundredths.div_ceil(100) + OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ideograph_weighs_more_than_a_latin_letter() {
        assert!(tokens("日本語日本語".as_bytes()) > tokens(b"abcdef"));
    }

    #[test]
    fn a_longer_text_never_has_fewer_tokens() {
        let text = "Hello, world! 12345 привет 日本".as_bytes();
        let counts: Vec<_> = (0..=text.len()).map(|end| tokens(&text[..end])).collect();
        assert!(counts.is_sorted());
    }
}
