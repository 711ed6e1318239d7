//! Chunks of a stream that differ from an earlier one in nothing but their words, which is most of them.
//!
//! Such a chunk has the same fields with the same values around its words, so it means what the earlier one meant, and need
//! not be parsed to know that. A chunk that does not fit is parsed: nothing is guessed here. What the words are for, the
//! reader says who made the stencil.

use std::ops::Range;

use crate::escapes::{self, Checked};
use crate::neutral::Text;

/// What stands around the words of a chunk.
#[derive(Debug)]
pub(super) struct Stencil<T> {
    /// The pieces one behind the other, each with what comes behind it; the last comes at the end.
    chunk: Vec<u8>,
    pieces: Vec<(Range<usize>, Gap)>,
    /// What the words are.
    meaning: Option<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// What is between the quotes of a string, and is wanted.
    Words,
    /// What is between the quotes of a string that nobody reads.
    Unread,
    /// A natural number that nobody reads.
    Number,
    /// The end of the chunk.
    End,
}

impl<T> Default for Stencil<T> {
    fn default() -> Self {
        Self { chunk: Vec::new(), pieces: Vec::new(), meaning: None }
    }
}

impl<T: Clone> Stencil<T> {
    /// Learns from a chunk that says nothing but these words, which stand in it as they are. `unread` are parts of it, too:
    /// JSON whose value bears on nothing and may be another in every chunk.
    pub(super) fn learn(&mut self, chunk: &[u8], words: &str, unread: &[Option<&str>], meaning: T) {
        self.pieces.clear();
        self.meaning = None;
        let gaps = unread.iter().flatten().filter_map(|json| match json.strip_prefix('"') {
            Some(rest) => Some((place(chunk, rest.strip_suffix('"')?)?, Gap::Unread)),
            None if json.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some((place(chunk, json)?, Gap::Number))
            }
            None => None,
        });
        let Some(words) = place(chunk, words) else { return };
        let mut gaps: Vec<_> = gaps.chain([(words, Gap::Words)]).collect();
        gaps.sort_unstable_by_key(|(place, _)| place.start);
        let mut at = 0;
        for (place, gap) in gaps {
            self.pieces.push((at..place.start, gap));
            at = place.end;
        }
        self.pieces.push((at..chunk.len(), Gap::End));
        self.chunk.clear();
        self.chunk.extend_from_slice(chunk);
        self.meaning = Some(meaning);
    }

    /// The words of a chunk that differs in nothing else from the one that was learnt from, and what they are.
    pub(super) fn fit<'d>(&self, chunk: &'d [u8]) -> Option<(Text<'d>, T)> {
        let meaning = self.meaning.as_ref()?;
        let (mut at, mut words) = (0, None);
        for (piece, gap) in &self.pieces {
            let piece = &self.chunk[piece.clone()];
            let end = at + piece.len();
            if chunk.get(at..end)? != piece {
                return None;
            }
            at = match gap {
                Gap::Words => {
                    let string = escapes::string(chunk, end)?;
                    words = Some(said(chunk, &string)?);
                    string.inside.end
                }
                Gap::Unread => end + chunk[end..].iter().position(|byte| !is_plain(*byte))?,
                Gap::Number => number_end(chunk, end)?,
                Gap::End => end,
            };
        }
        if at == chunk.len() { Some((words?, meaning.clone())) } else { None }
    }
}

/// Where a part stands in a chunk. Both are slices of one allocation, so their distance is the offset.
fn place(chunk: &[u8], part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(chunk.as_ptr() as usize)?;
    (start + part.len() <= chunk.len()).then_some(start..start + part.len())
}

fn said<'d>(chunk: &'d [u8], string: &Checked) -> Option<Text<'d>> {
    let inside = std::str::from_utf8(&chunk[string.inside.clone()]).ok()?;
    match (string.has_half, string.has_escapes) {
        (true, _) => None,
        (false, true) => Some(Text::unread(inside)),
        (false, false) => Some(Text::of(inside)),
    }
}

/// Whether a byte may stand in a string as it is, whatever comes before and behind it.
fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f) && !matches!(byte, b'"' | b'\\')
}

fn number_end(chunk: &[u8], start: usize) -> Option<usize> {
    let digits = chunk[start..].iter().position(|byte| !byte.is_ascii_digit())?;
    let is_number = digits == 1 || (digits > 1 && chunk[start] != b'0');
    is_number.then_some(start + digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// A stencil of this chunk, whose fields `w`, `n` and `s` are its words, a number and a string that are not read.
    fn stencil_of(chunk: &str) -> Stencil<u8> {
        let of = |name: &str| {
            let start = chunk.find(&format!("\"{name}\":"))? + name.len() + 3;
            let end = start + chunk[start..].find([',', '}'])?;
            Some(&chunk[start..end])
        };
        let words = of("w").expect("it has words").trim_matches('"');
        let mut stencil = Stencil::default();
        stencil.learn(chunk.as_bytes(), words, &[of("n"), of("s")], 7);
        stencil
    }

    const CHUNK: &str = r#"{"a":"é","n":41,"w":"some words","s":"x1","b":[1]}"#;

    fn fits(chunk: &str) -> Option<String> {
        let (words, meaning) = stencil_of(CHUNK).fit(chunk.as_bytes())?;
        assert_eq!(meaning, 7);
        Some(words.into_owned())
    }

    #[test]
    fn a_chunk_with_other_words_fits() {
        assert_eq!(fits(CHUNK).as_deref(), Some("some words"));
        let other = r#"{"a":"é","n":7,"w":"\"ö\"\n\/\u0000\ud83d\ude00","s":"","b":[1]}"#;
        assert_eq!(fits(other).as_deref(), Some("\"ö\"\n/\0😀"));
    }

    #[test]
    fn a_chunk_that_differs_elsewhere_or_is_no_json_does_not_fit() {
        for other in [
            r#"{"a":"e","n":41,"w":"some words","s":"x1","b":[1]}"#,
            r#"{"a":"é","n":41,"w":"some words","s":"x1","b":[2]}"#,
            r#"{"a":"é","n":041,"w":"some words","s":"x1","b":[1]}"#,
            r#"{"a":"é","n":,"w":"some words","s":"x1","b":[1]}"#,
            r#"{"a":"é","n":41,"w":"some words","s":"x\1","b":[1]}"#,
            r#"{"a":"é","n":41,"w":"a","c":"b","s":"x1","b":[1]}"#,
            r#"{"a":"é","n":41,"w":"\x","s":"x1","b":[1]}"#,
            r#"{"a":"é","n":41,"w":"\ud83d","s":"x1","b":[1]}"#,
            "{\"a\":\"é\",\"n\":41,\"w\":\"a\nb\",\"s\":\"x1\",\"b\":[1]}",
            r#"{"a":"é","n":41,"w":"some words","s":"x1","b":[1]"#,
            r#"{"a":"é","n":41,"w":"some words","s":"x1","b":[1]} "#,
            "",
        ] {
            assert_eq!(fits(other), None, "{other}");
        }
        let invalid = CHUNK.replace("some words", "some \u{1}words").into_bytes();
        let invalid: Vec<u8> = invalid.iter().map(|byte| if *byte == 1 { 0xff } else { *byte }).collect();
        assert!(stencil_of(CHUNK).fit(&invalid).is_none());
    }

    #[test]
    fn nothing_fits_before_a_chunk_was_learnt_from() {
        assert!(Stencil::<u8>::default().fit(b"{}").is_none());
    }

    proptest! {
        #[test]
        fn what_fits_is_json_that_says_these_words_and_nothing_else(
            text in "([a-zé😀 ]|\\\\[\"\\\\/bfnrtu]|\\\\u[0-9a-e]{4}|\\\\ud83d\\\\ude00|[\"{},:]){0,12}",
            number in "[0-9]{0,3}",
            string in "[a-z\\\\\" é]{0,3}",
        ) {
            let chunk = format!(r#"{{"a":"é","n":{number},"w":"{text}","s":"{string}","b":[1]}}"#);
            let parsed: Option<Value> = serde_json::from_str(&chunk).ok();
            if let Some(words) = fits(&chunk) {
                let parsed = parsed.expect("what fits is JSON");
                prop_assert_eq!(&parsed["w"], &Value::from(words));
                prop_assert_eq!(parsed.as_object().map(serde_json::Map::len), Some(5));
                prop_assert_eq!((&parsed["a"], &parsed["b"]), (&Value::from("é"), &serde_json::json!([1])));
            }
        }

        #[test]
        fn any_words_fit(text in "(\\PC|[\"\\\\\n\u{0}]){0,20}", number in 0_u64..1_000_000, string in "[a-zA-Z0-9]{0,9}") {
            let words = serde_json::to_string(&text).expect("a text is JSON");
            let chunk = format!(r#"{{"a":"é","n":{number},"w":{words},"s":"{string}","b":[1]}}"#);
            prop_assert_eq!(fits(&chunk), Some(text));
        }
    }
}
