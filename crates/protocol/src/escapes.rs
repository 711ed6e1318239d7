//! Escapes in the strings of JSON, read and written, and the search for them: eight bytes at a time, since most of a large
//! body is text and most of text is no escape.

use std::borrow::Cow;
use std::ops::Range;

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;
/// After so many bytes without a find a search is handed over to one with a slower start.
const NEAR: usize = 64;

/// Bytes of a word that are zero have their high bit set in the result; of others only some above a zero.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

const fn equal(word: u64, byte: u8) -> u64 {
    zeros(word ^ (ONES * byte as u64))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*chunk))
}

/// The place of the lowest byte that is marked.
const fn place(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// The next quote or backslash. Most are near, in names and kinds.
#[inline]
pub(crate) fn quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < from + NEAR {
        let Some(word) = word(bytes, at) else { break };
        let marks = equal(word, b'"') | equal(word, b'\\');
        if marks != 0 {
            return Some(at + place(marks));
        }
        at += 8;
    }
    far_quote_or_backslash(bytes, at)
}

/// The next quote or backslash if it is one of the next sixteen bytes. Those that end the text, up to seven, are not looked at.
#[inline]
pub(crate) fn near_quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    [from, from + 8].into_iter().find_map(|at| {
        let word = word(bytes, at)?;
        let marks = equal(word, b'"') | equal(word, b'\\');
        (marks != 0).then(|| at + place(marks))
    })
}

#[inline(never)]
fn far_quote_or_backslash(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr2(b'"', b'\\', bytes.get(from..)?).map(|offset| from + offset)
}

/// The first backslash. Most strings that are read at once are short.
#[inline]
fn first_backslash(bytes: &[u8]) -> Option<usize> {
    if bytes.len() > NEAR {
        return memchr::memchr(b'\\', bytes);
    }
    let mut at = 0;
    while let Some(word) = word(bytes, at) {
        let marks = equal(word, b'\\');
        if marks != 0 {
            return Some(at + place(marks));
        }
        at += 8;
    }
    bytes[at..].iter().position(|byte| *byte == b'\\').map(|offset| at + offset)
}

/// The next quote, backslash or control character.
pub(crate) fn special(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(word) = word(bytes, at) {
        let marks = specials(word);
        if marks != 0 {
            return Some(at + place(marks));
        }
        at += 8;
    }
    bytes.get(at..)?.iter().position(|byte| is_special(*byte)).map(|offset| at + offset)
}

const fn specials(word: u64) -> u64 {
    let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    equal(word, b'"') | equal(word, b'\\') | controls
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

/// What stands between the quotes of a string, read: borrowed if it holds no escapes. `None` for an escape that stands for
/// nothing.
pub(crate) fn read(inside: &str) -> Option<Cow<'_, str>> {
    let bytes = inside.as_bytes();
    let Some(first) = first_backslash(bytes) else { return Some(Cow::Borrowed(inside)) };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while at < bytes.len() {
        at = match word(bytes, at) {
            Some(word) => {
                out.extend_from_slice(&word.to_le_bytes());
                let marks = equal(word, b'\\');
                if marks == 0 {
                    at += 8;
                    continue;
                }
                out.truncate(out.len() - 8 + place(marks));
                read_escape(bytes, at + place(marks), &mut out)?
            }
            None if bytes[at] == b'\\' => read_escape(bytes, at, &mut out)?,
            None => {
                out.push(bytes[at]);
                at + 1
            }
        };
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Letters of escapes and what they stand for.
const LETTERS: [(u8, u8); 8] = [
    (b'"', b'"'),
    (b'\\', b'\\'),
    (b'/', b'/'),
    (b'n', b'\n'),
    (b't', b'\t'),
    (b'r', b'\r'),
    (b'b', 0x08),
    (b'f', 0x0c),
];

/// What the letter of an escape stands for; 0 for none. Tables, since which escape comes next cannot be guessed.
const MEANING: [u8; 256] = {
    let mut table = [0; 256];
    let mut place = 0;
    while place < LETTERS.len() {
        table[LETTERS[place].0 as usize] = LETTERS[place].1;
        place += 1;
    }
    table
};

/// The letter of the escape that a byte is written as; 0 for none.
const LETTER: [u8; 256] = {
    let mut table = [0; 256];
    let mut place = 0;
    while place < LETTERS.len() {
        if LETTERS[place].0 != b'/' {
            table[LETTERS[place].1 as usize] = LETTERS[place].0;
        }
        place += 1;
    }
    table
};

/// A string that was found to be JSON.
pub(crate) struct Checked {
    /// What stands between its quotes.
    pub(crate) inside: Range<usize>,
    /// Whether there are escapes.
    pub(crate) has_escapes: bool,
    /// Whether it holds half of a surrogate pair without the other, so that it is JSON and stands for no text.
    pub(crate) has_half: bool,
}

/// Checks a string from behind its first quote to its last.
pub(crate) fn string(bytes: &[u8], start: usize) -> Option<Checked> {
    let (mut at, mut has_escapes, mut has_half) = (start, false, false);
    loop {
        at = special(bytes, at)?;
        match bytes[at] {
            b'"' => return Some(Checked { inside: start..at, has_escapes, has_half }),
            b'\\' => {
                let (length, is_half) = escape(bytes, at)?;
                at += length;
                has_half |= is_half;
                has_escapes = true;
            }
            _ => return None,
        }
    }
}

/// The length of the escape that begins here, and whether it is half of a surrogate pair without the other.
#[inline]
fn escape(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    if MEANING[usize::from(*bytes.get(at + 1)?)] != 0 {
        return Some((2, false));
    }
    let is_low = |unit: u32| (0xdc00..0xe000).contains(&unit);
    Some(match unit(bytes, at)? {
        0xd800..0xdc00 if unit(bytes, at + 6).is_some_and(is_low) => (12, false),
        0xd800..0xe000 => (6, true),
        _ => (6, false),
    })
}

/// Reads the escape that begins here and returns the place behind it.
#[inline]
fn read_escape(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let letter = *bytes.get(at + 1)?;
    let meaning = MEANING[usize::from(letter)];
    if meaning == 0 {
        return if letter == b'u' { read_unicode(bytes, at, out) } else { None };
    }
    out.push(meaning);
    Some(at + 2)
}

fn read_unicode(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let (mut code, mut end) = (unit(bytes, at)?, at + 6);
    if (0xd800..0xdc00).contains(&code) {
        let low = unit(bytes, end)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        code = 0x1_0000 + ((code - 0xd800) << 10) + low;
        end += 6;
    }
    let char = char::from_u32(code)?;
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    Some(end)
}

/// The number in `\u12ab`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

/// Appends a text as it stands between the quotes of a string.
pub(crate) fn write(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 8);
    let mut at = 0;
    while let Some(word) = word(bytes, at) {
        out.extend_from_slice(&word.to_le_bytes());
        let marks = specials(word);
        if marks == 0 {
            at += 8;
        } else {
            let place = place(marks);
            out.truncate(out.len() - 8 + place);
            write_byte(bytes[at + place], out);
            at += place + 1;
        }
    }
    let rest = &bytes[at..];
    if rest.iter().any(|byte| is_special(*byte)) {
        for byte in rest {
            write_byte(*byte, out);
        }
    } else {
        out.extend_from_slice(rest);
    }
}

/// Appends a byte, as an escape if it needs one.
#[inline]
fn write_byte(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let letter = LETTER[usize::from(byte)];
    if letter != 0 {
        out.extend_from_slice(&[b'\\', letter]);
    } else if byte < 0x20 {
        let (high, low) = (DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]);
        out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
    } else {
        out.push(byte);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write(text, &mut out);
        format!("\"{}\"", String::from_utf8(out).unwrap())
    }

    proptest! {
        #[test]
        fn texts_are_written_and_read_as_serde_json_does(text in "(\\PC|[\"\\\\\n\r\t\u{0}-\u{1f}\u{7f}a]|long run ){0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(&written(&text), &json);
            prop_assert_eq!(read(&json[1..json.len() - 1]), Some(text.into()));
        }

        #[test]
        fn escapes_are_read_as_serde_json_does(inside in "(\\\\[\"\\\\/bfnrtux]|\\\\u[0-9a-fA-F]{4}|\\\\u[dD][89abcdef][0-9a-f]{2}|[a-zé]{1,9}){0,20}") {
            let expected: Option<String> = serde_json::from_str(&format!("\"{inside}\"")).ok();
            prop_assert_eq!(read(&inside).map(Cow::into_owned), expected);
        }

        #[test]
        fn the_next_quote_or_backslash_is_found(text in "[\"\\\\a-cé]{0,9}[a-cé#]{0,90}[\"\\\\!]{0,2}", from in 0_usize..100) {
            let expected = text.bytes().enumerate().skip(from).find(|(_, byte)| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(text.as_bytes(), from), expected.map(|(at, _)| at));
            prop_assert_eq!(special(text.as_bytes(), from), expected.map(|(at, _)| at));
        }

        #[test]
        fn a_near_quote_or_backslash_is_found_and_a_far_one_is_not(text in "[\"\\\\a-cé]{0,9}[a-cé#]{0,30}[\"\\\\!]{0,2}", from in 0_usize..50) {
            let text = text + &"#".repeat(80);
            let near = text.bytes().enumerate().skip(from).take(16).find(|(_, byte)| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(near_quote_or_backslash(text.as_bytes(), from), near.map(|(at, _)| at));
        }
    }
}
