//! Where the long values of a body end, found in the one pass that checks the body: whoever looks into it later steps over
//! them.
//!
//! It accepts what `serde_json` accepts but for what is nested very deep, and says nothing of what is wrong with the rest:
//! who wants the words for that asks `serde_json`.

use crate::escapes;

/// Values from this many bytes on are noted. Shorter ones are quicker walked over than looked up.
const LONG: usize = 64;
/// Values nested deeper than this are not noted, so that an index is never larger than its body.
const NOTED_DEPTH: usize = 12;
/// A text is divided into pieces of so many bytes, so that what begins somewhere is found at once.
const PIECE: usize = 256;
/// What is nested deeper has no index.
const MOST_DEPTH: usize = 128;

/// The ends of long values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// The address of the text, by which its parts are known.
    base: usize,
    length: usize,
    /// Whether every string stands for a text. One with half of a surrogate pair is JSON and does not.
    has_texts_only: bool,
    /// Start and end of each, in the order of starts.
    values: Vec<(u32, u32)>,
    /// For every piece of the text the place of the first value that begins there or behind it.
    pieces: Vec<u32>,
}

impl Index {
    /// Checks a text; `None` if it is not JSON, or is too deep or too long.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        u32::try_from(bytes.len()).ok()?;
        let mut scan = Scan {
            bytes,
            at: 0,
            open: [Open::default(); MOST_DEPTH],
            depth: 0,
            values: Vec::new(),
            has_half: false,
        };
        scan.value()?;
        let values = scan.values;
        let last = values.last().map_or(0, |(start, _)| *start as usize);
        let mut pieces = Vec::with_capacity(last / PIECE + 1);
        for (place, (start, _)) in values.iter().enumerate() {
            pieces.resize((*start as usize / PIECE + 1).max(pieces.len()), offset(place));
        }
        let (base, length, has_texts_only) = (text.as_ptr() as usize, text.len(), !scan.has_half);
        Some(Self { base, length, has_texts_only, values, pieces })
    }

    /// Whether this is a part of the text that was checked, in which every string stands for a text.
    pub(crate) fn vouches_for(&self, part: &str) -> bool {
        let start = (part.as_ptr() as usize).wrapping_sub(self.base);
        self.has_texts_only && start <= self.length && part.len() <= self.length - start
    }

    /// How long the value is that begins where this text does, if it is noted. The text is a part of the one that was
    /// checked.
    pub(crate) fn length(&self, text: &str) -> Option<usize> {
        let start = (text.as_ptr() as usize).checked_sub(self.base)?;
        let first = *self.pieces.get(start / PIECE)? as usize;
        let mut behind = self.values[first..].iter().skip_while(|(known, _)| (*known as usize) < start);
        let (_, end) = behind.next().filter(|(known, _)| *known as usize == start)?;
        Some(*end as usize - start).filter(|length| *length <= text.len())
    }
}

/// An array or object that has begun.
#[derive(Clone, Copy, Default)]
struct Open {
    is_object: bool,
    start: usize,
    /// Its place among the values that are noted.
    place: usize,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    open: [Open; MOST_DEPTH],
    depth: usize,
    values: Vec<(u32, u32)>,
    /// Whether a string holds half of a surrogate pair without the other.
    has_half: bool,
}

impl Scan<'_> {
    /// The whole text: one value with nothing but white space around it.
    fn value(&mut self) -> Option<()> {
        loop {
            if self.begin()? {
                continue;
            }
            loop {
                if self.depth == 0 {
                    return self.peek().is_none().then_some(());
                }
                let is_object = self.open[self.depth - 1].is_object;
                match (self.peek()?, is_object) {
                    (b',', false) => self.at += 1,
                    (b',', true) => {
                        self.at += 1;
                        self.name()?;
                    }
                    (b']', false) | (b'}', true) => {
                        self.close();
                        continue;
                    }
                    _ => return None,
                }
                break;
            }
        }
    }

    /// Passes what a value begins with; whether that opened an array or object which is not empty.
    fn begin(&mut self) -> Option<bool> {
        let first = self.peek()?;
        match first {
            b'"' => {
                let start = self.at;
                self.string()?;
                if self.at - start >= LONG && self.depth <= NOTED_DEPTH {
                    self.note(start);
                }
            }
            b'{' | b'[' => {
                let is_object = first == b'{';
                let open = Open { is_object, start: self.at, place: self.values.len() };
                *self.open.get_mut(self.depth)? = open;
                if self.depth <= NOTED_DEPTH {
                    self.note(self.at);
                }
                self.depth += 1;
                self.at += 1;
                if self.peek()? == if is_object { b'}' } else { b']' } {
                    self.close();
                    return Some(false);
                }
                if is_object {
                    self.name()?;
                }
                return Some(true);
            }
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        Some(false)
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
        let Open { start, place, .. } = self.open[self.depth];
        if self.depth > NOTED_DEPTH {
            return;
        }
        if self.at - start < LONG {
            self.values.truncate(place);
        } else {
            self.values[place].1 = offset(self.at);
        }
    }

    /// Notes a value from its start to here.
    fn note(&mut self, start: usize) {
        self.values.push((offset(start), offset(self.at)));
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// A field's name and its colon.
    fn name(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.string()?;
        let is_colon = self.peek()? == b':';
        self.at += 1;
        is_colon.then_some(())
    }

    fn string(&mut self) -> Option<()> {
        let string = escapes::string(self.bytes, self.at + 1)?;
        self.at = string.inside.end + 1;
        self.has_half |= string.has_half;
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let is_it = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        is_it.then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.bytes[self.at] == b'-');
        let first = *self.bytes.get(self.at)?;
        if self.digits()? > 1 && first == b'0' {
            return None;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// At least one digit; how many.
    fn digits(&mut self) -> Option<usize> {
        let count = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(count)
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("the length of the text was looked at first")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;
    use crate::known::tests::json;

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<&RawValue>(text).is_ok()
    }

    proptest! {
        #[test]
        fn every_value_that_is_noted_is_a_value(json in json()) {
            let index = Index::of(&json).unwrap();
            for (start, end) in &index.values {
                let value = &json[*start as usize..*end as usize];
                prop_assert!(value.len() >= LONG && is_json(value) && value.trim() == value, "{value}");
                prop_assert_eq!(index.length(&json[*start as usize..]), Some(value.len()));
                prop_assert_eq!(index.length(&json[*start as usize..*end as usize - 1]), None);
            }
            prop_assert_eq!(index.values.first().map(|(start, _)| *start as usize), (json.trim().len() >= LONG
                && !json.trim().starts_with(|c: char| c.is_ascii_digit() || c == '-'))
                .then(|| json.len() - json.trim_start().len()));
        }

        #[test]
        fn what_serde_json_accepts_is_accepted_and_nothing_else(
            text in "([ \n\t\r]|[\\[\\]{}\",:]|\\\\[\"\\\\/bfnrtux]|\\\\u[0-9a-g]{4}|[-+.0-9eE]|true|false|null|\u{1}|é){0,12}",
        ) {
            prop_assert_eq!(Index::of(&text).is_some(), is_json(&text));
        }

        #[test]
        fn one_wrong_byte_is_found_as_serde_json_finds_it(json in json(), at in any::<prop::sample::Index>(), byte in "[ \\[\\]{}\",:\\\\0-9ae\u{1}.-]") {
            let at = at.index(json.len());
            if json.is_char_boundary(at) && json.is_char_boundary(at + 1) {
                let text = [&json[..at], &byte, &json[at + 1..]].concat();
                prop_assert_eq!(Index::of(&text).is_some(), is_json(&text), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_nested_too_deep_has_no_index() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Index::of(&nested(MOST_DEPTH)).is_some());
        assert!(Index::of(&nested(MOST_DEPTH + 1)).is_none());
    }

    #[test]
    fn an_index_is_small() {
        let text = "\"".to_owned() + &"a".repeat(LONG) + "\"";
        let nested = "[".repeat(100) + &text + &"]".repeat(100);
        let body = format!("[{}{nested}]", (nested.clone() + ",").repeat(99));
        let index = Index::of(&body).unwrap();
        assert!(index.values.len() * 8 < body.len(), "{} values", index.values.len());
    }
}
