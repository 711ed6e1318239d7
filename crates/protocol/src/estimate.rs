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
    let hundredths: u64 =
        text.chunks(Counts::MOST).map(|chunk| Counts::of(chunk).hundredths(chunk.len())).sum();
    Tokens(hundredths.div_ceil(100) + OVERHEAD)
}

/// How many bytes of each class a piece of a text has. So few bytes at a time fit into single bytes, which the processor
/// counts many at once.
#[derive(Default)]
struct Counts {
    letters: u8,
    spaces: u8,
    digits: u8,
    /// UTF-8 continuation bytes: they add nothing.
    continuing: u8,
    /// UTF-8 lead bytes tell the script's block.
    alphabets: u8,
    ideographs: u8,
}

impl Counts {
    const MOST: usize = 240;

    fn of(bytes: &[u8]) -> Self {
        let mut counts = Self::default();
        for &byte in bytes {
            counts.letters += u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
            counts.spaces += u8::from(byte == b' ')
                + u8::from(byte == b'\n')
                + u8::from(byte == b'\t')
                + u8::from(byte == b'\r');
            counts.digits += u8::from(byte.wrapping_sub(b'0') < 10);
            counts.continuing += u8::from(byte.wrapping_sub(0x80) < 0x40);
            counts.alphabets += u8::from(byte.wrapping_sub(0xc0) < 0x20);
            counts.ideographs += u8::from(byte >= 0xe0);
        }
        counts
    }

    fn hundredths(&self, bytes: usize) -> u64 {
        let [letters, spaces, digits, continuing, alphabets, ideographs] =
            [self.letters, self.spaces, self.digits, self.continuing, self.alphabets, self.ideographs]
                .map(u64::from);
        let punctuation = bytes as u64 - letters - spaces - digits - continuing - alphabets - ideographs;
        letters * weight::LETTER
            + spaces * weight::SPACE
            + digits * weight::DIGIT
            + punctuation * weight::PUNCTUATION
            + alphabets * weight::OTHER_ALPHABET
            + ideographs * weight::IDEOGRAPH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ideograph_weighs_more_than_a_latin_letter() {
        assert!(tokens("日本語日本語".as_bytes()) > tokens(b"abcdef"));
    }

    #[test]
    fn every_byte_weighs_what_its_class_does() {
        let weight = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' => weight::LETTER,
            b' ' | b'\n' | b'\t' | b'\r' => weight::SPACE,
            b'0'..=b'9' => weight::DIGIT,
            0..=0x7f => weight::PUNCTUATION,
            0x80..=0xbf => 0,
            0xc0..=0xdf => weight::OTHER_ALPHABET,
            0xe0..=0xff => weight::IDEOGRAPH,
        };
        for byte in 0..=0xff {
            assert_eq!(tokens(&[byte; 1_000]), Tokens(weight(byte) * 10 + OVERHEAD), "{byte:#x}");
        }
    }

    #[test]
    fn a_longer_text_never_has_fewer_tokens() {
        let text = "Hello, world! 12345 привет 日本".as_bytes();
        let counts: Vec<_> = (0..=text.len()).map(|end| tokens(&text[..end])).collect();
        assert!(counts.is_sorted());
    }
}
