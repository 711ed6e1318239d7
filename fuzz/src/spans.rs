//! Where values lie in bytes that may be JSON, hold JSON, or be broken JSON.

use std::ops::Range;

/// The places of all strings (names of fields too), words, numbers, arrays and objects, in the order in which they end.
pub(crate) fn of(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut spans, mut open, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            byte if is_word(byte) => at + bytes[at..].iter().take_while(|&&byte| is_word(byte)).count(),
            _ => at + 1,
        };
        match byte {
            b'{' | b'[' => open.push(at),
            b'}' | b']' => spans.extend(open.pop().map(|start| start..end)),
            byte if byte == b'"' || is_word(byte) => spans.push(at..end),
            _ => {}
        }
        at = end;
    }
    spans
}

/// Where the events of a stream lie, each with the empty line behind it.
pub(crate) fn events(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let ends = (2..=bytes.len()).filter(|&end| &bytes[end - 2..end] == b"\n\n");
    ends.map(|end| std::mem::replace(&mut start, end)..end).collect()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_found_and_broken_ones_too() {
        let text = |bytes: &'static [u8]| -> Vec<&str> {
            of(bytes).into_iter().filter_map(|span| std::str::from_utf8(&bytes[span]).ok()).collect()
        };
        assert_eq!(
            text(br#"{"a\"":[1,null]}"#),
            [r#""a\"""#, "1", "null", "[1,null]", r#"{"a\"":[1,null]}"#]
        );
        assert_eq!(text(br#"]}{"a"#), [r#""a"#]);
    }

    #[test]
    fn events_end_with_their_empty_line() {
        assert_eq!(events(b"a\n\nb\n\nc"), [0..3, 3..6]);
    }
}
