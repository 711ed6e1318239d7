//! Ways to spoil a valid input a little, so that what reads it gets far before it meets something odd.

use bolero::TypeGenerator;

use crate::spans;

/// An input is not made larger than this, in bytes.
const MOST_BYTES: usize = 128 * 1024;
/// Values that are often handled on their own, and often wrongly.
const WORDS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "2",
    "0.5",
    "-0.0",
    "1e999",
    "1e-999",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud83d\"",
    "\"\\u00e9\\n\"",
    "\"data:image/png;base64,AAAA\"",
    "\"data:,\"",
    "\"!\"",
    "\"1\"",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "[null]",
    "{\"\":null}",
    "\"type\"",
    "\"text\"",
    "\"image\"",
    "\"thinking\"",
    "\"redacted_thinking\"",
    "\"tool_use\"",
    "\"tool_result\"",
    "\"document\"",
    "\"refusal\"",
    "\"system\"",
    "\"developer\"",
    "\"user\"",
    "\"assistant\"",
    "\"model\"",
    "\"tool\"",
    "\"function\"",
    "\"custom\"",
    "\"error\"",
    "\"stop\"",
    "\"length\"",
    "\"tool_calls\"",
    "\"pause_turn\"",
    "\"auto\"",
    "\"none\"",
    "\"high\"",
    "\"message\"",
    "\"reasoning\"",
    "\"function_call\"",
    "\"namespace\"",
    "\"web_search\"",
    "\"STOP\"",
    "\"SAFETY\"",
    "\"MAX_TOKENS\"",
    "\"input_audio\"",
    "\"file\"",
    "\"ephemeral\"",
    "[DONE]",
    "\"citations\"",
    "\"usage\"",
    "\"signature\"",
    "\"error\":{\"message\":1}",
    "\"paceway.gemini.AA\"",
    "\"x__pw_Z2VtaW5pLkFB\"",
    "\"index\"",
    "\"content\"",
];

/// One change. Numbers stand for places; they are taken modulo how many there are.
#[derive(Debug, Clone, TypeGenerator)]
pub(crate) enum Edit {
    /// Another byte.
    Byte { at: u16, value: u8 },
    /// Other bytes in between.
    Noise { at: u16 },
    /// Bytes less.
    Delete { at: u16, length: u8 },
    /// The rest is missing.
    Truncate { at: u16 },
    /// Another value.
    Word { at: u16, word: u8 },
    /// A value in the place of another.
    Move { from: u16, to: u16 },
    /// A value of another input in the place of one.
    Foreign { from: u16, to: u16 },
    /// A value is missing, and the comma or colon before it.
    Remove { at: u16 },
    /// A value many times.
    Repeat { at: u16, times: u8 },
    /// A value within itself, many times.
    Nest { at: u16, times: u16 },
    /// An event is missing.
    DropEvent { at: u16 },
    /// An event comes again elsewhere.
    CopyEvent { from: u16, to: u16 },
    /// An event many times.
    RepeatEvent { at: u16, times: u8 },
}

impl Edit {
    /// Makes the change in `bytes`; `noise` and `other` are where foreign bytes and values are taken from.
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>, noise: &[u8], other: &[u8]) {
        let values = || spans::of(bytes);
        let events = || spans::events(bytes);
        let byte = |at: u16| usize::from(at) % (bytes.len() + 1);
        let change = match *self {
            Self::Byte { at, value } => {
                let at = byte(at);
                Some((at..(at + 1).min(bytes.len()), vec![value]))
            }
            Self::Noise { at } => Some((byte(at)..byte(at), noise.to_vec())),
            Self::Delete { at, length } => {
                let at = byte(at);
                Some((at..(at + usize::from(length)).min(bytes.len()), Vec::new()))
            }
            Self::Truncate { at } => Some((byte(at)..bytes.len(), Vec::new())),
            Self::Word { at, word } => nth(&values(), at)
                .map(|span| (span, WORDS[usize::from(word) % WORDS.len()].as_bytes().to_vec())),
            Self::Move { from, to } => {
                let values = values();
                nth(&values, to).zip(nth(&values, from)).map(|(to, from)| (to, bytes[from].to_vec()))
            }
            Self::Foreign { from, to } => nth(&values(), to)
                .zip(nth(&spans::of(other), from))
                .map(|(to, from)| (to, other[from].to_vec())),
            Self::Remove { at } => nth(&values(), at).map(|span| {
                let has_sign = matches!(span.start.checked_sub(1).map(|at| bytes[at]), Some(b',' | b':'));
                (span.start - usize::from(has_sign)..span.end, Vec::new())
            }),
            Self::Repeat { at, times } => nth(&values(), at).map(|span| {
                let one = [&bytes[span.clone()], b","].concat();
                (span.start..span.start, one.repeat(usize::from(times).min(MOST_BYTES / one.len())))
            }),
            Self::Nest { at, times } => {
                let values = values();
                nth(&values, at)
                    .and_then(|outer| Some((nested(bytes, &values, &outer, times)?, outer)))
                    .map(|(new, span)| (span, new))
            }
            Self::DropEvent { at } => nth(&events(), at).map(|span| (span, Vec::new())),
            Self::CopyEvent { from, to } => {
                let events = events();
                nth(&events, to)
                    .zip(nth(&events, from))
                    .map(|(to, from)| (to.end..to.end, bytes[from].to_vec()))
            }
            Self::RepeatEvent { at, times } => nth(&events(), at).map(|span| {
                let one = &bytes[span.clone()];
                (span.end..span.end, one.repeat(usize::from(times).min(MOST_BYTES / one.len())))
            }),
        };
        if let Some((place, new)) = change
            && bytes.len() + new.len() <= MOST_BYTES
        {
            bytes.splice(place, new);
        }
    }
}

/// `outer` with itself in the place of the largest value in it, and so on.
fn nested(
    bytes: &[u8],
    values: &[std::ops::Range<usize>],
    outer: &std::ops::Range<usize>,
    times: u16,
) -> Option<Vec<u8>> {
    let is_inner = |span: &&std::ops::Range<usize>| span.start > outer.start && span.end < outer.end;
    let inner = values.iter().filter(is_inner).max_by_key(|span| span.len())?;
    let (before, after) = (&bytes[outer.start..inner.start], &bytes[inner.end..outer.end]);
    let times = usize::from(times).min(MOST_BYTES / (before.len() + after.len() + 1));
    Some([&before.repeat(times), &bytes[inner.clone()], &after.repeat(times)].concat())
}

fn nth<T: Clone>(list: &[T], at: u16) -> Option<T> {
    list.get(usize::from(at) % list.len().max(1)).cloned()
}
