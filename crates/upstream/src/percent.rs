//! Percent-encoding as AWS signs it and as forms carry it: all but RFC 3986's unreserved characters.

use std::fmt::Write;

/// The bytes with all encoded that is neither unreserved nor in `kept`.
pub(crate) fn encode(bytes: &[u8], kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all");
        }
    }
    encoded
}

/// The bytes that a text stands for. A percent sign that is not followed by two hex digits stands for itself.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.split_first_chunk().filter(|_| *first == b'%');
        let escaped = escaped.and_then(|(digits, after)| Some((hex(*digits)?, after)));
        let (byte, after) = escaped.unwrap_or((*first, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all, b"/")), all);
        assert_eq!(encode(b"a b/c:~%", b"/"), "a%20b/c%3A~%25");
    }

    #[test]
    fn a_percent_sign_without_its_digits_stands_for_itself() {
        assert_eq!(decode("%3a%3%zz%+1"), b":%3%zz%+1");
    }
}
